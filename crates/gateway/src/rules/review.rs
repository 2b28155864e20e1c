//! What a draft means, and whether it may be: the machine's part of a review. It takes a second or more, so it has a thread of its own.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use schakelpunt_engine::{laws::Halt, life::Draft, ports::StoreError};
use schakelpunt_review::{Diff, Invariants, Proof};
use schakelpunt_rules::{LoadError, RuleSet};
use serde_json::{Value, json};

use super::{administrator, asked};
use crate::{
    Shared,
    caller::{Segment, Someone},
    problem::Problem,
};

/// What becomes visible, what stops, what rests on something else, against the rules that it comes behind. As Markdown for who asks for it.
pub(crate) async fn diff(
    State(gateway): State<Shared>,
    someone: Someone,
    Segment(id): Segment,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    administrator(&someone)?;
    let (record, now) = (gateway.hub.deeds().await?, gateway.hub.store().now().await?);
    let draft = asked::draft(&record, &id)?;
    // what was submitted is approved against what it was submitted against
    let base = draft.base.or_else(|| record.base(draft.id, now).map(|(_, law, _)| law));
    let after = asked::rules(&gateway, &asked::text(&gateway, &draft).await?)?;
    let before = kept(&gateway, base).await?.ok_or(StoreError::NoRules(Halt::NotLoaded))?;
    let diff = compared(&gateway, before, after).await?;
    let accepted = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accepted.contains("text/markdown") {
        return Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], diff.markdown()).into_response());
    }
    Ok(Json(json!(diff)).into_response())
}

/// Whether every invariant holds in every cell.
pub(crate) async fn proof(State(gateway): State<Shared>, someone: Someone, Segment(id): Segment) -> Result<Json<Value>, Problem> {
    administrator(&someone)?;
    let record = gateway.hub.deeds().await?;
    let rules = asked::rules(&gateway, &asked::text(&gateway, &asked::draft(&record, &id)?).await?)?;
    let proof = proved(&gateway, rules).await?;
    Ok(Json(json!({"holds": proof.holds(), "proof": proof})))
}

/// Whether a draft has no mistakes and breaks nothing; then how many cells were decided.
pub(super) async fn checked(gateway: &Shared, draft: &Draft<'_>) -> Result<usize, Problem> {
    let law = asked::text(gateway, draft).await?;
    let rules = asked::rules(gateway, &law)?;
    let (catalogue, looked_at) = (gateway.hub.settings().catalogue.clone(), rules.clone());
    let found = aside(move || schakelpunt_review::check(&law.rules, &looked_at, &catalogue)).await?;
    if !found.mistakes.is_empty() {
        return Err(mistakes(&found.mistakes));
    }
    let proof = proved(gateway, rules).await?;
    if proof.holds() {
        return Ok(proof.cells);
    }
    let broken: Vec<_> = proof.outcomes.iter().filter(|outcome| !outcome.holds()).collect();
    let detail = "`broken` has the sentences that do not hold, each with a case that shows it";
    let problem = Problem::new(StatusCode::BAD_REQUEST, "INVARIANT_BROKEN", "These rules give what may never be given.", detail);
    Err(problem.with("broken", json!(broken)))
}

/// Who answers for what a draft would change of the text that it comes behind. Where this program cannot read that one, everybody whom
/// the draft's own rules name: there has to be a way out.
pub(super) async fn owners(gateway: &Shared, draft: &Draft<'_>, base: Option<&str>) -> Result<BTreeSet<String>, Problem> {
    let after = asked::rules(gateway, &asked::text(gateway, draft).await?)?;
    match kept(gateway, base).await? {
        Some(before) => Ok(compared(gateway, before, after).await?.owners()),
        None => Ok(after.rules().iter().map(|rule| rule.owner.clone()).filter(|owner| !owner.is_empty()).collect()),
    }
}

/// Mistakes in a text, each with its place.
pub(super) fn mistakes(found: &[LoadError]) -> Problem {
    let detail = "`mistakes` has each with file, line and column";
    let problem = Problem::new(StatusCode::BAD_REQUEST, "RULES_WRONG", "These rules have mistakes.", detail);
    problem.with("mistakes", json!(found))
}

/// The rules of a text that is kept; `None`: there is none, or none that this program can read.
async fn kept(gateway: &Shared, law: Option<&str>) -> Result<Option<RuleSet>, Problem> {
    let Some(law) = law else { return Ok(None) };
    let kept = gateway.hub.law(law).await?;
    Ok(kept.and_then(|law| RuleSet::load(&law.rules, &gateway.hub.settings().catalogue).ok()))
}

async fn compared(gateway: &Shared, before: RuleSet, after: RuleSet) -> Result<Diff, Problem> {
    let catalogue = Arc::clone(&gateway.hub.settings().catalogue);
    aside(move || schakelpunt_review::diff(&before, &after, &catalogue)).await
}

async fn proved(gateway: &Shared, rules: RuleSet) -> Result<Proof, Problem> {
    let settings = gateway.hub.settings().clone();
    let invariants = Invariants::read(&settings.invariants, &rules, &settings.catalogue).map_err(|found| mistakes(&found.0))?;
    aside(move || schakelpunt_review::prove(&rules, &invariants, &settings.catalogue)).await
}

async fn aside<T: Send + 'static>(work: impl FnOnce() -> Option<T> + Send + 'static) -> Result<T, Problem> {
    let failed = || Problem::failed(&std::io::Error::other("a rule set could not be looked at"));
    tokio::task::spawn_blocking(work).await.map_err(|error| Problem::failed(&error))?.ok_or_else(failed)
}
