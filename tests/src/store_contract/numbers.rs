//! What recipients are told of their running numbers.

use std::collections::BTreeMap;

use schakelpunt_domain::stage::Stage;
use schakelpunt_engine::{
    model::{ClaimContext, Receipt, Verdict},
    ports::{Pull, ReceiptsOf, Store},
};

use super::{
    Subject,
    build::{claim, confirm, end_all, fetch, ids, message, put, receipt, room, sent, went, who},
};

const ZWOLLE: &str = "gemeente-zwolle";
const KAMPEN: &str = "gemeente-kampen";
const OMMEN: &str = "gemeente-ommen";

async fn send(subject: &Subject, to: &str, messages: &[&str]) {
    for (place, id) in messages.iter().enumerate() {
        let actions = sent(&message(id, Some(&format!("d-{id}")), subject.now()), &[(to, place as u64)]);
        put(&*subject.store, actions).await.unwrap();
    }
}

async fn head(store: &dyn Store, id: &str) -> Option<u64> {
    store.heads().await.unwrap().remove(&who(id))
}

pub(super) async fn heads_stand_below_what_is_open_or_untold(subject: &Subject) {
    let store = &*subject.store;
    assert_eq!(store.heads().await.unwrap(), BTreeMap::new());
    send(subject, ZWOLLE, &["m-1", "m-2", "m-3"]).await;
    send(subject, KAMPEN, &["n-1"]).await;
    let claimed = claim(store, &[ZWOLLE]).await;
    assert_eq!(head(store, ZWOLLE).await, Some(0), "nothing was handed over");
    confirm(store, &claimed[..1], subject.now()).await;
    confirm(store, &claimed[2..], subject.now()).await;
    assert_eq!((head(store, ZWOLLE).await, head(store, KAMPEN).await), (Some(1), None));
    confirm(store, &claimed[1..2], subject.now()).await;
    assert_eq!(head(store, ZWOLLE).await, Some(3));
    let void = Receipt::void(&claimed[1], subject.now()).unwrap();
    store.tell_once(std::slice::from_ref(&void)).await.unwrap();
    assert_eq!(head(store, ZWOLLE).await, Some(1), "what is void is to be told first");
    store.receipts_told(std::slice::from_ref(&void.id)).await.unwrap();
    assert_eq!(head(store, ZWOLLE).await, Some(3));
    store.tell_once(&[void]).await.unwrap();
    assert!(store.receipts(9, ReceiptsOf::Others(&[])).await.unwrap().is_empty(), "once");
}

pub(super) async fn what_ends_with_a_number_leaves_its_void(subject: &Subject) {
    let store = &*subject.store;
    send(subject, ZWOLLE, &["m-1", "m-2"]).await;
    let claimed = claim(store, &[ZWOLLE]).await;
    let failed: Vec<_> = claimed.iter().map(|one| went(one, |stage| stage.back_off(subject.now()).unwrap())).collect();
    store.settle(&failed).await.unwrap();
    let ended = store.claim(&[], 9, &room(&[(ZWOLLE, 1, true)]), &mut end_all).await.unwrap();
    assert!(ended.is_empty());
    let told = store.receipts(9, ReceiptsOf::Others(&[])).await.unwrap();
    assert_eq!(told, [Receipt::void(&claimed[0], subject.now()).unwrap()]);
}

pub(super) async fn some_receipts_are_told_apart(subject: &Subject) {
    let store = &*subject.store;
    let receipts = [("r-1", ZWOLLE), ("r-2", KAMPEN), ("r-3", ZWOLLE)].map(|(id, to)| receipt(id, to, subject.now()));
    store.tell_once(&receipts).await.unwrap();
    let of = async |of: ReceiptsOf<'_>| {
        let told = store.receipts(9, of).await.unwrap();
        told.iter().map(|receipt| receipt.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(of(ReceiptsOf::One(&who(ZWOLLE))).await, ["r-1", "r-3"]);
    assert_eq!(of(ReceiptsOf::Others(&[who(ZWOLLE), who(OMMEN)])).await, ["r-2"]);
    assert_eq!(of(ReceiptsOf::Others(&[])).await, ["r-1", "r-2", "r-3"]);
    let void = Receipt::void_range(&who(ZWOLLE), (1, 1), subject.now()).unwrap();
    store.tell_once(std::slice::from_ref(&void)).await.unwrap();
    assert_eq!(of(ReceiptsOf::Voids(&who(ZWOLLE))).await, [void.id.to_string()]);
    assert!(of(ReceiptsOf::Voids(&who(KAMPEN))).await.is_empty());
    store.receipts_told(&[void.id]).await.unwrap();
    let asked = [KAMPEN, OMMEN, ZWOLLE].map(who);
    assert_eq!(store.untold(&asked).await.unwrap(), [KAMPEN, ZWOLLE].map(who).into());
    store.receipts_told(&["r-1", "r-3"].map(|id| id.parse().unwrap())).await.unwrap();
    assert_eq!(store.untold(&asked).await.unwrap(), [who(KAMPEN)].into());
    assert!(store.untold(&[]).await.unwrap().is_empty());
}

pub(super) async fn a_full_fetch_reaches_no_further_than_it_took(subject: &Subject) {
    let store = &*subject.store;
    send(subject, OMMEN, &["m-1", "m-2", "m-3"]).await;
    assert_eq!(fetch(store, OMMEN, 0, 9).await.len(), 3);
    let leave = |context: ClaimContext| Some(context.candidates.iter().map(|_| Verdict::Leave).collect());
    let pull = |limit| Pull { participant: who(OMMEN), after: 0, limit };
    let few = store.pull(&pull(2), &mut { leave }).await.unwrap();
    assert_eq!((few.reached, few.voids(0)), (2, vec![(1, 2)]));
    let all = store.pull(&pull(9), &mut { leave }).await.unwrap();
    assert_eq!((all.reached, all.voids(0)), (3, vec![(1, 3)]));
}

pub(super) async fn a_pause_is_written(subject: &Subject) {
    let store = &*subject.store;
    send(subject, ZWOLLE, &["m-1"]).await;
    let later = subject.now() + jiff::SignedDuration::from_secs(60);
    let mut pause = |context: ClaimContext| {
        let waits = context.candidates.into_iter().map(|candidate| {
            let mut delivery = candidate.delivery;
            delivery.stage = Stage::Waiting { not_before: later, attempts: 1 };
            Verdict::Wait(Box::new(delivery), None)
        });
        Some(waits.collect())
    };
    assert!(store.claim(&[], 9, &room(&[(ZWOLLE, 9, true)]), &mut pause).await.unwrap().is_empty());
    assert!(claim(store, &[ZWOLLE]).await.is_empty(), "not before its instant");
    subject.clock.pass(60);
    let claimed = claim(store, &[ZWOLLE]).await;
    assert_eq!((ids(&claimed), claimed[0].number), (vec!["m-1"], Some(1)));
}
