//! What the hub says of desks by itself: a look that was refused, a capacity that was granted or has ended (domain 5.7 #72 and #76).
//!
//! Capacities belong to a register and to no case. What is said of those of a unit has a row of its own, which stands among the cases and is
//! never opened; a timer of that row waits for the last day.

use schakelpunt_domain::{
    DetentionRef, LegalDay, ParticipantId, Source,
    ids::{MessageKey, hub_message_id, is_pseudonym},
    registers::{Capacity, Ended, Ending, Entry, Kind, Recorded},
};
use schakelpunt_rules::{Relation, Who, candidates, responsible_municipality};
use serde_json::{Value, json};

use super::{hub_says, world::World};
use crate::{
    desk::AccessRecord,
    model::{Action, Timer},
};

/// The name of the rows, and of their timers.
const KIND: &str = "capacity";
const REFUSED: &str = "access-refused";

/// The key of what is said of a refused look: once per look.
pub(crate) fn key_of_refusal(source: &Source, look: &AccessRecord) -> MessageKey {
    let id = hub_message_id(&[REFUSED, look.detention.as_str(), look.acting_for.as_str(), &look.worker, &look.at.to_string()]);
    MessageKey { source: source.clone(), id }
}

/// Tells the unit whose worker was refused. Only one that has to do with the case: to anybody else it would tell that there is a case.
pub(super) fn refused(world: &mut World<'_>, key: &MessageKey, look: &AccessRecord) {
    let (Some(code), Some(case)) = (look.code, world.known_case(&look.detention).filter(|case| case.opened.is_some())) else { return };
    let who = Who { event: REFUSED, ..Who::default() };
    let concerned = candidates(&who, case, world.registers(), world.at()).into_iter().filter(|candidate| candidate.closed.is_none());
    let unit = concerned.into_iter().find(|candidate| candidate.participant == look.acting_for);
    // another acts for it, and it stays responsible: it hears of its own workers (decision 23)
    let mandator = || responsible_municipality(case, world.registers(), world.at()).filter(|mandator| mandator.id == look.acting_for);
    let to = match unit {
        Some(unit) => (unit.participant, unit.relations),
        None if mandator().is_some() => (look.acting_for.clone(), vec![Relation::ResponsibleMunicipality]),
        None => return,
    };
    let mut access = json!({"code": code, "at": look.at, "actingFor": look.acting_for});
    // what a desk sends as its worker may be anything
    if let Some(access) = access.as_object_mut().filter(|_| is_pseudonym(&look.worker)) {
        access.insert("worker".to_owned(), json!(look.worker));
    }
    hub_says::to(world, REFUSED, &look.detention, key.clone(), json!({"access": access}), &[to]);
}

/// The row of the unit whose workers an entry is about; `None` for an entry that is about none.
pub(crate) fn row_of(entry: &Entry) -> Option<DetentionRef> {
    match entry {
        Entry::Capacity(Capacity { acting_for, .. }) | Entry::Ending(Ending { what: Ended::Capacity { acting_for, .. }, .. }) => {
            row(acting_for)
        }
        _ => None,
    }
}

fn row(unit: &ParticipantId) -> Option<DetentionRef> {
    format!("{KIND}.{unit}").parse().ok()
}

/// A capacity was entered or ended: the unit acted for and the employer hear it.
pub(super) fn entered(world: &mut World<'_>, recorded: &Recorded<Entry>) {
    let at = recorded.recorded.to_string();
    match &recorded.entry {
        // what was over before it was entered is history
        Entry::Capacity(own) if own.until.is_none_or(|until| until.begins() > recorded.recorded) => {
            let capacity =
                json!({"worker": own.worker, "employer": own.employer, "actingFor": own.acting_for, "role": own.role, "from": own.from});
            tell(world, "capacity-granted", own, capacity, own.until, &at);
            wake(world, own);
        }
        Entry::Ending(ending) => {
            for own in world.registers().cut_short(ending, recorded.recorded) {
                revoked(world, own, ending.from, &at);
            }
        }
        _ => {}
    }
}

fn wake(world: &mut World<'_>, own: &Capacity) {
    let (Some(until), Some(row)) = (own.until, row(&own.acting_for)) else { return };
    let id = format!("{KIND}\n{}\n{}\n{until}", own.worker, own.acting_for);
    world.act(Action::SetTimer(Timer { id, at: until.begins(), detention: row }));
}

/// The last day of a capacity has passed. Gives whether the timer was of this kind.
pub(super) fn fired(world: &mut World<'_>, timer: &Timer) -> bool {
    let mut words = timer.id.split('\n');
    let (Some(KIND), Some(worker), Some(unit)) = (words.next(), words.next(), words.next()) else { return false };
    let Ok(unit) = unit.parse() else { return true };
    for own in world.registers().run_out(worker, &unit, timer.at, world.now()) {
        revoked(world, own, LegalDay::of(timer.at), "");
    }
    true
}

fn revoked(world: &mut World<'_>, own: &Capacity, until: LegalDay, recorded: &str) {
    let capacity = json!({"worker": own.worker, "employer": own.employer, "actingFor": own.acting_for, "role": own.role});
    tell(world, "capacity-revoked", own, capacity, Some(until), recorded);
}

fn tell(world: &mut World<'_>, event: &str, own: &Capacity, mut capacity: Value, until: Option<LegalDay>, recorded: &str) {
    let Some(row) = row(&own.acting_for).filter(|_| is_pseudonym(&own.worker)) else { return };
    let day = until.map(|until| until.to_string()).unwrap_or_default();
    if let (Some(until), Some(capacity)) = (until, capacity.as_object_mut()) {
        capacity.insert("until".to_owned(), json!(until));
    }
    let id = hub_message_id(&[event, &own.worker, own.acting_for.as_str(), own.employer.as_str(), &own.role, &day, recorded]);
    let key = MessageKey { source: world.settings().source.clone(), id };
    let mut to: Vec<(ParticipantId, Vec<Relation>)> = Vec::new();
    for unit in [&own.acting_for, &own.employer] {
        let relation = world.registers().participant(unit, world.at()).and_then(|unit| relation(unit.kind));
        if let Some(relation) = relation.filter(|_| to.iter().all(|(told, _)| told != unit)) {
            to.push((unit.clone(), vec![relation]));
        }
    }
    if !to.is_empty() {
        hub_says::to(world, event, &row, key, json!({"capacity": capacity}), &to);
    }
}

/// As what a unit hears of its workers. A care partner stands outside.
fn relation(kind: Kind) -> Option<Relation> {
    match kind {
        Kind::Prison => Some(Relation::HoldingPrison),
        Kind::Municipality => Some(Relation::ResponsibleMunicipality),
        Kind::Probation => Some(Relation::ResponsibleProbationUnit),
        Kind::Triage => Some(Relation::Triage),
        Kind::CarePartner | Kind::Hub => None,
    }
}
