//! Deliveries: rows to the model and back. Where each stands is in `stages`.

use std::collections::{BTreeMap, BTreeSet};

use schakelpunt_domain::{DeliveryId, DetentionRef, ParticipantId, ids::MessageKey, stage::Stage};
use schakelpunt_engine::{
    model::Delivery,
    ports::{DeliveryFilter, StoreError},
};

use crate::{
    numbers,
    rows::{Reader, json, signed},
    sql::{Columns, Session, Sql, Value, values},
    stages,
};

/// All columns but the bytes, which only a claim needs.
macro_rules! columns {
    () => {
        "d.id, d.source, d.message_id, d.revision, d.event, d.detention, d.recipient, d.kind, d.on_behalf_of, d.relations, \
         d.lane_sequence, d.decision, d.stamp, s.stage_detail, s.number"
    };
}
pub(crate) use columns;

/// Deliveries with where they stand.
macro_rules! standing {
    () => {
        " from deliveries d join stages s on s.ordinal = d.ordinal"
    };
}

const OF_CASES: Sql = Sql::of(
    concat!("select ", columns!(), standing!(), " where d.detention = any($1)"),
    concat!("select ", columns!(), standing!(), " where d.detention = $1"),
);
const OF_MESSAGES: Sql = Sql::of(
    concat!(
        "select ",
        columns!(),
        " from unnest($1, $2) as k(source, id) join deliveries d on d.source = k.source and d.message_id = k.id
         join stages s on s.ordinal = d.ordinal order by d.ordinal"
    ),
    concat!("select ", columns!(), standing!(), " where d.source = $1 and d.message_id = $2 order by d.ordinal"),
);
const LIST: Sql = Sql::both(concat!(
    "select ",
    columns!(),
    standing!(),
    " where (cast($1 as text) is null or d.detention = $1) and (cast($2 as text) is null or d.recipient = $2)",
    " and (cast($3 as text) is null or s.stage = $3) order by d.ordinal desc limit $4"
));
const ONE_UPDATE: Sql = Sql::of(
    concat!("select ", columns!(), standing!(), " where d.id = $1 for update of s"),
    concat!("select ", columns!(), standing!(), " where d.id = $1"),
);
const INSERT: Sql = Sql::of(
    "insert into deliveries (id, source, message_id, revision, event, detention, recipient, kind, on_behalf_of, relations,
         lane_sequence, decision, stamp, bytes)
     select id, source, message_id, revision, event, detention, recipient, kind, on_behalf_of, relations, lane_sequence, decision,
         stamp, bytes
     from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) with ordinality
         as u(id, source, message_id, revision, event, detention, recipient, kind, on_behalf_of, relations, lane_sequence, decision,
         stamp, bytes, place)
     order by place",
    "insert into deliveries (id, source, message_id, revision, event, detention, recipient, kind, on_behalf_of, relations,
         lane_sequence, decision, stamp, bytes)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
);
/// What a verdict changes of what a delivery is. Its stage is locked.
const JUDGE: Sql = Sql::of(
    "update deliveries d set on_behalf_of = u.on_behalf_of, relations = u.relations, decision = u.decision, stamp = u.stamp,
         bytes = u.bytes
     from unnest($1, $2, $3, $4, $5, $6) as u(id, on_behalf_of, relations, decision, stamp, bytes) where d.id = u.id",
    "update deliveries set on_behalf_of = $2, relations = $3, decision = $4, stamp = $5, bytes = $6 where id = $1",
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
        shown.insert(delivery.id, Reader::of("stages", row).text("stage_detail")?);
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
    Ok(Some((delivery_of(row)?, Reader::of("stages", row).text("stage_detail")?)))
}

/// Adds deliveries. Where they stand is added last: with the numbers that it needs, transactions wait for each other.
pub(crate) async fn add<S: Session>(session: &mut S, mut deliveries: Vec<Delivery>) -> Result<Vec<Delivery>, StoreError> {
    let rows = deliveries.iter().map(row_of).collect::<Result<_, _>>()?;
    session.later(INSERT, rows);
    session.flush().await?;
    let is_claimed = |delivery: &Delivery| matches!(delivery.stage, Stage::Claimed { .. });
    numbers::give(session, deliveries.iter_mut().filter(|delivery| is_claimed(delivery)).collect()).await?;
    stages::add(session, &deliveries).await?;
    deliveries.retain(is_claimed);
    Ok(deliveries)
}

/// Writes what verdicts change.
pub(crate) async fn judge<S: Session>(session: &mut S, deliveries: Vec<&Delivery>) -> Result<(), StoreError> {
    let rows = deliveries.iter().map(|delivery| {
        Ok(values![
            delivery.id.to_string(),
            delivery.on_behalf_of.as_ref().map(ParticipantId::as_str),
            json(&delivery.relations)?,
            json(&delivery.decision)?,
            json(&delivery.stamp)?,
            delivery.bytes.clone(),
        ])
    });
    let rows = rows.collect::<Result<_, StoreError>>()?;
    session.run_each(JUDGE, rows, Vec::new()).await?;
    stages::judge(session, deliveries).await
}

fn row_of(delivery: &Delivery) -> Result<Vec<Value>, StoreError> {
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
        stage: _,
        bytes,
        number: _,
    } = delivery;
    Ok(values![
        id.to_string(),
        key.source.as_str(),
        key.id.as_str(),
        i64::from(*revision),
        event.as_str(),
        detention.as_ref().map(DetentionRef::as_str),
        recipient.as_str(),
        kind.word(),
        on_behalf_of.as_ref().map(ParticipantId::as_str),
        json(relations)?,
        signed(*lane_sequence)?,
        json(decision)?,
        json(stamp)?,
        bytes.clone(),
    ])
}

/// Reads one delivery, without its bytes.
pub(crate) fn delivery_of<R: Columns>(row: &R) -> Result<Delivery, StoreError> {
    let reader = Reader::of("deliveries", row);
    let standing = Reader::of("stages", row);
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
        stage: standing.json("stage_detail")?,
        bytes: None,
        number: standing.opt_number("number")?,
    })
}
