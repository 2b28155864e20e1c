//! Messages that were at work when a process died.

use std::collections::BTreeMap;

use schakelpunt_engine::ports::StoreError;

use crate::{
    rows::Reader,
    sql::{Session, Sql, values},
};

const NOTE: Sql = Sql::of(
    "insert into suspects (digest, together, alone) select digest, $2, $3 from unnest($1) as u(digest) order by 1
     on conflict (digest) do update set together = suspects.together + $2, alone = suspects.alone + $3
     returning digest, together - $2 as together, alone - $3 as alone",
    "insert into suspects (digest, together, alone) values ($1, $2, $3)
     on conflict (digest) do update set together = suspects.together + $2, alone = suspects.alone + $3
     returning digest, together - $2 as together, alone - $3 as alone",
);
const CLEAR: Sql = Sql::of("delete from suspects where digest = any($1)", "delete from suspects where digest = $1");

/// Notes that work begins; gives how often it had begun before, in the order of `digests`.
pub(crate) async fn note<S: Session>(session: &mut S, digests: &[String], alone: bool) -> Result<Vec<u32>, StoreError> {
    // the same bytes may come twice in a batch
    let each: std::collections::BTreeSet<&String> = digests.iter().collect();
    let rows = each.into_iter().map(|digest| values![digest.as_str()]).collect();
    let found = session.rows_each(NOTE, rows, values![i64::from(!alone), i64::from(alone)]).await?;
    let mut before: BTreeMap<String, u32> = BTreeMap::new();
    for row in &found {
        let reader = Reader::of("suspects", row);
        let column = if alone { "alone" } else { "together" };
        let count = u32::try_from(reader.number(column)?).map_err(|error| reader.inconsistent(column, error))?;
        before.insert(reader.text("digest")?, count);
    }
    Ok(digests.iter().map(|digest| before.get(digest).copied().unwrap_or_default()).collect())
}

/// Work on these has ended.
pub(crate) async fn clear<S: Session>(session: &mut S, digests: &[String]) -> Result<(), StoreError> {
    session.run_each(CLEAR, digests.iter().map(|digest| values![digest.as_str()]).collect(), Vec::new()).await?;
    Ok(())
}
