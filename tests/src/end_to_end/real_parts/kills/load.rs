//! The messages: so many detentions, and about each an admission, a release date, and changes of it.

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::end_to_end::{
    checker::Expected,
    messages::{PRISON_SOURCE, TOWN, UNIT, admission, day, event},
};

/// One message, and what each recipient is to get of it.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) detention: String,
    pub(super) event: &'static str,
    pub(super) body: Vec<u8>,
    pub(super) expected: Vec<Expected>,
}

/// Rounds of messages, one about each detention.
#[derive(Debug, Clone)]
pub(super) struct Load {
    pub(super) rounds: Vec<Vec<Message>>,
}

impl Load {
    pub(super) fn new(detentions: usize, rounds: usize) -> Self {
        Self { rounds: (0..rounds).map(|place| (0..detentions).map(|number| message(number, place)).collect()).collect() }
    }

    /// The last round is kept back: it is the fence behind the others.
    pub(super) fn fence(&self) -> &[Message] {
        self.rounds.last().unwrap()
    }

    /// The rounds before the fence.
    pub(super) fn before_the_fence(&self) -> &[Vec<Message>] {
        let (_, before) = self.rounds.split_last().unwrap();
        before
    }
}

fn message(number: usize, place: usize) -> Message {
    let detention = format!("pi-zwolle.kill-{number:05}");
    let id = format!("{detention}.{place}");
    let (event_name, data, arrives) = match place {
        0 => {
            let data = admission(&format!("Lindeboom-{}", letters(number)));
            let arrives = json!({"person": data["person"], "detention": {"start": data["detention"]["start"], "piEntry": data["detention"]["piEntry"]}});
            ("detention-started", data, arrives)
        }
        1 => release("release-date-set", json!({"date": date(number, place)})),
        _ => release("release-date-changed", json!({"date": date(number, place), "previousDate": date(number, place - 1)})),
    };
    let ty = format!("nl.schakelpunt.detentions.{event_name}.v1");
    let body = event(&ty, PRISON_SOURCE, &detention, &id, place as u64 + 1, &data);
    let expected =
        [TOWN, UNIT].map(|recipient| Expected { recipient, detention: detention.clone(), cause: id.clone(), place, data: arrives.clone() });
    Message { id, detention, event: event_name, body, expected: expected.into() }
}

/// Town and probation get all of it.
fn release(event: &'static str, mut release: Value) -> (&'static str, Value, Value) {
    release["kind"] = json!("END_OF_SENTENCE");
    release["certainty"] = json!("FIRM");
    let data = json!({"release": release});
    (event, data.clone(), data)
}

/// Another one for every message, and so far ahead that nothing falls due.
fn date(number: usize, place: usize) -> Date {
    day(100 + i64::try_from(number * 10 + place).unwrap())
}

/// Names hold no digits.
fn letters(number: usize) -> String {
    number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
}
