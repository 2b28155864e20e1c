//! After the claim: what nobody is sure of, what comes back, what survives a restart.

use std::sync::Arc;

use futures::{StreamExt as _, stream::FuturesUnordered};
use schakelpunt_bus::in_process::InProcessBus;
use schakelpunt_domain::stage::Stage;
use schakelpunt_engine::{
    drivers,
    leases::ProcessId,
    ports::Published::{Confirmed, NotNow, Uncertain, Unroutable},
};

use crate::harness::{
    Rig,
    bus::Between,
    fetches, is_called,
    meanwhile::{Moment, Shared},
    messages::{Message, admission, consent_given, detention_ended, invitation, release_date},
    only, stop_participant, to, told, who,
};

/// A claim lives ten seconds.
const LEASE: i64 = 10;

#[tokio::test]
async fn an_uncertain_hand_over_is_repeated_after_the_lease_with_the_same_id_and_bytes() {
    let rig = Rig::new().await;
    rig.bus.answers("gemeente-zwolle", &[Uncertain]);
    let first = rig.give(&admission("d-1")).await;
    rig.pass(LEASE - 1);
    assert!(rig.settle().await.is_empty(), "the answer may still come");
    rig.pass(1);
    let again = rig.settle().await;
    let (first, again) = (only(&first, "gemeente-zwolle"), only(&again, "gemeente-zwolle"));
    assert_eq!((&first.id, &first.bytes), (&again.id, &again.bytes));
    rig.pass(LEASE);
    assert!(rig.settle().await.is_empty());
}

#[tokio::test]
async fn the_bytes_stay_frozen_whatever_happens_to_the_case() {
    let rig = Rig::new().await;
    rig.bus.answers("gemeente-zwolle", &[Uncertain, Uncertain]);
    let first = rig.give(&admission("d-1")).await;
    rig.give(&release_date("d-1", "2024-12-01").sequence(2)).await;
    rig.pass(LEASE);
    rig.settle().await;
    rig.pass(LEASE);
    let sent = rig.settle().await;
    assert_eq!(told(&sent), ["gemeente-zwolle < detention-started", "gemeente-zwolle < release-date-set"]);
    assert_eq!(sent[0].bytes, only(&first, "gemeente-zwolle").bytes);
}

#[tokio::test]
async fn the_bytes_stay_frozen_when_another_law_would_give_more() {
    let rig = Rig::at("2021-06-30T23:59:55+02:00").await;
    rig.bus.answers("gemeente-zwolle", &[Uncertain]);
    let first = rig.give(&admission("d-1")).await;
    rig.set("2021-07-01T00:00:06+02:00");
    let again = rig.settle().await;
    assert_eq!(only(&again, "gemeente-zwolle").bytes, only(&first, "gemeente-zwolle").bytes);
    let permit = rig.deliveries("d-1-detention-started", "gemeente-zwolle").await.remove(0).decision;
    assert_eq!(permit.permit().unwrap().granted[0].basis.as_str(), "wjsg-51c-2-c", "what is on record is what was delivered");
}

#[tokio::test]
async fn uncertain_and_no_longer_lawful_it_is_recalled_by_its_name_only() {
    let rig = Rig::at("2025-06-30T23:59:55+02:00").await;
    rig.give(&admission("d-1")).await;
    rig.give(&consent_given("d-1", "c-1", "ggz-zwolle")).await;
    rig.bus.answers("ggz-zwolle", &[Uncertain]);
    let invited = rig.give(&invitation("d-1", "ggz-zwolle")).await;
    rig.set("2025-07-01T00:00:06+02:00");
    let sent = rig.settle().await;
    let partner: Vec<_> = to(&sent, "ggz-zwolle");
    assert_eq!(partner.iter().map(|one| one.event.as_str()).collect::<Vec<_>>(), ["message-withdrawn", "consent-expired"], "at midnight");
    let recall = partner[0];
    assert_eq!(recall.fields(), ["/correction/of/id", "/correction/of/source", "/correction/reason"]);
    assert_eq!(recall.text("/correction/of/id"), invited[0].id);
    assert_eq!(recall.attribute("subject"), invited[0].attribute("subject"), "the reference that the partner knows");
    rig.pass(LEASE);
    assert!(rig.settle().await.is_empty(), "once");
}

#[tokio::test]
async fn a_recall_that_has_to_wait_is_not_lost_when_the_case_changes() {
    let rig = Rig::at("2025-06-30T23:59:55+02:00").await;
    rig.give(&admission("d-1")).await;
    rig.give(&consent_given("d-1", "c-1", "ggz-zwolle")).await;
    rig.bus.answers("ggz-zwolle", &[Uncertain, NotNow]);
    rig.give(&invitation("d-1", "ggz-zwolle")).await;
    rig.set("2025-07-01T00:00:06+02:00");
    rig.settle().await;
    rig.take(&release_date("d-1", "2025-12-01").sequence(2)).await;
    rig.pass(60);
    let sent = rig.settle().await;
    let partner: Vec<_> = to(&sent, "ggz-zwolle").iter().map(|one| one.event.as_str()).collect();
    assert_eq!(partner, ["message-withdrawn", "consent-expired"]);
}

#[tokio::test]
async fn uncertain_and_lawful_only_in_part_it_is_recalled() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.bus.answers("gemeente-zwolle", &[Uncertain]);
    let dated = rig.give(&release_date("d-1", "2024-12-01").sequence(2)).await;
    assert!(only(&dated, "gemeente-zwolle").has("/release/kind"));
    rig.take(&detention_ended("d-1", "2024-09-03").sequence(3)).await;
    rig.pass(LEASE);
    let sent = rig.settle().await;
    let town: Vec<_> = told(&sent).into_iter().filter(|line| line.starts_with("gemeente")).collect();
    assert_eq!(town, ["gemeente-zwolle < message-withdrawn", "gemeente-zwolle < detention-ended"], "no plan runs: the date alone would do");
}

#[tokio::test]
async fn what_certainly_did_not_arrive_is_cut_anew() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.bus.answers("gemeente-zwolle", &[NotNow]);
    rig.give(&release_date("d-1", "2024-12-01").sequence(2)).await;
    rig.take(&detention_ended("d-1", "2024-09-03").sequence(3)).await;
    rig.pass(1);
    let sent = rig.settle().await;
    let dated = to(&sent, "gemeente-zwolle")[0];
    assert_eq!((dated.event.as_str(), dated.fields()), ("release-date-set", vec!["/release/date".to_owned()]));
    assert_eq!(dated.attribute("legalbasis"), "wjsg-51c-2-c");
}

#[tokio::test]
async fn what_was_uncertain_once_stays_uncertain_until_it_is_confirmed() {
    let rig = Rig::new().await;
    rig.bus.answers("gemeente-zwolle", &[Uncertain, NotNow]);
    let first = rig.give(&admission("d-1")).await;
    rig.pass(LEASE);
    rig.settle().await;
    assert_eq!(rig.stages("d-1-detention-started", "gemeente-zwolle").await, ["claimed"], "the first time may have arrived");
    rig.pass(LEASE);
    assert_eq!(only(&rig.settle().await, "gemeente-zwolle").bytes, only(&first, "gemeente-zwolle").bytes);
}

#[tokio::test]
async fn a_transient_failure_backs_off_longer_each_time() {
    let rig = Rig::new().await;
    rig.bus.answers("gemeente-zwolle", &[NotNow, NotNow, NotNow]);
    rig.take(&admission("d-1")).await;
    let mut pauses = Vec::new();
    for _ in 0..3 {
        rig.round().await;
        assert!(rig.round().await.is_empty(), "not at once");
        let Stage::Waiting { not_before, .. } = rig.deliveries("d-1-detention-started", "gemeente-zwolle").await[0].stage else {
            panic!("waits")
        };
        pauses.push((not_before - rig.now()).get_milliseconds());
        rig.pass(60);
    }
    assert_eq!(pauses, [200, 400, 800]);
    assert_eq!(only(&rig.settle().await, "gemeente-zwolle").answer, Confirmed);
}

#[tokio::test]
async fn what_backs_off_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hub.sqlite");
    let before = Rig::on_file(&file, "2024-09-04T08:30:00+02:00").await;
    before.bus.answers("gemeente-zwolle", &[NotNow]);
    before.give(&admission("d-1")).await;
    drop(before);
    let after = Rig::on_file(&file, "2024-09-04T08:31:00+02:00").await;
    assert_eq!(told(&after.settle().await), ["gemeente-zwolle < detention-started"]);
    let Stage::HandedOver { .. } = after.deliveries("d-1-detention-started", "gemeente-zwolle").await[0].stage else { panic!("has it") };
}

#[tokio::test]
async fn a_hub_that_died_between_claim_and_answer_repeats_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hub.sqlite");
    let before = Rig::on_file(&file, "2024-09-04T08:30:00+02:00").await;
    before.bus.answers("gemeente-zwolle", &[Uncertain]);
    let first = before.give(&admission("d-1")).await;
    drop(before);
    let after = Rig::on_file(&file, "2024-09-04T08:30:11+02:00").await;
    let again = after.settle().await;
    assert_eq!(only(&again, "gemeente-zwolle").bytes, only(&first, "gemeente-zwolle").bytes);
}

#[tokio::test]
async fn that_an_inbox_is_gone_says_nothing_of_the_time_before() {
    let rig = Rig::new().await;
    rig.bus.answers("gemeente-zwolle", &[Uncertain, Unroutable]);
    rig.give(&admission("d-1")).await;
    rig.pass(LEASE);
    rig.settle().await;
    assert_eq!(
        rig.stages("d-1-detention-started", "gemeente-zwolle").await,
        ["claimed"],
        "it may have arrived: its bytes stay as they are"
    );
}

#[tokio::test]
async fn who_has_another_channel_since_there_was_room_gets_nothing_at_the_old_one() {
    let mut shared = None;
    let rig = Rig::new().await.around(|store| shared.insert(Shared::over(store)).store()).await;
    rig.take(&admission("d-1")).await;
    shared.unwrap().records(&rig.hub, Moment::Due, fetches("gemeente-zwolle"));
    assert!(to(&rig.settle().await, "gemeente-zwolle").is_empty());
    assert_eq!(rig.stages("d-1-detention-started", "gemeente-zwolle").await, ["waiting"], "it certainly did not come");
    rig.pass(60);
    assert_eq!(rig.fetch("gemeente-zwolle", 0).await.len(), 1);
}

#[tokio::test]
async fn what_was_claimed_as_it_came_in_does_not_go_by_a_channel_that_is_the_old_one_by_then() {
    let rig = Rig::new().await;
    let bus = Arc::new(Between { way_in: InProcessBus::new(1), way_out: Arc::clone(&rig.bus) });
    let rig = rig.on(bus.clone()).await;
    let process = ProcessId { name: "hub-1".to_owned(), run: "1".to_owned() };
    // whatever hands over stands still: the test does that itself
    let taking_in = drivers::loops(&rig.hub, process).into_iter().filter(|(name, _)| ["leases", "intake"].contains(name));
    let mut taking_in: FuturesUnordered<_> = taking_in.map(|(_, work)| work).collect();
    let mut comes_in = async |message: Message, id: &str| {
        bus.way_in.send(&who("pi-zwolle"), message.offer().raw).unwrap();
        let is_there = async {
            while rig.kept(id).await.is_none() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = taking_in.next() => unreachable!("these loops do not end"),
            () = is_there => {}
        }
        rig.stages(id, "gemeente-zwolle").await
    };
    assert_eq!(comes_in(admission("d-1"), "d-1-detention-started").await, ["waiting"], "nobody has looked at its inbox yet");
    only(&rig.settle().await, "gemeente-zwolle");
    let dated = "d-1-release-date-set";
    assert_eq!(comes_in(release_date("d-1", "2024-12-01").sequence(2), dated).await, ["claimed"], "its inbox has room");
    rig.record(fetches("gemeente-zwolle")).await;
    assert!(to(&rig.settle().await, "gemeente-zwolle").is_empty());
    assert_eq!(rig.stages(dated, "gemeente-zwolle").await, ["waiting"], "it certainly did not come");
    rig.pass(60);
    assert_eq!(rig.fetch("gemeente-zwolle", 1).await.len(), 1);
}

#[tokio::test]
async fn a_receipt_goes_by_the_channel_that_another_process_recorded() {
    let rig = Rig::new().await;
    rig.take(&admission("d-1")).await;
    rig.record_elsewhere(is_called("pi-zwolle")).await;
    assert!(rig.receipts("pi-zwolle").await.is_empty(), "it is called now");
    assert_eq!(rig.store.untold(&[who("pi-zwolle")]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn registers_that_were_read_before_take_no_place_of_those_that_were_read_after() {
    let mut shared = None;
    let rig = Rig::new().await.around(|store| shared.insert(Shared::over(store)).store()).await;
    shared.unwrap().records(&rig.hub, Moment::Registers, fetches("gemeente-zwolle"));
    rig.record(fetches("rn-zwolle")).await;
    assert_eq!(rig.hub.registers().await.epoch, rig.store.registers().await.unwrap().0);
}

#[tokio::test]
async fn a_test_of_a_channel_goes_by_what_another_process_recorded() {
    let rig = Rig::new().await;
    rig.record_elsewhere(stop_participant("gemeente-zwolle")).await;
    assert_eq!(rig.hub.test_channel(&who("gemeente-zwolle")).await.unwrap(), None);
}
