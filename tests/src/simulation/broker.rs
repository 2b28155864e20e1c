//! The broker's own state: intake queues, inboxes, connections.

use std::collections::{BTreeMap, VecDeque};

use schakelpunt_domain::{ParticipantId, envelope::RawMessage};

/// A message in an intake queue.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// Which of the workload's offers it is.
    pub(super) offer: usize,
    pub(super) sender: ParticipantId,
    pub(super) raw: RawMessage,
    pub(super) redelivered: bool,
}

/// One intake queue: of several consumers the oldest alone is given messages.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) ready: VecDeque<Frame>,
    pub(super) consumers: VecDeque<u64>,
    /// What was handed out, by consumer, with its tag.
    pub(super) unsettled: BTreeMap<u64, VecDeque<(u64, Frame)>>,
}

impl Queue {
    /// A consumer is gone: what it did not acknowledge comes again, for the next one.
    pub(super) fn give_back(&mut self, consumer: u64) -> usize {
        self.consumers.retain(|other| *other != consumer);
        let back = self.unsettled.remove(&consumer).unwrap_or_default();
        let count = back.len();
        for (_, frame) in back.into_iter().rev() {
            self.ready.push_front(Frame { redelivered: true, ..frame });
        }
        count
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.unsettled.values().all(VecDeque::is_empty)
    }
}

/// One participant's inbox.
#[derive(Debug)]
pub(super) struct Inbox {
    /// What lies in it, as ids.
    pub(super) lying: VecDeque<String>,
    /// Somebody reads it.
    pub(super) read: bool,
    /// It is there at all.
    pub(super) exists: bool,
}

/// The broker.
#[derive(Debug, Default)]
pub(super) struct Broker {
    /// The stop queue first.
    pub(super) queues: Vec<Queue>,
    pub(super) inboxes: BTreeMap<ParticipantId, Inbox>,
    /// A memory alarm: nothing that is published gets an answer.
    pub(super) alarm: bool,
    pub(super) opened: u64,
}

impl Broker {
    pub(super) fn new(queues: usize, participants: impl Iterator<Item = ParticipantId>) -> Self {
        let inbox = |id| (id, Inbox { lying: VecDeque::new(), read: true, exists: true });
        Self { queues: (0..=queues).map(|_| Queue::default()).collect(), inboxes: participants.map(inbox).collect(), ..Self::default() }
    }
}
