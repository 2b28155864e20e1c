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

/// Nothing open and no case needs `m`.
macro_rules! is_needless {
    ($before:literal) => {
        concat!(
            "m.payload is not null and m.received < ",
            $before,
            " and not exists (select 1 from deliveries d where d.source = m.source and d.message_id = m.id and d.is_open)",
            " and not exists (select 1 from held_messages h where h.source = m.source and h.message_id = m.id)"
        )
    };
}

const PICK: Sql = Sql::both(concat!("select m.source, m.id from messages m where ", is_needless!("$1"), " order by m.received limit $2"));
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
        is_needless!("$3"),
        " returning m.source, m.id"
    ),
    concat!("update messages as m set payload = null where m.source = $1 and m.id = $2 and ", is_needless!("$3"), " returning source, id"),
);
const FORGET_BYTES: Sql = Sql::of(
    "update deliveries d set bytes = null from unnest($1, $2) as k(source, id)
     where d.source = k.source and d.message_id = k.id and d.bytes is not null",
    "update deliveries set bytes = null where source = $1 and message_id = $2 and bytes is not null",
);

/// Forgets, some at a time, so that no transaction is long; gives how many messages.
pub(crate) async fn run<B: Backend>(backend: &B, before: Timestamp) -> Result<u64, StoreError> {
    let mut forgotten = 0;
    loop {
        let some = batch(backend.writing().await?, before).await?;
        if some == 0 {
            return Ok(forgotten);
        }
        forgotten += some;
    }
}

async fn batch<S: Session>(mut session: S, before: Timestamp) -> Result<u64, StoreError> {
    let picked = keys_of(&session.rows(PICK, values![before, BATCH]).await?)?;
    let locked = keys_of(&session.rows_each(LOCK, rows_of(&picked), Vec::new()).await?)?;
    let forgotten = keys_of(&session.rows_each(FORGET, rows_of(&locked), values![before]).await?)?;
    session.run_each(FORGET_BYTES, rows_of(&forgotten), Vec::new()).await?;
    session.commit().await?;
    Ok(forgotten.len() as u64)
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
