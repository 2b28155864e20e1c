//! Cases, and which messages they hold back.

use std::collections::{BTreeMap, BTreeSet};

use schakelpunt_domain::{DetentionRef, case::Case, ids::MessageKey};
use schakelpunt_engine::{model::Versioned, ports::StoreError};

use crate::{
    rows::{Reader, json, signed},
    sql::{Session, Sql, values},
    stays,
};

/// How rows are locked, always in the order of their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    /// Not at all.
    None,
    /// Nobody changes them meanwhile.
    Share,
    /// Nobody else locks them meanwhile.
    Update,
}

const READ_ONE: &str = "select detention, version, body from cases where detention = $1";
const READ: Sql = Sql::of("select detention, version, body from cases where detention = any($1) order by detention", READ_ONE);
const READ_SHARE: Sql =
    Sql::of("select detention, version, body from cases where detention = any($1) order by detention for share", READ_ONE);
const READ_UPDATE: Sql =
    Sql::of("select detention, version, body from cases where detention = any($1) order by detention for update", READ_ONE);
const INSERT: Sql = Sql::of(
    "insert into cases (detention, version, body) select * from unnest($1, $2, $3) order by 1",
    "insert into cases (detention, version, body) values ($1, $2, $3)",
)
.racing();
const UPDATE: Sql = Sql::of(
    "update cases c set version = u.version, body = u.body
     from unnest($1, $2, $3, $4) as u(detention, version, body, expected)
     where c.detention = u.detention and c.version = u.expected",
    "update cases set version = $2, body = $3 where detention = $1 and version = $4",
);
const RELEASE: Sql = Sql::of("delete from held_messages where detention = any($1)", "delete from held_messages where detention = $1");
const HOLD: Sql = Sql::of(
    "insert into held_messages (detention, source, message_id) select * from unnest($1, $2, $3)",
    "insert into held_messages (detention, source, message_id) values ($1, $2, $3)",
);

/// The messages that a case holds back, by case.
pub(crate) type Held = BTreeMap<DetentionRef, BTreeSet<MessageKey>>;

/// Reads the cases that exist.
pub(crate) async fn read<S: Session>(
    session: &mut S,
    detentions: &BTreeSet<DetentionRef>,
    lock: Lock,
) -> Result<Vec<Versioned<Case>>, StoreError> {
    let sql = match lock {
        Lock::None => READ,
        Lock::Share => READ_SHARE,
        Lock::Update => READ_UPDATE,
    };
    let keys = detentions.iter().map(|detention| values![detention.as_str()]).collect();
    let rows = session.rows_each(sql, keys, Vec::new()).await?;
    rows.iter().map(case_of).collect()
}

/// Reads one case.
pub(crate) fn case_of<R: crate::sql::Columns>(row: &R) -> Result<Versioned<Case>, StoreError> {
    let reader = Reader::of("cases", row);
    let value: Case = reader.json("body")?;
    if reader.text("detention")? != value.detention.as_str() {
        return Err(reader.inconsistent("detention", "the body is of another detention"));
    }
    Ok(Versioned { value, version: reader.number("version")? })
}

/// What `case` holds back.
pub(crate) fn held_by(case: &Case) -> BTreeSet<MessageKey> {
    case.parked.iter().chain(&case.pending).map(|held| held.key.clone()).collect()
}

/// Writes cases over the versions that were read. `before` is what they held back then.
pub(crate) async fn save<S: Session>(session: &mut S, saves: Vec<Versioned<Case>>, before: &Held) -> Result<(), StoreError> {
    // A batch may save a case more than once: the first version is the one that was read, the last value is the one that stays.
    let mut last: BTreeMap<DetentionRef, (u64, Versioned<Case>)> = BTreeMap::new();
    for save in saves {
        let read = last.get(&save.value.detention).map_or(save.version, |(read, _)| *read);
        last.insert(save.value.detention.clone(), (read, save));
    }
    let (mut inserts, mut updates, mut release, mut keep) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut places = Vec::new();
    for (detention, (read, save)) in &last {
        let (version, body) = (signed(save.version.saturating_add(1))?, json(&save.value)?);
        if *read == 0 {
            inserts.push(values![detention.as_str(), version, body]);
        } else {
            updates.push(values![detention.as_str(), version, body, signed(*read)?]);
        }
        places.extend(stays::of(&save.value, *read == 0).into_iter().map(|prison| (prison, detention)));
        let held = held_by(&save.value);
        if before.get(detention).is_some_and(|before| *before != held) {
            release.push(values![detention.as_str()]);
        }
        if before.get(detention) != Some(&held) {
            keep.extend(held.iter().map(|key| values![detention.as_str(), key.source.as_str(), key.id.as_str()]));
        }
    }
    session.later(INSERT, inserts);
    let expected = updates.len() as u64;
    if session.run_each(UPDATE, updates, Vec::new()).await? != expected {
        return Err(StoreError::Conflict);
    }
    session.run_each(RELEASE, release, Vec::new()).await?;
    session.run_each(HOLD, keep, Vec::new()).await?;
    stays::add(session, places);
    Ok(())
}
