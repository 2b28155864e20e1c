//! What came against what was to come, after Jepsen's total-queue: lost, unexpected, repeated with other bytes; and the order of
//! every lane.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

/// One message to one recipient.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expected {
    /// The recipient.
    pub(crate) recipient: &'static str,
    /// The detention.
    pub(crate) detention: String,
    /// The id that the producer gave the message.
    pub(crate) cause: String,
    /// Its place among the messages about that detention.
    pub(crate) place: usize,
    /// The payload as it must arrive.
    pub(crate) data: Value,
}

/// What a recipient took out of its inbox.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    recipient: String,
    body: Vec<u8>,
    event: Value,
}

impl Arrival {
    /// Reads a message.
    pub(crate) fn new(recipient: &str, body: Vec<u8>) -> Self {
        let event = serde_json::from_slice(&body).unwrap_or_default();
        Self { recipient: recipient.to_owned(), body, event }
    }

    /// An attribute; empty where there is none.
    pub(crate) fn attribute(&self, name: &str) -> &str {
        self.event.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The event's short name.
    pub(crate) fn name(&self) -> &str {
        self.attribute("type").rsplit('.').nth(1).unwrap_or_default()
    }

    /// The payload.
    pub(crate) fn data(&self) -> &Value {
        &self.event["data"]
    }

    /// Recipient and the message that it has received.
    pub(crate) fn key(&self) -> (String, String) {
        (self.recipient.clone(), self.attribute("causationid").to_owned())
    }
}

/// How far a lane has come.
#[derive(Default)]
struct Lane<'a> {
    sequence: &'a str,
    next: usize,
}

/// Everything that is wrong, in words without content; empty if nothing is. `arrivals` in the order of each inbox.
pub(crate) fn faults(expected: &[Expected], arrivals: &[Arrival]) -> Vec<String> {
    let wanted: HashMap<(&str, &str), &Expected> = expected.iter().map(|one| ((one.recipient, one.cause.as_str()), one)).collect();
    let mut bodies: HashMap<(&str, &str), &[u8]> = HashMap::new();
    let mut came: HashSet<(&str, &str)> = HashSet::new();
    let mut lanes: HashMap<(&str, &str), Lane<'_>> = HashMap::new();
    let mut faults = Vec::new();
    for arrival in arrivals {
        let recipient = arrival.recipient.as_str();
        let [id, cause, subject, sequence] = ["id", "causationid", "subject", "sequence"].map(|name| arrival.attribute(name));
        let mut fault = |what: &str| faults.push(format!("{recipient}, {} of {cause} as {id}: {what}", arrival.name()));
        if let Some(body) = bodies.insert((recipient, id), &arrival.body) {
            if body != arrival.body {
                fault("came again with other bytes");
            }
            continue;
        }
        let Some(one) = wanted.get(&(recipient, cause)) else {
            fault("was not to come");
            continue;
        };
        if !came.insert((recipient, cause)) {
            fault("came a second time, under another id");
            continue;
        }
        if one.detention != subject {
            fault("is about another detention");
        }
        if one.data != *arrival.data() {
            fault("says something else");
        }
        let lane = lanes.entry((recipient, subject)).or_default();
        if sequence <= lane.sequence {
            fault("the sequence of its lane does not rise");
        }
        if one.place < lane.next {
            fault("came after what was sent later");
        }
        *lane = Lane { sequence, next: lane.next.max(one.place + 1) };
    }
    let lost = expected.iter().filter(|one| !came.contains(&(one.recipient, one.cause.as_str())));
    faults.extend(lost.map(|one| format!("{}, message {}: lost", one.recipient, one.cause)));
    faults
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn expected() -> Vec<Expected> {
        let one =
            |place: usize| Expected { recipient: "town", detention: "d".to_owned(), cause: format!("m{place}"), place, data: json!(place) };
        vec![one(0), one(1)]
    }

    fn arrival(id: &str, cause: &str, sequence: u64, data: usize) -> Arrival {
        let event = json!({"type": "nl.x.release-date-set.v1", "id": id, "causationid": cause, "subject": "d",
            "sequence": format!("{sequence:020}"), "data": data});
        Arrival::new("town", event.to_string().into_bytes())
    }

    fn words(arrivals: &[Arrival]) -> Vec<String> {
        faults(&expected(), arrivals).iter().map(|fault| fault.rsplit(": ").next().unwrap().to_owned()).collect()
    }

    #[test]
    fn exact_repeats_are_no_fault() {
        let (first, second) = (arrival("a", "m0", 1, 0), arrival("b", "m1", 2, 1));
        assert!(words(&[first.clone(), second.clone(), first, second]).is_empty());
    }

    #[test]
    fn every_fault_is_seen() {
        let (first, second) = (arrival("a", "m0", 1, 0), arrival("b", "m1", 2, 1));
        assert_eq!(words(std::slice::from_ref(&first)), ["lost"]);
        assert_eq!(words(&[first.clone(), second.clone(), arrival("c", "m2", 3, 2)]), ["was not to come"]);
        assert_eq!(words(&[first.clone(), arrival("a", "m0", 1, 7), second.clone()]), ["came again with other bytes"]);
        assert_eq!(words(&[first.clone(), second.clone(), arrival("c", "m1", 3, 1)]), ["came a second time, under another id"]);
        assert_eq!(words(&[first.clone(), arrival("b", "m1", 2, 9)]), ["says something else"]);
        assert_eq!(words(&[first.clone(), arrival("b", "m1", 1, 1)]), ["the sequence of its lane does not rise"]);
        assert_eq!(words(&[arrival("b", "m1", 1, 1), arrival("a", "m0", 2, 0)]), ["came after what was sent later"]);
    }
}
