//! Deliveries: rows to the model and back, and every write.

use std::collections::{BTreeMap, BTreeSet};

use schakelpunt_domain::{DeliveryId, DetentionRef, ParticipantId, ids::MessageKey, stage::Stage};
use schakelpunt_engine::{
    model::{Delivery, HandOver},
    ports::{DeliveryFilter, StoreError},
};

use crate::{
    rows::{Reader, json, signed},
    sql::{Columns, Session, Sql, Value, values},
};

/// All columns but the bytes, which only a claim needs.
macro_rules! columns {
    () => {
        "d.id, d.source, d.message_id, d.revision, d.event, d.detention, d.recipient, d.kind, d.on_behalf_of, d.relations, \
         d.lane_sequence, d.decision, d.stamp, d.stage_detail, d.number"
    };
}
pub(crate) use columns;

const OF_CASES: Sql = Sql::of(
    concat!("select ", columns!(), " from deliveries d where d.detention = any($1)"),
    concat!("select ", columns!(), " from deliveries d where d.detention = $1"),
);
const OF_MESSAGES: Sql = Sql::of(
    concat!(
        "select ",
        columns!(),
        " from unnest($1, $2) as k(source, id) join deliveries d on d.source = k.source and d.message_id = k.id order by d.ordinal"
    ),
    concat!("select ", columns!(), " from deliveries d where d.source = $1 and d.message_id = $2 order by d.ordinal"),
);
const LIST: Sql = Sql::both(concat!(
    "select ",
    columns!(),
    " from deliveries d where (cast($1 as text) is null or d.detention = $1) and (cast($2 as text) is null or d.recipient = $2)",
    " and (cast($3 as text) is null or d.stage = $3) order by d.ordinal desc limit $4"
));
const ONE_UPDATE: Sql = Sql::of(
    concat!("select ", columns!(), " from deliveries d where d.id = $1 for update"),
    concat!("select ", columns!(), " from deliveries d where d.id = $1"),
);
const INSERT: Sql = Sql::of(
    "insert into deliveries (id, source, message_id, revision, event, detention, lane, recipient, kind, on_behalf_of, relations,
         lane_sequence, by_consent, decision, stamp, stage, stage_detail, is_open, due, claimed_at, number, bytes)
     select id, source, message_id, revision, event, detention, lane, recipient, kind, on_behalf_of, relations,
         lane_sequence, by_consent, decision, stamp, stage, stage_detail, is_open, due, claimed_at, number, bytes
     from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22) with ordinality
         as u(id, source, message_id, revision, event, detention, lane, recipient, kind, on_behalf_of, relations,
         lane_sequence, by_consent, decision, stamp, stage, stage_detail, is_open, due, claimed_at, number, bytes, place)
     order by place",
    "insert into deliveries (id, source, message_id, revision, event, detention, lane, recipient, kind, on_behalf_of, relations,
         lane_sequence, by_consent, decision, stamp, stage, stage_detail, is_open, due, claimed_at, number, bytes)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)",
);
/// Only from the stage that was shown.
const MOVE: Sql = Sql::of(
    "update deliveries d set stage = u.stage, stage_detail = u.detail, is_open = u.is_open, due = u.due, claimed_at = u.claimed_at
     from unnest($1, $2, $3, $4, $5, $6, $7) as u(id, stage, detail, is_open, due, claimed_at, shown)
     where d.id = u.id and d.stage_detail = u.shown",
    "update deliveries set stage = $2, stage_detail = $3, is_open = $4, due = $5, claimed_at = $6 where id = $1 and stage_detail = $7",
);
/// Only from the claim that it is about: what is not claimed has no `claimed_at`.
const SETTLE: Sql = Sql::of(
    "update deliveries d set stage = u.stage, stage_detail = u.detail, is_open = u.is_open, due = u.due, claimed_at = u.claimed_at
     from unnest($1, $2, $3, $4, $5, $6, $7) as u(id, stage, detail, is_open, due, claimed_at, claim)
     where d.id = u.id and d.claimed_at = u.claim",
    "update deliveries set stage = $2, stage_detail = $3, is_open = $4, due = $5, claimed_at = $6
     where id = $1 and claimed_at = $7",
);
/// A verdict: the row is locked.
const JUDGE: Sql = Sql::of(
    "update deliveries d set stage = u.stage, stage_detail = u.detail, is_open = u.is_open, due = u.due, claimed_at = u.claimed_at,
         on_behalf_of = u.on_behalf_of, relations = u.relations, decision = u.decision, stamp = u.stamp, by_consent = u.by_consent,
         number = u.number, bytes = u.bytes
     from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         as u(id, stage, detail, is_open, due, claimed_at, on_behalf_of, relations, decision, stamp, by_consent, number, bytes)
     where d.id = u.id",
    "update deliveries set stage = $2, stage_detail = $3, is_open = $4, due = $5, claimed_at = $6, on_behalf_of = $7, relations = $8,
         decision = $9, stamp = $10, by_consent = $11, number = $12, bytes = $13 where id = $1",
);

/// The raw stage of each delivery that a snapshot shows: a move from it is checked against what is stored.
pub(crate) type Shown = BTreeMap<DeliveryId, String>;

/// Every delivery of these cases and messages, without bytes.
pub(crate) async fn of<S: Session>(
    session: &mut S,
    detentions: &BTreeSet<DetentionRef>,
    messages: &BTreeSet<MessageKey>,
) -> Result<(Vec<Delivery>, Shown), StoreError> {
    let cases = detentions.iter().map(|detention| values![detention.as_str()]).collect();
    let mut rows = session.rows_each(OF_CASES, cases, Vec::new()).await?;
    let keys = messages.iter().map(|key| values![key.source.as_str(), key.id.as_str()]).collect();
    rows.append(&mut session.rows_each(OF_MESSAGES, keys, Vec::new()).await?);
    let (mut found, mut shown) = (BTreeMap::new(), Shown::new());
    for row in &rows {
        let delivery = delivery_of(row)?;
        shown.insert(delivery.id, Reader::of("deliveries", row).text("stage_detail")?);
        found.insert((delivery.detention.clone(), delivery.recipient.clone(), delivery.lane_sequence, delivery.id), delivery);
    }
    Ok((found.into_values().collect(), shown))
}

/// The deliveries of one message, oldest first.
pub(crate) async fn of_message<S: Session>(session: &mut S, key: &MessageKey) -> Result<Vec<Delivery>, StoreError> {
    let rows = session.rows_each(OF_MESSAGES, vec![values![key.source.as_str(), key.id.as_str()]], Vec::new()).await?;
    rows.iter().map(delivery_of).collect()
}

/// Newest first.
pub(crate) async fn list<S: Session>(session: &mut S, filter: &DeliveryFilter) -> Result<Vec<Delivery>, StoreError> {
    let DeliveryFilter { detention, recipient, stage, limit } = filter;
    let detention = detention.as_ref().map(DetentionRef::as_str);
    let recipient = recipient.as_ref().map(ParticipantId::as_str);
    let rows = session.rows(LIST, values![detention, recipient, stage.clone(), i64::from(*limit)]).await?;
    rows.iter().map(delivery_of).collect()
}

/// One delivery, locked, with its raw stage.
pub(crate) async fn locked<S: Session>(session: &mut S, id: DeliveryId) -> Result<Option<(Delivery, String)>, StoreError> {
    let rows = session.rows(ONE_UPDATE, values![id.to_string()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some((delivery_of(row)?, Reader::of("deliveries", row).text("stage_detail")?)))
}

/// Adds deliveries.
pub(crate) async fn add<S: Session>(session: &mut S, deliveries: Vec<Delivery>) -> Result<(), StoreError> {
    let rows = deliveries.into_iter().map(row_of).collect::<Result<_, _>>()?;
    session.run_each(INSERT, rows, Vec::new()).await?;
    Ok(())
}

/// Moves deliveries from the stage that was shown; a conflict if one has moved since.
pub(crate) async fn move_from<S: Session>(session: &mut S, moves: Vec<(DeliveryId, Stage, String)>) -> Result<(), StoreError> {
    let expected = moves.len() as u64;
    let rows = moves.into_iter().map(|(id, stage, shown)| stage_row(id, &stage, shown)).collect::<Result<_, _>>()?;
    if session.run_each(MOVE, rows, Vec::new()).await? == expected { Ok(()) } else { Err(StoreError::Conflict) }
}

/// Writes how hand-overs went, each only over its own claim.
pub(crate) async fn settle<S: Session>(session: &mut S, results: &[HandOver]) -> Result<(), StoreError> {
    let rows = results.iter().map(|result| stage_row(result.id, &result.stage, result.claimed_at)).collect::<Result<_, _>>()?;
    session.run_each(SETTLE, rows, Vec::new()).await?;
    Ok(())
}

/// Writes what verdicts change.
pub(crate) async fn judge<'a, S: Session>(
    session: &mut S,
    deliveries: impl Iterator<Item = &'a Delivery> + Send,
) -> Result<(), StoreError> {
    let rows = deliveries.map(|delivery| {
        let mut row = stage_row(delivery.id, &delivery.stage, delivery.on_behalf_of.as_ref().map(ParticipantId::as_str))?;
        row.append(&mut values![
            json(&delivery.relations)?,
            json(&delivery.decision)?,
            json(&delivery.stamp)?,
            by_consent(delivery),
            delivery.number.map(signed).transpose()?,
            delivery.bytes.clone(),
        ]);
        Ok(row)
    });
    let rows = rows.collect::<Result<_, StoreError>>()?;
    session.run_each(JUDGE, rows, Vec::new()).await?;
    Ok(())
}

/// Id, the five columns that a stage fills, and one more value.
fn stage_row(id: DeliveryId, stage: &Stage, last: impl Into<Value>) -> Result<Vec<Value>, StoreError> {
    let mut row = values![id.to_string()];
    row.extend(stage_columns(stage)?);
    row.push(last.into());
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

fn row_of(delivery: Delivery) -> Result<Vec<Value>, StoreError> {
    let by_consent = by_consent(&delivery);
    let Delivery {
        id,
        key,
        revision,
        event,
        detention,
        recipient,
        kind,
        on_behalf_of,
        relations,
        lane_sequence,
        decision,
        stamp,
        stage,
        bytes,
        number,
    } = delivery;
    let detention = detention.as_ref().map(DetentionRef::as_str);
    let mut row = values![
        id.to_string(),
        key.source.as_str(),
        key.id.as_str(),
        i64::from(revision),
        event.as_str(),
        detention,
        detention.unwrap_or_default(),
        recipient.as_str(),
        kind.word(),
        on_behalf_of.as_ref().map(ParticipantId::as_str),
        json(&relations)?,
        signed(lane_sequence)?,
        by_consent,
        json(&decision)?,
        json(&stamp)?,
    ];
    row.extend(stage_columns(&stage)?);
    row.append(&mut values![number.map(signed).transpose()?, bytes]);
    Ok(row)
}

/// Reads one delivery, without its bytes.
pub(crate) fn delivery_of<R: Columns>(row: &R) -> Result<Delivery, StoreError> {
    let reader = Reader::of("deliveries", row);
    let revision = reader.number("revision")?;
    Ok(Delivery {
        id: reader.parsed("id")?,
        key: MessageKey { source: reader.parsed("source")?, id: reader.parsed("message_id")? },
        revision: u32::try_from(revision).map_err(|error| reader.inconsistent("revision", error))?,
        event: reader.parsed("event")?,
        detention: reader.opt_parsed("detention")?,
        recipient: reader.parsed("recipient")?,
        kind: reader.word("kind")?,
        on_behalf_of: reader.opt_parsed("on_behalf_of")?,
        relations: reader.json("relations")?,
        lane_sequence: reader.number("lane_sequence")?,
        decision: reader.json("decision")?,
        stamp: reader.json("stamp")?,
        stage: reader.json("stage_detail")?,
        bytes: None,
        number: reader.opt_number("number")?,
    })
}
