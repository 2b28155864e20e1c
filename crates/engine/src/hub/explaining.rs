//! Reads what an explanation needs: the message, its case, and the law that was applied at the instant.

use std::{borrow::Cow, sync::Arc};

use jiff::Timestamp;
use schakelpunt_domain::{
    ParticipantId,
    registers::{At, Registers},
};
use schakelpunt_rules::{
    Question,
    life::{InForce, Record},
};

use crate::{
    Settings,
    explain::{By, NoAnswer, Why, records},
    kept_law::KeptLaw,
    model::DecisionRecord,
    ports::{Store, StoreError},
    step::Law,
};

/// The decisions on a kept message at a pair of instants, one for each participant that is asked about. Nothing is recorded.
pub async fn answer(
    settings: &Settings,
    store: &dyn Store,
    why: &Why<'_>,
    by: By,
) -> Result<Result<Vec<DecisionRecord>, NoAnswer>, StoreError> {
    answer_with(settings, store, why, by, |_, record| record).await
}

/// The same, told by whoever needs the question too: what was asked, and by which law.
pub async fn answer_with<T>(
    settings: &Settings,
    store: &dyn Store,
    why: &Why<'_>,
    by: By,
    told: impl Fn(&Question<'_>, DecisionRecord) -> T,
) -> Result<Result<Vec<T>, NoAnswer>, StoreError> {
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
    let asked: Vec<ParticipantId> = match why.to {
        Some(to) => vec![to.clone()],
        None => trace.decisions.into_iter().filter(|decision| decision.at <= at.known).map(|decision| decision.recipient).collect(),
    };
    let law = Law { settings: &applied, registers: &registers };
    Ok(records(law, &trace.message, &case, asked, at, &told))
}

/// The settings with the law that was applied at `known`.
async fn applied<'a>(
    settings: &'a Settings,
    store: &dyn Store,
    known: Timestamp,
) -> Result<Result<Cow<'a, Settings>, NoAnswer>, StoreError> {
    let kept = match kept_at(store, known).await? {
        Ok(kept) => kept,
        Err(why) => return Ok(Err(why)),
    };
    if kept.version == settings.law.version {
        return Ok(Ok(Cow::Borrowed(settings)));
    }
    let Ok((catalogue, rules)) = kept.read() else { return Ok(Err(NoAnswer::RulesUnreadable)) };
    let law = Arc::new(kept);
    Ok(Ok(Cow::Owned(Settings { catalogue: Arc::new(catalogue), rules: Arc::new(rules), law, ..settings.clone() })))
}

/// The rules that were in force at an instant, with the events of the program that ran then.
pub(super) async fn kept_at(store: &dyn Store, known: Timestamp) -> Result<Result<KeptLaw, NoAnswer>, StoreError> {
    let record = Record::new(store.deeds().await?).known(known);
    let applied = store.law_at(known).await?;
    let kept = match record.in_force(known) {
        InForce::Law(version, _) => store.law(version).await?,
        InForce::Stopped => return Ok(Err(NoAnswer::RulesStopped)),
        // a hub of an earlier version: the files were the rules
        InForce::Nothing => applied.clone(),
    };
    let Some(kept) = kept else { return Ok(Err(NoAnswer::RulesNotKept)) };
    Ok(Ok(applied.map_or(kept.clone(), |applied| KeptLaw::new(kept.rules, applied.catalogue))))
}
