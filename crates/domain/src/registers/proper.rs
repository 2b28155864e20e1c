//! Whether an entry can be entered: who it names is known and of the right kind, and what it ends, lifts or approves is there.

use jiff::Timestamp;

use super::{At, Channel, Ended, Entry, Kind, Registers, Stop, SubscriptionState, known};
use crate::{
    calendar::LegalDay,
    ids::{ParticipantId, is_pseudonym},
};

/// The registers, by the word that their entries have in files and paths.
pub const KINDS: [&str; 12] = [
    "participant",
    "agreement",
    "mandate",
    "capacity",
    "subscription",
    "stop",
    "lift",
    "ending",
    "succession",
    "approval",
    "conflict",
    "reorganisation",
];

/// Why an entry cannot be entered. Says what was expected and repeats nothing but ids of participants.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Improper {
    /// No such register.
    #[error(
        "one of: participant, agreement, mandate, capacity, subscription, stop, lift, ending, succession, approval, conflict, reorganisation"
    )]
    Register,
    /// It does not have the form of its register.
    #[error("an entry with the keys of its register: {0}")]
    Form(String),
    /// A participant that is not registered.
    #[error("a registered participant where `{0}` stands")]
    Unknown(ParticipantId),
    /// A participant of another kind.
    #[error("`{0}` to be a {1}")]
    Kind(ParticipantId, &'static str),
    /// The same unit on both sides.
    #[error("two different units")]
    Itself,
    /// Ends before it begins.
    #[error("`until` after `from`")]
    Period,
    /// Nothing of that kind is in force.
    #[error("an entry in force that this ends, lifts or approves")]
    Nothing,
    /// Nobody alone may start a rule.
    #[error("another person: who has said that the rule goes on does not confirm it too")]
    SameHand,
    /// Test and production never meet.
    #[error("the environment of the hub and of all other participants")]
    Environment,
    /// Who does not visit has no days for it.
    #[error("`visit-days` only with scope `visit` or `all`")]
    VisitDays,
    /// Only the owner of the data makes a subscription active.
    #[error("state `requested` or `paused`: it becomes active by an approval of the owner of the data")]
    Active,
    /// The hub would call nowhere.
    #[error("`webhook` with an address, where `channel` is `webhook`")]
    Webhook,
    /// A name is no pseudonym.
    #[error("`worker` as a pseudonym: 1 to 64 letters, digits, dots, hyphens and underscores")]
    Worker,
    /// Nobody would see anything in a role that stands in no rule.
    #[error("a `role` that has a desk in the rules")]
    Role,
    /// Nothing would stand still.
    #[error("a `rule` of the rules in force")]
    Rule,
    /// A municipality cannot become itself or nothing.
    #[error("at least one other municipality in `into`, and parts by four digits that lead to one of these")]
    Reorganisation,
}

impl Entry {
    /// Reads an entry of a register.
    pub fn read(kind: &str, value: serde_json::Value) -> Result<Self, Improper> {
        if !KINDS.contains(&kind) {
            return Err(Improper::Register);
        }
        let tagged = serde_json::Value::Object([(kind.to_owned(), value)].into_iter().collect());
        serde_json::from_value(tagged).map_err(|error| Improper::Form(expected(&error.to_string())))
    }

    /// The register that it belongs to.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Participant(_) => "participant",
            Self::Agreement(_) => "agreement",
            Self::Mandate(_) => "mandate",
            Self::Capacity(_) => "capacity",
            Self::Subscription(_) => "subscription",
            Self::Stop(_) => "stop",
            Self::Lift(_) => "lift",
            Self::Ending(_) => "ending",
            Self::Succession(_) => "succession",
            Self::Approval(_) => "approval",
            Self::Conflict(_) => "conflict",
            Self::Reorganisation(_) => "reorganisation",
        }
    }

    /// Whether it can be entered beside what the registers hold at `now`.
    pub fn check(&self, registers: &Registers, now: Timestamp) -> Result<(), Improper> {
        let check = Check { registers, at: At::now(now) };
        match self {
            Self::Participant(one) => {
                let environments = registers.environments();
                let fits = environments.is_empty() || environments.contains(&one.environment);
                check.all(&one.intake_for, Kind::Prison)?;
                one.deputies.iter().try_for_each(|deputy| different(deputy, &one.id).and_then(|()| check.known(deputy).map(drop)))?;
                if one.channel == Channel::Webhook && one.webhook.is_none() {
                    return Err(Improper::Webhook);
                }
                if fits { Ok(()) } else { Err(Improper::Environment) }
            }
            Self::Agreement(one) => {
                check.is(&one.municipality, Kind::Municipality)?;
                check.is(&one.prison, Kind::Prison)?;
                one.probation.iter().try_for_each(|unit| check.is(unit, Kind::Probation))?;
                period(one.from, one.until)
            }
            Self::Mandate(one) => {
                check.is(&one.mandator, Kind::Municipality)?;
                check.is(&one.mandatary, Kind::Municipality)?;
                check.all(&one.prisons, Kind::Prison)?;
                different(&one.mandator, &one.mandatary)?;
                if !one.visit_days.is_empty() && !one.is_to_visit() {
                    return Err(Improper::VisitDays);
                }
                period(Some(one.from), one.until)
            }
            Self::Capacity(one) => {
                if !is_pseudonym(&one.worker) {
                    return Err(Improper::Worker);
                }
                check.known(&one.employer)?;
                check.known(&one.acting_for)?;
                period(Some(one.from), one.until)
            }
            Self::Subscription(one) => {
                check.known(&one.participant)?;
                let registered = registers.registered(&one.participant, check.at);
                if one.channel == Some(Channel::Webhook) && registered.is_none_or(|registered| registered.webhook.is_none()) {
                    return Err(Improper::Webhook);
                }
                let asked = matches!(one.state, SubscriptionState::Requested | SubscriptionState::Paused);
                if asked { period(one.from, one.until) } else { Err(Improper::Active) }
            }
            Self::Stop(Stop::Participant(id)) => check.known(id).map(drop),
            // a case may be stopped before the hub knows it; whether a rule is one, who has the rules says
            Self::Stop(Stop::Detention(_) | Stop::Rule(_)) => Ok(()),
            Self::Lift(lift) => {
                there(registers.stops(check.at).any(|one| *one == lift.what))?;
                let again = registers.waits_for_another_than(lift.by.as_ref(), &lift.what, check.at);
                if again { Err(Improper::SameHand) } else { Ok(()) }
            }
            Self::Ending(ending) => check.ends(&ending.what),
            Self::Succession(one) => {
                let kind = check.known(&one.predecessor)?;
                check.is(&one.successor, kind)?;
                different(&one.predecessor, &one.successor)
            }
            Self::Approval(one) => {
                let mut requests = known(&registers.subscriptions, check.at).filter(|row| row.entry.participant == one.participant);
                there(requests.any(|row| row.entry.state == SubscriptionState::Requested))
            }
            Self::Conflict(one) => one.acting_for.iter().try_for_each(|unit| check.known(unit).map(|_| ())),
            Self::Reorganisation(one) => {
                let parts = one.parts.iter().all(|part| {
                    let digits = part.postal_code.len() == 4 && part.postal_code.bytes().all(|byte| byte.is_ascii_digit());
                    digits && one.into.contains(&part.code)
                });
                let fits = parts && !one.into.is_empty() && !one.into.contains(&one.code);
                if fits { Ok(()) } else { Err(Improper::Reorganisation) }
            }
        }
    }
}

/// What an error of reading says was expected, and nothing of what stood there.
fn expected(error: &str) -> String {
    let said = if error.starts_with("missing field") { Some(0) } else { error.find("expected") };
    said.and_then(|at| error.get(at..)).unwrap_or("no other keys or values").to_owned()
}

fn period(from: Option<LegalDay>, until: Option<LegalDay>) -> Result<(), Improper> {
    match (from, until) {
        (Some(from), Some(until)) if until <= from => Err(Improper::Period),
        _ => Ok(()),
    }
}

fn different(one: &ParticipantId, other: &ParticipantId) -> Result<(), Improper> {
    if one == other { Err(Improper::Itself) } else { Ok(()) }
}

fn there(is: bool) -> Result<(), Improper> {
    if is { Ok(()) } else { Err(Improper::Nothing) }
}

struct Check<'a> {
    registers: &'a Registers,
    at: At,
}

impl Check<'_> {
    fn known(&self, id: &ParticipantId) -> Result<Kind, Improper> {
        self.registers.registered(id, self.at).map(|participant| participant.kind).ok_or_else(|| Improper::Unknown(id.clone()))
    }

    fn is(&self, id: &ParticipantId, kind: Kind) -> Result<(), Improper> {
        if self.known(id)? == kind { Ok(()) } else { Err(Improper::Kind(id.clone(), kind.word())) }
    }

    fn all(&self, ids: &[ParticipantId], kind: Kind) -> Result<(), Improper> {
        ids.iter().try_for_each(|id| self.is(id, kind))
    }

    /// What has not begun yet can be ended too.
    fn ends(&self, what: &Ended) -> Result<(), Improper> {
        let Registers { agreements, mandates, capacities, subscriptions, conflicts, .. } = self.registers;
        let at = self.at;
        there(match what {
            Ended::Participant { id } => return self.known(id).map(|_| ()),
            Ended::Agreement { municipality, prison } => {
                known(agreements, at).any(|row| row.entry.municipality == *municipality && row.entry.prison == *prison)
            }
            Ended::Mandate { mandator, mandatary, scope } => known(mandates, at)
                .map(|row| &row.entry)
                .any(|one| one.mandator == *mandator && one.mandatary == *mandatary && scope.is_none_or(|scope| scope == one.scope)),
            Ended::Capacity { worker, acting_for, role } => known(capacities, at)
                .map(|row| &row.entry)
                .any(|one| one.worker == *worker && one.acting_for == *acting_for && role.as_ref().is_none_or(|role| *role == one.role)),
            Ended::Subscription { participant } => known(subscriptions, at).any(|row| row.entry.participant == *participant),
            Ended::Conflict { worker, detention } => {
                known(conflicts, at).any(|row| row.entry.worker == *worker && row.entry.detention == *detention)
            }
        })
    }
}
