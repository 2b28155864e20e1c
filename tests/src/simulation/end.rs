//! The end of a run, and what crashes and stalls mean at the moment at which they come.

use std::{sync::OnceLock, time::Duration};

use schakelpunt_domain::{
    deadlines::{Audience, What, notices},
    registers::{At, Kind, Registers},
    stage::Stage,
};
use schakelpunt_engine::{
    kept_law::KeptLaw,
    model::{Delivery, Outcome},
};
use schakelpunt_rules::{Relation, RuleFile, RuleSet, Who, agreement, answers_since, candidates};

use super::{broker::Queue, checks, world::World};
use crate::{
    harness::settings,
    invariants::{A_DEADLINE_IS_TOLD_ONCE, EVERY_ACCEPTANCE_HAS_ITS_DECISIONS, NOTHING_ACCEPTED_IS_LOST},
};

/// The shipped rules; the same under another version; and rules that give a municipality no release dates. Each with its version.
pub(super) fn rule_sets() -> &'static [(KeptLaw, String); 3] {
    static SETS: OnceLock<[(KeptLaw, String); 3]> = OnceLock::new();
    SETS.get_or_init(|| {
        let settings = settings();
        let changed = |from: &str, to: &str| {
            let change = |file: &RuleFile| RuleFile { name: file.name.clone(), text: file.text.replacen(from, to, 1) };
            let law = KeptLaw::new(settings.law.rules.iter().map(change).collect(), settings.law.catalogue.clone());
            let version = RuleSet::load(&law.rules, &settings.catalogue).unwrap().version;
            (law, version)
        };
        let less = "id      = \"release-date-to-municipality\"\nevents  = [\"release-date-set\", \"release-date-changed\"]";
        [
            (KeptLaw::clone(&settings.law), settings.rules.version.clone()),
            changed("[[rule]]", "# another version\n[[rule]]"),
            changed(less, "id      = \"release-date-to-municipality\"\nevents  = [\"release-date-changed\"]"),
        ]
    })
}

/// Whether nothing is under way any more.
pub(super) fn is_at_rest(world: &World) -> bool {
    let load = world.tables.load();
    world.broker.queues.iter().all(Queue::is_empty)
        && load.waiting + load.claimed + load.blocked + load.receipts == 0
        && world.tables.timers.values().all(|timer| timer.at > world.clock.see())
}

pub(super) fn what_is_left(world: &World) -> String {
    let queues: Vec<usize> = world.broker.queues.iter().map(|queue| queue.ready.len()).collect();
    let open = world.tables.open.values().flatten().next().map(|(_, _, id)| {
        let delivery = &world.tables.deliveries[id].delivery;
        format!("{} of {} to {}: {:?}", delivery.id, delivery.key.id, delivery.recipient, delivery.stage)
    });
    format!(
        "{:?}, queues {queues:?}, timers {}, first {open:?}, {} producers done",
        world.tables.load(),
        world.tables.timers.len(),
        world.sent
    )
}

/// The total queue: everything that was said has an end.
pub(super) fn check(world: &mut World) {
    let mut broken = Vec::new();
    for offered in &world.ledger.offers {
        let variants = world.ledger.acknowledged.get(&offered.key).map_or(0, std::collections::BTreeSet::len);
        if variants == 0 || !checks::on_record(world, &offered.key, variants) {
            broken.push((NOTHING_ACCEPTED_IS_LOST, format!("{} is nowhere", offered.key.id)));
        }
    }
    for message in world.tables.messages.values().filter(|message| message.outcome == Outcome::Accepted) {
        let decided = world.tables.decisions.contains_key(&message.key);
        let recorded = ["consent-given", "consent-withdrawn", "message-withdrawn"].contains(&message.event.as_str());
        let pending = world.tables.cases.values().any(|case| case.value.pending.iter().any(|held| held.key == message.key));
        if !(decided || recorded || pending) {
            broken.push((EVERY_ACCEPTANCE_HAS_ITS_DECISIONS, format!("nobody was asked about {}", message.key.id)));
        }
    }
    for row in world.tables.deliveries.values() {
        broken.extend(end_of(world, &row.delivery).map(|what| (NOTHING_ACCEPTED_IS_LOST, what)));
    }
    let heads: Vec<_> = world.tables.all_heads().into_iter().collect();
    for (id, head) in heads {
        checks::nothing_missing(world, &id, head);
    }
    broken.extend(untold(world).into_iter().map(|what| (A_DEADLINE_IS_TOLD_ONCE, what)));
    for (invariant, what) in broken {
        world.broken(invariant, what);
    }
    world.count("ended");
}

/// What should have been told of a deadline by now, to somebody who is there to be told.
fn untold(world: &World) -> Vec<String> {
    let registers = Registers::new(world.tables.epoch, world.tables.entries.clone());
    let mut untold = Vec::new();
    for case in world.tables.cases.values().map(|case| &case.value) {
        let at = At::now(world.clock.see().max(registers.latest()));
        let there = candidates(&Who { event: "release-imminent", ..Who::default() }, case, &registers, at);
        for notice in notices(case, agreement(case, &registers, at), answers_since(case, &registers, at), at) {
            let relation = match notice.told.what {
                What::Imminent { to: Audience::Municipality, .. } => Relation::ResponsibleMunicipality,
                _ => Relation::ResponsibleProbationUnit,
            };
            let somebody = there.iter().any(|candidate| candidate.relations.contains(&relation));
            if notice.at <= world.clock.see() && somebody && !case.watch.told.contains(&notice.told) {
                untold.push(format!("{} of {} is not told", notice.told, case.detention));
            }
        }
    }
    untold
}

/// What is wrong with the end of a delivery.
fn end_of(world: &World, delivery: &Delivery) -> Option<String> {
    let name = format!("{} of {} to {}", delivery.id, delivery.key.id, delivery.recipient);
    let recalled = || world.tables.last_decision(&delivery.key, &delivery.recipient).is_some_and(|made| made.decision.refusal().is_some());
    let arrived = world.ledger.left.bytes.contains_key(&delivery.id);
    match &delivery.stage {
        Stage::Waiting { .. } | Stage::Claimed { .. } | Stage::Blocked { .. } => Some(format!("{name} never leaves: {:?}", delivery.stage)),
        // who fetches may ask again
        Stage::HandedOver { .. } | Stage::Received { .. } => {
            let fetches =
                world.ledger.kind(&delivery.recipient) == Some(Kind::Municipality) && delivery.recipient.as_str() == "gemeente-kampen";
            (!arrived && !recalled() && !fetches).then(|| format!("{name} counts as handed over and never arrived"))
        }
        Stage::Cancelled { .. } | Stage::Void { .. } => None,
    }
}

/// A process dies now.
pub(super) fn crashes(world: &mut World, process: usize) {
    world.count("fault: crash");
    world.note(format_args!("{process} crashes"));
    if world
        .broker
        .queues
        .iter()
        .flat_map(|queue| queue.unsettled.values())
        .flatten()
        .any(|(_, frame)| world.tables.messages.contains_key(&world.ledger.offers[frame.offer].key))
    {
        world.count("state: crash between commit and acknowledgement");
    }
    if holds_claims(world, process) {
        world.count("state: crash with a claim open");
    }
}

/// A process stands still from now on.
pub(super) fn stalls(world: &mut World, process: usize, wait: Duration) {
    world.count("fault: a process stands still");
    world.note(format_args!("{process} stands still for {wait:?}"));
    if holds_claims(world, process) && wait > Duration::from_secs(10) {
        world.count("state: a claim passes while its process stands still");
    }
}

/// Whether a process has something under way.
pub(super) fn holds_claims(world: &World, process: usize) -> bool {
    let mine = world.ledger.claimed_by.iter().filter(|(_, by)| **by == process);
    mine.filter_map(|(id, _)| world.tables.deliveries.get(id)).any(|row| matches!(row.delivery.stage, Stage::Claimed { .. }))
}
