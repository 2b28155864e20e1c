//! The invariants, asked at every commit and at everything that leaves.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schakelpunt_domain::{
    DeliveryId, ParticipantId,
    ids::MessageKey,
    registers::{Entry, Kind, Recorded, Stop},
    stage::Stage,
};
use schakelpunt_engine::{
    hub::Fetched,
    model::{Action, Delivery, HandOver, Outcome, StoredMessage},
    ports::StoreError,
};

use super::{tables::saved, world::World};
use crate::{
    invariants::{A_DEADLINE_IS_TOLD_ONCE, A_TOMBSTONE_STAYS, EVERY_ACCEPTANCE_HAS_ITS_DECISIONS, NOTHING_ACCEPTED_IS_LOST},
    mutants::Mutant,
};

mod claimed;
mod left;

pub(super) use self::{
    claimed::{claimed, claimed_at_once},
    left::{nothing_missing, number, published},
};

/// Recorded without asking about anybody, or while it waits for somebody to be found.
const WITHOUT_DECISION: [&str; 3] = ["consent-given", "consent-withdrawn", "message-withdrawn"];

/// Register entries are recorded: from this commit on they count.
pub(super) fn recording(world: &mut World, entries: &[Recorded<Entry>]) {
    world.ledger.record(entries);
    let under_way = world.tables.deliveries.values().any(|row| matches!(row.delivery.stage, Stage::Claimed { .. }));
    if under_way {
        world.count("state: register change between claim and confirm");
    }
    let behind = world.clock.see();
    if entries.iter().any(|entry| entry.recorded > behind) {
        world.count("state: register change recorded ahead of the clock");
    }
}

/// The database refuses the rows of some messages.
pub(super) fn refuses(world: &mut World, actions: &[Action]) -> Result<(), StoreError> {
    let poisoned = saved(actions).keys().any(|key| world.ledger.offered(key).is_some_and(|offered| offered.poison));
    if poisoned {
        world.count("fault: a row that the database refuses");
        return Err(StoreError::Data("a row that cannot be written".into()));
    }
    Ok(())
}

/// An intake is about to be written.
pub(super) fn intake(world: &mut World, actions: &[Action], _now: Timestamp) {
    let mut added: BTreeSet<DeliveryId> = BTreeSet::new();
    for action in actions {
        match action {
            Action::AddDelivery(delivery) => {
                added.insert(delivery.id);
                let known = world.tables.messages.get(&delivery.key).map(|message| message.outcome);
                if known.is_some_and(|known| known != Outcome::Parked) {
                    world.ledger.late.insert(delivery.id);
                }
                delivery_has_its_decision(world, actions, delivery);
            }
            Action::SetStage(id, stage) if !added.contains(id) => moved(world, actions, *id, stage),
            _ => {}
        }
    }
    // in the order in which the batch takes them in, with the last word on each
    let (last, mut read) = (saved(actions), BTreeSet::new());
    let by_timer = actions.iter().any(|action| matches!(action, Action::ClearTimer(id) if id.starts_with("deadlines")));
    for action in actions {
        let Action::SaveMessage(taken) = action else { continue };
        let (key, message) = (&taken.key, last[&taken.key]);
        if !read.insert(key) {
            continue;
        }
        let before = world.tables.messages.get(key).map(|known| known.outcome);
        deadline(world, message, by_timer, before.is_some());
        let news = before != Some(Outcome::Accepted);
        world.note(format_args!("  {} {} is {:?}", key.id, message.event, message.outcome));
        outcome(world, actions, key, before, message.outcome);
        if message.outcome == Outcome::Accepted && news && WITHOUT_DECISION.contains(&message.event.as_str()) {
            states_of_a_withdrawal(world, key);
        }
        world.ledger.read(message, news);
    }
    for action in actions {
        if let Action::SaveCase(case) = action {
            tombstones(world, &case.value);
        }
    }
}

/// What the hub says by itself is told once.
fn deadline(world: &mut World, message: &StoredMessage, by_timer: bool, known: bool) {
    world.count(match (message.event.as_str(), by_timer) {
        ("release-imminent", true) => "state: a deadline is told by its timer",
        ("release-imminent", false) => "state: a deadline is told",
        ("consent-expired", _) => "state: a consent runs out",
        ("case-passed-on", _) => "state: a case passes to another municipality",
        _ => return,
    });
    if known {
        world.broken(A_DEADLINE_IS_TOLD_ONCE, format!("{} is told again", message.key.id));
    }
}

fn waits(actions: &[Action], key: &MessageKey) -> bool {
    actions.iter().any(|action| matches!(action, Action::SaveMessage(saved) if saved.key == *key && saved.outcome == Outcome::Parked))
}

fn outcome(world: &mut World, actions: &[Action], key: &MessageKey, before: Option<Outcome>, after: Outcome) {
    match (before, after) {
        (Some(Outcome::Accepted), Outcome::Accepted) => {}
        (Some(Outcome::Accepted), _) => world.broken(NOTHING_ACCEPTED_IS_LOST, format!("{} was accepted and is {after:?} now", key.id)),
        // it may wait again and lapse again in one batch
        (Some(Outcome::Lapsed), Outcome::Lapsed) if waits(actions, key) => world.count("state: a lapsed message waits again"),
        (Some(Outcome::Lapsed), Outcome::Lapsed) => {
            world.broken(EVERY_ACCEPTANCE_HAS_ITS_DECISIONS, format!("{} waited once and lapsed twice", key.id));
        }
        (Some(Outcome::Parked), Outcome::Lapsed) => world.count("state: a parked message lapsed"),
        (Some(Outcome::Parked), _) => world.count("state: a parked message found its case"),
        (Some(Outcome::Lapsed), Outcome::Parked) => world.count("state: a lapsed message waits again"),
        (Some(Outcome::Refused), Outcome::Accepted) => world.count("state: a refused message offered again is accepted"),
        _ => {}
    }
    if after != Outcome::Accepted || before == Some(Outcome::Accepted) {
        return;
    }
    let event = world
        .tables
        .messages
        .get(key)
        .map_or_else(|| saved(actions).get(key).map(|message| message.event.clone()), |known| Some(known.event.clone()));
    let free = event.is_some_and(|event| WITHOUT_DECISION.contains(&event.as_str()));
    let decided = actions.iter().any(|action| matches!(action, Action::AddDecision(made) if made.message == *key));
    let pending =
        actions.iter().any(|action| matches!(action, Action::SaveCase(case) if case.value.pending.iter().any(|held| held.key == *key)));
    if !(free || decided || pending) {
        world.broken(EVERY_ACCEPTANCE_HAS_ITS_DECISIONS, format!("{} is accepted and nobody was asked about", key.id));
    }
    if pending {
        world.count("state: a message waits for triage");
    }
}

fn delivery_has_its_decision(world: &mut World, actions: &[Action], delivery: &Delivery) {
    let made = |action: &&Action| matches!(action, Action::AddDecision(made) if made.message == delivery.key && made.recipient == delivery.recipient && made.decision == delivery.decision);
    if !actions.iter().any(|action| made(&action)) {
        world.broken(EVERY_ACCEPTANCE_HAS_ITS_DECISIONS, format!("a delivery of {} without a decision", delivery.key.id));
    }
    let payload = saved(actions).get(&delivery.key).map_or_else(
        || world.tables.messages.get(&delivery.key).is_some_and(|message| message.payload.is_some()),
        |message| message.payload.is_some(),
    );
    if !payload && delivery.bytes.is_none() && !world.is(Mutant::PayloadPurgedTooEarly) && world.tables.messages.contains_key(&delivery.key)
    {
        // known: after a recall who is concerned instead is found later, when the payload may be forgotten
        world.count("gap: decided anew after its payload was forgotten");
        world.given_up = true;
        return;
    }
    if !payload && delivery.bytes.is_none() {
        world.broken(EVERY_ACCEPTANCE_HAS_ITS_DECISIONS, format!("a delivery of {} whose payload is gone", delivery.key.id));
    }
}

/// An intake moves a delivery: what may be with its recipient is not taken back.
fn moved(world: &mut World, actions: &[Action], id: DeliveryId, stage: &Stage) {
    let Some(row) = world.tables.deliveries.get(&id) else { return };
    let (before, key, recipient) = (row.delivery.stage.clone(), row.delivery.key.clone(), row.delivery.recipient.clone());
    if matches!(before, Stage::Claimed { .. }) && matches!(stage, Stage::Cancelled { .. }) {
        world.broken(NOTHING_ACCEPTED_IS_LOST, format!("{id} is under way and was cancelled"));
    }
    if let Stage::Cancelled { why: schakelpunt_domain::stage::CancelReason::NoLongerLawful, .. } = stage {
        let refused = actions.iter().any(|action| {
            matches!(action, Action::AddDecision(made) if made.message == key && made.recipient == recipient && made.decision.refusal().is_some())
        });
        if !refused {
            world.broken(EVERY_ACCEPTANCE_HAS_ITS_DECISIONS, format!("{id} was cancelled without a refusal"));
        }
        world.count("state: what waited lost its ground");
    }
}

fn states_of_a_withdrawal(world: &mut World, key: &MessageKey) {
    let Some(offered) = world.ledger.offered(key).cloned() else { return };
    if offered.event == "consent-given" {
        return;
    }
    let of_case = |delivery: &Delivery| delivery.detention.as_ref() == Some(&offered.detention);
    let (mut claimed, mut waiting) = (false, false);
    for row in world.tables.deliveries.values().filter(|row| of_case(&row.delivery)) {
        claimed |= matches!(row.delivery.stage, Stage::Claimed { .. });
        waiting |= matches!(row.delivery.stage, Stage::Waiting { .. });
    }
    if claimed {
        world.count("state: withdrawal between claim and confirm");
    }
    if waiting {
        world.count("state: withdrawal while something waits");
    }
    if !world.tables.cases.contains_key(&offered.detention) {
        world.count("state: withdrawal before its case");
    }
}

fn tombstones(world: &mut World, case: &schakelpunt_domain::case::Case) {
    let Some(grounds) = world.ledger.grounds(&case.detention) else { return };
    let missing = grounds.withdrawn_consents.iter().find(|id| !case.tombstones.contains_key(*id)).cloned();
    let forgotten = grounds.withdrawn_messages.iter().find(|key| !case.withdrawn.contains(*key)).cloned();
    if let Some(id) = missing {
        world.broken(A_TOMBSTONE_STAYS, format!("the tombstone of consent {id} is gone from {}", case.detention));
    }
    if let Some(key) = forgotten {
        world.broken(A_TOMBSTONE_STAYS, format!("the tombstone of message {} is gone from {}", key.id, case.detention));
    }
}

/// The broker forgets a message because a hub acknowledged it.
pub(super) fn acknowledged(world: &mut World, offer: usize) {
    let Some(offered) = world.ledger.offers.get(offer).cloned() else { return };
    let known = world.ledger.acknowledged.entry(offered.key.clone()).or_default();
    known.insert(offered.variant);
    let variants = known.len();
    if !on_record(world, &offered.key, variants) {
        world.broken(NOTHING_ACCEPTED_IS_LOST, format!("{} was acknowledged and the store has nothing of it", offered.key.id));
    }
}

/// Whether the store has the message, and a rejection for each other set of bytes under its id.
pub(super) fn on_record(world: &World, key: &MessageKey, variants: usize) -> bool {
    let rejected = || world.tables.rejections.iter().any(|rejection| rejection.id.as_ref() == Some(&key.id));
    match (world.tables.messages.contains_key(key), variants) {
        (true, 0 | 1) => true,
        (true | false, _) => rejected(),
    }
}

/// Somebody has the answer to its fetch.
pub(super) fn fetched(world: &mut World, delivery: &Delivery) {
    if let Some(bytes) = &delivery.bytes {
        left::arrived(world, delivery.id, bytes, true);
    }
}

/// What a fetch said of the running numbers.
pub(super) fn numbers_fetched(world: &mut World, id: &ParticipantId, fetched: &Fetched) {
    for event in &fetched.events {
        number(world, id, event);
    }
    if let Some(head) = fetched.head {
        nothing_missing(world, id, head);
    }
}

/// Answers to hand-overs came.
pub(super) fn settled(world: &mut World, results: &[HandOver], counted: &[HandOver]) {
    if counted.len() < results.len() {
        world.count("state: an answer to an older claim");
    }
    for result in counted {
        if matches!(result.stage, Stage::HandedOver { .. }) && !world.ledger.left.bytes.contains_key(&result.id) {
            world.broken(NOTHING_ACCEPTED_IS_LOST, format!("{} counts as handed over and never arrived", result.id));
        }
        if matches!(result.stage, Stage::Blocked { .. }) {
            world.count("state: a lane is blocked");
        }
    }
}

/// Payloads were forgotten.
pub(super) fn forgotten(world: &mut World) {
    let needed = world.tables.open.values().flatten().map(|(_, _, id)| &world.tables.deliveries[id].delivery);
    let gone = |delivery: &&Delivery| delivery.bytes.is_none() && world.tables.messages[&delivery.key].payload.is_none();
    let gone = needed.filter(gone).map(|delivery| delivery.id).next();
    if let Some(id) = gone {
        world.broken(EVERY_ACCEPTANCE_HAS_ITS_DECISIONS, format!("{id} waits for its recipient and its payload is gone"));
    }
}

/// Whether one of the stops speaks of this delivery.
pub(super) fn stopped(world: &World, delivery: &Delivery) -> bool {
    world.ledger.stops.iter().any(|stop| match stop {
        Stop::Participant(id) => *id == delivery.recipient,
        Stop::Detention(detention) => delivery.detention.as_ref() == Some(detention),
        Stop::Rule(rule) => delivery.decision.rule.as_ref() == Some(rule),
    })
}

/// Whether somebody is outside the triad.
pub(super) fn is_partner(world: &World, delivery: &Delivery) -> bool {
    world.ledger.kind(&delivery.recipient) == Some(Kind::CarePartner)
}
