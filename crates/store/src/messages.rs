//! Messages. The payload has a column of its own, because it is forgotten before the rest.

use std::collections::{BTreeMap, BTreeSet};

use schakelpunt_domain::{DetentionRef, MessageId, ids::MessageKey};
use schakelpunt_engine::{model::StoredMessage, ports::StoreError};

use crate::{
    rows::{Reader, json, word},
    sql::{Columns, Session, Sql, Value, values},
};

macro_rules! columns {
    () => {
        "m.source, m.id, m.body, m.payload"
    };
}

const READ_ONE: &str = concat!("select ", columns!(), " from messages m where m.source = $1 and m.id = $2");
const READ: Sql = Sql::of(
    concat!("select ", columns!(), " from unnest($1, $2) as k(source, id) join messages m on m.source = k.source and m.id = k.id"),
    READ_ONE,
);
const READ_UPDATE: Sql = Sql::of(
    concat!(
        "select ",
        columns!(),
        " from unnest($1, $2) as k(source, id) join messages m on m.source = k.source and m.id = k.id",
        " order by m.source, m.id for update of m"
    ),
    READ_ONE,
);
const BY_ID: Sql = Sql::both(concat!("select ", columns!(), " from messages m where m.id = $1 order by m.received, m.source"));
const INSERT: Sql = Sql::of(
    "insert into messages (source, id, event, detention, received, digest, outcome, body, payload)
     select * from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    "insert into messages (source, id, event, detention, received, digest, outcome, body, payload)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
)
.racing();
const UPDATE: Sql = Sql::of(
    "update messages m set event = u.event, detention = u.detention, received = u.received, digest = u.digest,
         outcome = u.outcome, body = u.body, payload = u.payload
     from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) as u(source, id, event, detention, received, digest, outcome, body, payload)
     where m.source = u.source and m.id = u.id",
    "update messages set event = $3, detention = $4, received = $5, digest = $6, outcome = $7, body = $8, payload = $9
     where source = $1 and id = $2",
);

/// Reads the messages that exist; with `lock` nobody else writes them, or adds deliveries to them, meanwhile.
pub(crate) async fn read<S: Session>(session: &mut S, keys: &BTreeSet<MessageKey>, lock: bool) -> Result<Vec<StoredMessage>, StoreError> {
    let rows = keys.iter().map(|key| values![key.source.as_str(), key.id.as_str()]).collect();
    let rows = session.rows_each(if lock { READ_UPDATE } else { READ }, rows, Vec::new()).await?;
    rows.iter().map(message_of).collect()
}

/// The messages of that id, of whatever source.
pub(crate) async fn by_id<S: Session>(session: &mut S, id: &MessageId) -> Result<Vec<StoredMessage>, StoreError> {
    let rows = session.rows(BY_ID, values![id.as_str()]).await?;
    rows.iter().map(message_of).collect()
}

/// Writes messages: over their rows where they are `known`, else as first ones.
pub(crate) async fn save<S: Session>(
    session: &mut S,
    messages: Vec<StoredMessage>,
    known: &BTreeSet<MessageKey>,
) -> Result<(), StoreError> {
    // The last word on a message is the one that stays.
    let last: BTreeMap<MessageKey, StoredMessage> = messages.into_iter().map(|message| (message.key.clone(), message)).collect();
    let (mut inserts, mut updates) = (Vec::new(), Vec::new());
    for (key, message) in last {
        let rows = if known.contains(&key) { &mut updates } else { &mut inserts };
        rows.push(row_of(message)?);
    }
    session.later(INSERT, inserts);
    session.run_each(UPDATE, updates, Vec::new()).await?;
    Ok(())
}

/// The columns beside the body are for queries; the body is what is read back.
fn row_of(mut message: StoredMessage) -> Result<Vec<Value>, StoreError> {
    let payload = message.payload.take();
    Ok(values![
        message.key.source.as_str(),
        message.key.id.as_str(),
        message.event.as_str(),
        message.detention.as_ref().map(DetentionRef::as_str),
        message.received,
        message.digest.as_str(),
        word(&message.outcome)?,
        json(&message)?,
        payload.as_ref().map(json).transpose()?,
    ])
}

fn message_of<R: Columns>(row: &R) -> Result<StoredMessage, StoreError> {
    let reader = Reader::of("messages", row);
    let mut message: StoredMessage = reader.json("body")?;
    if reader.text("source")? != message.key.source.as_str() {
        return Err(reader.inconsistent("source", "the body is of another message"));
    }
    if reader.text("id")? != message.key.id.as_str() {
        return Err(reader.inconsistent("id", "the body is of another message"));
    }
    message.payload = reader.opt_json("payload")?;
    Ok(message)
}
