//! Forgetting payloads and bytes that nothing needs.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schakelpunt_domain::ids::MessageKey;
use schakelpunt_engine::ports::StoreError;

use crate::{
    rows::Reader,
    sql::{Backend, Columns, Session, Sql, Value, values},
};

/// How many messages one transaction takes.
const BATCH: i64 = 500;

/// How many rejections are kept, the newest: bad input must not fill the store, however much of it comes.
pub const REJECTIONS_MAX: i64 = 100_000;
const FORGET_REJECTIONS: Sql = Sql::both("delete from rejections where ordinal <= (select max(ordinal) from rejections) - $1");

/// Nothing open and no case needs `m` ($3 before).
macro_rules! is_needless {
    () => {
        "m.payload is not null and m.received < $3
         and not exists (select 1 from deliveries d join stages s on s.ordinal = d.ordinal
             where d.source = m.source and d.message_id = m.id and s.is_open)
         and not exists (select 1 from held_messages h where h.source = m.source and h.message_id = m.id)"
    };
}

/// Walks over all payloads of that age, oldest first; few of them are still needed.
const PICK: Sql = Sql::both(
    "select m.source, m.id, m.received from messages m where m.payload is not null and m.received < $1 and m.received >= $2
     and (m.received, m.source, m.id) > ($2, $3, $4) order by m.received, m.source, m.id limit $5",
);
/// Against an intake that adds a delivery meanwhile. What another transaction works on is left to the next time.
const LOCK: Sql = Sql::of(
    "select m.source, m.id from unnest($1, $2) as k(source, id) join messages m on m.source = k.source and m.id = k.id
     order by m.source, m.id for update of m skip locked",
    "select m.source, m.id from messages m where m.source = $1 and m.id = $2",
);
const FORGET: Sql = Sql::of(
    concat!(
        "update messages m set payload = null from unnest($1, $2) as k(source, id)
         where m.source = k.source and m.id = k.id and ",
        is_needless!(),
        " returning m.source, m.id"
    ),
    concat!("update messages as m set payload = null where m.source = $1 and m.id = $2 and ", is_needless!(), " returning source, id"),
);
const FORGET_BYTES: Sql = Sql::of(
    "update deliveries d set bytes = null from unnest($1, $2) as k(source, id)
     where d.source = k.source and d.message_id = k.id and d.bytes is not null",
    "update deliveries set bytes = null where source = $1 and message_id = $2 and bytes is not null",
);

/// How far the walk has come: received, source and id.
type Place = (i64, String, String);

/// Forgets, some at a time, so that no transaction is long; gives how many messages.
pub(crate) async fn run<B: Backend>(backend: &B, before: Timestamp) -> Result<u64, StoreError> {
    let mut session = backend.writing().await?;
    session.run(FORGET_REJECTIONS, values![REJECTIONS_MAX]).await?;
    session.commit().await?;
    let mut forgotten = 0;
    let mut place = Some((i64::MIN, String::new(), String::new()));
    while let Some(from) = place {
        let (some, next) = batch(backend.writing().await?, before, from).await?;
        forgotten += some;
        place = next;
    }
    Ok(forgotten)
}

async fn batch<S: Session>(mut session: S, before: Timestamp, from: Place) -> Result<(u64, Option<Place>), StoreError> {
    let rows = session.rows(PICK, values![before, from.0, from.1, from.2, BATCH]).await?;
    let Some(place) = rows.last().map(place_of).transpose()? else { return Ok((0, None)) };
    let picked = keys_of(&rows)?;
    drop(rows);
    let locked = keys_of(&session.rows_each(LOCK, rows_of(&picked), Vec::new()).await?)?;
    let forgotten = keys_of(&session.rows_each(FORGET, rows_of(&locked), values![before]).await?)?;
    session.run_each(FORGET_BYTES, rows_of(&forgotten), Vec::new()).await?;
    session.commit().await?;
    Ok((forgotten.len() as u64, Some(place)))
}

fn place_of<R: Columns>(row: &R) -> Result<Place, StoreError> {
    let reader = Reader::of("messages", row);
    Ok((reader.opt_int("received")?.unwrap_or(i64::MAX), reader.text("source")?, reader.text("id")?))
}

fn keys_of<R: Columns>(rows: &[R]) -> Result<BTreeSet<MessageKey>, StoreError> {
    let keys = rows.iter().map(|row| {
        let reader = Reader::of("messages", row);
        Ok(MessageKey { source: reader.parsed("source")?, id: reader.parsed("id")? })
    });
    keys.collect()
}

fn rows_of(keys: &BTreeSet<MessageKey>) -> Vec<Vec<Value>> {
    keys.iter().map(|key| values![key.source.as_str(), key.id.as_str()]).collect()
}
