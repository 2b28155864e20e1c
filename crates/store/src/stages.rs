//! Where deliveries stand: a narrow row for each, which every move rewrites.

use schakelpunt_domain::{DeliveryId, DetentionRef, ParticipantId, stage::Stage};
use schakelpunt_engine::{
    model::{Delivery, HandOver},
    ports::StoreError,
};

use crate::{
    rows::{json, signed},
    sql::{Session, Sql, Value, values},
};

const INSERT: Sql = Sql::of(
    "insert into stages (ordinal, recipient, lane, lane_sequence, by_consent, stage, stage_detail, is_open, due, claimed_at, number)
     select d.ordinal, u.recipient, u.lane, u.lane_sequence, u.by_consent, u.stage, u.detail, u.is_open, u.due, u.claimed_at, u.number
     from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         as u(id, recipient, lane, lane_sequence, by_consent, stage, detail, is_open, due, claimed_at, number)
     join deliveries d on d.id = u.id",
    "insert into stages (ordinal, recipient, lane, lane_sequence, by_consent, stage, stage_detail, is_open, due, claimed_at, number)
     select d.ordinal, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 from deliveries d where d.id = $1",
);
/// Only from the stage that was shown.
const MOVE: Sql = Sql::of(
    "update stages s set stage = u.stage, stage_detail = u.detail, is_open = u.is_open, due = u.due, claimed_at = u.claimed_at
     from unnest($1, $2, $3, $4, $5, $6, $7) as u(id, stage, detail, is_open, due, claimed_at, shown) join deliveries d on d.id = u.id
     where s.ordinal = d.ordinal and s.stage_detail = u.shown",
    "update stages set stage = $2, stage_detail = $3, is_open = $4, due = $5, claimed_at = $6
     where ordinal = (select ordinal from deliveries where id = $1) and stage_detail = $7",
);
/// Only from the claim that it is about: what is not claimed has no `claimed_at`.
const SETTLE: Sql = Sql::of(
    "update stages s set stage = u.stage, stage_detail = u.detail, is_open = u.is_open, due = u.due, claimed_at = u.claimed_at
     from unnest($1, $2, $3, $4, $5, $6, $7) as u(id, stage, detail, is_open, due, claimed_at, claim) join deliveries d on d.id = u.id
     where s.ordinal = d.ordinal and s.claimed_at = u.claim",
    "update stages set stage = $2, stage_detail = $3, is_open = $4, due = $5, claimed_at = $6
     where ordinal = (select ordinal from deliveries where id = $1) and claimed_at = $7",
);
/// A verdict: the row is locked.
const JUDGE: Sql = Sql::of(
    "update stages s set stage = u.stage, stage_detail = u.detail, is_open = u.is_open, due = u.due, claimed_at = u.claimed_at,
         by_consent = u.by_consent, number = u.number
     from unnest($1, $2, $3, $4, $5, $6, $7, $8) as u(id, stage, detail, is_open, due, claimed_at, by_consent, number)
     join deliveries d on d.id = u.id where s.ordinal = d.ordinal",
    "update stages set stage = $2, stage_detail = $3, is_open = $4, due = $5, claimed_at = $6, by_consent = $7, number = $8
     where ordinal = (select ordinal from deliveries where id = $1)",
);
/// What was given up to the cursor has arrived: the recipient says so itself. What is claimed was not given by a fetch, which writes
/// what it gives as handed over: nobody knows of it, and no cursor says more.
const RECEIVED: Sql = Sql::both(
    "update stages set stage = 'received', stage_detail = $3, is_open = false, due = null, claimed_at = null
     where recipient = $1 and number <= $2 and stage = 'handed-over'",
);

/// Adds where deliveries stand that were added.
pub(crate) async fn add<S: Session>(session: &mut S, deliveries: &[Delivery]) -> Result<(), StoreError> {
    let rows = deliveries.iter().map(|delivery| {
        let mut row = values![
            delivery.id.to_string(),
            delivery.recipient.as_str(),
            delivery.detention.as_ref().map_or("", DetentionRef::as_str),
            signed(delivery.lane_sequence)?,
            by_consent(delivery),
        ];
        row.extend(stage_columns(&delivery.stage)?);
        row.push(delivery.number.map(signed).transpose()?.into());
        Ok(row)
    });
    let rows = rows.collect::<Result<_, StoreError>>()?;
    session.run_each(INSERT, rows, Vec::new()).await?;
    Ok(())
}

/// Moves deliveries from the stage that was shown; a conflict if one has moved since.
pub(crate) async fn move_from<S: Session>(session: &mut S, moves: Vec<(DeliveryId, Stage, String)>) -> Result<(), StoreError> {
    let expected = moves.len() as u64;
    let rows = moves.into_iter().map(|(id, stage, shown)| stage_row(id, &stage, values![shown])).collect::<Result<_, _>>()?;
    if session.run_each(MOVE, rows, Vec::new()).await? == expected { Ok(()) } else { Err(StoreError::Conflict) }
}

/// Writes how hand-overs went, each only over its own claim.
pub(crate) async fn settle<S: Session>(session: &mut S, results: &[HandOver]) -> Result<(), StoreError> {
    let rows = results.iter().map(|result| stage_row(result.id, &result.stage, values![result.claimed_at])).collect::<Result<_, _>>()?;
    session.run_each(SETTLE, rows, Vec::new()).await?;
    Ok(())
}

/// Writes what verdicts change.
pub(crate) async fn judge<S: Session>(session: &mut S, deliveries: Vec<&Delivery>) -> Result<(), StoreError> {
    let rows = deliveries.into_iter().map(|delivery| {
        let number = delivery.number.map(signed).transpose()?;
        stage_row(delivery.id, &delivery.stage, values![by_consent(delivery), number])
    });
    let rows = rows.collect::<Result<_, StoreError>>()?;
    session.run_each(JUDGE, rows, Vec::new()).await?;
    Ok(())
}

/// Marks as received what a participant confirms by its cursor.
pub(crate) async fn receive<S: Session>(session: &mut S, recipient: &ParticipantId, cursor: i64) -> Result<(), StoreError> {
    let at = session.clock().await?;
    session.run(RECEIVED, values![recipient.as_str(), cursor, json(&Stage::Received { at })?]).await?;
    Ok(())
}

/// Id, the five columns that a stage fills, and more values.
fn stage_row(id: DeliveryId, stage: &Stage, mut more: Vec<Value>) -> Result<Vec<Value>, StoreError> {
    let mut row = values![id.to_string()];
    row.extend(stage_columns(stage)?);
    row.append(&mut more);
    Ok(row)
}

fn stage_columns(stage: &Stage) -> Result<[Value; 5], StoreError> {
    let (due, claimed_at) = match stage {
        Stage::Waiting { not_before, .. } => (Some(*not_before), None),
        Stage::Claimed { at, until, .. } => (Some(*until), Some(*at)),
        _ => (None, None),
    };
    Ok([stage.word().into(), json(stage)?.into(), stage.is_open().into(), due.into(), claimed_at.into()])
}

fn by_consent(delivery: &Delivery) -> bool {
    matches!(delivery.decision.permit(), Some(permit) if permit.by_consent())
}
