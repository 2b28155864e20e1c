//! The decision point of OpenID AuthZEN: the answers of the core, for whom they are, and nothing else happens.

use axum::{body::Body, http::Method};
use schakelpunt::show;
use schakelpunt_engine::{
    explain::{By, Why},
    hub,
    ports::Store as _,
};
use serde_json::{Value, json};

use super::rig::{Answer, Rig, request};

const ONE: &str = "/access/v1/evaluation";
const SEVERAL: &str = "/access/v1/evaluations";

async fn post(rig: &Rig, who: &str, path: &str, body: impl Into<Body>) -> Answer {
    let builder = request(Method::POST, Some(who), path).header("content-type", "application/json");
    rig.send(builder.body(body.into()).unwrap()).await
}

async fn ask(rig: &Rig, who: &str, question: &Value) -> Value {
    let answer = post(rig, who, ONE, question.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// The decision, and the code of its reason.
fn short(answer: &Value) -> (bool, &str) {
    (answer["decision"].as_bool().unwrap(), answer["context"]["reason"]["code"].as_str().unwrap_or_default())
}

fn about(to: &str, message: &str) -> Value {
    json!({"subject": {"type": "participant", "id": to}, "action": {"name": "receive"}, "resource": {"type": "message", "id": message}})
}

fn made_up(relation: &str, case: &Value) -> Value {
    json!({
        "subject": {"type": "relation", "id": relation},
        "action": {"name": "receive"},
        "resource": {"type": "case", "id": "made-up", "properties": case},
    })
}

#[tokio::test]
async fn it_says_what_rules_explain_says() {
    let rig = Rig::new().await;
    rig.admit("a-1", "D-1").await;
    let settings = rig.hub.in_force().await.unwrap();
    for (to, code) in [("gemeente-zwolle", "PERMITTED"), ("rn-zwolle", "PERMITTED"), ("gemeente-breda", "NOT_RESPONSIBLE")] {
        let (message, recipient) = ("a-1".parse().unwrap(), to.parse().unwrap());
        let why = Why { message: &message, source: None, to: Some(&recipient), at: None, known: None };
        let explained = show::decision(&hub::answer(&settings, &*rig.store, &why, By::Kept).await.unwrap().unwrap()[0]);
        let answer = ask(&rig, "beheer", &about(to, "a-1")).await;
        assert_eq!(short(&answer), (code == "PERMITTED", code), "{answer}");
        let context = answer["context"].as_object().unwrap();
        for (name, value) in context.iter().filter(|(name, _)| !["reason", "articles", "purpose"].contains(&name.as_str())) {
            assert_eq!(value, &explained[name], "{name}");
        }
        assert_eq!(context.contains_key("fields"), code == "PERMITTED");
        assert_eq!(context["withheld"], explained["withheld"]);
    }
    let first = ask(&rig, "beheer", &about("gemeente-zwolle", "a-1")).await;
    assert_eq!(first["context"]["bases"].as_array().unwrap().len(), first["context"]["articles"].as_array().unwrap().len());
    assert!(first["context"]["reason"]["sentence"]["nl"].is_string(), "{first}");
    assert!(!first.to_string().contains("Populier"), "names of fields, never a value");
}

#[tokio::test]
async fn an_administrator_asks_about_other_moments() {
    let rig = Rig::new().await;
    rig.admit("a-1", "D-1").await;
    let at = |context: Value| {
        let mut question = about("gemeente-zwolle", "a-1");
        question["context"] = context;
        question
    };
    let before = ask(&rig, "jurist", &at(json!({"at": "2020-01-01T00:00:00Z", "time": "2024-10-08T08:00:00Z"}))).await;
    assert!(!before["decision"].as_bool().unwrap(), "{before}");
    assert_eq!(before["context"]["at"], "2020-01-01T00:00:00Z");
    let unknown = ask(&rig, "jurist", &at(json!({"known": "2020-01-01T00:00:00Z"}))).await;
    assert_eq!(short(&unknown), (false, "RULES_NOT_KEPT"));
    let future = post(&rig, "jurist", ONE, at(json!({"known": "2999-01-01T00:00:00Z"})).to_string()).await;
    assert_eq!(future.problem().0, 400);
}

#[tokio::test]
async fn a_made_up_case_is_decided_by_the_rules_in_force() {
    let rig = Rig::new().await;
    let case = json!({"event": "detention-started", "sender": "holding-prison"});
    let given = ask(&rig, "beheer", &made_up("responsible-municipality", &case)).await;
    assert_eq!((short(&given), &given["context"]["rule"]), ((true, "PERMITTED"), &json!("detention-started-to-municipality")));
    assert_eq!(short(&ask(&rig, "beheer", &made_up("care-partner", &case)).await), (false, "NO_BASIS"));
    let titled = json!({"event": "detention-started", "sender": "holding-prison", "title": "VRIS"});
    assert_eq!(short(&ask(&rig, "beheer", &made_up("responsible-municipality", &titled)).await), (false, "OUT_OF_SCOPE_TITLE"));
    let mut early = made_up("responsible-municipality", &case);
    early["context"] = json!({"at": "2019-01-01T00:00:00Z"});
    let early = ask(&rig, "beheer", &early).await;
    assert_eq!((&given["context"]["bases"], &early["context"]["at"]), (&json!(["pm-20d-2"]), &json!("2019-01-01T00:00:00Z")));
    assert_ne!(early["context"]["bases"], given["context"]["bases"], "by the law of then");
    for wrong in [
        json!({"event": "nothing", "sender": "holding-prison"}),
        json!({"event": "detention-started", "sender": "holding-prison", "recipient": "hub"}),
        json!({"event": "detention-started", "sender": "holding-prison", "consnet": "valid"}),
        json!({"event": "detention-started", "sender": "holding-prison", "lacking": ["/nothing"]}),
    ] {
        let answer = post(&rig, "beheer", ONE, made_up("responsible-municipality", &wrong).to_string()).await;
        assert_eq!(answer.problem().0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn several_questions_have_their_defaults_and_their_end() {
    let rig = Rig::new().await;
    rig.admit("a-1", "D-1").await;
    let mut batch = json!({
        "subject": {"type": "participant", "id": "gemeente-zwolle"},
        "action": {"name": "receive"},
        "resource": {"type": "message", "id": "a-1"},
        "evaluations": [{}, {"subject": {"type": "participant", "id": "gemeente-breda"}}, {"action": {"name": "read"}}, {"resource": {"type": "message", "id": "a-2"}}],
    });
    let several = async |batch: &Value| {
        let answer = post(&rig, "beheer", SEVERAL, batch.to_string()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["evaluations"].as_array().unwrap().clone()
    };
    let all = several(&batch).await;
    let codes: Vec<_> = all.iter().map(short).collect();
    assert_eq!(codes, [(true, "PERMITTED"), (false, "NOT_RESPONSIBLE"), (false, ""), (false, "UNKNOWN_MESSAGE")]);
    assert_eq!(all[2]["context"]["error"]["status"], 400, "of this question alone");
    for (semantic, answered) in [("execute_all", 4), ("deny_on_first_deny", 2), ("permit_on_first_permit", 1)] {
        batch["options"] = json!({"evaluations_semantic": semantic});
        assert_eq!(several(&batch).await, all[..answered], "{semantic}");
    }
    batch["evaluations"] = json!([]);
    assert_eq!(post(&rig, "beheer", SEVERAL, batch.to_string()).await.json(), all[0], "one question");
    batch["options"] = json!({"evaluations_semantic": "sometimes"});
    assert_eq!(post(&rig, "beheer", SEVERAL, batch.to_string()).await.problem().0, 400);
    let many = json!({"evaluations": vec![about("gemeente-zwolle", "a-1"); 51]});
    assert_eq!(post(&rig, "beheer", SEVERAL, many.to_string()).await.problem().0, 400);
}

#[tokio::test]
async fn a_participant_asks_about_itself_and_what_it_was_given() {
    let rig = Rig::new().await;
    rig.admit("a-1", "D-1").await;
    let own = about("gemeente-zwolle", "a-1");
    let nothing = ask(&rig, "gemeente-zwolle", &about("gemeente-zwolle", "a-2")).await;
    assert_eq!(short(&nothing), (false, "UNKNOWN_MESSAGE"));
    assert_eq!(ask(&rig, "gemeente-zwolle", &own).await, nothing, "decided, not provided: as if it were not there");
    assert_eq!(ask(&rig, "gemeente-breda", &about("gemeente-breda", "a-1")).await, nothing, "nor for a stranger");
    for odd in ["%20", "a\u{0}", "999990342", "", "../a-1"] {
        assert_eq!(ask(&rig, "gemeente-breda", &about("gemeente-breda", odd)).await, nothing, "{odd}");
    }

    rig.get("gemeente-zwolle", "/v1/subscriptions/gemeente-zwolle/events").await;
    let given = ask(&rig, "gemeente-zwolle", &own).await;
    assert_eq!(short(&given), (true, "PERMITTED"));
    let context = given["context"].as_object().unwrap();
    assert!(!context.contains_key("withheld") && !context.contains_key("rule"), "{given}");

    let refused = async |who: &str, question: &Value| post(&rig, who, ONE, question.to_string()).await.problem();
    assert_eq!(refused("gemeente-zwolle", &about("rn-zwolle", "a-1")).await.0, 403, "about another");
    let mut then = own.clone();
    then["context"] = json!({"at": "2024-10-08T08:00:00Z"});
    assert_eq!(refused("gemeente-zwolle", &then).await.0, 403, "another moment");
    let case = json!({"event": "detention-started", "sender": "holding-prison"});
    assert_eq!(refused("gemeente-zwolle", &made_up("responsible-municipality", &case)).await.0, 403);
    assert_eq!(refused("beheer-dji", &own).await.0, 403, "an administrator for an owner of data");
    let batch = json!({"evaluations": [own, about("rn-zwolle", "a-1")]});
    let several = post(&rig, "gemeente-zwolle", SEVERAL, batch.to_string()).await.json();
    assert_eq!(several["evaluations"][1]["context"]["error"]["status"], 403);
}

#[tokio::test]
async fn what_is_no_question_is_a_problem() {
    let rig = Rig::new().await;
    let mut without = about("gemeente-zwolle", "a-1");
    without.as_object_mut().unwrap().remove("subject");
    let mut otherwise = about("gemeente-zwolle", "a-1");
    otherwise["resource"]["type"] = json!("case");
    for body in ["", "[]", "{", "{\"subject\":1,\"subject\":2}", &without.to_string(), &otherwise.to_string(), &"x".repeat(100_000)] {
        assert_eq!(post(&rig, "beheer", ONE, body.to_owned()).await.problem().0, 400, "{body:.80}");
        assert_eq!(post(&rig, "beheer", SEVERAL, body.to_owned()).await.problem().0, 400, "{body:.80}");
    }
    let nobody = request(Method::POST, None, ONE).body(Body::from(about("gemeente-zwolle", "a-1").to_string())).unwrap();
    assert_eq!(rig.send(nobody).await.problem().0, 401);
}

#[tokio::test]
async fn it_says_where_it_is_and_gives_back_the_id_of_a_request() {
    let rig = Rig::new().await;
    let place = rig.public("/.well-known/authzen-configuration").await.json();
    assert_eq!(place["policy_decision_point"], "https://hub.test");
    assert_eq!(place["access_evaluation_endpoint"], "https://hub.test/access/v1/evaluation");
    assert_eq!(place["access_evaluations_endpoint"], "https://hub.test/access/v1/evaluations");
    for (id, back) in [("q-7", "q-7"), (&*"q".repeat(129), "")] {
        let asked = request(Method::POST, Some("beheer"), ONE).header("x-request-id", id);
        let answer = rig.send(asked.body(Body::from(about("gemeente-zwolle", "a-1").to_string())).unwrap()).await;
        assert_eq!((answer.status, answer.header("x-request-id")), (200, back));
    }
}

#[tokio::test]
async fn nothing_is_recorded() {
    let rig = Rig::new().await;
    rig.admit("a-1", "D-1").await;
    let trace = async || format!("{:?}", rig.store.trace(&"a-1".parse().unwrap()).await.unwrap());
    let before = trace().await;
    ask(&rig, "beheer", &about("gemeente-zwolle", "a-1")).await;
    ask(&rig, "beheer", &about("gemeente-breda", "a-1")).await;
    assert_eq!(trace().await, before);
}
