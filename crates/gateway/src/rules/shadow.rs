//! A submitted draft in the shadow of the rules that are in force: whatever the hub decides is decided by the draft too, from the record of
//! decisions. So it costs the way of a message nothing, and there is no way for it to deliver.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use schakelpunt_engine::{
    hub::{Replay, Rules},
    life::{Draft, ExpectedChange, Refused},
};
use schakelpunt_review::Touched;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::{administrator, asked, refused};
use crate::{
    Shared,
    caller::{Segment, Someone},
    problem::Problem,
    replaying,
};

/// Replays of one process at once: each reads all that was decided since a submission.
pub const REPLAYS: usize = 1;
/// Tasks of one replay: the rest of the machine decides messages.
const TASKS: usize = 1;

/// Whose turn it is to replay. Nobody waits for it: who comes meanwhile hears to come again.
#[derive(Debug)]
pub struct Replays(Semaphore);

impl Default for Replays {
    fn default() -> Self {
        Self(Semaphore::new(REPLAYS))
    }
}

/// What a draft would have changed of what was decided since it was submitted, and what of it nobody announced.
pub(crate) async fn shadow(State(gateway): State<Shared>, someone: Someone, Segment(id): Segment) -> Result<Json<Value>, Problem> {
    administrator(&someone)?;
    let record = gateway.hub.deeds().await?;
    let draft = asked::draft(&record, &id)?;
    let (since, touched) = followed(&gateway, &draft).await?;
    let (unannounced, undecidable) = (unannounced(&touched, draft.expected), undecidable(&touched, &draft));
    Ok(Json(json!({"since": since, "unannounced": unannounced, "undecidable": undecidable, "recorded": touched.json()})))
}

/// Refuses to begin with rules that disclosed to somebody, since they were submitted, what the draft does not announce; or of which that
/// cannot be said.
pub(super) async fn holds(gateway: &Shared, draft: &Draft<'_>) -> Result<(), Problem> {
    let (_, touched) = followed(gateway, draft).await?;
    let unknown = undecidable(&touched, draft);
    if !unknown.is_empty() {
        let detail = "`undecidable` has how many decisions since it was submitted cannot be asked again, by code: accept the codes \
                      (`undecidable`) and submit again";
        let problem = Problem::new(StatusCode::CONFLICT, "UNDECIDABLE", "What these rules disclose cannot be said.", detail);
        return Err(problem.with("undecidable", json!(unknown)));
    }
    let found = unannounced(&touched, draft.expected);
    if found.is_empty() {
        return Ok(());
    }
    let detail = "`unannounced` has what the draft would have disclosed since it was submitted: announce it (`expected`) and submit again, or \
                  edit the draft";
    let problem = Problem::new(StatusCode::CONFLICT, "NEW_DISCLOSURES", "These rules disclose more than the draft announces.", detail);
    Err(problem.with("unannounced", json!(found)))
}

async fn followed(gateway: &Shared, draft: &Draft<'_>) -> Result<(Timestamp, Touched), Problem> {
    let since = draft.submitted.ok_or_else(|| refused(&Refused::NotSubmitted))?;
    let _turn = gateway.replays.0.try_acquire().map_err(|_| Problem::unavailable("one replay at a time: the same again, later"))?;
    let rules = Arc::new(asked::rules(gateway, &asked::text(gateway, draft).await?)?);
    let settings = gateway.hub.settings();
    let candidate = Rules::these(settings, rules, Arc::clone(&settings.catalogue));
    let replay = Replay::open(settings.clone(), Arc::clone(gateway.hub.store()), since, Timestamp::MAX).await?;
    Ok((since, replaying::count(&Arc::new(replay), vec![candidate], TASKS, |_| ()).await?))
}

/// How many decisions cannot be asked again, by codes that the draft does not accept.
fn undecidable(touched: &Touched, draft: &Draft<'_>) -> BTreeMap<&'static str, u64> {
    touched.undecidable.iter().filter(|(code, _)| !draft.accepted.contains(*code)).map(|(code, count)| (*code, *count)).collect()
}

/// Fields that a relation newly has on a basis, but for those that were announced.
fn unannounced(touched: &Touched, expected: &[ExpectedChange]) -> BTreeSet<ExpectedChange> {
    let newly = touched.disclosures().map(|(relation, field, basis)| ExpectedChange {
        relation: relation.to_owned(),
        field: field.to_owned(),
        basis: basis.to_owned(),
    });
    newly.filter(|one| !expected.contains(one)).collect()
}
