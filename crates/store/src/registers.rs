//! Register entries and their epoch.

use std::collections::BTreeMap;

use schakelpunt_domain::{
    ParticipantId,
    registers::{Channel, Entry, Recorded},
};
use schakelpunt_engine::{
    model::Seen,
    ports::{Enter, StoreError},
};

use crate::{
    rows::{Reader, json, signed},
    sql::{End, Session, Sql, values},
};

const EPOCH: Sql = Sql::both("select epoch from hub");
const SEEN: Sql = Sql::both("select seen_at, seen_entries from hub where seen_at is not null");
const SEE: Sql = Sql::both("update hub set seen_at = $1, seen_entries = $2");
/// Waits until nothing decides or provides any more, and lets nothing begin to.
pub(crate) const ALONE: Sql = Sql::of("select pg_advisory_xact_lock(1)", "select 1");
/// Raises the epoch: whoever read the registers before reads them again.
pub(crate) const RAISE: Sql = Sql::both("update hub set epoch = epoch + 1 returning epoch");
const ENTRIES: Sql = Sql::both("select h.epoch, e.body from hub h left join register_entries e on true order by e.ordinal");
const ADD: Sql = Sql::of(
    "insert into register_entries (body, entered_by)
     select body, $2 from unnest($1) with ordinality as e(body, place) order by place",
    "insert into register_entries (body, entered_by) values ($1, $2)",
);
const SET_CHANNEL: Sql = Sql::of(
    "insert into recipients (participant, pulls) select * from unnest($1, $2) order by 1
     on conflict (participant) do update set pulls = excluded.pulls",
    "insert into recipients (participant, pulls) values ($1, $2) on conflict (participant) do update set pulls = excluded.pulls",
);

/// The epoch. In a transaction that decides it stays as it is until the end.
pub(crate) async fn epoch<S: Session>(session: &mut S) -> Result<u64, StoreError> {
    let rows = session.rows(EPOCH, Vec::new()).await?;
    only_epoch(&rows)
}

/// The epoch and all entries, in the order of recording: one statement, so that they belong together.
pub(crate) async fn all<S: Session>(session: &mut S) -> Result<(u64, Vec<Recorded<Entry>>), StoreError> {
    let rows = session.rows(ENTRIES, Vec::new()).await?;
    let entries = rows.iter().filter_map(|row| Reader::of("register_entries", row).opt_json("body").transpose());
    Ok((only_epoch(&rows)?, entries.collect::<Result<_, _>>()?))
}

/// Adds entries; gives the new epoch.
pub(crate) async fn record<S: Session>(session: &mut S, entries: &[Recorded<Entry>]) -> Result<u64, StoreError> {
    session.rows(ALONE, Vec::new()).await?;
    add(session, entries, None).await
}

/// Adds what a person enters, who is shown all that is there while nobody else can add.
pub(crate) async fn enter<S: Session>(session: &mut S, by: &str, enter: Enter<'_>) -> Result<End<Option<u64>>, StoreError> {
    session.rows(ALONE, Vec::new()).await?;
    let (_, held) = all(session).await?;
    // time never runs back: what is entered now stands behind all that was entered before
    let now = held.iter().map(|entry| entry.recorded).fold(session.clock().await?, Ord::max);
    let Some(entries) = enter(now, held) else { return Ok(End::Rollback(None)) };
    let entries: Vec<_> = entries.into_iter().map(|entry| Recorded { entry, recorded: now }).collect();
    add(session, &entries, Some(by)).await.map(|epoch| End::Commit(Some(epoch)))
}

async fn add<S: Session>(session: &mut S, entries: &[Recorded<Entry>], by: Option<&str>) -> Result<u64, StoreError> {
    let raised = session.rows(RAISE, Vec::new()).await?;
    let bodies = entries.iter().map(|entry| Ok(values![json(entry)?])).collect::<Result<_, StoreError>>()?;
    session.run_each(ADD, bodies, values![by]).await?;
    let channels = entries.iter().filter_map(|recorded| recorded.entry.channel());
    let channels: BTreeMap<&ParticipantId, bool> = channels.map(|(id, channel)| (id, channel == Channel::Pull)).collect();
    let channels = channels.into_iter().map(|(id, pulls)| values![id.as_str(), pulls]).collect();
    session.run_each(SET_CHANNEL, channels, Vec::new()).await?;
    only_epoch(&raised)
}

/// Up to where the registers were looked at for cases that pass by them.
pub(crate) async fn seen<S: Session>(session: &mut S) -> Result<Option<Seen>, StoreError> {
    let rows = session.rows(SEEN, Vec::new()).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let reader = Reader::of("hub", row);
    let entries = usize::try_from(reader.number("seen_entries")?).map_err(|error| reader.inconsistent("seen_entries", error))?;
    Ok(Some(Seen { at: reader.instant("seen_at")?, entries }))
}

/// Notes up to where they were.
pub(crate) async fn see<S: Session>(session: &mut S, seen: Seen) -> Result<(), StoreError> {
    session.run(SEE, values![seen.at, signed(seen.entries as u64)?]).await?;
    Ok(())
}

fn only_epoch<R: crate::sql::Columns>(rows: &[R]) -> Result<u64, StoreError> {
    let missing = || StoreError::Inconsistent { table: "hub", column: "epoch", source: "the one row is missing".into() };
    Reader::of("hub", rows.first().ok_or_else(missing)?).number("epoch")
}
