//! A fetch over HTTP: the cursor confirms, a whole lane comes at once, an old cursor gives again.

use schakelpunt_domain::stage::{BlockReason, Stage};
use schakelpunt_engine::{
    model::{ClaimContext, Receipt, Verdict},
    ports::{Pull, ReceiptsOf},
};

use super::{
    Subject,
    build::{LEASE, claim, claim_all, confirm, fetch, give_all, ids, look, message, put, room, sent, went, who},
};

const OMMEN: &str = "gemeente-ommen";

async fn send(subject: &Subject, detention: &str, messages: &[&str]) {
    for (place, id) in messages.iter().enumerate() {
        put(&*subject.store, sent(&message(id, Some(detention), subject.now()), &[(OMMEN, place as u64 + 1)])).await.unwrap();
    }
}

fn numbers(deliveries: &[schakelpunt_engine::model::Delivery]) -> Vec<u64> {
    deliveries.iter().map(|delivery| delivery.number.unwrap()).collect()
}

pub(super) async fn a_whole_lane_in_order(subject: &Subject) {
    let store = &*subject.store;
    send(subject, "d-2", &["m-1", "m-2", "m-3"]).await;
    send(subject, "d-1", &["n-1", "n-2"]).await;
    let given = fetch(store, OMMEN, 0, 100).await;
    assert_eq!(ids(&given), ["m-1", "m-2", "m-3", "n-1", "n-2"]);
    assert_eq!(numbers(&given), [1, 2, 3, 4, 5]);
    assert!(given.iter().all(|delivery| delivery.bytes.is_some() && delivery.stage.word() == "handed-over"));
    send(subject, "d-3", &["o-1"]).await;
    assert_eq!(ids(&fetch(store, OMMEN, 5, 100).await), ["o-1"]);
}

pub(super) async fn the_cursor_marks_received(subject: &Subject) {
    let store = &*subject.store;
    send(subject, "d-1", &["m-1", "m-2"]).await;
    fetch(store, OMMEN, 0, 100).await;
    subject.clock.pass(1);
    send(subject, "d-2", &["n-1"]).await;
    assert_eq!(ids(&fetch(store, OMMEN, 2, 100).await), ["n-1"]);
    let received = Stage::Received { at: subject.now() };
    let stages: Vec<_> = look(store, &["d-1"], &[]).await.deliveries.into_iter().map(|delivery| delivery.stage).collect();
    assert_eq!(stages, [received.clone(), received], "what a fetch gave is handed over with its answer: there is nothing to settle");
    assert!(fetch(store, OMMEN, 3, 100).await.is_empty(), "with nothing to give the cursor counts too");
    assert_eq!(look(store, &["d-2"], &[]).await.deliveries[0].stage.word(), "received");
}

pub(super) async fn the_cursor_says_nothing_of_what_another_channel_claimed(subject: &Subject) {
    let store = &*subject.store;
    send(subject, "d-1", &["m-1", "m-2"]).await;
    send(subject, "d-2", &["n-1"]).await;
    let claimed = claim(store, &[OMMEN]).await;
    assert_eq!((ids(&claimed), numbers(&claimed)), (vec!["m-1", "n-1"], vec![1, 2]));
    confirm(store, &claimed[1..], subject.now()).await;
    let pull = Pull { participant: who(OMMEN), after: 2, limit: 100 };
    let early = store.pull(&pull, &mut give_all).await.unwrap();
    assert_eq!((early.given.len(), early.head), (0, 0), "nobody knows yet whether m-1 came");
    assert_eq!(look(store, &["d-1"], &[]).await.deliveries[0].stage.word(), "claimed");
    assert_eq!(look(store, &["d-2"], &[]).await.deliveries[0].stage.word(), "received");
    subject.clock.pass(LEASE);
    let again = store.pull(&pull, &mut give_all).await.unwrap();
    assert_eq!((ids(&again.given), numbers(&again.given)), (vec!["m-1", "m-2"], vec![3, 4]), "what may not have come comes, in order");
    assert_eq!(again.given[0].bytes, claimed[0].bytes, "with the same bytes");
    assert_eq!(again.head, 4, "under a number that the next cursor can confirm");
    let voids = store.receipts(9, ReceiptsOf::Voids(&who(OMMEN))).await.unwrap();
    assert_eq!(voids, [Receipt::void_range(&who(OMMEN), (1, 1), subject.now()).unwrap()], "the old one is void");
    confirm(store, &claimed[..1], subject.now()).await;
    assert!(fetch(store, OMMEN, 4, 100).await.is_empty());
    assert_eq!(look(store, &["d-1"], &[]).await.deliveries[0].stage.word(), "received");
}

pub(super) async fn an_old_cursor_gives_again(subject: &Subject) {
    let store = &*subject.store;
    send(subject, "d-1", &["m-1", "m-2", "m-3"]).await;
    let given = fetch(store, OMMEN, 0, 100).await;
    fetch(store, OMMEN, 2, 100).await;
    send(subject, "d-2", &["n-1"]).await;
    let mut seen = Vec::new();
    let pull = Pull { participant: who(OMMEN), after: 1, limit: 100 };
    let mut decide = |context: ClaimContext| {
        seen = context.candidates.iter().map(|candidate| candidate.delivery.stage.word()).collect();
        claim_all(context)
    };
    let again = store.pull(&pull, &mut decide).await.unwrap().given;
    assert_eq!(seen, ["received", "handed-over", "waiting"], "each is asked about");
    assert_eq!((ids(&again), numbers(&again)), (vec!["m-2", "m-3", "n-1"], vec![2, 3, 4]));
    assert_eq!((&again[0].bytes, &again[1].bytes), (&given[1].bytes, &given[2].bytes), "the same bytes");
    let left = store.pull(&pull, &mut |context| Some(context.candidates.iter().map(|_| Verdict::Leave).collect())).await.unwrap();
    assert_eq!((left.given.len(), left.voids(1)), (0, vec![(2, 3)]), "what is not given again is void, and what is under way is not");
    let pull = Pull { after: 3, ..pull };
    let left = store.pull(&pull, &mut |context| Some(context.candidates.iter().map(|_| Verdict::Leave).collect())).await.unwrap();
    assert_eq!((left.given.len(), left.voids(3), left.reached, left.open), (0, Vec::new(), 4, vec![4]));
    assert_eq!(look(store, &["d-1"], &[]).await.deliveries[2].stage.word(), "received", "the cursor counts whatever is given");
    assert!(store.pull(&pull, &mut |_| None).await.unwrap().given.is_empty());
}

pub(super) async fn what_is_claimed_or_blocked_holds_its_lane(subject: &Subject) {
    let store = &*subject.store;
    send(subject, "d-1", &["m-1"]).await;
    let claimed = claim(store, &[OMMEN]).await;
    put(store, sent(&message("m-2", Some("d-1"), subject.now()), &[(OMMEN, 2)])).await.unwrap();
    assert!(fetch(store, OMMEN, 1, 100).await.is_empty(), "in flight, so nothing after it");
    assert_eq!(ids(&fetch(store, OMMEN, 0, 100).await), ["m-1"], "asked for, given");
    confirm(store, &claimed, subject.now()).await;
    assert_eq!(ids(&fetch(store, OMMEN, 0, 100).await), ["m-1", "m-2"], "a late answer changes nothing, and the lane goes on");
    fetch(store, OMMEN, 2, 100).await;

    send(subject, "d-2", &["n-1", "n-2"]).await;
    let claimed = store.claim(&[], 1, &room(&[(OMMEN, 1, true)]), &mut claim_all).await.unwrap();
    assert_eq!(ids(&claimed), ["n-1"]);
    store.settle(&[went(&claimed[0], |stage| stage.block(subject.now(), BlockReason::Refused).unwrap())]).await.unwrap();
    assert!(fetch(store, OMMEN, 9, 100).await.is_empty(), "a blocked lane waits for a person");
}

pub(super) async fn the_limit_goes_on(subject: &Subject) {
    let store = &*subject.store;
    send(subject, "d-1", &["m-1", "m-2", "m-3"]).await;
    send(subject, "d-2", &["n-1", "n-2"]).await;
    let (mut cursor, mut all) = (0, Vec::new());
    loop {
        let given = fetch(store, OMMEN, cursor, 2).await;
        let Some(last) = given.last() else { break };
        assert!(given.len() <= 2);
        cursor = last.number.unwrap();
        all.extend(ids(&given).into_iter().map(str::to_owned));
    }
    assert_eq!((all, cursor), (["m-1", "m-2", "m-3", "n-1", "n-2"].map(str::to_owned).to_vec(), 5));
    assert_eq!(ids(&fetch(store, OMMEN, 1, 3).await), ["m-2", "m-3", "n-1"], "an old cursor has its limit too");
    assert!(fetch(store, OMMEN, u64::MAX, 3).await.is_empty());
    assert!(fetch(store, OMMEN, 0, 0).await.is_empty());
}

pub(super) async fn other_participants_are_not_touched(subject: &Subject) {
    let store = &*subject.store;
    put(store, sent(&message("m-1", Some("d-1"), subject.now()), &[(OMMEN, 1), ("gemeente-zwolle", 1)])).await.unwrap();
    let theirs = claim(store, &["gemeente-zwolle"]).await;
    confirm(store, &theirs, subject.now()).await;
    assert!(fetch(store, "gemeente-kampen", 0, 9).await.is_empty());
    assert_eq!(numbers(&fetch(store, OMMEN, 99, 9).await), [1]);
    let stages: Vec<_> = look(store, &["d-1"], &[]).await.deliveries;
    assert!(stages.iter().all(|delivery| delivery.stage.word() == "handed-over"));
}
