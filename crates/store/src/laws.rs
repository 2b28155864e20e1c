//! Which law was applied when.

use jiff::Timestamp;
use schakelpunt_engine::{kept_law::KeptLaw, ports::StoreError};

use crate::{
    rows::{Reader, json},
    sql::{Session, Sql, values},
};

const LAST: Sql = Sql::both("select at, version from law_applications order by ordinal desc limit 1");
const KEEP: Sql = Sql::both("insert into laws (version, body) values ($1, $2) on conflict (version) do nothing");
const OF: Sql = Sql::both("select body from laws where version = $1");
const APPLY: Sql = Sql::both("insert into law_applications (at, version) values ($1, $2)");
const AT: Sql = Sql::both(
    "select l.body from law_applications a join laws l on l.version = a.version where a.at <= $1 order by a.ordinal desc limit 1",
);

/// Notes that this law is applied from now on, unless it is the one that was applied last.
pub(crate) async fn apply<S: Session>(session: &mut S, law: &KeptLaw) -> Result<(), StoreError> {
    let mut now = session.clock().await?;
    if let Some(row) = session.rows(LAST, Vec::new()).await?.first() {
        let last = Reader::of("law_applications", row);
        if last.text("version")? == law.version {
            return Ok(());
        }
        // time never runs back: what was applied last counts last
        now = now.max(last.instant("at")?);
    }
    keep(session, law).await?;
    session.run(APPLY, values![now, law.version.as_str()]).await?;
    Ok(())
}

/// Keeps a law, unless it is kept.
pub(crate) async fn keep<S: Session>(session: &mut S, law: &KeptLaw) -> Result<(), StoreError> {
    session.run(KEEP, values![law.version.as_str(), json(law)?]).await?;
    Ok(())
}

/// A law by its version.
pub(crate) async fn of<S: Session>(session: &mut S, version: &str) -> Result<Option<KeptLaw>, StoreError> {
    let rows = session.rows(OF, values![version]).await?;
    rows.first().map(|row| Reader::of("laws", row).json("body")).transpose()
}

/// The law that was applied last by `known`.
pub(crate) async fn at<S: Session>(session: &mut S, known: Timestamp) -> Result<Option<KeptLaw>, StoreError> {
    let rows = session.rows(AT, values![known]).await?;
    rows.first().map(|row| Reader::of("laws", row).json("body")).transpose()
}
