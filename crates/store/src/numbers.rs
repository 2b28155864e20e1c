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
