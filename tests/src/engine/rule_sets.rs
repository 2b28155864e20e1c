//! Which rules are in force when, and what becomes of what waits.

use jiff::SignedDuration;
use schakelpunt_engine::{
    hub::Doer,
    laws::Halt,
    life::What,
    ports::{Pull, StoreError},
    step::Receipts,
};

use super::explaining::other_law;
use crate::harness::{Rig, fetches, messages::admission, only, to, told, who};

const TOWN: &str = "gemeente-zwolle";
const NOTICE: &str = "d-1-detention-started";

async fn stop(rig: &Rig) {
    let beheer = who("beheer");
    let doer = Doer { name: &beheer, roles: &[], why: "a test" };
    rig.hub.do_for_rules(doer, None, What::Stopped).await.unwrap().unwrap();
}

/// The article on which somebody has it.
async fn basis(rig: &Rig, id: &str) -> String {
    rig.deliveries(id, TOWN).await[0].decision.permit().unwrap().granted[0].basis.to_string()
}

#[tokio::test]
async fn what_waits_is_decided_by_the_rules_of_its_claim() {
    let rig = Rig::new().await;
    rig.down(TOWN);
    rig.give(&admission("d-1")).await;
    assert_eq!(basis(&rig, NOTICE).await, "pm-20d-2");
    rig.activate(&other_law()).await;
    rig.up(TOWN);
    let sent = rig.settle().await;
    assert_eq!((to(&sent, TOWN).len(), basis(&rig, NOTICE).await), (1, "wjsg-51c-2-c".to_owned()));
    assert_eq!(rig.times_decided(NOTICE, TOWN).await, 2);
}

#[tokio::test]
async fn a_process_that_has_not_heard_of_them_decides_nothing_by_the_rules_of_before() {
    let rig = Rig::new().await;
    let other = rig.second_hub().await;
    other.activate(&other_law()).await;
    rig.give(&admission("d-1")).await;
    assert_eq!(basis(&rig, NOTICE).await, "wjsg-51c-2-c");
}

#[tokio::test]
async fn while_all_rules_are_stopped_nothing_leaves_and_nothing_is_lost() {
    let rig = Rig::new().await;
    rig.record(fetches("gemeente-kampen")).await;
    rig.down(TOWN);
    rig.give(&admission("d-1")).await;
    let other = rig.second_hub().await;
    stop(&other).await;
    rig.up(TOWN);
    let stopped = |error: StoreError| assert!(matches!(error, StoreError::NoRules(Halt::Stopped)), "{error}");
    assert_eq!(rig.hub.dispatch().await.unwrap(), 1, "it hears of it, and looks again");
    stopped(rig.hub.dispatch().await.unwrap_err());
    stopped(rig.hub.offer(&[admission("d-2").offer()], Receipts::Send).await.unwrap_err());
    stopped(rig.hub.pull(&Pull { participant: who("gemeente-kampen"), after: 0, limit: 9 }).await.unwrap_err());
    assert_eq!(rig.stages(NOTICE, TOWN).await, ["waiting"]);
    rig.activate(&other_law()).await;
    let sent = rig.settle().await;
    assert_eq!(only(&sent, TOWN).event, "detention-started");
    assert_eq!(told(&rig.give(&admission("d-2")).await), ["gemeente-zwolle < detention-started", "rn-zwolle < detention-started"]);
}

#[tokio::test]
async fn a_version_begins_at_its_instant_and_not_before() {
    let rig = Rig::new().await;
    rig.activate(&other_law()).await;
    let begun = rig.now();
    rig.set(&(begun - SignedDuration::from_micros(1)).to_string());
    rig.give(&admission("d-1")).await;
    rig.set(&begun.to_string());
    rig.give(&admission("d-2")).await;
    assert_eq!([basis(&rig, NOTICE).await, basis(&rig, "d-2-detention-started").await], ["pm-20d-2", "wjsg-51c-2-c"]);
}
