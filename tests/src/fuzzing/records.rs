//! What systems of an organisation push, or drop in a folder, through the adapters of the example configurations.

mod stage;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use schakelpunt_adapters::{event, keep::Kept};
use schakelpunt_domain::envelope::{Envelope, RawMessage};
use serde_json::Value;

use self::stage::{Adapter, Stage};
use super::{
    exchange::Asked,
    first_line,
    innocence::CANARY,
    world::{same, world},
};

/// A line with the adapter and the way (`municipality push`, `probation file`). A file is what follows. A push is a request of which the
/// body may be several, with an empty line between them: the same request with each, an hour after the one before. `authorization: own`
/// stands for the system's token.
pub fn records(bytes: &[u8]) {
    let (line, rest) = first_line(bytes);
    let (adapter, is_file) = match line {
        b"municipality push" => (Adapter::Municipality, false),
        b"municipality file" => (Adapter::Municipality, true),
        b"probation push" => (Adapter::Probation, false),
        b"probation file" => (Adapter::Probation, true),
        b"dji push" => (Adapter::Dji, false),
        _ => return,
    };
    let mut stage = Stage::new(adapter);
    if is_file { dropped(&mut stage, rest) } else { pushed(&mut stage, &Asked::read(rest)) }
}

fn pushed(stage: &mut Stage, asked: &Asked<'_>) {
    let mut now = world().now;
    for body in bodies(asked.body) {
        let before = stage.messages();
        let Some(answered) = stage.push(asked, body, now) else { return };
        let (status, after) = (answered.status.as_u16(), stage.messages());
        let says = String::from_utf8_lossy(&answered.body);
        assert!([202, 400, 401, 404, 405, 413].contains(&status), "{status} {says}");
        assert!(!says.is_empty() || asked.method == "HEAD", "{status} without a reason");
        let new = news(&before, &after);
        if status == 202 {
            assert_eq!(asked.header("authorization"), Some("own"), "taken from nobody");
            let told: Value = serde_json::from_slice(&answered.body).unwrap();
            let told: Vec<&str> = told["events"].as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap()).collect();
            assert_eq!(told, new.iter().map(|kept| kept.message.id.as_str()).collect::<Vec<_>>(), "what was kept is what is told");
            let again = stage.push(asked, body, now).unwrap();
            assert_eq!(
                (again.status.as_u16(), &*again.body, stage.messages()),
                (202, &br#"{"events":[]}"#[..], after.clone()),
                "said again"
            );
        } else {
            assert!(new.is_empty(), "{status}, and something was kept");
        }
        sound(stage, new, now);
        now += SignedDuration::from_hours(1);
    }
}

fn dropped(stage: &mut Stage, bytes: &[u8]) {
    let now = world().now;
    let (is_done, alarms) = stage.drop_file(bytes, now);
    let kept = stage.messages();
    assert!(!alarms.to_lowercase().contains(CANARY), "an alarm with content: {alarms}");
    if is_done {
        assert!(alarms.is_empty(), "{alarms}");
    } else {
        let alarm: Value = serde_json::from_str(&alarms).unwrap();
        let (code, detail) = (alarm["code"].as_str().unwrap(), alarm["detail"].as_str().unwrap());
        let place = match code {
            "GARBLED" => "line ",
            "BAD_RECORD" if detail.starts_with("at most 1000") => "",
            "BAD_RECORD" => "message ",
            other => panic!("{other}"),
        };
        assert!(detail.starts_with(place), "no place: {detail}");
        assert!(kept.is_empty(), "held, and something was kept");
    }
    sound(stage, &kept, now);
}

/// Bodies with an empty line between them.
fn bodies(bytes: &[u8]) -> Vec<&[u8]> {
    let mut bodies = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(2).position(|two| two == b"\n\n") {
        bodies.push(&rest[..at]);
        rest = &rest[at + 2..];
    }
    bodies.push(rest);
    bodies
}

/// What was kept since: at the end, and what was there is as it was.
fn news<'a>(before: &[Kept], after: &'a [Kept]) -> &'a [Kept] {
    assert!(after.starts_with(before), "what was kept has changed");
    &after[before.len()..]
}

/// Each message is one that the hub can read, of an event that this adapter sends, with data that fit.
fn sound(stage: &Stage, new: &[Kept], now: Timestamp) {
    let ids: BTreeSet<&str> = new.iter().map(|kept| kept.message.id.as_str()).collect();
    assert_eq!(ids.len(), new.len(), "an id twice");
    for kept in new {
        same(kept);
        let message = &kept.message;
        let raw = RawMessage { content_type: event::CONTENT_TYPE.to_owned(), headers: Vec::new(), body: message.body.clone().into_bytes() };
        let envelope = Envelope::parse(&raw).unwrap_or_else(|error| panic!("{error:?}: {}", message.body));
        assert_eq!(
            (&envelope.id, envelope.subject.as_ref(), envelope.event.as_str()),
            (&message.id, Some(&message.detention), &*message.event)
        );
        assert!(stage.sends(&envelope.event), "{} is not its to send", envelope.event);
        let spec = world().settings.catalogue.get(&envelope.event).unwrap();
        assert_eq!((&spec.ty, spec.validate(&envelope.data)), (&envelope.ty, Ok(())));
        assert_eq!(kept.since, now);
    }
}
