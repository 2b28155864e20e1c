//! Running cases that pass by the registers alone: who answers from now on hears of each, once (decisions 7, 22 and 23).

use schakelpunt_domain::registers::Entry;

use crate::harness::{
    Rig, mandate,
    messages::{admission, detention_ended},
    told,
};

const KAMPEN: &str = "gemeente-kampen";

/// Zwolle gives Kampen a mandate from that day on, until another.
fn from(day: &str, until: Option<&str>) -> Entry {
    let Entry::Mandate(given) = mandate("gemeente-zwolle", KAMPEN, until) else { unreachable!() };
    Entry::Mandate(schakelpunt_domain::registers::Mandate { from: day.parse().unwrap(), ..given })
}

#[tokio::test]
async fn who_is_mandated_hears_of_the_running_cases_when_it_begins() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.give(&admission("d-2").surname("Fuut")).await;
    rig.give(&detention_ended("d-2", "2024-09-03").sequence(2)).await;
    rig.record(from("2024-09-10", None)).await;
    assert!(rig.settle().await.is_empty(), "not before its day");
    rig.set("2024-09-10T00:00:00+02:00");
    let sent = rig.settle().await;
    assert_eq!(told(&sent), ["gemeente-kampen < case-passed-on", "pi-zwolle < current-set-requested"], "the running one, to nobody else");
    assert_eq!((sent[0].text("/passedOn/reason"), sent[0].text("/passedOn/on")), ("MANDATE_BEGAN", "2024-09-10"));
    assert_eq!(sent[0].attribute("onbehalfof"), "gemeente-zwolle");
    rig.set("2024-09-11T00:00:00+02:00");
    assert!(rig.settle().await.is_empty(), "once");
}

#[tokio::test]
async fn what_is_entered_late_passes_at_once() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.record(from("2024-01-01", None)).await;
    assert_eq!(told(&rig.settle().await), ["gemeente-kampen < case-passed-on", "pi-zwolle < current-set-requested"]);
}

#[tokio::test]
async fn after_an_outage_it_is_told_late_and_once() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.record(from("2024-09-06", Some("2024-09-08"))).await;
    rig.settle().await;
    // a mandate that came and went meanwhile passed the case to nobody
    rig.set("2024-09-09T12:00:00+02:00");
    let later = rig.second_hub().await;
    assert!(later.settle().await.is_empty());
    later.record(from("2024-09-11", None)).await;
    later.set("2024-09-14T12:00:00+02:00");
    let again = later.second_hub().await;
    let sent = again.settle().await;
    assert_eq!(told(&sent), ["gemeente-kampen < case-passed-on", "pi-zwolle < current-set-requested"]);
    assert_eq!(sent[0].text("/passedOn/on"), "2024-09-14", "the day on which it was found");
    assert!(rig.settle().await.is_empty(), "the first hub knows that it was told");
}
