//! What a worker sees at the desk of an organisation: which messages of a case it was given, with which fields. No values: these are in
//! the organisation's own system, and the hub forgets them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schakelpunt_domain::{
    BasisId, DetentionRef, EventName, ParticipantId, Refusal,
    calendar::LegalDay,
    case::Case,
    pointer::Leaf,
    registers::{At, Kind, Registers, Scope},
    stage::Stage,
};
use schakelpunt_rules::{Admission, Looker};
use serde::{Deserialize, Serialize};

use crate::model::Delivery;

/// Months after the end of a detention in which a municipality still sees the notices of its start and end (domain 6.4 item 8).
pub const NOTICES_MONTHS: i32 = 6;
/// These notices.
const NOTICES: [&str; 4] = ["detention-started", "detention-ended", "release-date-set", "release-date-changed"];
/// The bases on which a municipality is given them.
const NOTICE_BASES: [&str; 2] = ["wjsg-51c-2-c", "pm-20d-2"];

/// The one purpose for which this hub may be used (domain 1.12).
pub const PURPOSE: &str = "reintegration";

/// Who looks, in which capacity, what for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// A pseudonym of the worker.
    pub worker: String,
    /// The one organisation for which the worker acts now.
    pub capacity: ParticipantId,
    /// In which role, for a worker who has several there; the first with a desk if absent.
    pub role: Option<String>,
    /// What for.
    pub purpose: String,
}

impl Look {
    /// The worker and the capacity, as the rules ask for them.
    pub(crate) fn looker(&self) -> Looker<'_> {
        Looker { worker: &self.worker, acting_for: &self.capacity, role: self.role.as_deref() }
    }

    /// Nothing is looked at for another purpose.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.purpose == PURPOSE { Ok(()) } else { Err(Refusal::NoBasis) }
    }
}

/// What a worker looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reads {
    /// What the organisation was given of a case.
    Case,
    /// The list of a day of visits on which the case stands.
    VisitList,
}

/// One look at a case, or the refusal of one, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessRecord {
    /// When.
    pub at: Timestamp,
    /// Of whom.
    pub detention: DetentionRef,
    /// A pseudonym of the worker.
    pub worker: String,
    /// Who employs the worker; unknown for one without this capacity.
    pub employer: Option<ParticipantId>,
    /// In which capacity.
    pub acting_for: ParticipantId,
    /// As what.
    pub role: Option<String>,
    /// Under a mandate: for whom.
    pub on_behalf_of: Option<ParticipantId>,
    /// What.
    pub reads: Reads,
    /// What for.
    pub purpose: String,
    /// Fields that were shown to be there.
    pub fields: Vec<Leaf>,
    /// Why not, if it was refused.
    pub code: Option<Refusal>,
}

impl AccessRecord {
    /// The same look by somebody who was admitted, with the fields that were shown.
    pub(crate) fn admitted(self, admission: &Admission, given: &[Given]) -> Self {
        let fields: BTreeSet<_> = given.iter().flat_map(|given| given.fields.iter().cloned()).collect();
        Self {
            employer: Some(admission.employer.clone()),
            role: Some(admission.role.clone()),
            on_behalf_of: admission.on_behalf_of.clone(),
            fields: fields.into_iter().collect(),
            ..self
        }
    }
}

/// What a worker sees of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// The messages, oldest first.
    pub given: Vec<Given>,
    /// Other detentions of the same person of which this desk sees something too: somebody who comes back is one person to it. Whoever
    /// had no part in them, or whose time with them is over, does not learn of them.
    pub same_person: Vec<DetentionRef>,
}

/// One message that an organisation was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Given {
    /// The event.
    pub event: EventName,
    /// Who got it.
    pub recipient: ParticipantId,
    /// What the recipient is.
    pub kind: Kind,
    /// Under a mandate: for whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<ParticipantId>,
    /// When.
    pub at: Timestamp,
    /// On which bases, in order.
    pub bases: Vec<BasisId>,
    /// What for.
    pub purpose: String,
    /// Which fields.
    pub fields: Vec<Leaf>,
    /// By the rule set of which version; for whoever cites its bases.
    #[serde(skip)]
    pub rules: String,
}

/// Everything of a case that was given to anybody, oldest first.
pub fn given(deliveries: &[Delivery]) -> Vec<Given> {
    let mut given: Vec<Given> = deliveries.iter().filter_map(one).collect();
    given.sort_by(|a, b| (a.at, a.event.as_str(), &a.recipient).cmp(&(b.at, b.event.as_str(), &b.recipient)));
    given
}

fn one(delivery: &Delivery) -> Option<Given> {
    let at = provided(&delivery.stage)?;
    let permit = delivery.decision.permit()?;
    Some(Given {
        event: delivery.event.clone(),
        recipient: delivery.recipient.clone(),
        kind: delivery.kind,
        on_behalf_of: delivery.on_behalf_of.clone(),
        at,
        bases: permit.granted.iter().map(|granted| granted.basis.clone()).collect(),
        purpose: permit.purpose.clone(),
        fields: permit.leaves().cloned().collect(),
        rules: delivery.stamp.rules.clone(),
    })
}

/// When the recipient may first have had it; `None` for what nobody was given.
fn provided(stage: &Stage) -> Option<Timestamp> {
    match stage {
        Stage::Claimed { at, .. } | Stage::HandedOver { at } | Stage::Received { at } => Some(*at),
        Stage::Waiting { .. } | Stage::Blocked { .. } | Stage::Cancelled { .. } | Stage::Void { .. } => None,
    }
}

/// Whether the notices of start and end have had their time: so many months after the day on which the detention ended, as the case knows.
fn notices_are_over(case: &Case, at: At) -> bool {
    // the end of a legal day is the first instant of the next one
    let last = |end: Timestamp| LegalDay::of(end.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(end));
    let over = |day: LegalDay| LegalDay(day.0.saturating_add(jiff::Span::new().months(NOTICES_MONTHS))).begins();
    case.plan_ends(at).is_some_and(|end| over(last(end)) <= at.valid)
}

/// Whether it is a notice of start or end that a municipality was given by law.
fn is_notice(given: &Given) -> bool {
    let by_law = given.bases.iter().any(|basis| NOTICE_BASES.contains(&basis.as_str()));
    given.kind == Kind::Municipality && NOTICES.contains(&given.event.as_str()) && by_law
}

/// What a worker who was admitted sees: what the organisation itself was given, or another in its name; under a mandate what was meant
/// for the mandator, as far as the mandate reaches; and of each message the fields that the desk of that role sees.
/// For a municipality the notices of start and end have their time, too.
pub fn view(
    registers: &Registers,
    admission: &Admission,
    acting_for: &ParticipantId,
    case: &Case,
    deliveries: &[Delivery],
    at: At,
) -> Vec<Given> {
    let own = registers.predecessors(acting_for, at);
    let mandators = admission.on_behalf_of.iter().flat_map(|mandator| registers.predecessors(mandator, at)).collect::<Vec<_>>();
    let mine = |given: &Given| match (&admission.on_behalf_of, admission.scope) {
        (None, _) => own.contains(&given.recipient) || given.on_behalf_of.as_ref().is_some_and(|mandator| own.contains(mandator)),
        (Some(_), Scope::All) => own.contains(&given.recipient),
        (Some(_), Scope::Visit | Scope::Tbo | Scope::Aftercare) => {
            mandators.contains(&given.recipient) || given.on_behalf_of.as_ref().is_some_and(|mandator| mandators.contains(mandator))
        }
    };
    let mut seen = given(deliveries);
    let over = notices_are_over(case, at);
    seen.retain(|given| mine(given) && !(over && is_notice(given)));
    for one in &mut seen {
        one.fields.retain(|leaf| admission.shows(leaf));
    }
    seen.retain(|one| !one.fields.is_empty());
    seen
}
