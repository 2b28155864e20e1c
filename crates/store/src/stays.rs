//! Who is or was in which prison: the way from a prison to its cases.

use std::collections::{BTreeMap, BTreeSet};

use schakelpunt_domain::{
    DetentionRef, ParticipantId,
    case::{Case, FactValue},
};
use schakelpunt_engine::ports::StoreError;

use crate::{
    cases,
    sql::{Session, Sql, values},
};

const ADD: Sql = Sql::of(
    "insert into stays (prison, detention) select distinct * from unnest($1, $2) order by 1, 2 on conflict do nothing",
    "insert into stays (prison, detention) values ($1, $2) on conflict do nothing",
);
const CASES: Sql = Sql::of(
    "select c.detention, c.version, c.body from cases c
     where c.detention in (select s.detention from stays s where s.prison = any($1)) order by c.detention",
    "select c.detention, c.version, c.body from stays s join cases c on c.detention = s.detention where s.prison = $1",
);

/// The prisons that a case names and that may be new. A fact is recorded at the instant at which its case is written.
pub(crate) fn of(case: &Case, is_new: bool) -> BTreeSet<&ParticipantId> {
    let fresh = |recorded| is_new || case.written.is_none_or(|written| recorded >= written);
    let named = case.facts.iter().filter(|fact| fresh(fact.recorded));
    named.filter_map(|fact| if let FactValue::Prison(prison) = &fact.value { Some(prison) } else { None }).collect()
}

/// Adds stays that are not there yet.
pub(crate) fn add<S: Session>(session: &mut S, stays: Vec<(&ParticipantId, &DetentionRef)>) {
    session.later(ADD, stays.into_iter().map(|(prison, detention)| values![prison.as_str(), detention.as_str()]).collect());
}

/// The cases of these prisons, each once.
pub(crate) async fn cases_in<S: Session>(session: &mut S, prisons: &[ParticipantId]) -> Result<Vec<Case>, StoreError> {
    let rows = session.rows_each(CASES, prisons.iter().map(|prison| values![prison.as_str()]).collect(), Vec::new()).await?;
    let mut found = BTreeMap::new();
    for row in &rows {
        let case = cases::case_of(row)?.value;
        found.insert(case.detention.as_str().to_owned(), case);
    }
    Ok(found.into_values().collect())
}
