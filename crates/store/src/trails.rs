//! What only grows or waits to be done: decisions, receipts, rejections, timers.

use std::collections::{BTreeMap, BTreeSet};

use schakelpunt_domain::{DetentionRef, MessageId, ParticipantId, ids::MessageKey};
use schakelpunt_engine::{
    model::{DecisionRecord, Receipt, RejectionRecord, Timer},
    ports::{ReceiptsOf, StoreError},
};

use crate::{
    rows::{Reader, json},
    sql::{Session, Sql, Value, values},
};

const ADD_DECISIONS: Sql = Sql::of(
    "insert into decisions (source, message_id, detention, recipient, body)
     select source, message_id, detention, recipient, body
     from unnest($1, $2, $3, $4, $5) with ordinality as u(source, message_id, detention, recipient, body, place) order by place",
    "insert into decisions (source, message_id, detention, recipient, body) values ($1, $2, $3, $4, $5)",
);
const DECISIONS: Sql = Sql::both("select body from decisions where source = $1 and message_id = $2 order by ordinal");
/// The same receipt again is told again.
const ADD_RECEIPTS: Sql = Sql::of(
    "insert into receipts (id, recipient, event, data, at) select id, recipient, event, data, at
     from unnest($1, $2, $3, $4, $5) with ordinality as u(id, recipient, event, data, at, place) order by place
     on conflict (id) do update set event = excluded.event, data = excluded.data, at = excluded.at, told = false",
    "insert into receipts (id, recipient, event, data, at) values ($1, $2, $3, $4, $5)
     on conflict (id) do update set event = excluded.event, data = excluded.data, at = excluded.at, told = false",
);
const ADD_NEW_RECEIPTS: Sql = Sql::of(
    "insert into receipts (id, recipient, event, data, at) select id, recipient, event, data, at
     from unnest($1, $2, $3, $4, $5) with ordinality as u(id, recipient, event, data, at, place) order by place on conflict (id) do nothing",
    "insert into receipts (id, recipient, event, data, at) values ($1, $2, $3, $4, $5) on conflict (id) do nothing",
);
/// But of these, a JSON array.
const RECEIPTS_OF_OTHERS: Sql = Sql::of(
    "select t.id, t.recipient, t.event, t.data, t.at from receipts t left join recipients r on r.participant = t.recipient
     where not t.told and not coalesce(r.pulls, false) and t.recipient not in (select jsonb_array_elements_text($2::jsonb))
     order by t.ordinal limit $1",
    "select t.id, t.recipient, t.event, t.data, t.at from receipts t left join recipients r on r.participant = t.recipient
     where not t.told and not coalesce(r.pulls, false) and t.recipient not in (select value from json_each($2))
     order by t.ordinal limit $1",
);
const RECEIPTS_OF: Sql = Sql::both(
    "select t.id, t.recipient, t.event, t.data, t.at from receipts t where not t.told and t.recipient = $2 order by t.ordinal limit $1",
);
const VOIDS_OF: Sql = Sql::both(
    "select t.id, t.recipient, t.event, t.data, t.at from receipts t
     where not t.told and t.recipient = $2 and t.event = 'delivery-void' order by t.ordinal limit $1",
);
const UNTOLD: Sql = Sql::of(
    "select distinct recipient from receipts where not told and recipient in (select jsonb_array_elements_text($1::jsonb))",
    "select distinct recipient from receipts where not told and recipient in (select value from json_each($1))",
);
const TELL: Sql = Sql::of("update receipts set told = true where id = any($1)", "update receipts set told = true where id = $1");
const ADD_REJECTIONS: Sql = Sql::of(
    "insert into rejections (body) select body from unnest($1) with ordinality as u(body, place) order by place",
    "insert into rejections (body) values ($1)",
);
const REJECTIONS: Sql = Sql::both("select body from rejections order by ordinal desc limit $1");
const SET_TIMERS: Sql = Sql::of(
    "insert into timers (id, at, detention) select * from unnest($1, $2, $3) order by 1
     on conflict (id) do update set at = excluded.at, detention = excluded.detention",
    "insert into timers (id, at, detention) values ($1, $2, $3)
     on conflict (id) do update set at = excluded.at, detention = excluded.detention",
);
const CLEAR_TIMERS: Sql = Sql::of("delete from timers where id = any($1)", "delete from timers where id = $1");
const DUE_TIMERS: Sql = Sql::both("select id, at, detention from timers where at <= $1 order by at, id limit $2");

/// Adds decisions.
pub(crate) fn add_decisions<S: Session>(session: &mut S, decisions: &[DecisionRecord]) -> Result<(), StoreError> {
    let rows = decisions.iter().map(|decision| {
        Ok(values![
            decision.message.source.as_str(),
            decision.message.id.as_str(),
            decision.detention.as_ref().map(DetentionRef::as_str),
            decision.recipient.as_str(),
            json(decision)?,
        ])
    });
    let rows = rows.collect::<Result<_, StoreError>>()?;
    session.later(ADD_DECISIONS, rows);
    Ok(())
}

/// The decisions about one message, oldest first.
pub(crate) async fn decisions<S: Session>(session: &mut S, key: &MessageKey) -> Result<Vec<DecisionRecord>, StoreError> {
    let rows = session.rows(DECISIONS, values![key.source.as_str(), key.id.as_str()]).await?;
    rows.iter().map(|row| Reader::of("decisions", row).json("body")).collect()
}

/// Adds receipts; one that is known is told again.
pub(crate) fn add_receipts<S: Session>(session: &mut S, receipts: &[Receipt]) -> Result<(), StoreError> {
    let mut place: BTreeMap<&MessageId, usize> = BTreeMap::new();
    let mut rows: Vec<_> = Vec::with_capacity(receipts.len());
    for receipt in receipts {
        let row = row_of(receipt)?;
        // PostgreSQL touches a row once in a statement.
        if let Some(earlier) = place.get(&receipt.id).and_then(|place| rows.get_mut(*place)) {
            *earlier = row;
        } else {
            place.insert(&receipt.id, rows.len());
            rows.push(row);
        }
    }
    session.later(ADD_RECEIPTS, rows);
    Ok(())
}

/// Adds those receipts whose id is new.
pub(crate) async fn add_new_receipts<S: Session>(session: &mut S, receipts: &[Receipt]) -> Result<(), StoreError> {
    let rows = receipts.iter().map(row_of).collect::<Result<_, _>>()?;
    session.run_each(ADD_NEW_RECEIPTS, rows, Vec::new()).await?;
    Ok(())
}

fn row_of(Receipt { id, to, event, data, at }: &Receipt) -> Result<Vec<Value>, StoreError> {
    Ok(values![id.as_str(), to.as_str(), event.as_str(), json(data)?, *at])
}

/// Receipts to tell, oldest first.
pub(crate) async fn receipts<S: Session>(session: &mut S, limit: i64, of: ReceiptsOf<'_>) -> Result<Vec<Receipt>, StoreError> {
    let rows = match of {
        ReceiptsOf::Others(others) => session.rows(RECEIPTS_OF_OTHERS, values![limit, json(&others)?]).await?,
        ReceiptsOf::One(one) => session.rows(RECEIPTS_OF, values![limit, one.as_str()]).await?,
        ReceiptsOf::Voids(one) => session.rows(VOIDS_OF, values![limit, one.as_str()]).await?,
    };
    let receipts = rows.iter().map(|row| {
        let reader = Reader::of("receipts", row);
        Ok(Receipt {
            id: reader.parsed("id")?,
            to: reader.parsed("recipient")?,
            event: reader.parsed("event")?,
            data: reader.json("data")?,
            at: reader.instant("at")?,
        })
    });
    receipts.collect()
}

/// Which of these have receipts not yet told.
pub(crate) async fn untold<S: Session>(session: &mut S, of: &[ParticipantId]) -> Result<BTreeSet<ParticipantId>, StoreError> {
    let rows = session.rows(UNTOLD, values![json(&of)?]).await?;
    rows.iter().map(|row| Reader::of("receipts", row).parsed("recipient")).collect()
}

/// Marks receipts as told.
pub(crate) async fn tell<S: Session>(session: &mut S, ids: &[MessageId]) -> Result<(), StoreError> {
    session.run_each(TELL, ids.iter().map(|id| values![id.as_str()]).collect(), Vec::new()).await?;
    Ok(())
}

/// Adds the traces of bad input.
pub(crate) fn add_rejections<S: Session>(session: &mut S, rejections: &[RejectionRecord]) -> Result<(), StoreError> {
    let rows = rejections.iter().map(|rejection| Ok(values![json(rejection)?])).collect::<Result<_, StoreError>>()?;
    session.later(ADD_REJECTIONS, rows);
    Ok(())
}

/// Rejections, newest first.
pub(crate) async fn rejections<S: Session>(session: &mut S, limit: u32) -> Result<Vec<RejectionRecord>, StoreError> {
    let rows = session.rows(REJECTIONS, values![i64::from(limit)]).await?;
    rows.iter().map(|row| Reader::of("rejections", row).json("body")).collect()
}

/// Sets timers, and ends those without one.
pub(crate) async fn set_timers<S: Session>(session: &mut S, timers: BTreeMap<String, Option<Timer>>) -> Result<(), StoreError> {
    let (mut set, mut clear) = (Vec::new(), Vec::new());
    for (id, timer) in timers {
        match timer {
            Some(Timer { id, at, detention }) => set.push(values![id, at, detention.as_str()]),
            None => clear.push(values![id]),
        }
    }
    session.later(SET_TIMERS, set);
    session.run_each(CLEAR_TIMERS, clear, Vec::new()).await?;
    Ok(())
}

/// Timers that are due, oldest first.
pub(crate) async fn due_timers<S: Session>(session: &mut S, limit: i64) -> Result<Vec<Timer>, StoreError> {
    let now = session.clock().await?;
    let rows = session.rows(DUE_TIMERS, values![now, limit]).await?;
    let timers = rows.iter().map(|row| {
        let reader = Reader::of("timers", row);
        Ok(Timer { id: reader.text("id")?, at: reader.instant("at")?, detention: reader.parsed("detention")? })
    });
    timers.collect()
}
