//! Decisions with all that they rest on, detention by detention, for a replay. Payloads are not read.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use schakelpunt_domain::{DetentionRef, ids::MessageKey};
use schakelpunt_engine::{
    model::{Decided, DecisionRecord, StoredMessage},
    ports::StoreError,
};

use crate::{
    cases,
    rows::{Reader, json},
    sql::{Columns, Session, Sql, values},
};

/// By how much the instants of decisions may be out of the order of recording: processes have clocks of their own, and batches take a while.
pub const OUT_OF_ORDER: SignedDuration = SignedDuration::from_hours(1);

const ENDS: Sql = Sql::both("select min(ordinal) as lowest, max(ordinal) as highest from decisions");
const AT: Sql = Sql::both("select ordinal, body from decisions where ordinal >= $1 order by ordinal limit 1");
const ALL: Sql = Sql::both("select distinct detention from decisions where detention is not null order by detention");
const SOME: Sql =
    Sql::both("select distinct detention from decisions where ordinal >= $1 and ordinal < $2 and detention is not null order by detention");
/// All about one detention in one row: for each row, the database's thread and the one that asks wait for each other.
const DECISIONS: Sql = Sql::of(
    "select k as detention, (select '[' || string_agg('[' || d.ordinal || ',' || d.body || ']', ',') || ']'
                             from decisions d where d.detention = k) as body
     from jsonb_array_elements_text($1::jsonb) k",
    "select k.value as detention, (select '[' || group_concat('[' || d.ordinal || ',' || d.body || ']', ',') || ']'
                                   from decisions d where d.detention = k.value) as body
     from json_each($1) k",
);
/// For each detention an array of source and id.
const MESSAGES: Sql = Sql::of(
    "select k.place - 1 as place, (select '[' || string_agg(m.body, ',') || ']'
                                   from jsonb_array_elements(k.keys) o join messages m on m.source = o->>0 and m.id = o->>1) as body
     from jsonb_array_elements($1::jsonb) with ordinality k (keys, place)",
    "select k.key as place, (select '[' || group_concat(m.body, ',') || ']'
                             from json_each(k.value) o cross join messages m on m.source = o.value->>0 and m.id = o.value->>1) as body
     from json_each($1) k",
);
const CASES: Sql = Sql::of(
    "select detention, version, body from cases where detention in (select jsonb_array_elements_text($1::jsonb))",
    "select c.detention, c.version, c.body from json_each($1) k cross join cases c on c.detention = k.value",
);

/// The detentions about which something was decided since one instant and before another.
pub(crate) async fn between<S: Session>(session: &mut S, since: Timestamp, before: Timestamp) -> Result<Vec<DetentionRef>, StoreError> {
    let ends = session.rows(ENDS, Vec::new()).await?;
    let Some(row) = ends.first() else { return Ok(Vec::new()) };
    let (Some(lowest), Some(highest)) = (row.int("lowest").ok().flatten(), row.int("highest").ok().flatten()) else {
        return Ok(Vec::new());
    };
    let all = (lowest, highest.saturating_add(1));
    let since = since.checked_sub(OUT_OF_ORDER).unwrap_or(Timestamp::MIN);
    let before = before.checked_add(OUT_OF_ORDER).unwrap_or(Timestamp::MAX);
    let (first, end) = (first_since(session, all, since).await?, first_since(session, all, before).await?);
    // all of them stand in the index alone
    let rows = if (first, end) == all { session.rows(ALL, Vec::new()).await? } else { session.rows(SOME, values![first, end]).await? };
    rows.iter().map(|row| Reader::of("decisions", row).parsed("detention")).collect()
}

/// The first decision that was made at `instant` or later, by halving: decisions come in the order of recording.
async fn first_since<S: Session>(session: &mut S, (mut low, mut high): (i64, i64), instant: Timestamp) -> Result<i64, StoreError> {
    while low < high {
        let middle = low + (high - low) / 2;
        let rows = session.rows(AT, values![middle]).await?;
        let Some(row) = rows.first() else { return Ok(low) };
        let reader = Reader::of("decisions", row);
        let ordinal = i64::try_from(reader.number("ordinal")?).unwrap_or(i64::MAX);
        let decided: DecisionRecord = reader.json("body")?;
        if decided.at < instant {
            low = ordinal.saturating_add(1);
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// All that was decided about each of these, in their order.
pub(crate) async fn of<S: Session>(session: &mut S, detentions: &[DetentionRef]) -> Result<Vec<Decided>, StoreError> {
    let nothing = || Decided { case: None, messages: BTreeMap::new(), decisions: Vec::new() };
    let mut found: Vec<Decided> = detentions.iter().map(|_| nothing()).collect();
    let places: HashMap<&str, usize> = detentions.iter().enumerate().map(|(place, one)| (one.as_str(), place)).collect();
    let keys = json(&detentions)?;
    for row in session.rows(CASES, values![keys.as_str()]).await? {
        let case = cases::case_of(&row)?.value;
        if let Some(of) = at(&mut found, &places, case.detention.as_str()) {
            of.case = Some(case);
        }
    }
    for row in session.rows(DECISIONS, values![keys.as_str()]).await? {
        let reader = Reader::of("decisions", &row);
        let (of, decisions) = (at(&mut found, &places, &reader.text("detention")?), reader.opt_json::<Vec<(i64, DecisionRecord)>>("body")?);
        if let (Some(of), Some(mut decisions)) = (of, decisions) {
            decisions.sort_by_key(|(ordinal, _)| *ordinal);
            of.decisions = decisions.into_iter().map(|(_, record)| record).collect();
        }
    }
    let about = |of: &Decided| of.decisions.iter().map(|record| record.message.clone()).collect::<BTreeSet<MessageKey>>();
    let asked: Vec<Vec<_>> = found.iter().map(|of| about(of).into_iter().map(|key| (key.source, key.id)).collect()).collect();
    for row in session.rows(MESSAGES, values![json(&asked)?]).await? {
        let reader = Reader::of("messages", &row);
        let of = usize::try_from(reader.number("place")?).ok().and_then(|place| found.get_mut(place));
        if let (Some(of), Some(messages)) = (of, reader.opt_json::<Vec<StoredMessage>>("body")?) {
            of.messages = messages.into_iter().map(|message| (message.key.clone(), message)).collect();
        }
    }
    Ok(found)
}

fn at<'a>(found: &'a mut [Decided], places: &HashMap<&str, usize>, detention: &str) -> Option<&'a mut Decided> {
    found.get_mut(*places.get(detention)?)
}
