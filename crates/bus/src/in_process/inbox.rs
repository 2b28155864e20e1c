//! The way out.

use std::{collections::VecDeque, sync::Arc};

use schakelpunt_engine::{model::Room, ports::Published};
use tokio::{
    sync::oneshot::{Receiver, Sender, channel},
    time::Instant,
};

use super::watched::Watched;

/// What a consumer reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxMessage {
    /// The event in structured mode.
    pub bytes: Vec<u8>,
    /// The id; the same for a repeat.
    pub id: String,
    /// The full type.
    pub ty: String,
    /// The header `partitionkey`; a receipt has none.
    pub partition_key: Option<String>,
    /// Whether it was handed out before.
    pub redelivered: bool,
}

#[derive(Debug, Default)]
pub(super) struct Inbox(Watched<State>);

#[derive(Debug, Default)]
struct State {
    ready: VecDeque<Entry>,
    consumers: usize,
    offered: u64,
}

/// A publication under way.
#[derive(Debug)]
struct Entry {
    number: u64,
    message: InboxMessage,
    was_handed_out: bool,
    publisher: Sender<Published>,
}

/// The publisher's end of it.
#[derive(Debug)]
pub(super) enum Offer {
    Decided(Published),
    Pending(Ticket),
}

/// Takes the message back when dropped.
#[derive(Debug)]
pub(super) struct Ticket {
    inbox: Arc<Inbox>,
    number: u64,
    answer: Receiver<Published>,
}

/// Reads an inbox. Dropping it leaves what it has not acknowledged to the next consumer.
#[derive(Debug)]
pub struct InboxConsumer {
    inbox: Arc<Inbox>,
    held: Vec<Entry>,
}

// === impl Inbox ===

impl Inbox {
    pub(super) fn offer(inbox: &Arc<Self>, message: InboxMessage) -> Offer {
        let (publisher, answer) = channel();
        let number = inbox.0.change(|state| {
            (state.consumers > 0).then(|| {
                state.offered += 1;
                let number = state.offered;
                state.ready.push_back(Entry { number, message, was_handed_out: false, publisher });
                number
            })
        });
        match number {
            Some(number) => Offer::Pending(Ticket { inbox: Arc::clone(inbox), number, answer }),
            None => Offer::Decided(Published::NotNow),
        }
    }

    pub(super) fn room(&self, window: usize) -> Room {
        self.0.see(|state| match state.consumers {
            0 => Room { count: 0, consent: false },
            _ => Room { count: window.saturating_sub(state.ready.len()), consent: state.ready.is_empty() },
        })
    }
}

// === impl Offer ===

impl Offer {
    pub(super) async fn answer(self, deadline: Instant) -> Published {
        match self {
            Self::Decided(published) => published,
            Self::Pending(mut ticket) => match tokio::time::timeout_at(deadline, &mut ticket.answer).await {
                Ok(answer) => answer.unwrap_or(Published::Uncertain),
                Err(_) => ticket.give_up(),
            },
        }
    }
}

// === impl Ticket ===

impl Ticket {
    fn give_up(&mut self) -> Published {
        let withdrawn = self.withdraw();
        // an acknowledgement may have come in the same moment
        self.answer.close();
        match (self.answer.try_recv(), withdrawn) {
            (Ok(published), _) => published,
            (Err(_), Some(entry)) if !entry.was_handed_out => Published::NotNow,
            (Err(_), _) => Published::Uncertain,
        }
    }

    fn withdraw(&self) -> Option<Entry> {
        self.inbox.0.see(|state| {
            let position = state.ready.iter().position(|entry| entry.number == self.number);
            position.and_then(|position| state.ready.remove(position))
        })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        drop(self.withdraw());
    }
}

// === impl InboxConsumer ===

impl InboxConsumer {
    pub(super) fn new(inbox: Arc<Inbox>) -> Self {
        inbox.0.change(|state| state.consumers += 1);
        Self { inbox, held: Vec::new() }
    }

    /// Waits for the next message. May be given up at any time.
    pub async fn next(&mut self) -> InboxMessage {
        let mut entry = self.inbox.0.when(|state| state.ready.pop_front()).await;
        let message = InboxMessage { redelivered: entry.was_handed_out, ..entry.message.clone() };
        entry.was_handed_out = true;
        self.held.push(entry);
        message
    }

    /// Acknowledges everything that this consumer has been handed: the publisher is told that it arrived.
    pub fn ack(&mut self) {
        for entry in self.held.drain(..) {
            // a publisher that has given up hears it at its next try
            entry.publisher.send(Published::Confirmed).unwrap_or_default();
        }
    }
}

impl Drop for InboxConsumer {
    fn drop(&mut self) {
        let held = std::mem::take(&mut self.held);
        let orphaned = self.inbox.0.change(|state| {
            state.consumers -= 1;
            // what its publisher has given up may be decided otherwise next time, so nobody else gets it
            for entry in held.into_iter().rev().filter(|entry| !entry.publisher.is_closed()) {
                state.ready.push_front(entry);
            }
            if state.consumers > 0 {
                return Vec::new();
            }
            let (kept, orphaned) = std::mem::take(&mut state.ready).into_iter().partition(|entry| entry.was_handed_out);
            state.ready = kept;
            Vec::from_iter(orphaned)
        });
        for entry in orphaned {
            entry.publisher.send(Published::NotNow).unwrap_or_default();
        }
    }
}
