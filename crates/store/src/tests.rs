//! A row that cannot be read back names its table and column, whichever column it is.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::Timestamp;
use schakelpunt_domain::{Clock, DeliveryId, SourceFile, ids::MessageKey, registers::Recorded};
use schakelpunt_engine::{
    kept_law::KeptLaw,
    leases::{Lease, LeaseName, ProcessId},
    model::{Action, Seen, SnapshotKeys},
    ports::{Store, StoreError},
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Row};

use crate::SqliteStore;

#[derive(Debug)]
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2024-09-03T12:00:00Z".parse().unwrap()
    }
}

/// Columns that are written for queries and never read back.
const ONLY_FOR_QUERIES: &[&str] = &[
    "hub.only_row",
    "register_entries.ordinal",
    "register_entries.entered_by",
    "stays.prison",
    "stays.detention",
    "accesses.ordinal",
    "deeds.ordinal",
    "deeds.draft",
    "deeds.deed",
    "deeds.by_whom",
    "deeds.law",
    "accesses.detention",
    "recipients.participant",
    "recipients.pulls",
    "messages.event",
    "messages.detention",
    "messages.received",
    "messages.digest",
    "messages.outcome",
    "held_messages.detention",
    "held_messages.source",
    "held_messages.message_id",
    "decisions.ordinal",
    "decisions.source",
    "decisions.message_id",
    "decisions.detention",
    "decisions.recipient",
    "deliveries.ordinal",
    "stages.ordinal",
    "stages.recipient",
    "stages.lane_sequence",
    "stages.lane",
    "stages.by_consent",
    "stages.stage",
    "stages.is_open",
    "stages.due",
    "stages.claimed_at",
    // any bytes are bytes
    "deliveries.bytes",
    "receipts.ordinal",
    "receipts.told",
    "rejections.ordinal",
    // any text is an id of a timer
    "timers.id",
    // and of a lease, and of who holds it
    "leases.name",
    "leases.holder",
    "leases.run",
    "suspects.digest",
    // a digest is what is asked for
    "tokens.digest",
    "tokens.given_by",
    // and a version of a law
    "laws.version",
    "law_applications.ordinal",
    "law_applications.version",
];

/// Every other column, with something that cannot be read.
const UNREADABLE: &[(&str, &str, &str)] = &[
    ("hub", "epoch", "-1"),
    ("hub", "seen_at", "9223372036854775807"),
    ("hub", "seen_entries", "-1"),
    ("deeds", "body", "'no deed'"),
    ("laws", "body", "'{}'"),
    ("law_applications", "at", "9223372036854775807"),
    ("register_entries", "body", "'{}'"),
    ("recipients", "head", "-9"),
    ("cases", "detention", "'d-2'"),
    ("cases", "version", "-1"),
    ("cases", "body", "'{\"detention\":'"),
    ("messages", "source", "'urn:nld:oin:00000099000000002000:systeem:y'"),
    ("messages", "id", "'m-2'"),
    ("messages", "body", "'null'"),
    ("messages", "payload", "''"),
    ("decisions", "body", "'[]'"),
    ("deliveries", "id", "'no uuid'"),
    ("deliveries", "source", "'no urn'"),
    ("deliveries", "message_id", "' '"),
    ("deliveries", "revision", "4294967296"),
    ("deliveries", "event", "'No event'"),
    ("deliveries", "detention", "''"),
    ("deliveries", "recipient", "'Nobody'"),
    ("deliveries", "kind", "'stranger'"),
    ("deliveries", "on_behalf_of", "''"),
    ("deliveries", "relations", "'[\"friend\"]'"),
    ("deliveries", "lane_sequence", "-1"),
    ("deliveries", "decision", "'{}'"),
    ("deliveries", "stamp", "'{}'"),
    ("stages", "stage_detail", "'{\"stage\":\"lost\"}'"),
    ("stages", "number", "-1"),
    ("receipts", "id", "''"),
    ("receipts", "recipient", "'Nobody'"),
    ("receipts", "event", "'No event'"),
    ("receipts", "data", "'{'"),
    ("receipts", "at", "9223372036854775807"),
    ("rejections", "body", "'{}'"),
    ("accesses", "body", "'{}'"),
    ("leases", "epoch", "-1"),
    ("leases", "until", "9223372036854775807"),
    ("suspects", "together", "-1"),
    ("suspects", "alone", "-1"),
    ("tokens", "participant", "'Nobody'"),
    ("tokens", "given_at", "9223372036854775807"),
    ("timers", "at", "-9223372036854775808"),
    ("timers", "detention", "''"),
];

fn key() -> MessageKey {
    serde_json::from_value(json!({"source": "urn:nld:oin:00000099000000001000:systeem:x", "id": "m-1"})).unwrap()
}

fn model<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// One row in every table.
fn actions() -> Vec<Action> {
    let (now, key, recipient) = (Noon.now(), key(), "gemeente-zwolle".parse().unwrap());
    let decision = json!({"answer": {"refuse": "NO_BASIS"}, "rule": null, "withheld": [], "valid_until": null});
    let case = json!({"value": schakelpunt_domain::case::Case::new("d-1".parse().unwrap()), "version": 0});
    let id = DeliveryId::derive(&key.source, &key.id, &recipient, 0);
    vec![
        Action::SaveCase(schakelpunt_engine::model::Versioned { value: model(case["value"].clone()), version: 0 }),
        Action::SaveMessage(model(json!({
            "key": key, "event": "plan-ready", "sender": "pi-zwolle", "detention": "d-1", "sequence": null, "time": now, "received": now,
            "digest": "x", "size": 1, "trace": {}, "sender_relations": [], "signals": {"whole": [], "entries": {}}, "leaves": [], "stale": [],
            "outcome": "accepted", "payload": {},
        }))),
        Action::AddDecision(model(json!({
            "message": key, "event": "plan-ready", "detention": "d-1", "recipient": recipient, "relations": [], "decision": decision,
            "version": "1", "at": now,
        }))),
        Action::AddDelivery(model(json!({
            "id": id, "key": key, "revision": 0, "event": "plan-ready", "detention": "d-1", "recipient": recipient, "kind": "municipality",
            "on_behalf_of": null, "relations": [], "lane_sequence": 1, "decision": decision,
            "stamp": {"case_version": 1, "epoch": 0, "rules": "1"}, "stage": {"stage": "waiting", "not_before": now, "attempts": 0},
            "bytes": null, "number": null,
        }))),
        Action::AddReceipt(model(json!({"id": "r-1", "to": "pi-zwolle", "event": "message-accepted", "data": {}, "at": now}))),
        Action::AddRejection(model(json!({
            "source": null, "id": null, "sender": null, "size": 1, "digest": "x", "code": "MALFORMED", "pointer": "", "detail": "", "at": now,
        }))),
        Action::SetTimer(model(json!({"id": "t-1", "at": now, "detention": "d-1"}))),
    ]
}

async fn filled() -> SqliteStore {
    let store = SqliteStore::in_memory(Arc::new(Noon)).await.unwrap();
    store.migrate().await.unwrap();
    let entry = json!({"entry": {"stop": {"participant": "pi-zwolle"}}, "recorded": Noon.now()});
    store.record(vec![model::<Recorded<_>>(entry)]).await.unwrap();
    let mut actions = Some(actions());
    store.intake(&[], &SnapshotKeys::default(), &mut |_| actions.take()).await.unwrap();
    sqlx::query("insert into recipients (participant) values ('gemeente-zwolle')").execute(&store.backend.writer).await.unwrap();
    read_leases(&store).await.unwrap();
    store.suspect(&["x".to_owned()], false).await.unwrap();
    let access = json!({
        "at": Noon.now(), "detention": "d-1", "worker": "n", "employer": null, "acting_for": "gemeente-zwolle", "role": null,
        "on_behalf_of": null, "reads": "case", "purpose": "reintegration", "fields": [], "code": null,
    });
    store.note_accesses(&[model(access)]).await.unwrap();
    store.give_token(&"pi-zwolle".parse().unwrap(), "x", "beheer").await.unwrap();
    store.apply_law(&law("# one")).await.unwrap();
    let deed = json!({"draft": 1, "at": Noon.now(), "by": "hub", "why": "x", "deed": "seeded", "law": law("# one").version});
    store.add_deed(None, &mut |_, _| Some(model(deed.clone()))).await.unwrap();
    store.see_registers(Seen { at: Noon.now(), entries: 1 }).await.unwrap();
    // a row is damaged as a disk or a person would, without asking the database
    for unasked in ["pragma foreign_keys = off", "drop trigger deeds_stay"] {
        sqlx::query(unasked).execute(&store.backend.writer).await.unwrap();
    }
    store
}

fn law(text: &str) -> KeptLaw {
    KeptLaw::new(vec![SourceFile { name: "rules.toml".to_owned(), text: text.to_owned() }], Vec::new())
}

async fn read_leases(store: &SqliteStore) -> Result<Vec<Lease>, StoreError> {
    let process = ProcessId { name: "hub-1".to_owned(), run: "1".to_owned() };
    store.lease(&process, &[LeaseName::queue("in.0")], Duration::from_secs(6)).await
}

/// Reads everything of that table, as the engine would.
async fn read(store: &SqliteStore, table: &str) -> Result<(), StoreError> {
    match table {
        "hub" | "register_entries" => {
            store.registers().await?;
            store.registers_seen().await.map(drop)
        }
        "laws" => store.law_at(Noon.now()).await.map(drop),
        "deeds" => store.deeds().await.map(drop),
        "law_applications" => store.apply_law(&law("# two")).await,
        "recipients" => {
            let room = [("gemeente-zwolle".parse().unwrap(), schakelpunt_engine::model::Room { count: 1, consent: true })].into();
            let mut decide = |context: schakelpunt_engine::model::ClaimContext| {
                let claims = context.candidates.into_iter().map(|candidate| {
                    let mut delivery = candidate.delivery;
                    delivery.stage = delivery.stage.claim(context.now, context.now).unwrap();
                    schakelpunt_engine::model::Verdict::Claim(Box::new(delivery), None)
                });
                Some(claims.collect())
            };
            store.claim(&[], 1, &room, &mut decide).await.map(drop)
        }
        "cases" => {
            store.case(&"d-1".parse().unwrap()).await?;
            store.case(&"d-2".parse().unwrap()).await.map(drop)
        }
        "messages" => {
            store.trace(&key().id).await?;
            store.trace(&"m-2".parse().unwrap()).await.map(drop)
        }
        "decisions" => store.trace(&key().id).await.map(drop),
        "deliveries" | "stages" => {
            store.deliveries(&schakelpunt_engine::ports::DeliveryFilter { limit: 9, ..Default::default() }).await.map(drop)
        }
        "receipts" => store.receipts(9, schakelpunt_engine::ports::ReceiptsOf::Others(&[])).await.map(drop),
        "rejections" => store.rejections(9).await.map(drop),
        "accesses" => store.accesses(&"d-1".parse().unwrap()).await.map(drop),
        "suspects" => {
            let digest = ["x".to_owned()];
            store.suspect(&digest, false).await?;
            store.suspect(&digest, true).await.map(drop)
        }
        "tokens" => store.token_holders().await.map(drop),
        "leases" => read_leases(store).await.map(drop),
        "timers" => store.due_timers(9).await.map(drop),
        _ => panic!("no reader for {table}"),
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_names_table_and_column() {
    for (table, column, garbage) in UNREADABLE {
        let store = filled().await;
        read(&store, table).await.unwrap();
        let store = filled().await;
        let damage = AssertSqlSafe(format!("update {table} set {column} = {garbage}"));
        assert!(sqlx::query(damage).execute(&store.backend.writer).await.unwrap().rows_affected() > 0, "{table}");
        match read(&store, table).await {
            Err(StoreError::Inconsistent { table: found_table, column: found_column, .. }) => {
                assert_eq!((found_table, found_column), (*table, *column));
            }
            other => panic!("{table}.{column}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn no_deed_is_replaced() {
    let store = filled().await;
    let before = store.deeds().await.unwrap();
    let row = "(ordinal, draft, deed, by_whom, body) values (1, 1, 'stopped', 'x', '{}')";
    for statement in [
        format!("insert or replace into deeds {row}"),
        format!("insert into deeds {row} on conflict (ordinal) do update set body = excluded.body"),
        "delete from deeds".to_owned(),
    ] {
        assert!(sqlx::query(AssertSqlSafe(statement.clone())).execute(&store.backend.writer).await.is_err(), "{statement}");
        assert_eq!(store.deeds().await.unwrap(), before, "{statement}");
    }
}

#[tokio::test]
async fn every_column_is_known_to_this_test() {
    let store = filled().await;
    let columns = "select t.name || '.' || c.name from sqlite_schema t, pragma_table_info(t.name) c
                   where t.type = 'table' and t.name not like '\\_%' escape '\\' and t.name not like 'sqlite%'";
    let rows = sqlx::query(columns).fetch_all(&store.backend.writer).await.unwrap();
    let found: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let known = UNREADABLE.iter().map(|(table, column, _)| format!("{table}.{column}"));
    let known: BTreeSet<String> = known.chain(ONLY_FOR_QUERIES.iter().map(|column| (*column).to_owned())).collect();
    assert_eq!(found, known);
}
