//! Any row that the hub can write is read back as it was.

use std::sync::Arc;

use proptest::{
    prelude::{Just, Strategy, any, prop, prop_oneof},
    strategy::ValueTree,
    test_runner::TestRunner,
};
use serde_json::{Map, Value};

use super::{
    Subject,
    build::{delivery, key, look, message, put},
};
use schakelpunt_domain::stage::Stage;
use schakelpunt_engine::model::Action;

fn payload() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

pub(super) async fn any_message_comes_back(subject: &Subject) {
    let mut runner = TestRunner::deterministic();
    let mut messages = Vec::new();
    for place in 0..200 {
        let mut message = message(&format!("m-{place}"), None, subject.now());
        message.payload = Some(Arc::new(payload().new_tree(&mut runner).unwrap().current()));
        message.sequence = any::<Option<u64>>().new_tree(&mut runner).unwrap().current();
        message.stale = any::<Vec<String>>().new_tree(&mut runner).unwrap().current();
        messages.push(message);
    }
    put(&*subject.store, messages.iter().cloned().map(Action::SaveMessage).collect()).await.unwrap();
    for message in messages {
        assert_eq!(subject.store.message(&message.key).await.unwrap().as_ref(), Some(&message));
    }
}

/// A stage keeps its nanoseconds; what queries compare is whole microseconds.
pub(super) async fn any_instant_comes_back(subject: &Subject) {
    let mut runner = TestRunner::deterministic();
    let message = message("m-1", Some("d-1"), subject.now());
    let mut actions = vec![Action::SaveMessage(message.clone())];
    let mut expected = Vec::new();
    for place in 0..50 {
        let second = (-1_000_000_000..100_000_000_000_i64).new_tree(&mut runner).unwrap().current();
        let nanosecond = (0..1_000_000_000_i32).new_tree(&mut runner).unwrap().current();
        let at = jiff::Timestamp::new(second, nanosecond).unwrap();
        let mut delivery = delivery(&message, &format!("gemeente-{place:02}"), 1);
        delivery.stage = if place % 2 == 0 { Stage::new(at) } else { Stage::HandedOver { at } };
        expected.push(delivery.clone());
        actions.push(Action::AddDelivery(Box::new(delivery)));
    }
    put(&*subject.store, actions).await.unwrap();
    let mut seen = look(&*subject.store, &["d-1"], &[]).await.deliveries;
    seen.sort_by_key(|delivery| delivery.recipient.clone());
    assert_eq!(seen, expected);
    assert_eq!(seen[0].key, key("m-1"));
}
