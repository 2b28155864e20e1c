//! Which deliveries may be claimed: due, and at the head of a free lane.
//!
//! Candidates are picked without a lock. Then their rows are locked, and the same conditions are asked again in a new statement,
//! which sees everything that was committed before the locks were had.

use schakelpunt_domain::{DeliveryId, DetentionRef, ParticipantId};
use schakelpunt_engine::{
    model::{ByConsent, Delivery, Due, Room},
    ports::{Pull, StoreError},
};

use crate::{
    deliveries::{columns, delivery_of},
    rows::{Reader, signed},
    sql::{Columns, Session, Sql, Value, values},
};

/// `s` is the first that is open in its lane. An ordered look, which no statistics can turn into a join: those of a store at rest say
/// that nothing is open.
macro_rules! is_head {
    () => {
        "s.ordinal = (select e.ordinal from stages e where e.is_open and e.recipient = s.recipient and e.lane = s.lane \
         order by e.lane_sequence, e.ordinal limit 1)"
    };
}

/// A fetch ($2 now, $3 cursor) may decide it: it waits and is due, or another channel's claim on it has passed, under a number that no
/// cursor would ask for again.
macro_rules! is_fetchable {
    ($stage:literal) => {
        concat!(
            "(",
            $stage,
            ".due <= $2 and (",
            $stage,
            ".stage = 'waiting' or (",
            $stage,
            ".stage = 'claimed' and ",
            $stage,
            ".number <= $3)))"
        )
    };
}

/// `s` is such a one, and so is all that stands before it.
macro_rules! is_reached {
    () => {
        concat!(
            is_fetchable!("s"),
            " and not exists (select 1 from stages e where e.is_open and e.recipient = s.recipient and e.lane = s.lane \
             and (e.lane_sequence, e.ordinal) < (s.lane_sequence, s.ordinal) and not ",
            is_fetchable!("e"),
            ")"
        )
    };
}

/// What rests on consent goes when the room allows it, and not beside another whose fate is uncertain: that one is decided again first.
macro_rules! is_free {
    ($consent:literal) => {
        concat!(
            "(not s.by_consent or (",
            $consent,
            " and (s.stage = 'claimed' or not exists (select 1 from stages c where c.recipient = s.recipient and c.by_consent \
             and c.stage = 'claimed'))))"
        )
    };
}

/// Walks from one recipient with something open to the next over the index, instead of over all deliveries; the first head that is
/// due is enough (`limit`, where PostgreSQL would join all for an `exists`). A claim whose life has passed is not handed over any more.
const DUE_RECIPIENTS: Sql = Sql::both(concat!(
    "with recursive r (recipient) as (select min(recipient) from stages where due is not null
     union all select (select min(s.recipient) from stages s where s.due is not null and s.recipient > r.recipient)
         from r where r.recipient is not null)
     select r.recipient, (select count(*) from stages c where c.recipient = r.recipient and c.by_consent and c.stage = 'claimed'
         and c.due > $1) as consent_claimed, (select count(*) from (select 1 from stages c where c.recipient = r.recipient and c.by_consent
         and c.due <= $1 limit 1) as d) as consent_due from r where r.recipient is not null
     and (select 1 from stages s where s.recipient = r.recipient and s.due <= $1 and ",
    is_head!(),
    " order by s.due limit 1) is not null order by r.recipient"
));
const PICK_HEADS: Sql = Sql::of(
    concat!(
        "select c.id, c.detention, c.due, c.ordinal, c.number from unnest($1, $2, $3) as r(recipient, room, consent) cross join lateral
         (select d.id, d.detention, s.due, s.ordinal, s.number from stages s join deliveries d on d.ordinal = s.ordinal
          where s.recipient = r.recipient and s.due <= $4 and ",
        is_free!("r.consent"),
        " and ",
        is_head!(),
        " order by s.due, s.ordinal limit r.room) c order by c.due, c.ordinal limit $5"
    ),
    concat!(
        "select d.id, d.detention, s.due, s.ordinal, s.number from stages s join deliveries d on d.ordinal = s.ordinal
         where s.recipient = $1 and s.due <= $4 and ",
        is_free!("$3"),
        " and ",
        is_head!(),
        " order by s.due, s.ordinal limit min($2, $5)"
    ),
);
const PICK_NUMBERED: Sql = Sql::both(
    "select d.id, d.detention, s.number from stages s join deliveries d on d.ordinal = s.ordinal where s.recipient = $1 and s.number > $2
     and s.stage in ('claimed', 'handed-over', 'received') and d.bytes is not null order by s.number limit $3",
);
const PICK_WAITING: Sql = Sql::both(concat!(
    "select d.id, d.detention, s.number from stages s join deliveries d on d.ordinal = s.ordinal
     where s.recipient = $1 and s.is_open and ",
    is_reached!(),
    " order by min(s.ordinal) over (partition by s.lane), s.lane, s.lane_sequence, s.ordinal limit $4"
));
const LOCK_FREE: Sql = Sql::of(
    "select d.id from deliveries d join stages s on s.ordinal = d.ordinal where d.id = any($1) order by s.ordinal for update of s skip locked",
    "select d.id from deliveries d where d.id = $1",
);
const LOCK_ALL: Sql = Sql::of(
    "select d.id from deliveries d join stages s on s.ordinal = d.ordinal where d.id = any($1) order by s.ordinal for update of s",
    "select d.id from deliveries d where d.id = $1",
);
const REREAD_HEADS: Sql = Sql::of(
    concat!(
        "select ",
        columns!(),
        ", d.bytes from unnest($1) with ordinality as k(id, place) join deliveries d on d.id = k.id
         join stages s on s.ordinal = d.ordinal where s.due <= $2 and ",
        is_head!(),
        " order by k.place"
    ),
    concat!(
        "select ",
        columns!(),
        ", d.bytes from deliveries d join stages s on s.ordinal = d.ordinal where d.id = $1 and s.due <= $2 and ",
        is_head!()
    ),
);
const REREAD_REACHED: Sql = Sql::of(
    concat!(
        "select ",
        columns!(),
        ", d.bytes from unnest($1) with ordinality as k(id, place) join deliveries d on d.id = k.id
         join stages s on s.ordinal = d.ordinal where (s.number > $3 and s.stage in ('claimed', 'handed-over', 'received') and d.bytes is not null)
         or (",
        is_reached!(),
        ") order by k.place"
    ),
    concat!(
        "select ",
        columns!(),
        ", d.bytes from deliveries d join stages s on s.ordinal = d.ordinal where d.id = $1
         and ((s.number > $3 and s.stage in ('claimed', 'handed-over', 'received') and d.bytes is not null)
         or (",
        is_reached!(),
        "))"
    ),
);

/// A delivery that was a candidate when it was looked for.
#[derive(Debug)]
pub(crate) struct Picked {
    /// Which.
    pub(crate) id: DeliveryId,
    /// Its case, which is locked first.
    pub(crate) detention: Option<DetentionRef>,
    /// The number that it has already.
    pub(crate) number: Option<u64>,
}

/// How candidates are locked and looked at again.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Again {
    /// Heads of lanes; what another process works on is left to it.
    Heads,
    /// What a fetch with this cursor reaches; waits for what another process works on.
    Reached {
        /// The cursor.
        after: i64,
    },
}

/// Recipients that have something due.
pub(crate) async fn due_recipients<S: Session>(session: &mut S) -> Result<Vec<Due>, StoreError> {
    let now = session.clock().await?;
    let rows = session.rows(DUE_RECIPIENTS, values![now]).await?;
    let due = rows.iter().map(|row| {
        let reader = Reader::of("deliveries", row);
        let consent = match (reader.number("consent_claimed")?, reader.number("consent_due")?) {
            (0, 0) => ByConsent::Nothing,
            (0, _) => ByConsent::Waits,
            _ => ByConsent::Claimed,
        };
        Ok(Due { recipient: reader.parsed("recipient")?, consent })
    });
    due.collect()
}

/// Due heads of lanes of recipients with room, those first that are due longest.
pub(crate) async fn pick_heads<'a, S: Session>(
    session: &mut S,
    limit: usize,
    room: impl ExactSizeIterator<Item = (&'a ParticipantId, &'a Room)> + Send,
) -> Result<Vec<Picked>, StoreError> {
    // Looking at twice the limit in all: a claim costs what it takes, not what waits, and no backlog crowds the others out.
    let share = limit.saturating_mul(2).div_ceil(room.len().max(1));
    let rooms = room.map(|(recipient, room)| values![recipient.as_str(), clamped(room.count.min(share)), room.consent]).collect();
    let now = session.clock().await?;
    let rows = session.rows_each(PICK_HEADS, rooms, values![now, clamped(limit)]).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let reader = Reader::of("stages", row);
        found.push(((reader.opt_int("due")?, reader.opt_int("ordinal")?), picked(row)?));
    }
    // SQLite answers recipient by recipient.
    found.sort_by_key(|(due, _)| *due);
    Ok(found.into_iter().map(|(_, picked)| picked).take(limit).collect())
}

/// What a fetch may give: first what has a higher number, then what waits, lane by lane.
pub(crate) async fn pick_for<S: Session>(session: &mut S, pull: &Pull) -> Result<Vec<Picked>, StoreError> {
    let (after, limit) = (cursor(pull), i64::from(pull.limit));
    let mut rows = session.rows(PICK_NUMBERED, values![pull.participant.as_str(), after, limit]).await?;
    let left = limit.saturating_sub(i64::try_from(rows.len()).unwrap_or(i64::MAX));
    if left > 0 {
        let now = session.clock().await?;
        rows.append(&mut session.rows(PICK_WAITING, values![pull.participant.as_str(), now, after, left]).await?);
    }
    rows.iter().map(picked).collect()
}

/// A cursor beyond what the database can count confirms everything.
pub(crate) fn cursor(pull: &Pull) -> i64 {
    i64::try_from(pull.after).unwrap_or(i64::MAX)
}

fn picked<R: Columns>(row: &R) -> Result<Picked, StoreError> {
    let reader = Reader::of("deliveries", row);
    Ok(Picked { id: reader.parsed("id")?, detention: reader.opt_parsed("detention")?, number: reader.opt_number("number")? })
}

/// Locks candidates, as far as they are free; gives those that are locked, in the order of picking.
pub(crate) async fn lock<S: Session>(session: &mut S, picked: Vec<Picked>, again: Again) -> Result<Vec<Picked>, StoreError> {
    let sql = match again {
        Again::Heads => LOCK_FREE,
        Again::Reached { .. } => LOCK_ALL,
    };
    let rows = session.rows_each(sql, ids(&picked), Vec::new()).await?;
    let locked = rows.iter().map(|row| Reader::of("deliveries", row).parsed("id"));
    let locked: std::collections::BTreeSet<DeliveryId> = locked.collect::<Result<_, _>>()?;
    Ok(picked.into_iter().filter(|picked| locked.contains(&picked.id)).collect())
}

/// Reads locked candidates that still are ones, with their bytes, in the order of picking.
pub(crate) async fn reread<S: Session>(
    session: &mut S,
    locked: &[Picked],
    again: Again,
    now: jiff::Timestamp,
) -> Result<Vec<Delivery>, StoreError> {
    let (sql, fixed) = match again {
        Again::Heads => (REREAD_HEADS, values![now]),
        Again::Reached { after } => (REREAD_REACHED, values![now, after]),
    };
    let rows = session.rows_each(sql, ids(locked), fixed).await?;
    let with_bytes = rows.iter().map(|row| {
        let mut delivery = delivery_of(row)?;
        delivery.bytes = Reader::of("deliveries", row).opt_bytes("bytes")?;
        Ok(delivery)
    });
    with_bytes.collect()
}

fn ids(picked: &[Picked]) -> Vec<Vec<Value>> {
    picked.iter().map(|picked| values![picked.id.to_string()]).collect()
}

fn clamped(count: usize) -> i64 {
    signed(count as u64).unwrap_or(i64::MAX)
}
