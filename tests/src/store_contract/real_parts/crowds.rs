//! Many who take from the same lanes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use schakelpunt_engine::ports::Store;
use tokio::task::JoinSet;

use super::concurrency::{Two, two};
use crate::store_contract::build::{claim, claim_all, confirm, fetch, ids, message, put, room, sent};

const ZWOLLE: &str = "gemeente-zwolle";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_claims_never_give_the_same_delivery() {
    const LANES: u64 = 40;
    const EACH: u64 = 6;
    let Two { one, other, database: _kept } = two().await;
    let now = one.now().await.unwrap();
    let recipients = [ZWOLLE, "gemeente-kampen", "reclassering"];
    for sequence in 1..=EACH {
        let mut actions = Vec::new();
        for lane in 0..LANES {
            let message = message(&format!("m-{lane}-{sequence}"), Some(&format!("d-{lane}")), now);
            actions.extend(sent(&message, &recipients.map(|recipient| (recipient, sequence))));
        }
        put(&*one, actions).await.unwrap();
    }
    let mut workers = JoinSet::new();
    for worker in 0..6 {
        let store = Arc::clone(if worker % 2 == 0 { &one } else { &other });
        workers.spawn(async move {
            let mut taken = Vec::new();
            while store.load().await.unwrap().waiting > 0 {
                let rooms = room(&recipients.map(|recipient| (recipient, 7, true)));
                let claimed = store.claim(&[], 15, &rooms, &mut claim_all).await.unwrap();
                confirm(&*store, &claimed, store.now().await.unwrap()).await;
                taken.extend(claimed);
            }
            taken
        });
    }
    let taken = workers.join_all().await.concat();
    assert_eq!(taken.len() as u64, LANES * EACH * 3);
    assert_eq!(taken.iter().map(|delivery| delivery.id).collect::<BTreeSet<_>>().len(), taken.len(), "each once");
    let mut lanes: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let mut numbers: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for delivery in taken {
        lanes.entry((delivery.recipient.clone(), delivery.detention.clone())).or_default().push((delivery.number, delivery.lane_sequence));
        numbers.entry(delivery.recipient).or_default().push(delivery.number.unwrap());
    }
    for lane in lanes.values_mut() {
        lane.sort_unstable();
        assert!(lane.is_sorted_by_key(|(_, sequence)| *sequence), "numbers go with the lane: {lane:?}");
    }
    for of_one in numbers.values_mut() {
        of_one.sort_unstable();
        assert_eq!(*of_one, (1..=LANES * EACH).collect::<Vec<_>>(), "no gaps");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_fetch_and_a_claim_share_lanes_without_overtaking() {
    let Two { one, other, database: _kept } = two().await;
    for round in 0..15 {
        let now = one.now().await.unwrap();
        for sequence in 1..=3 {
            let message = message(&format!("m-{round}-{sequence}"), Some(&format!("d-{round}")), now);
            put(&*one, sent(&message, &[(ZWOLLE, sequence)])).await.unwrap();
        }
        let (claimed, fetched) = tokio::join!(claim(&*one, &[ZWOLLE]), fetch(&*other, ZWOLLE, round * 3, 9));
        // whoever came first: the fetch gives the whole lane, or only what the claim has in flight
        if !claimed.is_empty() {
            assert_eq!(claimed[0].lane_sequence, 1);
            assert!(fetched.iter().all(|delivery| delivery.lane_sequence == 1), "{:?} overtook", ids(&fetched));
        }
        let rest = fetch(&*other, ZWOLLE, round * 3 + 1, 9).await;
        let rest = if rest.is_empty() { fetch(&*other, ZWOLLE, round * 3 + 1, 9).await } else { rest };
        assert_eq!(rest.iter().map(|delivery| delivery.lane_sequence).collect::<Vec<_>>(), [2, 3]);
        fetch(&*other, ZWOLLE, round * 3 + 3, 9).await;
    }
}
