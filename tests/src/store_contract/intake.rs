//! What is written in an intake is what is read back; two writers never both win.

use std::sync::Arc;

use schakelpunt_domain::{
    RejectionCode,
    case::{FactValue, Held, SlotHead},
    consent::Consent,
    stage::{CancelReason, Stage},
};
use schakelpunt_engine::{
    model::{Action, Outcome, RejectionRecord, Timer},
    ports::{DeliveryFilter, ReceiptsOf, StoreError},
};
use serde_json::json;

use super::{
    Subject,
    build::{case, delivery, key, keys_of, look, message, put, receipt, record, sent, version, who},
};

pub(super) async fn everything_is_read_back(Subject { store, clock, .. }: &Subject) {
    let now = schakelpunt_domain::Clock::now(&**clock);
    let mut known = case("d-1");
    known.record(FactValue::Prison(who("pi-zwolle")), now, now);
    known.consents.push(Consent {
        id: "c-1".to_owned(),
        recipient: who("ggz-zwolle"),
        categories: vec!["condition:HOUSING".parse().unwrap()],
        purpose: "reintegration".to_owned(),
        given_at: Some(now),
        until: Some("2025-01-01".parse().unwrap()),
        withdrawn_at: None,
        recorded: now,
        withdrawal_recorded: None,
        message: None,
    });
    known.next_in_lane(&who("gemeente-zwolle"));
    let head = SlotHead { source: key("m-1").source, sequence: 7, holders: [(who("gemeente-zwolle"), 7)].into() };
    known.slots.insert("release".to_owned(), head);
    let first = message("m-1", Some("d-1"), now);
    let waits = delivery(&first, "gemeente-zwolle", 1);
    let why = record(&waits, now);
    let told = receipt("r-1", "pi-zwolle", now);
    let rejection = RejectionRecord {
        source: Some(key("x").source),
        id: None,
        sender: Some(who("pi-zwolle")),
        size: 70_000,
        digest: "digest".to_owned(),
        code: RejectionCode::TooLarge,
        pointer: "/data/\u{0}".to_owned(),
        detail: "at most 65536".to_owned(),
        at: now,
    };
    let timer = Timer { id: "t-1".to_owned(), at: now, detention: "d-1".parse().unwrap() };
    let actions = vec![
        version(known.clone(), 0),
        Action::SaveMessage(first.clone()),
        Action::AddDecision(why.clone()),
        Action::AddDelivery(Box::new(waits.clone())),
        Action::AddReceipt(told.clone()),
        Action::AddRejection(rejection.clone()),
        Action::SetTimer(timer.clone()),
    ];
    assert!(put(&**store, actions).await.unwrap());

    let seen = look(&**store, &["d-1", "d-2"], &["m-1", "m-2"]).await;
    assert_eq!((seen.now, seen.epoch), (now, 0));
    assert_eq!(seen.cases.iter().map(|case| (&case.value, case.version)).collect::<Vec<_>>(), [(&known, 1)]);
    assert_eq!(seen.messages, std::slice::from_ref(&first));
    assert_eq!(seen.deliveries, std::slice::from_ref(&waits));
    let stored = store.case(&known.detention).await.unwrap().unwrap();
    assert_eq!((stored.value, stored.version), (known, 1));
    assert_eq!(store.case(&"d-2".parse().unwrap()).await.unwrap(), None);
    assert_eq!(store.message(&first.key).await.unwrap(), Some(first));
    assert_eq!(store.message(&key("m-2")).await.unwrap(), None);
    let trace = store.trace(&key("m-1").id).await.unwrap().remove(0);
    assert_eq!((trace.decisions, trace.deliveries), (vec![why], vec![waits.clone()]));
    assert_eq!(store.receipts(10, ReceiptsOf::Others(&[])).await.unwrap(), [told]);
    assert_eq!(store.rejections(10).await.unwrap(), [rejection]);
    assert_eq!(store.due_timers(10).await.unwrap(), [timer]);
    assert_eq!(store.deliveries(&DeliveryFilter { limit: 10, ..DeliveryFilter::default() }).await.unwrap(), [waits]);
}

pub(super) async fn a_step_that_gives_nothing_writes_nothing(subject: &Subject) {
    let actions = sent(&message("m-1", Some("d-1"), subject.now()), &[("gemeente-zwolle", 1)]);
    assert!(subject.store.intake(&[], &keys_of(&actions), &mut |_| None).await.unwrap().is_none());
    assert!(look(&*subject.store, &["d-1"], &["m-1"]).await.messages.is_empty());
    assert!(put(&*subject.store, Vec::new()).await.unwrap());
}

pub(super) async fn a_case_over_another_version_is_a_conflict(subject: &Subject) {
    let store = &*subject.store;
    put(store, vec![version(case("d-1"), 0)]).await.unwrap();
    put(store, vec![version(case("d-1"), 1)]).await.unwrap();
    for stale in [0, 1, 3] {
        let actions =
            [vec![version(case("d-2"), 0), version(case("d-1"), stale)], sent(&message("m-1", Some("d-1"), subject.now()), &[])].concat();
        let result = put(store, actions).await;
        assert!(matches!(result, Err(StoreError::Conflict)), "version {stale}: {result:?}");
    }
    let seen = look(store, &["d-1", "d-2"], &["m-1"]).await;
    assert_eq!(seen.cases.iter().map(|case| case.version).collect::<Vec<_>>(), [2], "nothing of the others is left");
    assert!(seen.messages.is_empty());
    put(store, vec![version(case("d-1"), 2)]).await.unwrap();
}

pub(super) async fn a_second_first_message_is_a_conflict(subject: &Subject) {
    let store = &*subject.store;
    let first = message("m-1", None, subject.now());
    put(store, sent(&first, &[])).await.unwrap();
    let mut again = Some(sent(&message("m-1", None, subject.now()), &[("gemeente-zwolle", 1)]));
    // the key is not asked for: so the step cannot know that there is one
    let result = store.intake(&[], &schakelpunt_engine::model::SnapshotKeys::default(), &mut |_| again.take()).await;
    assert!(matches!(result, Err(StoreError::Conflict)), "{result:?}");
    assert!(look(store, &[], &["m-1"]).await.deliveries.is_empty());
}

pub(super) async fn a_known_message_is_written_over(subject: &Subject) {
    let store = &*subject.store;
    let mut message = message("m-1", Some("d-1"), subject.now());
    message.outcome = Outcome::Parked;
    put(store, sent(&message, &[])).await.unwrap();
    message.outcome = Outcome::Refused;
    message.payload = None;
    message.stale.clear();
    put(store, sent(&message, &[])).await.unwrap();
    assert_eq!(store.message(&message.key).await.unwrap(), Some(message));
}

pub(super) async fn the_snapshot_shows_what_a_case_holds_back(subject: &Subject) {
    let store = &*subject.store;
    let (parked, pending, other) = ("m-1", "m-2", "m-3");
    let mut holding = case("d-1");
    holding.parked.push(Held { key: key(parked), until: Some(subject.now()) });
    holding.pending.push(Held { key: key(pending), until: None });
    let mut actions = vec![version(holding, 0)];
    for id in [parked, pending, other] {
        actions.extend(sent(&message(id, None, subject.now()), &[("gemeente-zwolle", 1)]));
    }
    actions.extend(sent(&message("m-4", Some("d-1"), subject.now()), &[("reclassering", 1), ("gemeente-zwolle", 1)]));
    put(store, actions).await.unwrap();

    let seen = look(store, &["d-1"], &[]).await;
    let mut messages: Vec<_> = seen.messages.iter().map(|message| message.key.id.as_str()).collect();
    messages.sort_unstable();
    assert_eq!(messages, [parked, pending], "and not all messages of the case");
    let mut deliveries = super::build::ids(&seen.deliveries);
    deliveries.sort_unstable();
    assert_eq!(deliveries, [parked, pending, "m-4", "m-4"], "of the case and of the held messages, each once");

    put(store, vec![version(case("d-1"), 1)]).await.unwrap();
    assert!(look(store, &["d-1"], &[]).await.messages.is_empty());
}

pub(super) async fn a_batch_folds(subject: &Subject) {
    let (store, now) = (&*subject.store, subject.now());
    let earlier = message("m-0", Some("d-1"), now);
    put(store, [vec![version(case("d-1"), 0)], sent(&earlier, &[("gemeente-zwolle", 1)])].concat()).await.unwrap();
    let cancelled = Stage::new(now).cancel(now, CancelReason::Withdrawn).unwrap();
    let mut last = case("d-1");
    last.record(FactValue::Ended, now, now);
    let mut message = message("m-1", Some("d-1"), now);
    message.digest = "the second writing".to_owned();
    let waits = delivery(&message, "gemeente-zwolle", 2);
    let timer = |id: &str, hours: i64| Timer {
        id: id.to_owned(),
        at: now - jiff::SignedDuration::from_hours(hours),
        detention: "d-1".parse().unwrap(),
    };
    let actions = vec![
        version(case("d-1"), 1),
        Action::SaveMessage(super::build::message("m-1", Some("d-1"), now)),
        Action::AddDelivery(Box::new(waits.clone())),
        version(last.clone(), 2),
        Action::SaveMessage(message.clone()),
        Action::SetStage(waits.id, cancelled.clone()),
        Action::SetStage(delivery(&earlier, "gemeente-zwolle", 1).id, cancelled.clone()),
        Action::AddReceipt(receipt("r-1", "pi-zwolle", now)),
        Action::AddReceipt(receipt("r-1", "pi-zwolle", now)),
        Action::SetTimer(timer("t-1", 1)),
        Action::SetTimer(timer("t-1", 2)),
        Action::SetTimer(timer("t-2", 1)),
        Action::ClearTimer("t-2".to_owned()),
        Action::ClearTimer("t-3".to_owned()),
    ];
    put(store, actions).await.unwrap();
    let seen = look(store, &["d-1"], &["m-1"]).await;
    assert_eq!((seen.cases[0].version, &seen.cases[0].value), (3, &last), "two savings, two versions");
    assert_eq!(seen.messages, [message]);
    assert!(seen.deliveries.len() == 2 && seen.deliveries.iter().all(|delivery| delivery.stage == cancelled));
    assert_eq!(
        (store.receipts(10, ReceiptsOf::Others(&[])).await.unwrap().len(), store.due_timers(10).await.unwrap()),
        (1, vec![timer("t-1", 2)])
    );
}

pub(super) async fn a_stage_for_a_strange_delivery_is_refused(subject: &Subject) {
    let store = &*subject.store;
    let stranger = delivery(&message("m-9", None, subject.now()), "gemeente-zwolle", 1);
    let actions = [sent(&message("m-1", None, subject.now()), &[]), vec![Action::SetStage(stranger.id, stranger.stage)]].concat();
    assert!(matches!(put(store, actions).await, Err(StoreError::Data(_))));
    assert!(look(store, &[], &["m-1"]).await.messages.is_empty());
}

pub(super) async fn a_payload_comes_back_as_it_was(subject: &Subject) {
    let store = &*subject.store;
    let mut message = message("m-1", None, subject.now());
    message.payload = Some(Arc::new(json!({
        "surname": "O\u{0}'Brien \"\\ \u{1F600} \u{feff}", "number": 1.0, "large": u64::MAX, "small": -1e-300, "empty": {}, "none": null, "list": [[], ""],
    })));
    message.sequence = Some(u64::MAX);
    put(store, sent(&message, &[])).await.unwrap();
    assert_eq!(store.message(&message.key).await.unwrap(), Some(message));
}

pub(super) async fn a_refused_row_leaves_nothing(subject: &Subject) {
    let store = &*subject.store;
    let good = message("m-1", None, subject.now());
    // a delivery without its message, and a number that no column holds
    let orphan = delivery(&message("m-2", None, subject.now()), "gemeente-zwolle", 1);
    let far = delivery(&good, "gemeente-zwolle", u64::MAX);
    for bad in [orphan, far] {
        let result = put(store, [sent(&good, &[]), vec![Action::AddDelivery(Box::new(bad))]].concat()).await;
        assert!(matches!(result, Err(StoreError::Data(_))), "{result:?}");
        assert!(look(store, &[], &["m-1"]).await.messages.is_empty());
    }
    put(store, sent(&good, &[("gemeente-zwolle", 1)])).await.unwrap();
}
