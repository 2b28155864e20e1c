//! The producer keeps its message until it has the receipt: so there is one for every outcome.

use schakelpunt_domain::RejectionCode;
use schakelpunt_engine::step::{Receipts, Reported};
use serde_json::json;

use crate::harness::{
    Rig,
    messages::{admission, consent_given, consent_withdrawn, meeting, release_date, screening},
    rejected,
};

fn names(receipts: &[(String, serde_json::Value)]) -> Vec<&str> {
    receipts.iter().map(|(event, _)| event.as_str()).collect()
}

#[tokio::test]
async fn what_was_accepted_together_is_told_together() {
    let rig = Rig::new().await;
    rig.batch(&[admission("d-1"), admission("d-2")]).await;
    let receipts = rig.receipts("pi-zwolle").await;
    assert_eq!(names(&receipts), ["message-accepted"]);
    let ids: Vec<_> = receipts[0].1["messages"].as_array().unwrap().iter().map(|key| key["id"].clone()).collect();
    assert_eq!(ids, ["d-1-detention-started", "d-2-detention-started"]);
}

#[tokio::test]
async fn a_refusal_names_relations_and_codes_and_nobody() {
    let rig = Rig::at("2021-06-18T10:00:00+02:00").await;
    rig.batch(&[admission("d-1"), screening("d-1", &[("HOUSING", "MISSING")])]).await;
    let receipts = rig.receipts("pi-zwolle").await;
    let (_, refused) = receipts.iter().find(|(event, _)| event == "message-refused").unwrap();
    assert_eq!(refused["message"]["id"], "d-1-screening-completed");
    assert_eq!(refused["refusals"][0]["relation"], "responsible-municipality");
    assert_eq!(refused["refusals"][0]["code"], "CONSENT_MISSING");
    assert!(refused["refusals"][0]["sentence"]["nl"].is_string());
    let text = refused.to_string();
    assert!(!text.contains("gemeente-zwolle") && !text.contains("rn-zwolle"), "{text}");
}

#[tokio::test]
async fn a_rejection_at_the_door_names_code_and_place_and_echoes_nothing() {
    let rig = Rig::new().await;
    let wrong =
        release_date("d-1", "2024-12-01").with("release", json!({"date": "zomaar", "kind": "END_OF_SENTENCE", "certainty": "FIRM"}));
    assert_eq!(rejected(&rig.take(&wrong).await), RejectionCode::SchemaInvalid);
    let receipts = rig.receipts("pi-zwolle").await;
    assert_eq!(names(&receipts), ["message-rejected"]);
    assert_eq!(receipts[0].1["code"], "SCHEMA_INVALID");
    assert_eq!(receipts[0].1["pointer"], "/data/release/date");
    assert!(!receipts[0].1.to_string().contains("zomaar"));
}

#[tokio::test]
async fn a_rejection_behind_the_door_is_told_too() {
    let rig = Rig::new().await;
    assert_eq!(rejected(&rig.take(&screening("d-9", &[("HOUSING", "MISSING")])).await), RejectionCode::UnknownDetention);
    let receipts = rig.receipts("pi-zwolle").await;
    assert_eq!((names(&receipts), &receipts[0].1["code"]), (vec!["message-rejected"], &json!("UNKNOWN_DETENTION")));
}

#[tokio::test]
async fn somebody_who_has_nothing_to_do_with_a_case_does_not_learn_that_it_exists() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    let known = rig.take(&meeting("d-1").by("gemeente-epe").id("m-1")).await;
    let unknown = rig.take(&meeting("d-9").by("gemeente-epe").id("m-2")).await;
    assert_eq!(known.outcome, unknown.outcome);
    assert_eq!(rejected(&known), RejectionCode::UnknownDetention);
}

#[tokio::test]
async fn a_parked_message_is_told_of_when_its_fate_is_known() {
    let rig = Rig::new().await;
    rig.take(&release_date("d-1", "2024-12-01").sequence(2)).await;
    assert!(rig.receipts("pi-zwolle").await.is_empty());
    rig.take(&admission("d-1")).await;
    let receipts = rig.receipts("pi-zwolle").await;
    let accepted: Vec<_> = receipts.iter().map(|(event, data)| (event.as_str(), data["messages"][0]["id"].as_str().unwrap())).collect();
    assert_eq!(accepted, [("message-accepted", "d-1-release-date-set"), ("message-accepted", "d-1-detention-started")]);
}

/// What the municipality is told of its withdrawal of a consent for this recipient: the codes of the remarks, each with its message.
async fn remarks(on: &str, recipient: &str) -> Vec<String> {
    let rig = Rig::at(on).await;
    rig.take(&admission("d-1")).await;
    rig.take(&consent_given("d-1", "c-1", recipient)).await;
    rig.batch(&[consent_given("d-1", "c-2", "ggz-zwolle").sequence(2), consent_withdrawn("d-1", "c-1")]).await;
    let receipts = rig.receipts("gemeente-zwolle").await;
    let (_, told) = receipts.iter().find(|(_, data)| data["messages"].as_array().is_some_and(|keys| keys.len() == 2)).unwrap();
    let one = |remark: &serde_json::Value| format!("{} {}", remark["message"]["id"].as_str().unwrap(), remark["code"].as_str().unwrap());
    told["remarks"].as_array().into_iter().flatten().map(one).collect()
}

#[tokio::test]
async fn who_withdraws_a_consent_that_is_not_the_basis_is_told_so() {
    let not_the_basis = ["d-1-withdrawn-c-1 RECORDED_NOT_THE_BASIS"];
    for told_by_law in ["pi-zwolle", "gemeente-zwolle", "rn-zwolle"] {
        assert_eq!(remarks("2021-07-01T00:00:00+02:00", told_by_law).await, not_the_basis, "{told_by_law}");
        assert!(remarks("2021-06-30T23:59:59+02:00", told_by_law).await.is_empty(), "{told_by_law}: it was the basis");
    }
    for by_consent in ["ggz-zwolle", "gemeente-kampen", "pi-lelystad"] {
        assert!(remarks("2024-09-04T08:00:00+02:00", by_consent).await.is_empty(), "{by_consent} is told nothing by law");
    }
}

#[tokio::test]
async fn a_withdrawal_that_does_not_know_its_consent_says_for_whom_it_was() {
    let rig = Rig::new().await;
    rig.take(&admission("d-1")).await;
    let names = consent_withdrawn("d-1", "c-1").with("consent", json!({"id": "c-1", "recipient": "rn-zwolle"}));
    let first = rig.take(&names).await.remarks();
    assert_eq!(first[0]["code"], "RECORDED_NOT_THE_BASIS");
    assert!(first[0]["sentence"]["nl"].is_string());
    assert_eq!(rig.take(&names).await.remarks(), first, "the same bytes, the same answer");
    assert!(rig.take(&consent_withdrawn("d-1", "c-2")).await.remarks().is_empty(), "nobody knows for whom");
}

#[tokio::test]
async fn a_channel_that_answers_by_itself_needs_no_receipt() {
    let rig = Rig::new().await;
    let reports = rig.hub.offer(&[admission("d-1").offer()], Receipts::Answered).await.unwrap();
    assert_eq!(reports[0].outcome, Reported::Accepted);
    assert!(rig.receipts("pi-zwolle").await.is_empty());
}

#[tokio::test]
async fn a_receipt_is_told_once() {
    let rig = Rig::new().await;
    rig.take(&admission("d-1")).await;
    rig.receipts("pi-zwolle").await;
    assert_eq!(rig.receipts("pi-zwolle").await.len(), 1);
}
