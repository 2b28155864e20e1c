//! "Why": the decision on a kept message for any participant and any moment, from recorded facts and signals, without the payload.
//!
//! For a pair of instants the answer never changes: registers, facts and consents have an instant of recording, what a message was is kept
//! when it is corrected, and the law is the one that the hub applied then.

use std::{borrow::Cow, sync::Arc};

use jiff::Timestamp;
use schakelpunt_domain::{
    MessageId, ParticipantId, Source,
    case::Case,
    registers::{At, Registers},
};
use schakelpunt_rules::{Candidate, Decision, Who, candidate_for};

use crate::{
    Settings, asking,
    model::{DecisionRecord, StoredMessage},
    ports::{Store, StoreError},
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
            Self::RulesUnreadable => "RULES_UNREADABLE",
        }
    }
}

/// What `decide` says of `recipient` at `at`; `None` for somebody whom the registers do not know. Nothing is recorded.
pub fn explain(law: Law<'_>, message: &StoredMessage, case: &Case, recipient: &ParticipantId, at: At) -> Option<(Candidate, Decision)> {
    let who = Who { event: message.event.as_str(), partner: message.partner.as_ref(), ..Who::default() };
    let candidate = candidate_for(recipient, &who, case, law.registers, at)?;
    let decision = asking::about(law, message, &message.leaves, case, &candidate, at)?;
    Some((candidate, decision))
}

/// The decisions on a kept message at a pair of instants, one for each participant that is asked about. Nothing is recorded.
pub async fn answer(
    settings: &Settings,
    store: &dyn Store,
    why: &Why<'_>,
    by: By,
) -> Result<Result<Vec<DecisionRecord>, NoAnswer>, StoreError> {
    let (epoch, entries) = store.registers().await?;
    let registers = Registers::new(epoch, entries);
    let mut traces = store.trace(why.message).await?;
    traces.retain(|trace| why.source.is_none_or(|source| trace.message.key.source == *source));
    let trace = match (traces.pop(), traces.is_empty()) {
        (Some(trace), true) => trace,
        (Some(_), false) => return Ok(Err(NoAnswer::SeveralSources)),
        (None, _) => return Ok(Err(NoAnswer::UnknownMessage)),
    };
    // time never runs back: what was entered counts
    let now = store.now().await?.max(registers.latest()).max(trace.message.received);
    let at = At { valid: why.at.unwrap_or(now), known: why.known.unwrap_or(now) };
    if at.known > now {
        return Ok(Err(NoAnswer::KnownInFuture { known: at.known }));
    }
    let case = match &trace.message.detention {
        Some(detention) => store.case(detention).await?.map(|case| case.value),
        None => None,
    };
    let Some(case) = case else { return Ok(Err(NoAnswer::NoCase)) };
    let applied = match by {
        By::Settings => Cow::Borrowed(settings),
        By::Kept => match applied(settings, store, at.known).await? {
            Ok(applied) => applied,
            Err(why) => return Ok(Err(why)),
        },
    };
    let mut asked: Vec<ParticipantId> = match why.to {
        Some(to) => vec![to.clone()],
        None => trace.decisions.into_iter().filter(|decision| decision.at <= at.known).map(|decision| decision.recipient).collect(),
    };
    asked.sort_unstable();
    asked.dedup();
    let law = Law { settings: &applied, registers: &registers };
    let message = trace.message.as_known(at.known);
    let records = asked.into_iter().map(|recipient| record(law, &message, &case, recipient, at));
    Ok(records.collect())
}

/// The settings with the law that was applied at `known`.
async fn applied<'a>(settings: &'a Settings, store: &dyn Store, known: Timestamp) -> Result<Result<Cow<'a, Settings>, NoAnswer>, StoreError> {
    let Some(kept) = store.law_at(known).await? else { return Ok(Err(NoAnswer::RulesNotKept)) };
    if kept.version == settings.law.version {
        return Ok(Ok(Cow::Borrowed(settings)));
    }
    let Ok((catalogue, rules)) = kept.read() else { return Ok(Err(NoAnswer::RulesUnreadable)) };
    let law = Arc::new(kept);
    Ok(Ok(Cow::Owned(Settings { catalogue: Arc::new(catalogue), rules: Arc::new(rules), law, ..settings.clone() })))
}

fn record(law: Law<'_>, message: &StoredMessage, case: &Case, recipient: ParticipantId, at: At) -> Result<DecisionRecord, NoAnswer> {
    let Some((candidate, mut decision)) = explain(law, message, case, &recipient, at) else { return Err(NoAnswer::NotRegistered(recipient)) };
    // until when it would have held rests on what was entered later
    decision.valid_until = None;
    Ok(DecisionRecord {
        message: message.key.clone(),
        event: message.event.clone(),
        detention: message.detention.clone(),
        recipient,
        on_behalf_of: candidate.on_behalf_of,
        relations: candidate.relations,
        decision,
        version: law.settings.rules.version.clone(),
        at: at.valid,
    })
}
