//! Whether a claim has a ground at the instant of its commit.

use jiff::Timestamp;
use schakelpunt_domain::{DeliveryId, registers::Kind, stage::Stage};
use schakelpunt_engine::{
    leases::LeaseName,
    model::{Delivery, Outcome, Stamp},
};
use schakelpunt_rules::{Permit, Relation};

use super::{is_partner, stopped};
use crate::{
    harness::settings,
    invariants::{A_TOMBSTONE_STAYS, NO_CLAIM_WITHOUT_GROUND, ORDER_PER_LANE},
    simulation::{ledger::Consented, processes::NAMES, tables::Written, world::World},
};

/// What a partner may be told when its consent has ended: that it has ended, and what to delete.
const AT_AN_END: [&str; 5] = ["consent-withdrawn", "message-withdrawn", "detention-ended", "deceased", "delivery-failed"];

/// Verdicts were written: each claim needs a ground, now.
pub(crate) fn claimed(world: &mut World, process: usize, written: &[Written], now: Timestamp) {
    for one in written {
        if !one.claimed {
            let recalled = matches!((&one.before, &one.delivery.stage), (Stage::Claimed { .. }, Stage::HandedOver { .. }));
            world.count(if recalled { "state: a recall" } else { "state: the claim found no ground" });
            world.note(format_args!("  ended {} to {}: {:?}", one.delivery.id, one.delivery.recipient, one.delivery.decision.refusal()));
            continue;
        }
        let delivery = &one.delivery;
        world.note(format_args!("  claimed {} of {} to {}", delivery.id, delivery.key.id, delivery.recipient));
        match world.ledger.claimed_by.insert(delivery.id, process) {
            Some(other) if other != process => world.count("state: claimed again by the other process"),
            Some(_) => world.count("state: claimed again by the same process"),
            None => {}
        }
        if let Some(why) = unstamped(world, one, now) {
            world.broken(NO_CLAIM_WITHOUT_GROUND, format!("{} to {}: {why}", delivery.key.id, delivery.recipient));
        }
        if let Some((invariant, why)) = groundless(world, one, now) {
            world.broken(invariant, format!("{} to {}: {why}", delivery.key.id, delivery.recipient));
        }
        let inbox = LeaseName::inboxes_with(&delivery.recipient);
        let holder = world.tables.holder(&inbox, now).filter(|holder| *holder != NAMES[process]);
        if let (Some(holder), Stage::Claimed { .. }) = (holder, &delivery.stage) {
            let what = format!("{} to {}: the inbox is {holder}'s business", delivery.key.id, delivery.recipient);
            world.broken(NO_CLAIM_WITHOUT_GROUND, what);
        }
        if let Some(why) = crowded(world, process, one) {
            world.broken(NO_CLAIM_WITHOUT_GROUND, format!("{} to {} by consent: {why}", delivery.key.id, delivery.recipient));
        }
        if matches!(delivery.stage, Stage::Claimed { .. }) {
            overtakes(world, delivery);
        }
    }
}

/// Deliveries were claimed in the transaction that decided them.
pub(crate) fn claimed_at_once(world: &mut World, process: usize, claimed_now: &[Delivery], now: Timestamp) {
    let before = Stage::new(now);
    let written = claimed_now.iter().map(|delivery| {
        let decision = world.tables.last_decision(&delivery.key, &delivery.recipient).cloned();
        Written { delivery: delivery.clone(), decision, before: before.clone(), claimed: true }
    });
    let written: Vec<Written> = written.collect();
    if !written.is_empty() {
        world.count("state: claimed in the transaction that decided it");
    }
    claimed(world, process, &written, now);
}

/// By consent it takes an inbox with nothing in it and nothing under way to it.
fn crowded(world: &mut World, process: usize, one: &Written) -> Option<String> {
    let delivery = &one.delivery;
    let by_consent = delivery.decision.permit().is_some_and(Permit::by_consent);
    if !by_consent || !matches!((&one.before, &delivery.stage), (Stage::Waiting { .. }, Stage::Claimed { .. })) {
        return None;
    }
    let others = world.tables.open.iter().filter(|((recipient, _), _)| *recipient == delivery.recipient).flat_map(|(_, open)| open);
    // what was claimed behind it has a higher number
    let under_way = |id: &DeliveryId| {
        let other = &world.tables.deliveries[id].delivery;
        match other.stage {
            Stage::Claimed { at, .. } => other.number < delivery.number && !world.ledger.left.over.contains(&(*id, at)),
            _ => false,
        }
    };
    let other = others.map(|(_, _, id)| *id).find(|id| under_way(id))?;
    if world.ledger.claimed_by.get(&other).is_some_and(|by| *by != process) {
        // known: an inbox goes to another process while something claimed by the one before is under way to it
        world.count("gap: by consent behind what the process before has under way");
        return None;
    }
    Some(format!("{other} is under way to the same inbox"))
}

/// A claim without a decision of its own rests on the stamp of the one before.
fn unstamped(world: &World, one: &Written, now: Timestamp) -> Option<String> {
    let Written { delivery, decision, .. } = one;
    if decision.is_some() {
        return None;
    }
    let case = delivery.detention.as_ref().and_then(|detention| world.tables.cases.get(detention));
    let Some(rules) = world.tables.rules.in_force(now) else { return Some("claimed while all rules are stopped".to_owned()) };
    let current = Stamp { case_version: case.map_or(0, |case| case.version), epoch: world.tables.epoch, rules: rules.to_owned() };
    if delivery.stamp != current {
        return Some(format!("decided on {:?}, claimed on {current:?}", delivery.stamp));
    }
    let ended = delivery.decision.valid_until.filter(|until| *until <= now)?;
    Some(format!("the decision held until {ended}"))
}

fn groundless(world: &World, one: &Written, now: Timestamp) -> Option<(&'static str, String)> {
    let delivery = &one.delivery;
    let hub = &settings().source;
    let detention = delivery.detention.as_ref()?;
    let event = delivery.event.as_str();
    // a recall names a delivery and nothing else
    if delivery.key.source == *hub && event == "message-withdrawn" {
        return None;
    }
    if stopped(world, delivery) {
        return Some((NO_CLAIM_WITHOUT_GROUND, "it is stopped".to_owned()));
    }
    let grounds = world.ledger.grounds(detention);
    if grounds.is_some_and(|grounds| grounds.withdrawn_messages.contains(&delivery.key)) {
        return Some((A_TOMBSTONE_STAYS, "the message was withdrawn".to_owned()));
    }
    // for a case time never runs back
    let written = world.tables.cases.get(detention).and_then(|case| case.value.written);
    let of_case = written.map_or(now, |written| written.max(now));
    if is_partner(world, delivery) && event == "consent-expired" {
        let over = world.ledger.ran_out(detention, &delivery.recipient, of_case);
        return (!over).then(|| (NO_CLAIM_WITHOUT_GROUND, "no consent has run out".to_owned()));
    }
    if is_partner(world, delivery) && !AT_AN_END.contains(&event) {
        match world.ledger.consented(detention, &delivery.recipient, now) {
            Consented::Yes => {}
            Consented::No => return Some((NO_CLAIM_WITHOUT_GROUND, "no consent in force".to_owned())),
            Consented::Withdrawn => return Some((A_TOMBSTONE_STAYS, "the consent was withdrawn".to_owned())),
        }
    }
    not_concerned(world, delivery, now)
        .or_else(|| out_of_force(one, grounds.is_some_and(|grounds| grounds.ended), of_case))
        .or_else(|| never_had(world, delivery))
        .map(|why| (NO_CLAIM_WITHOUT_GROUND, why))
}

/// The recipient is somebody else than who is concerned now.
fn not_concerned(world: &World, delivery: &Delivery, now: Timestamp) -> Option<String> {
    let detention = delivery.detention.as_ref()?;
    let is = |relation| delivery.relations.contains(&relation);
    if is(Relation::EarlierRecipient) || is(Relation::SettlementMunicipality) || delivery.event.as_str() == "delivery-failed" {
        return None;
    }
    // refused, they are stated anew each time they are offered again, which leaves no trace that the ledger could read
    let restated = ["settlement-municipality-set", "responsible-municipality-determined"];
    let unsure = world.tables.messages.values().any(|message| {
        message.detention.as_ref() == Some(detention) && message.outcome == Outcome::Refused && restated.contains(&message.event.as_str())
    });
    if unsure && matches!(delivery.kind, Kind::Municipality | Kind::Triage) {
        return None;
    }
    // who answered before hears that the case left
    let leaves = delivery.event.as_str() == "settlement-municipality-set";
    match delivery.kind {
        Kind::Municipality if !leaves => {
            let responsible = world.ledger.municipality(detention, now);
            (responsible != Some(&delivery.recipient)).then(|| format!("{responsible:?} is responsible"))
        }
        Kind::Triage => world.ledger.municipality(detention, now).map(|responsible| format!("{responsible} is responsible")),
        Kind::Probation => {
            let unit = world.ledger.unit(detention);
            unit.filter(|unit| **unit != delivery.recipient).map(|unit| format!("{unit} was assigned"))
        }
        Kind::Prison if delivery.key.source != settings().source => {
            (!world.ledger.held_by(detention, &delivery.recipient)).then(|| "it never held the person".to_owned())
        }
        Kind::Municipality | Kind::Prison | Kind::CarePartner | Kind::Hub => None,
    }
}

/// A basis that is not in force, or that the end of the detention ended.
fn out_of_force(one: &Written, ended: bool, now: Timestamp) -> Option<String> {
    let decision = one.decision.as_ref().map_or(&one.delivery.decision, |made| &made.decision);
    let permit: &Permit = decision.permit()?;
    for granted in &permit.granted {
        let basis = granted.basis.to_string();
        if basis.starts_with("pm-20d") && (ended || now < "2021-06-30T22:00:00Z".parse().unwrap()) {
            return Some(format!("{basis} is not in force"));
        }
        if basis == "consent-triad" && now >= "2021-06-30T22:00:00Z".parse().unwrap() {
            return Some(format!("{basis} is not in force any more"));
        }
    }
    None
}

/// A correction goes to who had the original.
fn never_had(world: &World, delivery: &Delivery) -> Option<String> {
    if delivery.relations != [Relation::EarlierRecipient] {
        return None;
    }
    let of = world.tables.messages.get(&delivery.key)?.corrects.clone()?;
    let had = world.tables.deliveries.values().map(|row| &row.delivery).any(|other| {
        // known: one that was under way when the correction was decided, and came back, counts as had
        other.key == of && other.recipient == delivery.recipient && (other.number.is_some() || !waits_or_ended(&other.stage))
    });
    (!had).then(|| format!("it never had {}", of.id))
}

fn waits_or_ended(stage: &Stage) -> bool {
    matches!(stage, Stage::Waiting { .. } | Stage::Cancelled { .. })
}

/// Something open stands before it.
fn overtakes(world: &mut World, delivery: &Delivery) {
    let lane = (delivery.recipient.clone(), delivery.detention.clone());
    let first = world.tables.open.get(&lane).and_then(|open| open.first()).map(|(_, _, id)| *id);
    if first.is_some_and(|first| first != delivery.id) {
        world.broken(ORDER_PER_LANE, format!("{} to {} was claimed before what stands before it", delivery.key.id, delivery.recipient));
    }
}
