//! What a participant wants, pauses, and how it gets it.

use super::*;
use crate::ids::EventName;

#[test]
fn a_request_becomes_a_subscription_by_the_owner_of_the_data() {
    let event: EventName = "plan-ready".parse().unwrap();
    let now = At::now(at("2024-03-01T00:00:00Z"));
    let request = || entry("subscription", serde_json::json!({"participant": "rn-brabant", "events": ["plan-ready"]}));
    let approval = |owner: &str, granted: bool| {
        entry("approval", serde_json::json!({"participant": "rn-brabant", "events": ["*"], "owner": owner, "granted": granted}))
    };
    let subscribed = |entries: Vec<Entry>| registers(entries).is_subscribed(&who("rn-brabant"), &event, "DJI", now);
    assert!(subscribed(Vec::new()), "without an entry, everything");
    assert!(!subscribed(vec![request()]));
    assert!(subscribed(vec![request(), approval("DJI", true)]));
    assert!(!subscribed(vec![request(), approval("3RO", true)]), "another owner's data");
    assert!(!subscribed(vec![approval("DJI", true), request()]), "an approval before the request approves nothing");
    assert!(!subscribed(vec![request(), approval("DJI", true), approval("DJI", false)]), "taken back");
    let paused = entry("subscription", serde_json::json!({"participant": "rn-brabant", "events": ["plan-ready"], "state": "paused"}));
    assert!(subscribed(vec![request(), approval("DJI", true), paused.clone()]), "what is paused waits, and is not refused");
    assert!(!subscribed(vec![request(), paused.clone(), request()]), "nobody approves by pausing");
    assert!(subscribed(vec![request(), approval("DJI", true), paused, request()]), "and goes on as it was approved");
}

#[test]
fn a_pause_is_of_what_it_names_until_it_is_asked_for_again() {
    let (now, all, plan): (_, EventName, EventName) =
        (At::now(at("2024-06-10T09:00:00Z")), "transferred".parse().unwrap(), "plan-ready".parse().unwrap());
    let said = |events: &[&str], state: &str| {
        entry("subscription", serde_json::json!({"participant": "rn-brabant", "events": events, "state": state}))
    };
    let paused = |entries: Vec<Entry>, event: &EventName| registers(entries).is_paused(&who("rn-brabant"), event, now);
    let subscribed = |entries: Vec<Entry>, event: &EventName| registers(entries).is_subscribed(&who("rn-brabant"), event, "DJI", now);
    let whole = vec![said(&["*"], "paused")];
    assert!(paused(whole.clone(), &all) && subscribed(whole.clone(), &all), "who had everything has it after the pause");
    let goes_on = [whole, vec![said(&["*"], "requested")]].concat();
    assert!(!paused(goes_on.clone(), &all) && subscribed(goes_on, &all));
    let part = vec![said(&["plan-ready"], "active"), said(&["transferred"], "active"), said(&["plan-ready"], "paused")];
    assert!(paused(part.clone(), &plan) && !paused(part, &all));
    let one = vec![said(&["plan-ready"], "paused")];
    assert!(paused(one.clone(), &plan) && subscribed(one.clone(), &plan) && subscribed(one.clone(), &all), "of the rest nothing is said");
    let goes_on = [one, vec![said(&["plan-ready"], "requested")]].concat();
    assert!(!paused(goes_on.clone(), &plan) && subscribed(goes_on.clone(), &plan) && subscribed(goes_on, &all));
    let wider = vec![said(&["plan-ready"], "active"), said(&["*"], "paused")];
    assert!(!subscribed(wider, &all), "a pause gives nothing that was not there");
}

#[test]
fn a_filter_lets_through_what_fits_all_of_it() {
    let (zwolle, vught, ommen) = (who("pi-zwolle"), who("pi-vught"), who("gemeente-ommen"));
    let event: EventName = "plan-ready".parse().unwrap();
    let filtered = entry(
        "subscription",
        serde_json::json!({"participant": "rn-brabant", "events": ["*"], "state": "active", "filter": "urgent=false sender=pi-zwolle"}),
    );
    let registers = registers(vec![filtered]);
    let lets = |sender, on_behalf_of, urgent| {
        let told = Told { sender, on_behalf_of, urgent };
        registers.is_subscribed_to(&who("rn-brabant"), &event, "DJI", told, At::now(at("2024-06-10T09:00:00Z")))
    };
    assert!(lets(&zwolle, None, false) && lets(&zwolle, Some(&ommen), false));
    assert!(!lets(&vught, None, false) && !lets(&zwolle, None, true));
    assert_eq!("urgent=false sender=pi-zwolle".parse::<Filter>().unwrap().to_string(), "sender=pi-zwolle urgent=false");
    for wrong in [
        "",
        "sender",
        "sender=",
        "sender=A B",
        "urgent=maybe",
        "urgent=true urgent=false",
        "prison=pi-zwolle",
        "sender=pi-zwolle,urgent=true",
    ] {
        assert_eq!(wrong.parse::<Filter>(), Err(InvalidFilter), "{wrong}");
    }
}

#[test]
fn the_channel_is_the_one_that_was_said_last() {
    let participant = |channel: &str| {
        let entry = serde_json::json!({"id": "rn-brabant", "kind": "municipality", "oin": "00000099PI0000008000", "channel": channel});
        self::entry("participant", entry)
    };
    let chosen = entry("subscription", serde_json::json!({"participant": "rn-brabant", "events": ["*"], "channel": "pull"}));
    let channel = |entries: Vec<Entry>| registers(entries).channel(&who("rn-brabant"));
    assert_eq!(channel(Vec::new()), Channel::Amqp);
    assert_eq!(channel(vec![participant("webhook"), chosen.clone()]), Channel::Pull);
    assert_eq!(channel(vec![participant("amqp"), chosen, participant("webhook")]), Channel::Webhook);
}

#[test]
fn what_two_units_had_passes_to_who_took_their_place() {
    let (now, plan, moved): (_, EventName, EventName) =
        (At::now(at("2024-06-10T09:00:00Z")), "plan-ready".parse().unwrap(), "transferred".parse().unwrap());
    let succeeds =
        |from: &str| entry("succession", serde_json::json!({"predecessor": from, "successor": "rn-brabant", "from": "2024-02-01"}));
    let asks =
        |who: &str, state: &str| entry("subscription", serde_json::json!({"participant": who, "events": ["plan-ready"], "state": state}));
    let approves = entry(
        "approval",
        serde_json::json!({"participant": "gemeente-tilburg", "events": ["plan-ready"], "owner": "DJI", "granted": true, "from": "2024-01-01"}),
    );
    let merged = [succeeds("gemeente-tilburg"), succeeds("gemeente-helmond")];
    let subscribed = |entries: Vec<Entry>, event: &EventName| {
        let all = merged.iter().cloned().chain(entries).collect();
        registers(all).is_subscribed(&who("rn-brabant"), event, "DJI", now)
    };
    let narrow = vec![asks("gemeente-tilburg", "active")];
    assert!(subscribed(narrow.clone(), &moved), "one of the two had no entry, so everything");
    let both = [narrow, vec![asks("gemeente-helmond", "active")]].concat();
    assert!(subscribed(both.clone(), &plan) && !subscribed(both, &moved));
    let one_approved = vec![asks("gemeente-tilburg", "requested"), approves, asks("gemeente-helmond", "requested")];
    assert!(subscribed(one_approved.clone(), &plan), "who was refused takes nothing from who was approved");
    let asked_again = [one_approved, vec![asks("rn-brabant", "requested")]].concat();
    assert!(subscribed(asked_again.clone(), &plan), "what was inherited needs no new approval");
    assert!(!subscribed(asked_again, &moved));
    let paused = merged.iter().cloned().chain([asks("gemeente-tilburg", "active"), asks("rn-brabant", "paused")]).collect();
    assert!(registers(paused).is_paused(&who("rn-brabant"), &plan, now));
    let before = merged.iter().cloned().chain([asks("gemeente-tilburg", "paused")]).collect();
    assert!(!registers(before).is_paused(&who("rn-brabant"), &plan, now), "a pause passes to nobody");
}

#[test]
fn what_wants_more_than_was_approved_needs_an_approval_of_its_own() {
    let (now, event): (_, EventName) = (At::now(at("2024-06-10T09:00:00Z")), "plan-ready".parse().unwrap());
    let (zwolle, vught) = (who("pi-zwolle"), who("pi-vught"));
    let asks = |state: &str, filter: Option<&str>| {
        let entry = serde_json::json!({"participant": "rn-brabant", "events": ["*"], "state": state, "filter": filter});
        self::entry("subscription", entry)
    };
    let approval = serde_json::json!({"participant": "rn-brabant", "events": ["*"], "owner": "DJI"});
    let filtered = vec![asks("requested", Some("sender=pi-zwolle")), entry("approval", approval)];
    let gets = |more: Vec<Entry>, sender| {
        let told = Told { sender, on_behalf_of: None, urgent: false };
        registers([filtered.clone(), more].concat()).is_subscribed_to(&who("rn-brabant"), &event, "DJI", told, now)
    };
    assert!(gets(vec![], &zwolle) && !gets(vec![], &vught));
    assert!(!gets(vec![asks("requested", None)], &vught), "without the filter it is another request");
    let paused = vec![asks("paused", None)];
    assert!(gets(paused.clone(), &zwolle) && !gets(paused.clone(), &vught), "a pause keeps the filter of what it pauses");
    let goes_on = [paused, vec![asks("requested", Some("sender=pi-zwolle"))]].concat();
    assert!(gets(goes_on, &zwolle));
}

#[test]
fn a_pause_of_ones_own_gives_nothing_that_was_not_approved() {
    let (now, event): (_, EventName) = (At::now(at("2024-06-10T09:00:00Z")), "plan-ready".parse().unwrap());
    let (zwolle, vught) = (who("pi-zwolle"), who("pi-vught"));
    let asks = |id: &str, state: &str, filter: Option<&str>| {
        entry("subscription", serde_json::json!({"participant": id, "events": ["*"], "state": state, "filter": filter}))
    };
    let own = |state: &str, filter: Option<&str>| asks("rn-brabant", state, filter);
    let approval = |granted: bool| {
        entry("approval", serde_json::json!({"participant": "rn-brabant", "events": ["*"], "owner": "DJI", "granted": granted}))
    };
    let gets = |entries: Vec<Entry>, sender| {
        let told = Told { sender, on_behalf_of: None, urgent: false };
        registers(entries).is_subscribed_to(&who("rn-brabant"), &event, "DJI", told, now)
    };
    let (of_zwolle, of_vught) = (Some("sender=pi-zwolle"), Some("sender=pi-vught"));
    let approved = vec![own("requested", of_zwolle), approval(true), own("paused", of_vught)];
    assert!(!gets(approved.clone(), &vught), "a pause with another filter");
    let goes_on = [approved, vec![own("requested", of_vught)]].concat();
    assert!(!gets(goes_on.clone(), &vught), "and what was asked for after it");
    assert!(gets([goes_on, vec![approval(true)]].concat(), &vught), "until it is approved");
    let denied = vec![own("requested", of_zwolle), approval(false), own("paused", of_vught), own("requested", of_vught)];
    assert!(!gets(denied, &vught), "what was denied");

    let succession = serde_json::json!({"predecessor": "gemeente-tilburg", "successor": "rn-brabant", "from": "2024-02-01"});
    let narrow = vec![entry("succession", succession), asks("gemeente-tilburg", "active", of_zwolle)];
    let after = |entries: Vec<Entry>, sender| gets([narrow.clone(), entries].concat(), sender);
    assert!(after(vec![], &zwolle) && !after(vec![], &vught));
    let paused = vec![own("paused", None)];
    assert!(after(paused.clone(), &zwolle) && !after(paused.clone(), &vught), "what was inherited waits, and no more than that");
    let goes_on = [paused, vec![own("requested", None)]].concat();
    assert!(after(goes_on.clone(), &zwolle) && !after(goes_on.clone(), &vught));
    assert!(!after(vec![own("requested", None)], &vught), "more than was inherited needs an approval");
    assert!(after([goes_on, vec![approval(true)]].concat(), &vught));

    let succession = serde_json::json!({"predecessor": "rn-brabant", "successor": "gemeente-helmond", "from": "2024-03-01"});
    let third = |entries: Vec<Entry>, sender| {
        let told = Told { sender, on_behalf_of: None, urgent: false };
        let all = [narrow.clone(), entries, vec![entry("succession", succession.clone())]].concat();
        registers(all).is_subscribed_to(&who("gemeente-helmond"), &event, "DJI", told, now)
    };
    let paused = vec![own("paused", None)];
    assert!(third(paused.clone(), &zwolle) && !third(paused, &vught), "nor does the next one get more by it");
}
