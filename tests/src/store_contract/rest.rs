//! Registers, receipts, timers, counting, forgetting, listing.

use std::collections::BTreeMap;

use schakelpunt_domain::{
    SourceFile,
    case::Held,
    registers::{Channel, Entry, Participant, Recorded},
    stage::{BlockReason, Stage},
};
use schakelpunt_engine::{
    kept_law::KeptLaw,
    life::{Deed, DraftId, Role, What},
    model::{Action, ClaimContext, Decided, Seen, StoredMessage, Timer},
    ports::{DeliveryFilter, Load, Pull, ReceiptsOf, StoreError},
};
use serde_json::json;

use super::{
    Subject,
    build::{case, claim, confirm, delivery, fetch, ids, key, look, message, put, receipt, record, sent, version, went, who},
};

const ZWOLLE: &str = "gemeente-zwolle";

fn participant(id: &str, channel: Channel) -> Entry {
    let participant = json!({"id": id, "kind": "municipality", "oin": "00000001823288444000"});
    let participant: Participant = serde_json::from_value(participant).unwrap();
    Entry::Participant(Participant { channel, ..participant })
}

pub(super) async fn registers_raise_the_epoch(subject: &Subject) {
    let (store, recorded) = (&*subject.store, "2024-09-01T00:00:00.000000001Z".parse().unwrap());
    assert_eq!(store.registers().await.unwrap(), (0, Vec::new()));
    let mandate = json!({"mandate": {"mandator": ZWOLLE, "mandatary": "gemeente-kampen", "scope": "all", "from": "2024-01-01"}});
    let entries: Vec<_> =
        [participant(ZWOLLE, Channel::Amqp), serde_json::from_value(mandate).unwrap(), participant(ZWOLLE, Channel::Pull)]
            .into_iter()
            .map(|entry| Recorded { entry, recorded })
            .collect();
    assert_eq!(store.record(entries[..2].to_vec()).await.unwrap(), 1);
    assert_eq!(store.record(entries[2..].to_vec()).await.unwrap(), 2);
    assert_eq!(store.epoch().await.unwrap(), 2);
    assert_eq!(store.registers().await.unwrap(), (2, entries));
    assert_eq!(store.record(Vec::new()).await.unwrap(), 3, "a rule set that comes into force raises it too");
    assert_eq!(look(store, &[], &[]).await.epoch, 3);
    assert_eq!(store.now().await.unwrap(), subject.now());
}

pub(super) async fn receipts_are_told_once(subject: &Subject) {
    let store = &*subject.store;
    let receipts: Vec<_> = ["r-2", "r-1", "r-3"].into_iter().map(|id| receipt(id, "pi-zwolle", subject.now())).collect();
    put(store, receipts.iter().cloned().map(Action::AddReceipt).collect()).await.unwrap();
    assert_eq!(store.receipts(2, ReceiptsOf::Others(&[])).await.unwrap(), receipts[..2], "oldest first");
    store.receipts_told(&[receipts[0].id.clone(), receipts[1].id.clone()]).await.unwrap();
    assert_eq!(store.receipts(9, ReceiptsOf::Others(&[])).await.unwrap(), receipts[2..]);
    put(store, vec![Action::AddReceipt(receipts[0].clone())]).await.unwrap();
    assert_eq!(store.receipts(9, ReceiptsOf::Others(&[])).await.unwrap().len(), 2, "what is asked again is told again");
}

pub(super) async fn receipts_of_who_fetches_are_not_told(subject: &Subject) {
    let store = &*subject.store;
    let recorded = subject.now();
    let entries = [participant("gemeente-ommen", Channel::Pull), participant(ZWOLLE, Channel::Pull), participant(ZWOLLE, Channel::Amqp)];
    store.record(entries.into_iter().map(|entry| Recorded { entry, recorded }).collect()).await.unwrap();
    let told = [receipt("r-1", "gemeente-ommen", recorded), receipt("r-2", ZWOLLE, recorded), receipt("r-3", "pi-zwolle", recorded)];
    put(store, told.into_iter().map(Action::AddReceipt).collect()).await.unwrap();
    let receipts = store.receipts(9, ReceiptsOf::Others(&[])).await.unwrap();
    assert_eq!(receipts.iter().map(|receipt| receipt.to.as_str()).collect::<Vec<_>>(), [ZWOLLE, "pi-zwolle"]);
    assert_eq!(store.load().await.unwrap().receipts, 2);
    put(store, sent(&message("m-1", None, recorded), &[("gemeente-ommen", 1)])).await.unwrap();
    assert_eq!(fetch(store, "gemeente-ommen", 0, 9).await[0].number, Some(1), "the register does not disturb the numbers");
}

pub(super) async fn timers_come_when_due(subject: &Subject) {
    let store = &*subject.store;
    let timer = |id: &str, seconds| Timer {
        id: id.to_owned(),
        at: subject.now() + jiff::SignedDuration::from_secs(seconds),
        detention: "d-1".parse().unwrap(),
    };
    let timers = [timer("b", 10), timer("a", 20), timer("c", 5)];
    put(store, timers.iter().cloned().map(Action::SetTimer).collect()).await.unwrap();
    assert!(store.due_timers(9).await.unwrap().is_empty());
    subject.clock.pass(10);
    assert_eq!(store.due_timers(9).await.unwrap(), [timers[2].clone(), timers[0].clone()], "oldest first");
    assert_eq!(store.due_timers(1).await.unwrap(), [timers[2].clone()]);
    put(store, vec![Action::SetTimer(Timer { at: timers[1].at, ..timers[2].clone() }), Action::ClearTimer("b".to_owned())]).await.unwrap();
    assert!(store.due_timers(9).await.unwrap().is_empty(), "one was moved, one was ended");
}

pub(super) async fn the_load_is_counted(subject: &Subject) {
    let store = &*subject.store;
    assert_eq!(store.load().await.unwrap(), Load::default());
    for (id, detention) in [("m-1", "d-1"), ("m-2", "d-1"), ("m-3", "d-2"), ("m-4", "d-3")] {
        let sequence = if id == "m-2" { 2 } else { 1 };
        put(store, sent(&message(id, Some(detention), subject.now()), &[(ZWOLLE, sequence)])).await.unwrap();
    }
    put(store, vec![Action::AddReceipt(receipt("r-1", "pi-zwolle", subject.now()))]).await.unwrap();
    let claimed = claim(store, &[ZWOLLE]).await;
    store.settle(&[went(&claimed[0], |stage| stage.block(subject.now(), BlockReason::Unroutable).unwrap())]).await.unwrap();
    confirm(store, &claimed[2..], subject.now()).await;
    assert_eq!(store.load().await.unwrap(), Load { waiting: 1, claimed: 1, blocked: 1, receipts: 1 });
}

pub(super) async fn forgetting_keeps_what_is_needed(subject: &Subject) {
    let store = &*subject.store;
    let received = subject.now();
    let mut holding = case("d-1");
    holding.pending.push(Held { key: key("held"), until: None });
    let mut actions = vec![version(holding, 0)];
    for (id, detention) in [("done", "d-2"), ("open", "d-3"), ("half", "d-4")] {
        let recipients: &[_] = if id == "half" { &[(ZWOLLE, 1), ("reclassering", 1)] } else { &[(ZWOLLE, 1)] };
        actions.extend(sent(&message(id, Some(detention), received), recipients));
    }
    actions.extend(sent(&message("held", Some("d-1"), received), &[]));
    actions.extend(sent(&message("nobody", None, received), &[]));
    put(store, actions).await.unwrap();
    let claimed = claim(store, &[ZWOLLE]).await;
    let settled: Vec<_> = claimed.into_iter().filter(|delivery| delivery.key.id.as_str() != "open").collect();
    confirm(store, &settled, received).await;
    subject.clock.pass(86_400);
    put(store, sent(&message("young", None, subject.now()), &[])).await.unwrap();

    assert_eq!(store.forget(received).await.unwrap(), 0, "only what was received before");
    assert_eq!(store.forget(subject.now()).await.unwrap(), 2);
    assert_eq!(store.forget(subject.now()).await.unwrap(), 0);
    for (id, kept) in [("done", false), ("nobody", false), ("open", true), ("half", true), ("held", true), ("young", true)] {
        assert_eq!(store.message(&key(id)).await.unwrap().unwrap().payload.is_some(), kept, "{id}");
    }
    let mut given = Vec::new();
    let mut look = |context: ClaimContext| {
        given = context.candidates.into_iter().map(|candidate| candidate.delivery.key.id.to_string()).collect();
        None
    };
    store.pull(&Pull { participant: who(ZWOLLE), after: 0, limit: 9 }, &mut look).await.unwrap();
    assert_eq!(given, ["open", "half"], "bytes that are forgotten are not given again");

    put(store, vec![version(case("d-1"), 1)]).await.unwrap();
    assert_eq!(store.forget(subject.now()).await.unwrap(), 1, "no longer held back");
    let mut many = Vec::new();
    for place in 0..1_100 {
        many.extend(sent(&message(&format!("many-{place}"), None, received), &[]));
    }
    put(store, many).await.unwrap();
    assert_eq!(store.forget(subject.now()).await.unwrap(), 1_100, "in as many transactions as it takes");
}

pub(super) async fn stages_change_in_a_transaction(subject: &Subject) {
    let store = &*subject.store;
    let message = message("m-1", Some("d-1"), subject.now());
    put(store, sent(&message, &[(ZWOLLE, 1)])).await.unwrap();
    let waits = delivery(&message, ZWOLLE, 1);
    assert_eq!(store.change_stage(&waits.id, &mut |_| None).await.unwrap(), Some(waits.clone()));
    let now = subject.now();
    let changed = store.change_stage(&waits.id, &mut |_| Some(Stage::Void { at: now })).await.unwrap().unwrap();
    assert_eq!(changed.stage, Stage::Void { at: now });
    assert_eq!(look(store, &["d-1"], &[]).await.deliveries, [changed]);
    let stranger = delivery(&super::build::message("m-9", None, now), ZWOLLE, 1).id;
    assert!(store.change_stage(&stranger, &mut |_| None).await.unwrap().is_none());
    assert!(claim(store, &[ZWOLLE]).await.is_empty());
}

pub(super) async fn deliveries_are_listed(subject: &Subject) {
    let store = &*subject.store;
    put(store, sent(&message("m-1", Some("d-1"), subject.now()), &[(ZWOLLE, 1), ("reclassering", 1)])).await.unwrap();
    put(store, sent(&message("m-2", Some("d-2"), subject.now()), &[(ZWOLLE, 1)])).await.unwrap();
    confirm(store, &claim(store, &["reclassering"]).await, subject.now()).await;
    let all = DeliveryFilter { limit: 9, ..DeliveryFilter::default() };
    let filters = [
        (all.clone(), vec!["m-2", "m-1", "m-1"]),
        (DeliveryFilter { limit: 1, ..all.clone() }, vec!["m-2"]),
        (DeliveryFilter { detention: Some("d-1".parse().unwrap()), ..all.clone() }, vec!["m-1", "m-1"]),
        (DeliveryFilter { recipient: Some(who(ZWOLLE)), ..all.clone() }, vec!["m-2", "m-1"]),
        (DeliveryFilter { stage: Some("handed-over".to_owned()), ..all.clone() }, vec!["m-1"]),
        (DeliveryFilter { stage: Some("handed-over".to_owned()), recipient: Some(who(ZWOLLE)), ..all }, vec![]),
    ];
    for (filter, expected) in filters {
        let found = store.deliveries(&filter).await.unwrap();
        assert_eq!(ids(&found), expected, "{filter:?}");
        assert!(found.iter().all(|delivery| delivery.bytes.is_none()), "content is not for lists");
    }
}

pub(super) async fn a_trace_tells_all(subject: &Subject) {
    let store = &*subject.store;
    let mut elsewhere = message("m-1", None, subject.now() + jiff::SignedDuration::from_secs(1));
    elsewhere.key.source = "urn:nld:oin:00000099000000002000:systeem:other".parse().unwrap();
    let here = message("m-1", Some("d-1"), subject.now());
    let first = record(&delivery(&here, ZWOLLE, 1), subject.now());
    let second = record(&delivery(&here, "reclassering", 1), subject.now());
    let mut actions = sent(&here, &[(ZWOLLE, 1), ("reclassering", 1)]);
    actions.extend(sent(&elsewhere, &[]));
    actions.extend([first.clone(), second.clone()].map(Action::AddDecision));
    put(store, actions).await.unwrap();
    let traces = store.trace(&here.key.id).await.unwrap();
    assert_eq!(traces.iter().map(|trace| &trace.message).collect::<Vec<_>>(), [&here, &elsewhere]);
    assert_eq!((&traces[0].decisions, traces[0].deliveries.len()), (&vec![first, second], 2));
    assert!(traces[1].decisions.is_empty() && traces[1].deliveries.is_empty());
    assert!(store.trace(&"m-9".parse().unwrap()).await.unwrap().is_empty());
}

pub(super) async fn what_was_decided_is_read_detention_by_detention(subject: &Subject) {
    let (store, first) = (&*subject.store, subject.now());
    let (one, other) = (message("m-1", Some("d-1"), first), message("m-2", Some("d-2"), first));
    let decided = |of: &StoredMessage, to: &str, at| Action::AddDecision(record(&delivery(of, to, 1), at));
    let mut actions = vec![version(case("d-1"), 0), version(case("d-2"), 0)];
    actions.extend([Action::SaveMessage(one.clone()), decided(&one, ZWOLLE, first), decided(&one, "reclassering", first)]);
    put(store, actions).await.unwrap();
    subject.clock.pass(6 * 3600);
    let second = subject.now();
    put(store, vec![Action::SaveMessage(other.clone()), decided(&other, ZWOLLE, second)]).await.unwrap();
    let (hour, day) = (jiff::SignedDuration::from_hours(1), jiff::SignedDuration::from_hours(24));
    let between = async |since, before| store.decided_between(since, before).await.unwrap();
    let words = |found: Vec<schakelpunt_domain::DetentionRef>| found.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(words(between(first, first + hour).await), ["d-1"]);
    assert_eq!(words(between(second - hour, second + day).await), ["d-2"]);
    assert_eq!(words(between(first, second + day).await), ["d-1", "d-2"]);
    assert!(between(first - day, first - 3 * hour).await.is_empty() && between(second + day, second + 2 * day).await.is_empty());
    let asked = ["d-2", "d-9", "d-1"].map(|detention| detention.parse().unwrap());
    let found = store.decided(&asked).await.unwrap();
    let recipients = |of: &Decided| of.decisions.iter().map(|made| made.recipient.to_string()).collect::<Vec<_>>();
    assert_eq!(found.iter().map(recipients).collect::<Vec<_>>(), [vec![ZWOLLE], vec![], vec![ZWOLLE, "reclassering"]]);
    assert_eq!(found[2].decisions[0], record(&delivery(&one, ZWOLLE, 1), first), "as it was recorded");
    let bare = StoredMessage { payload: None, ..one.clone() };
    assert_eq!(found[2].messages.values().collect::<Vec<_>>(), [&bare], "once, and without its payload");
    assert_eq!(found.iter().map(|of| of.case.is_some()).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(found[1], Decided { case: None, messages: BTreeMap::new(), decisions: Vec::new() });
}

pub(super) async fn the_law_of_an_instant_stays(subject: &Subject) {
    let (store, first) = (&*subject.store, subject.now());
    let law = |text: &str| KeptLaw::new(vec![SourceFile { name: "rules.toml".to_owned(), text: text.to_owned() }], Vec::new());
    assert_eq!(store.law_at(first).await.unwrap(), None, "nothing was applied yet");
    store.apply_law(&law("# one")).await.unwrap();
    subject.clock.pass(60);
    store.apply_law(&law("# one")).await.unwrap();
    let second = subject.now();
    store.apply_law(&law("# two")).await.unwrap();
    subject.clock.pass(60);
    store.apply_law(&law("# one")).await.unwrap();
    let at = async |instant| store.law_at(instant).await.unwrap();
    let before = jiff::SignedDuration::from_secs(1);
    assert_eq!(at(first - before).await, None);
    assert_eq!((at(first).await, at(second - before).await), (Some(law("# one")), Some(law("# one"))));
    assert_eq!((at(second).await, at(subject.now()).await), (Some(law("# two")), Some(law("# one"))), "an older one may come again");
}

pub(super) async fn where_the_registers_were_seen_is_noted(subject: &Subject) {
    let (store, at) = (&*subject.store, subject.now());
    assert_eq!(store.registers_seen().await.unwrap(), None);
    store.see_registers(Seen { at, entries: 0 }).await.unwrap();
    let later = Seen { at: at + jiff::SignedDuration::from_secs(1), entries: 7 };
    store.see_registers(later).await.unwrap();
    assert_eq!(store.registers_seen().await.unwrap(), Some(later));
    assert_eq!(store.registers().await.unwrap(), (0, Vec::new()), "the epoch stays as it is");
}

pub(super) async fn a_token_is_known_by_its_digest(subject: &Subject) {
    let (store, first) = (&*subject.store, subject.now());
    let (zwolle, tilburg): (schakelpunt_domain::ParticipantId, schakelpunt_domain::ParticipantId) =
        (ZWOLLE.parse().unwrap(), "gemeente-tilburg".parse().unwrap());
    assert_eq!(store.token_holder("aa").await.unwrap(), None);
    store.give_token(&zwolle, "aa", "beheer").await.unwrap();
    subject.clock.pass(60);
    store.give_token(&tilburg, "bb", "beheer").await.unwrap();
    assert_eq!(store.token_holder("aa").await.unwrap().as_ref(), Some(&zwolle));
    assert_eq!(store.token_holders().await.unwrap(), [(tilburg.clone(), subject.now()), (zwolle.clone(), first)]);
    store.give_token(&zwolle, "cc", "beheer").await.unwrap();
    assert_eq!(store.token_holder("aa").await.unwrap(), None, "the one before is worth nothing");
    assert_eq!(store.token_holder("cc").await.unwrap().as_ref(), Some(&zwolle));
    assert_eq!(store.token_holder("bb").await.unwrap().as_ref(), Some(&tilburg));
    assert!(store.give_token(&tilburg, "cc", "beheer").await.is_err(), "a token stands for one participant");
    assert_eq!(store.token_holder("bb").await.unwrap(), Some(tilburg), "and what failed took nothing away");
    assert_eq!(store.registers().await.unwrap().0, 0, "the epoch stays as it is");
}

pub(super) async fn a_deed_for_the_rules_stays_and_raises_the_epoch_where_it_moves_them(subject: &Subject) {
    let (store, now) = (&*subject.store, subject.now());
    let law = KeptLaw::new(vec![SourceFile { name: "rules.toml".to_owned(), text: "# one".to_owned() }], Vec::new());
    let done = |by: &str, draft: Option<u32>, what: What| Deed {
        draft: draft.map(DraftId),
        at: now,
        by: by.parse().unwrap(),
        why: "because".to_owned(),
        what,
    };
    let add = async |kept: Option<&KeptLaw>, deed: Deed| store.add_deed(kept, &mut |_, _| Some(deed.clone())).await;
    let version = || law.version.clone();
    assert_eq!((store.deeds().await.unwrap(), store.law(&law.version).await.unwrap()), (vec![], None));
    let drafted = done("writer", Some(1), What::Drafted { title: "It".to_owned(), law: version() });
    assert_eq!(add(Some(&law), drafted.clone()).await.unwrap(), Some(drafted.clone()));
    assert_eq!((store.law(&law.version).await.unwrap(), store.registers().await.unwrap().0), (Some(law.clone()), 0));
    let own = done("writer", Some(1), What::Approved { law: version(), submission: 1, role: Role::LegalReviewer });
    assert!(matches!(add(None, own).await, Err(StoreError::Data(_))), "whatever the program thinks");
    let again = done("other", Some(2), What::Drafted { title: "It again".to_owned(), law: version() });
    add(None, again.clone()).await.unwrap();
    for (by, draft) in [("other", 1), ("writer", 2)] {
        let elsewhere = done(by, Some(draft), What::Approved { law: version(), submission: 1, role: Role::LegalReviewer });
        assert!(matches!(add(None, elsewhere).await, Err(StoreError::Data(_))), "{by} wrote the text of draft {draft}, if in another one");
    }
    let approved = done("lawyer", Some(1), What::Approved { law: version(), submission: 1, role: Role::LegalReviewer });
    add(None, approved.clone()).await.unwrap();
    let stopped = done("lawyer", None, What::Stopped);
    add(None, stopped.clone()).await.unwrap();
    assert_eq!(store.registers().await.unwrap().0, 1);
    let mut seen = Vec::new();
    let mut look = |_, deeds| {
        seen = deeds;
        None
    };
    assert_eq!(store.add_deed(None, &mut look).await.unwrap(), None);
    assert_eq!((&seen, store.deeds().await.unwrap()), (&vec![drafted, again, approved, stopped], seen.clone()));
}
