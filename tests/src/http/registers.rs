//! Registers and desks over HTTP: who may enter what, what counts from then on, who looked.

use axum::{
    body::Body,
    http::{Method, header},
};
use serde_json::{Value, json};

use super::rig::{Answer, Rig, request};

impl Rig {
    async fn enter(&self, who: &str, kind: &str, entry: Value) -> Answer {
        let request = request(Method::POST, Some(who), &format!("/v1/registers/{kind}")).header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(entry.to_string())).unwrap()).await
    }

    async fn look(&self, who: &str, wanted: Value) -> Answer {
        let request = request(Method::POST, Some(who), "/v1/accesses").header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(wanted.to_string())).unwrap()).await
    }

    /// A worker of a participant, entered by the administrator.
    async fn employ(&self, worker: &str, unit: &str) {
        let capacity = json!({"worker": worker, "employer": unit, "acting-for": unit, "role": "nazorgcoordinator", "from": "2024-01-01"});
        assert_eq!(self.enter("beheer", "capacity", capacity).await.status, 201);
    }
}

fn case(worker: &str, capacity: &str) -> Value {
    json!({"reads": "case", "worker": worker, "capacity": capacity, "purpose": "reintegration", "detention": "D-1"})
}

#[tokio::test]
async fn an_administrator_enters_and_lists() {
    let rig = Rig::new().await;
    let mandate = json!({"mandator": "gemeente-helmond", "mandatary": "gemeente-tilburg", "scope": "visit", "from": "2024-01-01"});
    let entered = rig.enter("beheer", "mandate", mandate.clone()).await;
    assert_eq!((entered.status, &entered.json()["entered"], &entered.json()["epoch"]), (201, &json!("mandate"), &json!(2)));
    let ending = json!({"what": {"mandate": {"mandator": "gemeente-helmond", "mandatary": "gemeente-tilburg"}}, "from": "2024-11-01"});
    assert_eq!(rig.enter("beheer", "ending", ending).await.status, 201);
    let of_helmond = |listed: &Value| {
        let entries = listed["entries"].as_array().unwrap().iter();
        entries.filter(|one| one["entry"]["mandator"] == "gemeente-helmond").cloned().collect::<Vec<_>>()
    };
    let now = rig.get("beheer", "/v1/registers/mandate?at=2024-10-31T12:00:00Z").await.json();
    assert_eq!(of_helmond(&now)[0]["entry"]["scope"], json!("visit"));
    assert_eq!(of_helmond(&now)[0]["recorded"], json!("2024-10-08T08:00:00Z"));
    let later = rig.get("beheer", "/v1/registers/mandate?at=2024-11-01T12:00:00Z").await.json();
    assert_eq!(of_helmond(&later).len(), 0);
    let history = rig.get("beheer", "/v1/registers/mandate").await.json();
    assert_eq!(of_helmond(&history).len(), 1, "nothing is taken away");
}

#[tokio::test]
async fn what_makes_no_sense_is_not_entered_and_not_repeated() {
    let rig = Rig::new().await;
    let before = rig.hub.store().registers().await.unwrap().0;
    let wrong = json!({"mandator": "gemeente-helmond", "mandatary": "pi-vught", "scope": "visit", "from": "2024-01-01"});
    let answer = rig.enter("beheer", "mandate", wrong).await;
    assert_eq!(answer.problem(), (400, "INVALID_REQUEST".to_owned(), String::new()));
    let secret = rig.enter("beheer", "mandate", json!({"mandator": "Populier, Tess", "worker": 999_900_134})).await;
    assert_eq!(secret.status, 400);
    assert!(!secret.text().contains("Populier") && !secret.text().contains("999900134"), "{}", secret.text());
    let capacity =
        json!({"worker": "n", "employer": "gemeente-breda", "acting-for": "gemeente-breda", "role": "handhaver", "from": "2024-01-01"});
    let no_desk = rig.enter("beheer", "capacity", capacity).await;
    assert!(no_desk.status == 400 && no_desk.text().contains("a `role` that has a desk in the rules"), "{}", no_desk.text());
    assert_eq!(rig.enter("beheer", "nonsense", json!({})).await.status, 404);
    let twice =
        request(Method::POST, Some("beheer"), "/v1/registers/stop").body(Body::from(r#"{"detention":"a","detention":"b"}"#)).unwrap();
    assert_eq!(rig.send(twice).await.status, 400, "equal keys");
    assert_eq!(rig.hub.store().registers().await.unwrap().0, before);
}

#[tokio::test]
async fn a_participant_asks_and_the_owner_of_the_data_approves() {
    let rig = Rig::new().await;
    let asks = |participant: &str, state: &str| json!({"participant": participant, "events": ["plan-ready"], "state": state});
    assert_eq!(rig.enter("gemeente-zwolle", "subscription", asks("gemeente-zwolle", "requested")).await.status, 201);
    assert_eq!(rig.enter("gemeente-zwolle", "subscription", asks("gemeente-zwolle", "paused")).await.status, 201, "its own to pause");
    assert_eq!(rig.enter("gemeente-zwolle", "subscription", asks("gemeente-breda", "paused")).await.status, 403);
    let filtered = json!({"participant": "gemeente-zwolle", "events": ["*"], "filter": "prison=pi-zwolle"});
    let wrong = rig.enter("gemeente-zwolle", "subscription", filtered).await;
    assert!(wrong.status == 400 && wrong.text().contains("sender=ID") && !wrong.text().contains("pi-zwolle"), "{}", wrong.text());
    assert_eq!(rig.enter("gemeente-zwolle", "subscription", asks("gemeente-breda", "requested")).await.status, 403);
    assert_eq!(rig.enter("gemeente-zwolle", "subscription", asks("gemeente-zwolle", "active")).await.status, 403);
    let approval = |owner: &str| json!({"participant": "gemeente-zwolle", "events": ["*"], "owner": owner});
    for (who, owner, status) in
        [("gemeente-zwolle", "DJI", 403), ("beheer", "DJI", 403), ("beheer-dji", "3RO", 403), ("beheer-dji", "DJI", 201)]
    {
        assert_eq!(rig.enter(who, "approval", approval(owner)).await.status, status, "{who} for {owner}");
    }
    assert_eq!(
        rig.enter("beheer-dji", "stop", json!({"participant": "gemeente-zwolle"})).await.status,
        403,
        "an owner approves, and no more"
    );
    assert_eq!(rig.get("gemeente-zwolle", "/v1/registers/capacity").await.status, 403);
    assert_eq!(rig.public("/v1/registers/capacity").await.status, 401);
}

#[tokio::test]
async fn a_consent_is_recorded_and_taken_back() {
    let rig = Rig::new().await;
    rig.admit("a-1", "D-1").await;
    let consent = |detention: &str| json!({"id": "c-1", "detention": detention, "recipient": "ggz-zwolle", "categories": ["class:HEALTH"], "purpose": "reintegration", "recorded": "2020-01-01T00:00:00Z"});
    assert_eq!(rig.enter("beheer", "consent", consent("D-2")).await.status, 400, "no such case");
    for who in ["gemeente-zwolle", "beheer-dji"] {
        assert_eq!(rig.enter(who, "consent", consent("D-1")).await.status, 403, "{who}: an owner approves, and no more");
    }
    assert_eq!(rig.enter("beheer", "consent", consent("D-1")).await.status, 201);
    let listed = rig.get("beheer", "/v1/registers/consent?detention=D-1").await.json();
    assert_eq!(listed["entries"][0]["recorded"], json!("2024-10-08T08:00:00Z"), "recorded is when the hub recorded it");
    assert_eq!(rig.enter("beheer", "withdrawal", json!({"id": "c-2", "detention": "D-1"})).await.status, 400);
    for who in ["gemeente-zwolle", "beheer-dji"] {
        assert_eq!(rig.enter(who, "withdrawal", json!({"id": "c-1", "detention": "D-1"})).await.status, 403, "{who}");
    }
    assert_eq!(rig.enter("beheer", "withdrawal", json!({"id": "c-1", "detention": "D-1"})).await.status, 201);
    let listed = rig.get("beheer", "/v1/registers/consent?detention=D-1").await.json();
    assert_eq!(listed["entries"][0]["withdrawn_at"], json!("2024-10-08T08:00:00Z"));
    assert_eq!(rig.get("beheer", "/v1/registers/consent").await.status, 400);
}

#[tokio::test]
async fn each_look_is_kept_also_a_refused_one() {
    let rig = Rig::new().await;
    rig.admit("a-1", "D-1").await;
    rig.employ("n", "gemeente-zwolle").await;
    rig.employ("k", "rn-zwolle").await;
    rig.get("gemeente-zwolle", "/v1/subscriptions/gemeente-zwolle/events").await;
    let seen = rig.look("gemeente-zwolle", case("n", "gemeente-zwolle")).await;
    assert_eq!((seen.status, &seen.json()["given"][0]["event"]), (200, &json!("detention-started")));
    assert!(!seen.text().contains("Populier") && !seen.text().contains("999900134"), "fields, and no values");
    let other = rig.look("rn-zwolle", case("k", "gemeente-zwolle")).await;
    assert_eq!((other.status, &other.json()["refusal"]["code"]), (403, &json!("WRONG_CAPACITY")), "another's mailbox");
    let stranger = rig.look("gemeente-zwolle", case("k", "gemeente-zwolle")).await;
    assert_eq!((stranger.status, &stranger.json()["refusal"]["code"]), (403, &json!("WRONG_CAPACITY")));
    let purpose = json!({"reads": "case", "worker": "n", "capacity": "gemeente-zwolle", "purpose": "enforcement", "detention": "D-1"});
    assert_eq!(rig.look("gemeente-zwolle", purpose).await.json()["refusal"]["code"], json!("NO_BASIS"));
    assert_eq!(rig.look("gemeente-zwolle", json!({"reads": "everything"})).await.status, 400);

    let saw = rig.get("beheer", "/v1/accesses?detention=D-1").await.json();
    assert_eq!(saw["given"].as_array().unwrap().len(), 1, "{saw}");
    let codes: Vec<&Value> = saw["accesses"].as_array().unwrap().iter().map(|access| &access["code"]).collect();
    assert_eq!(codes, [&Value::Null, &json!("WRONG_CAPACITY"), &json!("NO_BASIS")], "{saw}");
    assert_eq!(rig.get("gemeente-zwolle", "/v1/accesses?detention=D-1").await.status, 403);
    assert_eq!(rig.get("beheer-dji", "/v1/accesses?detention=D-1").await.status, 403);
    assert_eq!(rig.get("beheer", "/v1/accesses").await.status, 400);
}

#[tokio::test]
async fn a_list_of_visits_and_counts() {
    let rig = Rig::new().await;
    rig.admit("a-1", "D-1").await;
    rig.employ("n", "gemeente-zwolle").await;
    let list =
        json!({"reads": "visit-list", "worker": "n", "capacity": "gemeente-zwolle", "purpose": "reintegration", "prison": "pi-zwolle"});
    let visits = rig.look("gemeente-zwolle", list).await.json();
    assert_eq!(visits["visits"], json!([{"detention": "D-1", "start": "2024-10-07"}]));
    let counts = json!({"reads": "statistics", "worker": "n", "capacity": "gemeente-zwolle", "purpose": "reintegration"});
    let counts = rig.look("gemeente-zwolle", counts).await.json();
    assert_eq!(counts["statistics"]["byPrison"]["pi-zwolle"], Value::Null, "one person is nobody's number");
    let saw = rig.get("beheer", "/v1/accesses?detention=D-1").await.json();
    assert_eq!(saw["accesses"][0]["reads"], json!("visit-list"));
}

/// The SHA-256 of `token-of-a-newcomer`, as an administrator's program works it out.
const DIGEST: &str = "daa8210aa754dc9995a3d48d6e4734d474649059d435e39fbc85c78f911c4104";

#[tokio::test]
async fn a_token_that_is_given_while_the_hub_runs_opens_its_door() {
    let rig = Rig::new().await;
    rig.admit("a-1", "D-1").await;
    let fetched = async || rig.get("a-newcomer", "/v1/subscriptions/gemeente-zwolle/events").await;
    assert_eq!(fetched().await.status, 401);
    let given = json!({"participant": "gemeente-zwolle", "sha256": DIGEST});
    assert_eq!(rig.enter("gemeente-zwolle", "token", given.clone()).await.status, 403);
    assert_eq!(rig.enter("beheer-dji", "token", given.clone()).await.status, 403);
    assert_eq!(rig.enter("beheer", "token", given).await.status, 201);
    assert_eq!(fetched().await.json()[0]["environment"], json!("test"));
    let listed = rig.get("beheer", "/v1/registers/token").await;
    assert_eq!(listed.json()["entries"], json!([{"entry": {"participant": "gemeente-zwolle"}, "recorded": "2024-10-08T08:00:00Z"}]));
    assert!(!listed.text().contains(&DIGEST[..16]), "not even the digest is shown");

    let other = json!({"participant": "gemeente-zwolle", "sha256": "0".repeat(64)});
    assert_eq!(rig.enter("beheer", "token", other).await.status, 201);
    assert_eq!(fetched().await.status, 401, "the one before opens nothing any more");
    for wrong in [
        json!({"participant": "gemeente-nergens", "sha256": DIGEST}),
        json!({"participant": "gemeente-zwolle", "sha256": DIGEST.to_uppercase()}),
        json!({"participant": "gemeente-zwolle", "sha256": "token-of-a-newcomer"}),
        json!({"participant": "gemeente-zwolle"}),
    ] {
        assert_eq!(rig.enter("beheer", "token", wrong).await.status, 400);
    }
}

#[tokio::test]
async fn whoever_is_suspended_sends_nothing_and_is_given_nothing() {
    let rig = Rig::new().await;
    rig.admit("a-1", "D-1").await;
    assert_eq!(rig.enter("beheer", "stop", json!({"participant": "gemeente-zwolle"})).await.status, 201);
    assert_eq!(rig.get("gemeente-zwolle", "/v1/subscriptions/gemeente-zwolle/events").await.json(), json!([]));
    let data = json!({"tbo": {"at": "2024-10-15T10:00:00+02:00", "place": "INSIDE"}});
    let event = rig.event("gemeente-zwolle", "tbo-scheduled", "t-1", "D-1", data).await;
    assert_eq!(rig.offer("gemeente-zwolle", &event).await.problem(), (403, "FORBIDDEN".to_owned(), String::new()));
    assert_eq!(rig.enter("beheer", "lift", json!({"participant": "gemeente-zwolle"})).await.status, 201);
    assert_eq!(rig.offer("gemeente-zwolle", &event).await.status, 202);
}

#[tokio::test]
async fn anybody_stops_a_rule_and_two_start_it() {
    let rig = Rig::new().await;
    let rule = json!({"rule": "detention-started-to-municipality"});
    let slip = rig.enter("beheer", "stop", json!({"rule": "detention-started-to-nobody"})).await;
    assert!(slip.status == 400 && slip.text().contains("a `rule` of the rules in force"), "{}", slip.text());
    assert_eq!(rig.enter("beheer", "stop", json!({"participant": "gemeente-nergens"})).await.status, 400);

    assert_eq!(rig.enter("jurist", "stop", rule.clone()).await.status, 201);
    rig.admit("a-1", "D-1").await;
    let fetch = "/v1/subscriptions/gemeente-zwolle/events";
    assert_eq!(rig.get("gemeente-zwolle", fetch).await.json(), json!([]), "at once");

    let lift = async |who: &str, entry: &Value| rig.enter(who, "lift", entry.clone()).await;
    assert_eq!(lift("gemeente-zwolle", &rule).await.status, 403);
    assert_eq!(lift("beheer", &rule).await.json()["inForce"], json!(false));
    for entry in [rule.clone(), json!({"rule": rule["rule"], "by": "jurist"})] {
        let again = lift("beheer", &entry).await;
        assert!(again.status == 400 && again.text().contains("another person"), "in no other name either: {}", again.text());
    }
    rig.admit("a-2", "D-2").await;
    assert_eq!(rig.get("gemeente-zwolle", fetch).await.json(), json!([]), "one person starts nothing");

    assert_eq!(lift("jurist", &rule).await.json()["inForce"], json!(true));
    rig.admit("a-3", "D-3").await;
    let got = rig.get("gemeente-zwolle", fetch).await.json();
    assert!(got.as_array().unwrap().iter().any(|event| event["subject"] == "D-3"), "{got}");
    let on_record = rig.get("beheer", "/v1/registers/lift").await.json();
    assert_eq!((&on_record["entries"][0]["entry"]["by"], &on_record["entries"][1]["entry"]["by"]), (&json!("beheer"), &json!("jurist")));
}

#[tokio::test]
async fn a_channel_is_tested_by_who_has_it() {
    let rig = Rig::new().await;
    let test = async |who: &str, of: &str| {
        let asked = request(Method::POST, Some(who), &format!("/v1/subscriptions/{of}/tests")).body(Body::empty()).unwrap();
        rig.send(asked).await
    };
    // nobody reads the embedded inbox, which confirms when somebody does
    let found = json!({"channel": "amqp", "works": false, "found": "its inbox took no heartbeat: not for now"});
    assert_eq!(test("gemeente-zwolle", "gemeente-zwolle").await.json(), found);
    assert_eq!(test("beheer", "gemeente-zwolle").await.status, 200);
    assert_eq!(test("gemeente-breda", "gemeente-zwolle").await.status, 403);
    assert_eq!(test("beheer-dji", "gemeente-zwolle").await.status, 403);
    assert_eq!(test("beheer", "gemeente-nergens").await.status, 404);
    rig.enter("beheer", "stop", json!({"participant": "gemeente-zwolle"})).await;
    assert_eq!(test("gemeente-zwolle", "gemeente-zwolle").await.status, 404, "who stands still has no channel");
}

#[tokio::test]
async fn an_address_is_entered_only_where_the_hub_calls() {
    let rig = Rig::new().await;
    let called = json!({"id": "gemeente-zwolle", "kind": "municipality", "oin": "00000099GM0193001000", "channel": "webhook"});
    let nowhere = rig.enter("beheer", "participant", called.clone()).await;
    assert!(nowhere.status == 400 && nowhere.text().contains("`webhook` with an address"), "{}", nowhere.text());
    let mut somewhere = called;
    somewhere["webhook"] = json!({"url": "https://events.gemeente.example/"});
    let nobody = rig.enter("beheer", "participant", somewhere).await;
    assert!(nobody.status == 400 && nobody.text().contains("this hub calls nobody"), "{}", nobody.text());
    let chosen = json!({"participant": "gemeente-zwolle", "events": ["*"], "channel": "webhook"});
    assert_eq!(rig.enter("gemeente-zwolle", "subscription", chosen).await.status, 400, "no address is registered");
}
