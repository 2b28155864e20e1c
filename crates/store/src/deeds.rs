//! What was done for the rules, and the texts that it speaks of.

use jiff::Timestamp;
use schakelpunt_engine::{
    kept_law::KeptLaw,
    life::Deed,
    ports::{Do, StoreError},
};

use crate::{
    laws,
    registers::{ALONE, RAISE},
    rows::{Reader, json},
    sql::{End, Session, Sql, values},
};

const ALL: Sql = Sql::both("select body from deeds order by ordinal");
const ADD: Sql = Sql::both("insert into deeds (draft, deed, by_whom, law, body) values ($1, $2, $3, $4, $5)");

/// The whole record, in order.
pub(crate) async fn all<S: Session>(session: &mut S) -> Result<Vec<Deed>, StoreError> {
    let rows = session.rows(ALL, Vec::new()).await?;
    rows.iter().map(|row| Reader::of("deeds", row).json("body")).collect()
}

/// Adds the deed that is given for the record as it is, while nobody else decides, provides or adds.
pub(crate) async fn add<S: Session>(session: &mut S, law: Option<&KeptLaw>, act: Do<'_>) -> Result<End<Option<Deed>>, StoreError> {
    session.rows(ALONE, Vec::new()).await?;
    let record = all(session).await?;
    // time never runs back: what is done now stands behind all that was done before
    let now: Timestamp = record.iter().map(|deed| deed.at).fold(session.clock().await?, Ord::max);
    let Some(deed) = act(now, record) else { return Ok(End::Rollback(None)) };
    if let Some(law) = law {
        laws::keep(session, law).await?;
    }
    if deed.what.moves() {
        session.rows(RAISE, Vec::new()).await?;
    }
    let draft = deed.draft.map(|draft| i64::from(draft.0));
    let row = values![draft, deed.what.word(), deed.by.as_str(), deed.what.law(), json(&deed)?];
    session.run(ADD, row).await?;
    Ok(End::Commit(Some(deed)))
}
