//! The running number of each recipient, without gaps.

use std::collections::BTreeMap;

use schakelpunt_domain::ParticipantId;
use schakelpunt_engine::{model::Delivery, ports::StoreError};

use crate::{
    rows::{Reader, signed},
    sql::{Session, Sql, values},
};

/// Raises the head numbers by what is needed. The rows stay locked until the commit: so the numbers have no gaps.
const NUMBERS: Sql = Sql::of(
    "insert into recipients (participant, head) select * from unnest($1, $2) order by 1
     on conflict (participant) do update set head = recipients.head + excluded.head returning participant, head",
    "insert into recipients (participant, head) values ($1, $2)
     on conflict (participant) do update set head = recipients.head + excluded.head returning participant, head",
);

/// Up to where everything is handed over, or told as void: below the first under which something still comes or is to be told.
macro_rules! heads {
    ($least:literal, $from:literal) => {
        concat!(
            "with open as (select recipient, min(number) - 1 as head from stages where is_open and number is not null group by recipient),
                 untold as (select t.recipient, min(",
            $from,
            ") - 1 as head from receipts t where not t.told and t.event = 'delivery-void' group by t.recipient)
             select r.participant, ",
            $least,
            "(r.head, coalesce(o.head, r.head), coalesce(u.head, r.head)) as head from recipients r
             left join open o on o.recipient = r.participant left join untold u on u.recipient = r.participant where not r.pulls"
        )
    };
}
const HEADS: Sql =
    Sql::of(heads!("least", "(t.data::jsonb #>> '{void,from}')::bigint"), heads!("min", "json_extract(t.data, '$.void.from')"));
const HEAD: Sql = Sql::both("select head from recipients where participant = $1");
const OPEN: Sql = Sql::both("select number from stages where recipient = $1 and is_open and number is not null order by number");
/// Beside the lock of the registers (1), with the participant as its second key.
const IN_TURN: Sql = Sql::of("select pg_advisory_xact_lock(2, hashtext($1))", "select $1");

/// Gives each delivery without a number the next one of its recipient.
pub(crate) async fn give<S: Session>(session: &mut S, claimed: Vec<&mut Delivery>) -> Result<(), StoreError> {
    let mut needed: BTreeMap<ParticipantId, u64> = BTreeMap::new();
    for delivery in claimed.iter().filter(|delivery| delivery.number.is_none()) {
        *needed.entry(delivery.recipient.clone()).or_default() += 1;
    }
    let rows = needed.iter().map(|(recipient, count)| Ok(values![recipient.as_str(), signed(*count)?]));
    let rows = rows.collect::<Result<_, StoreError>>()?;
    let heads = session.rows_each(NUMBERS, rows, Vec::new()).await?;
    let mut next: BTreeMap<ParticipantId, u64> = BTreeMap::new();
    for row in &heads {
        let reader = Reader::of("recipients", row);
        let recipient: ParticipantId = reader.parsed("participant")?;
        let count = needed.get(&recipient).copied().unwrap_or_default();
        let first = reader.number("head")?.checked_sub(count).ok_or_else(|| reader.inconsistent("head", "below what was added"))?;
        next.insert(recipient, first);
    }
    for delivery in claimed.into_iter().filter(|delivery| delivery.number.is_none()) {
        let number = next.entry(delivery.recipient.clone()).or_default();
        *number += 1;
        delivery.number = Some(*number);
    }
    Ok(())
}

/// Up to which number everything was handed over or told as void, of each recipient that has one and does not fetch.
pub(crate) async fn heads<S: Session>(session: &mut S) -> Result<BTreeMap<ParticipantId, u64>, StoreError> {
    let rows = session.rows(HEADS, Vec::new()).await?;
    let one = |row| {
        let reader = Reader::of("recipients", row);
        Ok((reader.parsed("participant")?, reader.number("head")?))
    };
    rows.iter().map(one).collect()
}

/// Waits until no other transaction fetches for this participant.
pub(crate) async fn in_turn<S: Session>(session: &mut S, recipient: &ParticipantId) -> Result<(), StoreError> {
    session.rows(IN_TURN, values![recipient.as_str()]).await.map(drop)
}

/// The last number that a recipient was given, and those under which something still comes.
pub(crate) async fn open<S: Session>(session: &mut S, recipient: &ParticipantId) -> Result<(u64, Vec<u64>), StoreError> {
    let rows = session.rows(HEAD, values![recipient.as_str()]).await?;
    let head = rows.first().map(|row| Reader::of("recipients", row).number("head")).transpose()?.unwrap_or_default();
    let rows = session.rows(OPEN, values![recipient.as_str()]).await?;
    let open = rows.iter().map(|row| Reader::of("stages", row).number("number"));
    Ok((head, open.collect::<Result<_, _>>()?))
}
