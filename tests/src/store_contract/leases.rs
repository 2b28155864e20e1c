//! Leases share the work out, and a transaction under a lease that has gone writes nothing. What is claimed at once has its number.

use std::time::Duration;

use schakelpunt_engine::{
    leases::{Lease, LeaseName, ProcessId},
    model::Action,
    ports::StoreError,
};

use super::{
    Subject,
    build::{case, claim_all, delivery, fetch, ids, keys_of, message, room, sent, version},
};

const LIFE: Duration = Duration::from_secs(6);
const ZWOLLE: &str = "gemeente-zwolle";

fn process(name: &str, run: &str) -> ProcessId {
    ProcessId { name: name.to_owned(), run: run.to_owned() }
}

fn queues() -> [LeaseName; 2] {
    ["in.0", "in.1"].map(LeaseName::queue)
}

async fn lease(subject: &Subject, process: &ProcessId) -> Vec<Lease> {
    subject.store.lease(process, &queues(), LIFE).await.unwrap()
}

/// An intake under these leases.
async fn put_under(subject: &Subject, fence: &[Lease], actions: Vec<Action>) -> Result<Option<Vec<String>>, StoreError> {
    let (keys, mut actions) = (keys_of(&actions), Some(actions));
    let claimed = subject.store.intake(fence, &keys, &mut |_| actions.take()).await?;
    Ok(claimed.map(|claimed| claimed.iter().map(|delivery| format!("{} {:?}", delivery.key.id, delivery.number)).collect()))
}

pub(super) async fn leases_are_shared_taken_over_and_given_back(subject: &Subject) {
    let (a, b) = (process("a", "1"), process("b", "1"));
    assert_eq!(lease(subject, &a).await.len(), 2, "who is alone has all");
    assert_eq!(lease(subject, &b).await, []);
    assert_eq!(lease(subject, &a).await.len(), 1, "what is more than its share goes back");
    assert_eq!(lease(subject, &b).await, [Lease { name: LeaseName::queue("in.1"), epoch: 2 }]);
    subject.clock.pass(6);
    assert_eq!(lease(subject, &b).await.len(), 2, "a is gone");
    subject.store.lease(&b, &[], LIFE).await.unwrap();
    assert_eq!(lease(subject, &a).await.len(), 2, "b said goodbye");
}

pub(super) async fn a_restarted_process_has_its_leases_at_once(subject: &Subject) {
    let before = lease(subject, &process("a", "1")).await;
    let after = lease(subject, &process("a", "2")).await;
    assert_eq!(after.len(), 2);
    assert!(before.iter().zip(&after).all(|(before, after)| before.epoch < after.epoch));
}

pub(super) async fn a_lease_that_has_gone_writes_nothing(subject: &Subject) {
    let (store, now) = (&*subject.store, subject.now());
    let old = lease(subject, &process("a", "1")).await;
    assert!(put_under(subject, &old, sent(&message("m-1", None, now), &[(ZWOLLE, 1)])).await.unwrap().is_some());
    let new = lease(subject, &process("a", "2")).await;
    let fenced = put_under(subject, &old, sent(&message("m-2", None, now), &[])).await;
    assert!(matches!(fenced, Err(StoreError::Fenced)), "{fenced:?}");
    let rooms = room(&[(ZWOLLE, 9, true)]);
    let fenced = store.claim(&old, 9, &rooms, &mut claim_all).await;
    assert!(matches!(fenced, Err(StoreError::Fenced)), "{fenced:?}");
    assert!(store.trace(&"m-2".parse().unwrap()).await.unwrap().is_empty());
    assert_eq!(ids(&store.claim(&new, 9, &rooms, &mut claim_all).await.unwrap()), ["m-1"]);
    subject.clock.pass(6);
    let passed = put_under(subject, &new, sent(&message("m-3", None, now), &[])).await;
    assert!(matches!(passed, Err(StoreError::Fenced)), "nobody took it, and yet it has passed: {passed:?}");
}

pub(super) async fn what_is_claimed_at_once_has_its_number(subject: &Subject) {
    let now = subject.now();
    let mut actions = vec![version(case("d-1"), 0)];
    for id in ["m-1", "m-2", "m-3"] {
        let message = message(id, Some("d-1"), now);
        let mut added = delivery(&message, ZWOLLE, 1);
        if id != "m-2" {
            added.stage = added.stage.claim(now, now + jiff::SignedDuration::from_secs(10)).unwrap();
            added.bytes = Some(b"frozen".to_vec());
        }
        actions.extend([Action::SaveMessage(message), Action::AddDelivery(Box::new(added))]);
    }
    let claimed = put_under(subject, &[], actions).await.unwrap();
    assert_eq!(claimed.unwrap(), ["m-1 Some(1)", "m-3 Some(2)"], "what waits is not among them");
    let stored = fetch(&*subject.store, ZWOLLE, 0, 9).await;
    assert!(stored.iter().all(|delivery| delivery.bytes.as_deref() == Some(b"frozen")));
}
