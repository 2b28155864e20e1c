//! "Why": the decision on a kept message for any participant and any moment, from recorded facts and signals, without the payload.
//!
//! For a pair of instants the answer never changes: registers, facts and consents have an instant of recording, what a message was is kept
//! when it is corrected, and the law is the one that the hub applied then.

use jiff::Timestamp;
use schakelpunt_domain::{MessageId, ParticipantId, Source, case::Case, registers::At};
use schakelpunt_rules::{Candidate, Decision, Question, Who, candidate_for, decide};

use crate::{
    asking,
    model::{DecisionRecord, StoredMessage},
    step::Law,
};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Why<'a> {
    /// The message.
    pub message: &'a MessageId,
    /// Whose message, where several systems have used the id.
    pub source: Option<&'a Source>,
    /// About whom; `None`: everybody about whom was decided by then.
    pub to: Option<&'a ParticipantId>,
    /// The legal instant; now without it.
    pub at: Option<Timestamp>,
    /// What was recorded by then; everything without it.
    pub known: Option<Timestamp>,
}

/// By which law the answer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The one that the hub applied at the instant that `known` names.
    Kept,
    /// The one of the settings: what would be, not what was.
    Settings,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// What will be known then nobody knows: the answer would change.
    #[error("{known} lies in the future: name an instant that has passed as what was known, or leave it out")]
    KnownInFuture {
        /// The instant.
        known: Timestamp,
    },
    /// No message has that id.
    #[error("no message has this id; a rejected message is not kept")]
    UnknownMessage,
    /// More than one system has used the id.
    #[error("several sources have a message of this id: name the source too")]
    SeveralSources,
    /// The message is about no detention that is known.
    #[error("the message belongs to no case")]
    NoCase,
    /// Nobody of that name.
    #[error("`{0}` was not registered at that instant")]
    NotRegistered(ParticipantId),
    /// The hub has kept no law of that instant.
    #[error("which rules were applied then is not kept: they are since a hub of this version was first started on this store")]
    RulesNotKept,
    /// Nothing was decided then.
    #[error("no rules were in force then: somebody had stopped all of them")]
    RulesStopped,
    /// The kept law is no law for this program.
    #[error("the rules that were applied then cannot be read by this program: ask the version that applied them")]
    RulesUnreadable,
}

impl NoAnswer {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::KnownInFuture { .. } => "KNOWN_IN_FUTURE",
            Self::UnknownMessage => "UNKNOWN_MESSAGE",
            Self::SeveralSources => "SEVERAL_SOURCES",
            Self::NoCase => "NO_CASE",
            Self::NotRegistered(_) => "NOT_REGISTERED",
            Self::RulesNotKept => "RULES_NOT_KEPT",
            Self::RulesStopped => "RULES_STOPPED",
            Self::RulesUnreadable => "RULES_UNREADABLE",
        }
    }
}

/// What `decide` says of `recipient` at `at`; `None` for somebody whom the registers do not know. Nothing is recorded.
pub fn explain(law: Law<'_>, message: &StoredMessage, case: &Case, recipient: &ParticipantId, at: At) -> Option<(Candidate, Decision)> {
    let candidate = candidate(law, message, case, recipient, at)?;
    let decision = asking::about(law, message, &message.leaves, case, &candidate, at)?;
    Some((candidate, decision))
}

/// The decisions on a message at a pair of instants, one for each of these participants, each with the question that it answers.
pub(crate) fn records<T>(
    law: Law<'_>,
    message: &StoredMessage,
    case: &Case,
    mut asked: Vec<ParticipantId>,
    at: At,
    told: &impl Fn(&Question<'_>, DecisionRecord) -> T,
) -> Result<Vec<T>, NoAnswer> {
    asked.sort_unstable();
    asked.dedup();
    let message = message.as_known(at.known);
    asked.into_iter().map(|recipient| record(law, &message, case, recipient, at, told)).collect()
}

fn record<T>(
    law: Law<'_>,
    message: &StoredMessage,
    case: &Case,
    recipient: ParticipantId,
    at: At,
    told: impl Fn(&Question<'_>, DecisionRecord) -> T,
) -> Result<T, NoAnswer> {
    let candidate = candidate(law, message, case, &recipient, at);
    let question = candidate.as_ref().and_then(|candidate| asking::question(law, message, &message.leaves, case, candidate, at));
    let Some(question) = question else { return Err(NoAnswer::NotRegistered(recipient)) };
    // until when it would have held rests on what was entered later
    let decision = Decision { valid_until: None, ..decide(&question) };
    let record = DecisionRecord {
        message: message.key.clone(),
        event: message.event.clone(),
        detention: message.detention.clone(),
        recipient,
        on_behalf_of: question.candidate.on_behalf_of.clone(),
        relations: question.candidate.relations.clone(),
        decision,
        version: law.settings.rules.version.clone(),
        at: at.valid,
        saw: None,
    };
    Ok(told(&question, record))
}

fn candidate(law: Law<'_>, message: &StoredMessage, case: &Case, recipient: &ParticipantId, at: At) -> Option<Candidate> {
    let who = Who { event: message.event.as_str(), partner: message.partner.as_ref(), ..Who::default() };
    candidate_for(recipient, &who, case, law.registers, at)
}
