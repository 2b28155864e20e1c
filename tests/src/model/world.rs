//! The state, and the scope within which it is explored.

use std::collections::BTreeSet;

use crate::mutants::Mutant;

/// The store's clock.
pub(super) type Tick = u8;
/// A set of leaves.
pub(super) type Leaves = u8;

/// A leaf that both may know.
pub(super) const BASIC: Leaves = 1;
/// A leaf that the registers may take away.
pub(super) const EXTRA: Leaves = 2;
/// The bare reference of a recall or a retraction.
pub(super) const REFERENCE: Leaves = 4;
/// How long a hub holds its lease.
pub(super) const LEASE: Tick = 1;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Concerns the municipality by law, the partner by consent.
    Notice,
    /// A newer value of the same slot.
    Newer,
    /// The person consents that the partner is told.
    Consent,
    /// The person takes that back.
    Withdrawal,
    /// The producer takes its notice back: who had it is told so.
    Retraction,
    /// The municipality is no longer concerned. Nothing is cancelled: the stamp has to see to it.
    Move,
}

/// Who receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Recipient {
    Municipality,
    Partner,
}

impl Recipient {
    pub(super) const ALL: [Self; 2] = [Self::Municipality, Self::Partner];
}

/// A way of doing it that looks right and is not. The model found each of them where the rest of the hub was as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// What was claimed is sent however late: the claim may have passed and another hub gone on.
    SentAfterItsClaim,
    /// Every decision of a batch carries the version that the whole batch leaves behind, also those that it has overtaken.
    OneStampForTheBatch,
    /// A delivery is claimed in its turn within the batch, not by what the whole batch leaves behind.
    ClaimedInItsTurn,
    /// Whether something by consent is under way is known to the process only, not asked of the store before the inbox is looked at.
    ConsentTurnPerProcess,
    /// A delivery of unknown fate is blocked when its inbox is gone, and a retry by hand treats it as one that nobody has.
    UncertainThenBlocked,
}

/// What is wrong with the hub, if anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bug {
    Mutant(Mutant),
    Gap(Gap),
}

impl Bug {
    pub(super) fn name(self) -> String {
        match self {
            Self::Mutant(mutant) => mutant.to_string(),
            Self::Gap(gap) => format!("{gap:?}"),
        }
    }
}

/// How often the environment may do what nobody wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Budget {
    pub(super) crashes: u8,
    /// Intake channels that close while the hub lives on.
    pub(super) cuts: u8,
    /// Publications without a confirm, whether or not they arrive.
    pub(super) lost_confirms: u8,
    /// Publications that the bus certainly does not have.
    pub(super) refused: u8,
    /// Publications that find no inbox.
    pub(super) unroutable: u8,
    /// Changes of the registers.
    pub(super) registers: u8,
    /// Steps back of the store's clock.
    pub(super) steps_back: u8,
}

/// The world that is explored.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "what a scope has or has not is named one by one where it is made")]
pub(super) struct Scope {
    pub(super) name: &'static str,
    /// Messages in the order of publication, with their detentions. One may stand there twice: then it is offered again.
    pub(super) messages: &'static [(Kind, usize)],
    /// Messages that the store knows from the beginning, by kind and detention.
    pub(super) known: &'static [(Kind, usize)],
    pub(super) hubs: usize,
    /// Whether all messages lie in the queue from the beginning; else each comes at any time.
    pub(super) at_once: bool,
    /// Messages of one intake transaction.
    pub(super) batch: usize,
    /// The last tick. In it nothing goes wrong any more, and everything has to come to its end.
    pub(super) last: Tick,
    /// How long a claim lives.
    pub(super) claim: Tick,
    /// When the consent ends by itself.
    pub(super) consent_until: Option<Tick>,
    pub(super) receipts: bool,
    pub(super) forgets: bool,
    /// Whether a delivery in a free lane is claimed by the transaction that decided it.
    pub(super) claims_at_intake: bool,
    pub(super) budget: Budget,
    /// The named states that must be reached.
    pub(super) reaches: &'static [&'static str],
}

/// A message in the store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Stored {
    pub(super) payload: bool,
    pub(super) accepted: bool,
    /// For whom a decision is on record.
    pub(super) decided: BTreeSet<Recipient>,
}

/// The facts of one detention, as the hub keeps them. Instants are those of recording.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Case {
    pub(super) version: u8,
    pub(super) given: Option<Tick>,
    pub(super) withdrawn: Option<Tick>,
    pub(super) retracted: bool,
    pub(super) moved: bool,
    /// Whether the newer value is known, and who holds it.
    pub(super) newer: Option<BTreeSet<Recipient>>,
    /// The last sequence of each lane.
    pub(super) lanes: [u8; 2],
}

/// What a decision rests on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Stamp {
    pub(super) version: u8,
    pub(super) epoch: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Permit {
    pub(super) leaves: Leaves,
    pub(super) by_consent: bool,
    pub(super) until: Option<Tick>,
}

/// What leaves: cut at an instant, under a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Bytes {
    pub(super) leaves: Leaves,
    pub(super) cut: Tick,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    Waiting,
    Claimed { at: Tick, until: Tick },
    HandedOver,
    Blocked,
    Cancelled,
}

impl Stage {
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Claimed { .. } | Self::Blocked)
    }
    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::HandedOver | Self::Cancelled)
    }
    pub(super) fn is_provided(self) -> bool {
        matches!(self, Self::Claimed { .. } | Self::HandedOver)
    }
}

/// What one recipient gets of one message. Its place in the store is its ordinal and its id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Delivery {
    pub(super) message: usize,
    pub(super) detention: usize,
    pub(super) to: Recipient,
    /// Whether it recalls an earlier delivery of that message.
    pub(super) recall: bool,
    pub(super) lane_sequence: u8,
    pub(super) permit: Permit,
    pub(super) stamp: Stamp,
    pub(super) stage: Stage,
    pub(super) bytes: Option<Bytes>,
}

/// How a hub stands to the lease of the intake queue and of all inboxes. A single hub has it for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Lease {
    #[default]
    None,
    /// It believes to have it, and another has taken it: the epoch in the store is a later one.
    Lost,
    /// Its own, unless its time has passed.
    Own,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Store {
    /// Until when the lease is somebody's.
    pub(super) lease_until: Tick,
    /// Epoch of the registers.
    pub(super) epoch: u8,
    pub(super) cases: Vec<Case>,
    pub(super) messages: Vec<Option<Stored>>,
    pub(super) deliveries: Vec<Delivery>,
}

/// A claimed delivery in the memory of a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct InHand {
    pub(super) delivery: usize,
    pub(super) bytes: Bytes,
    pub(super) at: Tick,
    pub(super) until: Tick,
    /// Whether an earlier claim left its fate unknown.
    pub(super) uncertain: bool,
    pub(super) answer: Option<Answer>,
}

/// How a publication ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Answer {
    Confirmed,
    NotNow,
    Unroutable,
    /// Nobody knows: it arrived.
    LostAfter,
    /// Nobody knows: it did not arrive.
    LostBefore,
}

/// The memory of a process.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Hub {
    pub(super) lease: Lease,
    /// Taken and not yet acknowledged.
    pub(super) batch: Vec<usize>,
    /// How many of them are recorded.
    pub(super) recorded: usize,
    /// Whether the channel that they came through is open.
    pub(super) channel: bool,
    /// Whether it saw the partner's inbox empty, under this lease.
    pub(super) saw_empty: bool,
    pub(super) hands: Vec<InHand>,
}

/// What came to a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Arrival {
    pub(super) delivery: usize,
    pub(super) bytes: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) clock: Tick,
    pub(super) budget: Budget,
    /// How many of the scope's messages are published and confirmed.
    pub(super) published: usize,
    /// Those whose producer was told that they are accepted.
    pub(super) told: BTreeSet<usize>,
    /// The intake queue: what is not with a hub.
    pub(super) queue: Vec<usize>,
    pub(super) store: Store,
    pub(super) hubs: Vec<Hub>,
    pub(super) arrivals: Vec<Arrival>,
    /// Whether something lies in the partner's inbox.
    pub(super) inbox: bool,
    /// Invariants that the last steps broke.
    pub(super) broken: BTreeSet<&'static str>,
}

/// A scope with what is wrong in it.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) scope: Scope,
    pub(super) bug: Option<Bug>,
    /// Every message that there is, known or to be published. What is the same kind of the same detention is the same message.
    pub(super) catalogue: Vec<(Kind, usize)>,
}

impl World {
    pub(super) fn new(scope: Scope, bug: Option<Bug>) -> Self {
        let mut catalogue: Vec<(Kind, usize)> = Vec::new();
        for message in scope.known.iter().chain(scope.messages) {
            if !catalogue.contains(message) {
                catalogue.push(*message);
            }
        }
        Self { scope, bug, catalogue }
    }

    pub(super) fn has(&self, mutant: Mutant) -> bool {
        self.bug == Some(Bug::Mutant(mutant))
    }

    pub(super) fn lacks(&self, gap: Gap) -> bool {
        self.bug == Some(Bug::Gap(gap))
    }

    pub(super) fn message(&self, message: (Kind, usize)) -> usize {
        self.catalogue.iter().position(|one| *one == message).unwrap()
    }

    pub(super) fn detentions(&self) -> usize {
        self.catalogue.iter().map(|(_, detention)| detention + 1).max().unwrap_or(1)
    }

    /// Whether the store has recorded that message.
    pub(super) fn knows(&self, store: &Store, kind: Kind, detention: usize) -> bool {
        self.catalogue.iter().zip(&store.messages).any(|(message, stored)| *message == (kind, detention) && stored.is_some())
    }
}
