//! What holds for all operations: paths, methods, headers, description, schemas, health. (Headers and problems: see `documented`.)

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use serde_json::json;
use tokio::sync::oneshot;

use super::rig::{Rig, STRUCTURED, request, token};

#[tokio::test]
async fn what_is_not_served_is_a_problem_too() {
    let rig = Rig::new().await;
    for path in
        ["/", "/v1", "/v2/events", "/v1/events/", "/healthz/", "/v1/messages/", "/v1/messages/a/", "/v1/schemas/events", "//healthz"]
    {
        assert_eq!(rig.public(path).await.problem().1, "NOT_FOUND", "{path}");
    }
    assert_eq!(rig.get("pi-zwolle", "/v1/messages/%FF").await.problem().1, "INVALID_REQUEST");
}

#[tokio::test]
async fn another_method_hears_which_ones_are_served() {
    let rig = Rig::new().await;
    let cases = [
        (Method::GET, "/v1/events", "POST"),
        (Method::POST, "/v1/messages/a-1", "GET,HEAD"),
        (Method::DELETE, "/v1/subscriptions/gemeente-zwolle/events", "GET,HEAD"),
        (Method::OPTIONS, "/openapi.json", "GET,HEAD"),
    ];
    for (method, path, allow) in cases {
        let answer = rig.send(request(method, Some("pi-zwolle"), path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.problem().1, "METHOD_NOT_ALLOWED", "{path}");
        assert_eq!(answer.header("allow"), allow, "{path}");
    }
    let head = rig.send(request(Method::HEAD, None, "/healthz").body(Body::empty()).unwrap()).await;
    assert!(head.status == 200 && head.body.is_empty());
}

#[tokio::test]
async fn the_description_is_open_to_everybody_and_names_this_place() {
    let rig = Rig::new().await;
    let answer = rig.public("/openapi.json").await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, "*"));
    assert_eq!(answer.json()["servers"], json!([{"url": "https://hub.test/v1"}]));
    assert_eq!(rig.public("/v1/openapi.json").await.body, answer.body);
}

#[tokio::test]
async fn schemas_are_public_and_every_event_has_two() {
    let rig = Rig::new().await;
    for spec in rig.hub.settings().catalogue.iter() {
        let producer = rig.public(&format!("/v1/schemas/events/{}", spec.name)).await.json();
        assert_eq!(producer["x-event"]["name"], json!(spec.name));
        let recipient = rig.public(&format!("/v1/schemas/recipients/{}", spec.name)).await.json();
        assert_eq!(recipient["$id"], json!(spec.recipient_uri));
        assert_eq!(recipient.get("required"), None);
    }
    for unknown in ["no-such-event", "..", "Detention", "a%2Fb"] {
        assert_eq!(rig.public(&format!("/v1/schemas/events/{unknown}")).await.problem().1, "NOT_FOUND", "{unknown}");
    }
}

#[tokio::test]
async fn ready_is_more_than_alive() {
    let rig = Rig::new().await;
    assert_eq!((rig.public("/healthz").await.status, rig.public("/readyz").await.status), (200, 503));
    rig.readiness.set(true);
    assert_eq!(rig.public("/readyz").await.status, 200);
    rig.readiness.set(false);
    assert_eq!(rig.public("/readyz").await.problem().1, "UNAVAILABLE");
    rig.readiness.set(true);
    rig.store.close().await;
    let answer = rig.public("/readyz").await;
    assert_eq!((answer.status, &answer.json()["detail"]), (503, &json!("the store cannot be reached")));
    assert_eq!(rig.public("/healthz").await.status, 200);
}

#[tokio::test]
async fn it_serves_on_a_socket_until_it_is_told_to_end() {
    let rig = Rig::new().await;
    let event = rig.admission("a-1", "D-1").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = schakelpunt_gateway::serve(listener, rig.router.clone(), async { drop(stopped.await) });
    let client = async {
        let client = reqwest::Client::new();
        let offer = client.post(format!("{place}/v1/events")).bearer_auth(token("pi-zwolle")).header("content-type", STRUCTURED);
        assert_eq!(offer.body(event.to_string()).send().await.unwrap().status(), StatusCode::ACCEPTED);
        let fetch = client.get(format!("{place}/v1/subscriptions/gemeente-zwolle/events")).bearer_auth(token("gemeente-zwolle"));
        assert!(fetch.send().await.unwrap().text().await.unwrap().contains("Populier"));
        drop(client);
        stop.send(()).unwrap();
    };
    let (served, ()) = tokio::join!(serving, client);
    served.unwrap();
}
