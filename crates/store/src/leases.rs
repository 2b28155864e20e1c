//! Leases: which process does which part of the work.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use schakelpunt_engine::{
    leases::{self, Lease, LeaseName, LeaseRow, ProcessId},
    ports::StoreError,
};

use crate::{
    errors::unwritable,
    rows::{Reader, signed},
    sql::{Session, Sql, values},
};

/// Waits until nothing works under a lease any more, and lets nothing begin to.
const ALONE: Sql = Sql::of("select pg_advisory_xact_lock(2)", "select 1");
const ALL: Sql = Sql::both("select name, epoch, holder, run, until from leases order by name");
const WRITE: Sql = Sql::of(
    "insert into leases (name, epoch, holder, run, until) select * from unnest($1, $2, $3, $4, $5) order by 1
     on conflict (name) do update set epoch = excluded.epoch, holder = excluded.holder, run = excluded.run, until = excluded.until
     where leases.epoch < excluded.epoch or (leases.holder = excluded.holder and leases.run = excluded.run)",
    "insert into leases (name, epoch, holder, run, until) values ($1, $2, $3, $4, $5)
     on conflict (name) do update set epoch = excluded.epoch, holder = excluded.holder, run = excluded.run, until = excluded.until",
);
/// Nobody takes them over before a transaction that decides has ended. Each row says the clock too: the last one counts.
const CHECK: Sql = Sql::of(
    "select l.until, (extract(epoch from clock_timestamp()) * 1000000)::bigint as now
     from unnest($1, $2) as f(name, epoch) join leases l on l.name = f.name and l.epoch = f.epoch",
    "select until, null as now from leases where name = $1 and epoch = $2",
);

/// Shares the work out for one process; gives what it holds then.
pub(crate) async fn share_out<S: Session>(
    session: &mut S,
    process: &ProcessId,
    wanted: &[LeaseName],
    life: Duration,
) -> Result<Vec<Lease>, StoreError> {
    session.rows(ALONE, Vec::new()).await?;
    let rows = session.rows(ALL, Vec::new()).await?;
    let rows = rows.iter().map(|row| {
        let reader = Reader::of("leases", row);
        Ok(LeaseRow {
            lease: Lease { name: LeaseName::stored(reader.text("name")?), epoch: reader.number("epoch")? },
            holder: ProcessId { name: reader.text("holder")?, run: reader.text("run")? },
            until: reader.instant("until")?,
        })
    });
    let rows: Vec<LeaseRow> = rows.collect::<Result<_, StoreError>>()?;
    let now = session.clock().await?;
    let changes = leases::share_out(&rows, process, wanted, now, SignedDuration::try_from(life).map_err(unwritable)?);
    let written = changes.iter().map(|LeaseRow { lease, holder, until }| {
        Ok(values![lease.name.as_str(), signed(lease.epoch)?, holder.name.as_str(), holder.run.as_str(), *until])
    });
    let written: Vec<_> = written.collect::<Result<_, StoreError>>()?;
    let count = written.len() as u64;
    // somebody else may have taken one for the first time since the rows were read
    if session.run_each(WRITE, written, Vec::new()).await? != count {
        return Err(StoreError::Conflict);
    }
    Ok(changes.into_iter().filter(|row| row.until > now && wanted.contains(&row.lease.name)).map(|row| row.lease).collect())
}

/// The clock, if all of these are still held then by whom they were given to.
pub(crate) async fn check<S: Session>(session: &mut S, fence: &[Lease]) -> Result<Timestamp, StoreError> {
    if fence.is_empty() {
        return session.clock().await;
    }
    let rows = fence.iter().map(|lease| Ok(values![lease.name.as_str(), signed(lease.epoch)?])).collect::<Result<_, StoreError>>()?;
    let held = session.rows_each(CHECK, rows, Vec::new()).await?;
    let held: Vec<Reader<'_, S::Row>> = held.iter().map(|row| Reader::of("leases", row)).collect();
    let now = match session.given_clock() {
        Some(now) => Some(now),
        None => held.last().map(|reader| reader.instant("now")).transpose()?,
    };
    let untils: Vec<Timestamp> = held.iter().map(|reader| reader.instant("until")).collect::<Result<_, _>>()?;
    let now = now.filter(|now| untils.len() == fence.len() && untils.iter().all(|until| until > now));
    now.ok_or(StoreError::Fenced)
}
