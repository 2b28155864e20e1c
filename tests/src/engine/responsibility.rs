//! Who is concerned: mandates, triage, settlement, units, transfers, and whose case it is.

use schakelpunt_domain::RejectionCode;
use schakelpunt_engine::{ports::Published::Uncertain, step::Reported};
use serde_json::json;

use crate::harness::{
    Rig, mandate,
    messages::{
        Message, admission, admission_of_nowhere, release_date, release_date_changed, responsible, screening, settles, transfer,
        unit_assigned,
    },
    only, rejected, to, told,
};

#[tokio::test]
async fn who_has_a_mandate_gets_it_on_behalf_of_the_mandator() {
    let rig = Rig::new().await;
    let sent = rig.give(&admission("d-1").by("pi-vught").of("0826")).await;
    let notice = only(&sent, "gemeente-breda");
    assert_eq!(notice.attribute("onbehalfof"), "gemeente-oosterhout");
    assert!(to(&sent, "gemeente-oosterhout").is_empty(), "the mandator gets no copy");
}

/// Kampen acts for Zwolle until the end of the day.
async fn until_midnight() -> Rig {
    let rig = Rig::at("2024-09-04T23:59:50+02:00").await;
    rig.record(mandate("gemeente-zwolle", "gemeente-kampen", Some("2024-09-05"))).await;
    rig
}

#[tokio::test]
async fn what_waits_when_a_mandate_ends_goes_to_the_mandator_in_order() {
    let rig = until_midnight().await;
    rig.down("gemeente-kampen");
    rig.give(&admission("d-1")).await;
    rig.give(&release_date("d-1", "2024-12-01").sequence(2)).await;
    rig.set("2024-09-05T00:00:00+02:00");
    rig.up("gemeente-kampen");
    let sent = rig.settle().await;
    let mandator: Vec<_> = to(&sent, "gemeente-zwolle").iter().map(|one| one.event.as_str()).collect();
    assert_eq!(mandator, ["case-passed-on", "detention-started", "release-date-set"], "nothing is lost");
    assert!(to(&sent, "gemeente-zwolle").iter().all(|one| one.attribute("onbehalfof").is_empty()));
    assert_eq!(rig.stages("d-1-detention-started", "gemeente-kampen").await, ["cancelled"]);
}

#[tokio::test]
async fn what_was_uncertain_when_a_mandate_ended_is_recalled_and_goes_to_the_mandator() {
    let rig = until_midnight().await;
    rig.bus.answers("gemeente-kampen", &[Uncertain]);
    rig.give(&admission("d-1")).await;
    rig.set("2024-09-05T00:00:05+02:00");
    let sent = rig.settle().await;
    assert_eq!(only(&sent, "gemeente-kampen").event, "message-withdrawn");
    let mandator: Vec<_> = to(&sent, "gemeente-zwolle").iter().map(|one| one.event.as_str()).collect();
    assert_eq!(mandator, ["case-passed-on", "detention-started"]);
}

#[tokio::test]
async fn what_waited_for_the_triage_desk_is_decided_when_it_answers() {
    let rig = Rig::new().await;
    assert_eq!(told(&rig.give(&admission_of_nowhere("d-1")).await), ["rn-zwolle < detention-started", "triage < detention-started"]);
    assert_eq!(told(&rig.give(&release_date("d-1", "2024-12-01").sequence(2)).await), ["rn-zwolle < release-date-set"]);
    let sent = rig.give(&responsible("d-1", "0166")).await;
    let kampen: Vec<&str> = to(&sent, "gemeente-kampen").iter().map(|one| one.event.as_str()).collect();
    assert_eq!(kampen, ["responsible-municipality-determined", "detention-started", "release-date-set"]);
    assert_eq!(to(&sent, "rn-zwolle").len(), 1, "who had them does not get them again");
    let sent = rig.give(&release_date_changed("d-1", "2024-12-02").sequence(3)).await;
    assert_eq!(to(&sent, "gemeente-kampen").len(), 1, "from here on it is a case like any other");
}

#[tokio::test]
async fn what_the_desk_has_not_collected_yet_goes_to_the_municipality_instead() {
    let rig = Rig::new().await;
    rig.down("triage");
    rig.give(&admission_of_nowhere("d-1")).await;
    let sent = rig.give(&responsible("d-1", "0166")).await;
    assert_eq!(to(&sent, "gemeente-kampen").len(), 2);
    rig.up("triage");
    assert!(rig.settle().await.is_empty());
}

#[tokio::test]
async fn a_new_municipality_makes_the_hub_ask_the_prison_for_the_current_set() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    let sent = rig.give(&settles("d-1", "0166")).await;
    let asked = only(&sent, "pi-zwolle");
    assert_eq!((asked.event.as_str(), asked.fields()), ("current-set-requested", vec!["/events".to_owned()]));
    let again = rig.give(&admission("d-1")).await;
    assert_eq!(told(&again), ["gemeente-kampen < detention-started"], "who had it does not get it again");
}

/// Before July 2021 it needs consent.
#[tokio::test]
async fn a_wish_to_settle_that_is_lawful_to_nobody_moves_no_case() {
    let rig = Rig::at("2020-03-04T08:30:00+01:00").await;
    rig.give(&admission("d-1").with("detention", json!({"start": "2020-03-03", "piEntry": "2020-03-03", "title": "SENTENCE"}))).await;
    let wish = settles("d-1", "0166");
    assert_eq!(rig.take(&wish).await.outcome, Reported::Refused);
    assert!(rig.settle().await.is_empty(), "nobody is asked for a current set");
    let sent = rig.give(&release_date("d-1", "2020-12-01").sequence(3)).await;
    assert_eq!((to(&sent, "gemeente-zwolle").len(), to(&sent, "gemeente-kampen").len()), (1, 0));
}

#[tokio::test]
async fn the_same_settlement_said_twice_is_no_news() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.give(&settles("d-1", "0166")).await;
    let sent = rig.give(&settles("d-1", "0166").id("once-more").sequence(3)).await;
    assert!(to(&sent, "pi-zwolle").is_empty());
}

#[tokio::test]
async fn another_unit_makes_the_hub_ask_the_prison_for_the_current_set() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    let sent = rig.give(&unit_assigned("d-1", "rn-noord")).await;
    assert!(told(&sent).contains(&"pi-zwolle < current-set-requested".to_owned()), "{:?}", told(&sent));
    assert_eq!(told(&rig.give(&admission("d-1")).await), ["rn-noord < detention-started"]);
}

#[tokio::test]
async fn a_unit_that_keeps_the_case_is_no_news() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    let sent = rig.give(&unit_assigned("d-1", "rn-zwolle")).await;
    assert_eq!(told(&sent), ["pi-zwolle < probation-unit-assigned", "gemeente-zwolle < probation-unit-assigned"]);
}

/// Tomorrow at eleven the person goes from Zwolle to Vught.
async fn leaving() -> Rig {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.give(&transfer("d-1", "pi-vught", "2024-09-05T11:00:00+02:00").sequence(2)).await;
    rig
}

fn screened(by: &str) -> Message {
    screening("d-1", &[("HOUSING", "MISSING")]).by(by).id(&format!("by-{by}"))
}

#[tokio::test]
async fn until_the_moment_of_a_transfer_the_old_prison_speaks() {
    let rig = leaving().await;
    rig.set("2024-09-05T10:59:59+02:00");
    assert_eq!(rejected(&rig.take(&screened("pi-vught")).await), RejectionCode::NotAllowedToProduce);
    assert_eq!(rig.take(&screened("pi-zwolle")).await.outcome, Reported::Accepted);
}

#[tokio::test]
async fn from_the_moment_of_a_transfer_the_new_prison_speaks() {
    let rig = leaving().await;
    rig.set("2024-09-05T11:00:00+02:00");
    assert_eq!(rejected(&rig.take(&screened("pi-zwolle")).await), RejectionCode::NotAllowedToProduce);
    assert_eq!(rig.take(&screened("pi-vught")).await.outcome, Reported::Accepted);
}

#[tokio::test]
async fn the_new_prison_may_announce_the_transfer_itself() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    let sent = rig.give(&transfer("d-1", "pi-vught", "2024-09-05T11:00:00+02:00").by("pi-vught")).await;
    assert!(told(&sent).contains(&"pi-zwolle < transferred".to_owned()), "{:?}", told(&sent));
}

#[tokio::test]
async fn a_reference_belongs_to_who_first_used_it() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    assert_eq!(rejected(&rig.take(&admission("d-1").by("pi-vught").id("other")).await), RejectionCode::DetentionConflict);
}

#[tokio::test]
async fn a_reference_belongs_to_one_person() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    let identity = serde_json::json!({"identity": {"surname": "Waterhoen", "birthDate": "1990-01-01"}});
    let other = admission("d-1").with("person", identity).id("other").sequence(2);
    assert_eq!(rejected(&rig.take(&other).await), RejectionCode::DetentionConflict);
    assert!(rig.settle().await.is_empty());
}

#[tokio::test]
async fn only_a_prison_opens_a_case() {
    let rig = Rig::new().await;
    assert_eq!(rejected(&rig.take(&admission("d-1").by("gemeente-zwolle")).await), RejectionCode::NotAllowedToProduce);
}
