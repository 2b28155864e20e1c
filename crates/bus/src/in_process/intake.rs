//! The way in.

use std::{collections::VecDeque, sync::Arc};

use async_trait::async_trait;
use schakelpunt_domain::{ParticipantId, envelope::RawMessage};
use schakelpunt_engine::ports::{BusError, Incoming, Intake};

use super::{MAX_LENGTH, watched::Watched};

/// One intake queue. Of several consumers the oldest alone is given messages.
#[derive(Debug, Default)]
pub(super) struct Queue(Watched<State>);

#[derive(Debug, Default)]
struct State {
    ready: VecDeque<Waiting>,
    consumers: VecDeque<u64>,
    opened: u64,
}

#[derive(Debug, Clone)]
struct Waiting {
    sender: ParticipantId,
    message: RawMessage,
    redelivered: bool,
}

/// One opened queue.
#[derive(Debug)]
pub(super) struct InProcessIntake {
    queue: Arc<Queue>,
    consumer: u64,
    tag: u64,
    unsettled: VecDeque<(u64, Waiting)>,
}

/// A tag that this intake has not handed out.
#[derive(Debug, thiserror::Error)]
#[error("the tag was not handed out")]
struct UnknownTag;

// === impl Queue ===

impl Queue {
    /// Adds a message, unless the queue is full.
    pub(super) fn push(&self, sender: &ParticipantId, message: RawMessage) -> bool {
        self.0.change(|state| {
            let fits = state.ready.len() < MAX_LENGTH;
            if fits {
                state.ready.push_back(Waiting { sender: sender.clone(), message, redelivered: false });
            }
            fits
        })
    }
}

// === impl InProcessIntake ===

impl InProcessIntake {
    pub(super) fn new(queue: Arc<Queue>) -> Self {
        let consumer = queue.0.see(|state| {
            state.opened += 1;
            state.consumers.push_back(state.opened);
            state.opened
        });
        Self { queue, consumer, tag: 0, unsettled: VecDeque::new() }
    }
}

#[async_trait]
impl Intake for InProcessIntake {
    async fn next_batch(&mut self, max: usize) -> Result<Vec<Incoming>, BusError> {
        let (max, consumer) = (max.max(1), self.consumer);
        let has_turn = move |state: &mut State| (state.consumers.front() == Some(&consumer) && !state.ready.is_empty()).then_some(());
        self.queue.0.when(has_turn).await;
        // nothing is taken before, so that a batch which is given up loses nothing
        let taken = self.queue.0.see(|state| state.ready.drain(..max.min(state.ready.len())).collect::<Vec<_>>());
        let batch = taken.into_iter().map(|waiting| {
            self.tag += 1;
            let Waiting { sender, message, redelivered } = waiting.clone();
            self.unsettled.push_back((self.tag, waiting));
            Incoming { tag: self.tag, sender: Some(sender), user_id: None, raw: message, redelivered, dead: false }
        });
        Ok(batch.collect())
    }

    async fn settle(&mut self, tag: u64) -> Result<(), BusError> {
        if tag == 0 || tag > self.tag {
            return Err(BusError::Refused { what: format!("tag {tag}"), source: Box::new(UnknownTag) });
        }
        self.unsettled.retain(|(held, _)| *held > tag);
        Ok(())
    }
}

impl Drop for InProcessIntake {
    fn drop(&mut self) {
        let (consumer, unsettled) = (self.consumer, std::mem::take(&mut self.unsettled));
        self.queue.0.change(|state| {
            state.consumers.retain(|other| *other != consumer);
            for (_, waiting) in unsettled.into_iter().rev() {
                state.ready.push_front(Waiting { redelivered: true, ..waiting });
            }
        });
    }
}
