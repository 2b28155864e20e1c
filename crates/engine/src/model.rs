//! What the engine keeps: messages, decisions, deliveries, receipts, rejections, timers.

use jiff::Timestamp;
use schakelpunt_domain::{
    DeliveryId, DetentionRef, EventName, MessageId, ParticipantId, RejectionCode, Source,
    case::Case,
    ids::{MessageKey, hub_message_id},
    registers::Kind,
    stage::Stage,
};
use schakelpunt_rules::{Decision, Relation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

mod message;
mod saw;
mod timer;

pub use message::{Earlier, Outcome, StoredMessage};
pub use saw::{Decided, Saw};
pub use timer::Timer;

/// A value with the version of its row: 0 for one that is not stored yet. Each save raises it by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The value.
    pub value: T,
    /// The stored version.
    pub version: u64,
}

/// What a decision rests on. If any of it differs at the claim, the question is asked again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Version of the case row that the deciding transaction leaves behind.
    pub case_version: u64,
    /// Epoch of the registers.
    pub epoch: u64,
    /// Version of the rule set.
    pub rules: String,
}

/// One decision on record, for explanation and replay. Serialised as contracts 5 asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecisionRecord {
    /// Source and id of the message.
    pub message: MessageKey,
    /// The event.
    pub event: EventName,
    /// The detention.
    pub detention: Option<DetentionRef>,
    /// Who was asked about.
    pub recipient: ParticipantId,
    /// On whose behalf it would receive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<ParticipantId>,
    /// Its relations to the case.
    pub relations: Vec<Relation>,
    /// The answer.
    pub decision: Decision,
    /// The rule set version.
    pub version: String,
    /// When.
    pub at: Timestamp,
    /// What it rested on that instants do not tell, for a replay; `None` of what was decided before that was kept, or is not kept at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saw: Option<Box<Saw>>,
}

/// What one recipient gets of one message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Derived from message, recipient and revision.
    pub id: DeliveryId,
    /// The message.
    pub key: MessageKey,
    /// 0; higher for a replacement.
    pub revision: u32,
    /// The event.
    pub event: EventName,
    /// The detention; with the recipient it makes the lane.
    pub detention: Option<DetentionRef>,
    /// Who gets it.
    pub recipient: ParticipantId,
    /// What the recipient is.
    pub kind: Kind,
    /// On whose behalf.
    pub on_behalf_of: Option<ParticipantId>,
    /// Its relations to the case.
    pub relations: Vec<Relation>,
    /// The hub's own sequence in the lane.
    pub lane_sequence: u64,
    /// The decision that it rests on.
    pub decision: Decision,
    /// The stamp of that decision.
    pub stamp: Stamp,
    /// Where it stands.
    pub stage: Stage,
    /// The frozen bytes, from the claim on.
    pub bytes: Option<Vec<u8>>,
    /// The recipient's own running number, given at the first claim.
    pub number: Option<u64>,
}

/// Something that the hub says to a sender. Not a delivery: it holds codes and ids only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Unique; a repeat carries the same.
    pub id: MessageId,
    /// Who is told.
    pub to: ParticipantId,
    /// `message-accepted`, `message-refused` or `message-rejected`; `delivery-void` and `heartbeat` go the same way.
    pub event: EventName,
    /// The data of the event.
    pub data: Value,
    /// When.
    pub at: Timestamp,
}

impl Receipt {
    /// Under the number of this delivery nothing more comes; nothing is said of what it held. `None`: it has no number.
    pub fn void(delivery: &Delivery, at: Timestamp) -> Option<Self> {
        Self::void_range(&delivery.recipient, (delivery.number?, delivery.number?), at)
    }

    /// The same of all numbers from one to another of a recipient.
    pub fn void_range(to: &ParticipantId, (first, last): (u64, u64), at: Timestamp) -> Option<Self> {
        Some(Self {
            id: hub_message_id(&["void", to.as_str(), &first.to_string(), &last.to_string()]),
            to: to.clone(),
            event: "delivery-void".parse().ok()?,
            data: json!({"void": {"from": first, "to": last}}),
            at,
        })
    }
}

/// What the hub keeps of bad input: never the content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectionRecord {
    /// The source, if it could be read and is well formed.
    pub source: Option<Source>,
    /// The id, if it could be read and holds no personal number.
    pub id: Option<MessageId>,
    /// Who sent it, if known.
    pub sender: Option<ParticipantId>,
    /// Bytes.
    pub size: u64,
    /// Keyed digest of the bytes.
    pub digest: String,
    /// The code.
    pub code: RejectionCode,
    /// Where.
    pub pointer: String,
    /// What was expected.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

/// Up to where the registers were looked at for cases that pass by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// When.
    pub at: Timestamp,
    /// How many entries there were.
    pub entries: usize,
}

/// One effect of a step. The step never performs it; the store carries all of one batch out in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Writes the case over the version that was read.
    SaveCase(Versioned<Case>),
    /// Writes a message, over an earlier row of the same key if there is one.
    SaveMessage(StoredMessage),
    /// Adds a decision.
    AddDecision(DecisionRecord),
    /// Adds a delivery: waiting, or claimed already because its lane is free (design 4).
    AddDelivery(Box<Delivery>),
    /// Moves a delivery that the snapshot showed to another stage.
    SetStage(DeliveryId, Stage),
    /// Tells a sender.
    AddReceipt(Receipt),
    /// Keeps the trace of bad input.
    AddRejection(RejectionRecord),
    /// Sets a timer.
    SetTimer(Timer),
    /// Ends a timer.
    ClearTimer(String),
}

/// What a step sees of the store: read and locked in the transaction that will write its actions.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The store's clock.
    pub now: Timestamp,
    /// The epoch of the registers.
    pub epoch: u64,
    /// The cases that were asked for and exist.
    pub cases: Vec<Versioned<Case>>,
    /// The messages that were asked for, those that these cases hold back, and with `waiting` those of waiting deliveries; as far
    /// as they exist.
    pub messages: Vec<StoredMessage>,
    /// Every delivery of those cases and messages (without bytes).
    pub deliveries: Vec<Delivery>,
}

/// What a step needs to see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SnapshotKeys {
    /// Cases.
    pub detentions: std::collections::BTreeSet<DetentionRef>,
    /// Messages.
    pub messages: std::collections::BTreeSet<MessageKey>,
    /// Whether the messages of what waits in these cases are needed too: an input may end a ground.
    pub waiting: bool,
}

/// A delivery that may be claimed, with what the decision needs.
#[derive(Debug, Clone)]
pub struct ClaimCandidate {
    /// The delivery, with its bytes if it was claimed before.
    pub delivery: Delivery,
    /// Its case, locked for sharing.
    pub case: Option<Versioned<Case>>,
    /// Its message.
    pub message: StoredMessage,
}

/// All candidates of one claim, in the order of their lanes.
#[derive(Debug, Clone, Default)]
pub struct ClaimContext {
    /// The store's clock.
    pub now: Timestamp,
    /// The epoch of the registers, locked for sharing.
    pub epoch: u64,
    /// The candidates.
    pub candidates: Vec<ClaimCandidate>,
}

/// What becomes of one candidate.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Provided: stage, decision, stamp and bytes are written; a number is given if it has none.
    Claim(Box<Delivery>, Option<DecisionRecord>),
    /// Ended: the stage is written with the decision that says why.
    End(Box<Delivery>, DecisionRecord),
    /// Its fate is uncertain and it is no longer lawful: it counts as handed over, and a recall follows.
    Recall(Box<Delivery>, DecisionRecord, Box<StoredMessage>, Box<Delivery>),
    /// Not before the instant in its stage: the recipient pauses. What was decided anew is on record.
    Wait(Box<Delivery>, Option<DecisionRecord>),
    /// Not now.
    Leave,
}

/// What a fetch gives.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pulled {
    /// What was claimed, by number.
    pub given: Vec<Delivery>,
    /// Up to which number it reaches: the head of the participant, or the last that this fetch could take.
    pub reached: u64,
    /// Numbers behind the cursor, up to there, under which something still comes.
    pub open: Vec<u64>,
    /// Whether it looked at as many as it may give: there may be more at once.
    pub full: bool,
    /// Up to which number everything was handed over or is void.
    pub head: u64,
}

impl Pulled {
    /// From one to another: the numbers behind the cursor under which nothing more comes.
    pub fn voids(&self, after: u64) -> Vec<(u64, u64)> {
        let mut kept: Vec<u64> = self.given.iter().filter_map(|delivery| delivery.number).chain(self.open.iter().copied()).collect();
        kept.push(self.reached.saturating_add(1));
        kept.sort_unstable();
        let mut last = after;
        let mut voids = Vec::new();
        for number in kept.into_iter().filter(|number| *number > after) {
            if number > last.saturating_add(1) {
                voids.push((last.saturating_add(1), number.saturating_sub(1).min(self.reached)));
            }
            last = number;
        }
        voids
    }
}

/// How one hand-over went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOver {
    /// Which.
    pub id: DeliveryId,
    /// The claim under which it was handed over; a later claim is not touched.
    pub claimed_at: Timestamp,
    /// The new stage.
    pub stage: Stage,
}

/// A recipient with something due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Who.
    pub recipient: ParticipantId,
    /// What of it rests on consent.
    pub consent: ByConsent,
}

/// What rests on consent of what a recipient is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByConsent {
    /// Nothing.
    Nothing,
    /// Something, and nothing by consent is claimed for it.
    Waits,
    /// Something is claimed for it already, by whatever process: nothing else by consent goes beside it.
    Claimed,
}

/// How many deliveries a recipient can take now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// At most so many.
    pub count: usize,
    /// Whether consent-based deliveries may be among them: the inbox is empty and somebody reads it.
    pub consent: bool,
}
