//! One participant that asks for more than it gets: it is told when to come back, and the others are served meanwhile.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::Method,
};
use futures::stream;
use schakelpunt_gateway::limits::AT_ONCE;
use tokio::task::JoinSet;

use super::rig::{Rig, STRUCTURED, request};

/// A request whose body never ends: it stays under way until it is given up.
fn unending() -> axum::http::Request<Body> {
    let body = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    request(Method::POST, Some("pi-zwolle"), "/v1/events").header("content-type", STRUCTURED).body(body).unwrap()
}

#[tokio::test]
async fn a_flood_gets_429_and_the_others_are_served() {
    let rig = Rig::new().await;
    let mut under_way = JoinSet::new();
    for _ in 0..AT_ONCE {
        under_way.spawn(tower::ServiceExt::oneshot(rig.router.clone(), unending()));
    }
    // each of them has its turn as soon as it was polled once
    let refused = loop {
        let answer = rig.get("pi-zwolle", "/v1/messages/none").await;
        if answer.status == 429 {
            break answer;
        }
        // the question above has a turn, too: whoever was refused because of it comes again
        while under_way.try_join_next().is_some() {
            under_way.spawn(tower::ServiceExt::oneshot(rig.router.clone(), unending()));
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(refused.problem().1, "TOO_MANY_REQUESTS");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(rig.get("gemeente-zwolle", "/v1/subscriptions/gemeente-zwolle/events").await.status, 200);
    assert_eq!(rig.public("/healthz").await.status, 200);
    under_way.shutdown().await;
    let admitted = tokio::time::timeout(Duration::from_secs(60), rig.admit("f-1", "F-1"));
    admitted.await.expect("what was given up is free again");
}
