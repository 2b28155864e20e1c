//! A turn of somebody that is called: which receipts, and until when.

use std::time::Duration;

use schakelpunt_engine::{model::Receipt, ports::ReceiptsOf};
use serde_json::Value;

use super::{
    hub::{Rig, WELL, called, events, notices, until},
    sinks::Sink,
};
use crate::harness::{messages::admission, who};

#[tokio::test]
async fn receipts_that_are_never_taken_stand_before_no_other() {
    let picky = Sink::answering(|received| match serde_json::from_slice::<Value>(&received.body) {
        Ok(event) if event["data"]["void"].is_object() => super::sinks::answer(400, &[]),
        _ => super::sinks::answer(204, &[]),
    })
    .await;
    let rig = Rig::with(vec![called(WELL, &format!("http://{}/hook", picky.address), &[1])]).await;
    until("its heartbeat", || async { !events(&picky).is_empty() }).await;
    let now = rig.hub.store().now().await.unwrap();
    let void = |number: u64| Receipt::void_range(&who(WELL), (number, number), now).unwrap();
    let accepted = Receipt { id: "r-1".parse().unwrap(), event: "message-accepted".parse().unwrap(), ..void(1) };
    let receipts: Vec<_> = (1..=9).map(void).chain([Receipt { data: serde_json::json!({}), ..accepted }]).collect();
    rig.hub.store().tell_once(&receipts).await.unwrap();
    until("the one behind them", || async { events(&picky).iter().any(|(_, event)| event["id"] == "r-1") }).await;
    let voids = || events(&picky).iter().filter(|(_, event)| event["data"]["void"].is_object()).count();
    assert_eq!(voids(), 9, "each was tried, once");
    let left = async || rig.hub.store().receipts(99, ReceiptsOf::One(&who(WELL))).await.unwrap().len();
    until("they are tried again later", || async { left().await == 9 }).await;
}

#[tokio::test]
async fn what_is_too_late_for_a_call_is_not_begun_and_waits() {
    let sink = Sink::with(204, &[]).await;
    let entry = called(WELL, &format!("http://{}/hook", sink.address), &[1]);
    let rig = Rig::under(Duration::ZERO, vec![entry]).await;
    rig.offer(vec![admission("d-1")]).await;
    until("it was tried", || async { rig.attempts(WELL).await > 0 }).await;
    assert!(notices(&sink).is_empty());
}
