//! Who looked at which case.

use schakelpunt_domain::DetentionRef;
use schakelpunt_engine::{desk::AccessRecord, ports::StoreError};

use crate::{
    rows::{Reader, json},
    sql::{Session, Sql, values},
};

const ADD: Sql = Sql::of(
    "insert into accesses (detention, body)
     select detention, body from unnest($1, $2) with ordinality as a(detention, body, place) order by place",
    "insert into accesses (detention, body) values ($1, $2)",
);
const OF: Sql = Sql::both("select body from accesses where detention = $1 order by ordinal");

/// Adds looks.
pub(crate) async fn note<S: Session>(session: &mut S, accesses: &[AccessRecord]) -> Result<(), StoreError> {
    let rows = accesses.iter().map(|access| Ok(values![access.detention.as_str(), json(access)?])).collect::<Result<_, StoreError>>()?;
    session.run_each(ADD, rows, Vec::new()).await?;
    Ok(())
}

/// The looks at one case, oldest first.
pub(crate) async fn of<S: Session>(session: &mut S, detention: &DetentionRef) -> Result<Vec<AccessRecord>, StoreError> {
    let rows = session.rows(OF, values![detention.as_str()]).await?;
    rows.iter().map(|row| Reader::of("accesses", row).json("body")).collect()
}
