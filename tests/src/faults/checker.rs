//! What came against who may have what, after Jepsen's total-queue: lost, unexpected, repeated, and the order of every lane.
//!
//! What may come is written down by the stories from the law, not asked of the hub.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde_json::Value;

/// Whether it has to come.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Duty {
    /// Whatever happens.
    Must,
    /// Its ground ends at some time: before that it may have left, or not.
    May,
    /// The hub says it by itself, if it knew what it is about in time.
    Notice,
    /// It follows messages; it has to come to who got one of them.
    After(Vec<String>),
    /// It puts right what a message said; it has to come to who was told just that.
    Corrects(String, Value),
    /// One of those with this name has to come.
    Among(String),
}

/// One message to one recipient that may have it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expected {
    /// The recipient.
    pub(crate) recipient: &'static str,
    /// The detention.
    pub(crate) detention: String,
    /// The id that the producer gave the message.
    pub(crate) cause: String,
    /// The event's short name.
    pub(crate) event: &'static str,
    /// Its place among the messages about that detention; `None` where it may overtake (it travels through another queue).
    pub(crate) place: Option<usize>,
    /// The payload as it may arrive, no field more and none less.
    pub(crate) data: Vec<Value>,
    /// Whether it has to come.
    pub(crate) duty: Duty,
    /// The instant at which the producer had heard that the ground is gone: nothing may be claimed after it.
    pub(crate) until: Option<Timestamp>,
    /// It was offered before this instant, at which the fault was over: a first arrival after it has been recovered.
    pub(crate) recovered_after: Option<Timestamp>,
}

/// What a recipient took out of its inbox.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    recipient: String,
    body: Vec<u8>,
    event: Value,
    at: Timestamp,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// First arrivals.
    pub(crate) delivered: usize,
    /// Accepted or confirmed, and never came; or never answered.
    pub(crate) lost: Vec<String>,
    /// Somebody got what it may not have.
    pub(crate) unexpected: Vec<String>,
    /// The same id with other bytes, or the same message under another id.
    pub(crate) changed: Vec<String>,
    /// Overtook another of its lane.
    pub(crate) out_of_order: Vec<String>,
    /// The same id with the same bytes.
    pub(crate) duplicated: usize,
    /// Offered before the fault was over, and came after it.
    pub(crate) recovered: usize,
    /// The hub asked for something back of which nobody knows whether it arrived.
    pub(crate) recalls: usize,
}

/// Who, and which message.
type Key<'a> = (&'a str, &'a str);

/// How far a lane has come.
#[derive(Debug, Default)]
struct Lane<'a> {
    sequence: &'a str,
    next: usize,
}

/// The arrivals so far, of all recipients.
#[derive(Debug, Default)]
struct Seen<'a> {
    bodies: HashMap<Key<'a>, &'a [u8]>,
    came: HashMap<Key<'a>, &'a Value>,
    /// By recipient and detention.
    lanes: HashMap<Key<'a>, Lane<'a>>,
    /// The reference of each recipient and detention.
    subjects: HashMap<Key<'a>, &'a str>,
    /// The detention of each recipient and reference.
    detentions: HashMap<Key<'a>, &'a str>,
}

// === impl Arrival ===

impl Arrival {
    /// Reads a message that came now.
    pub(crate) fn new(recipient: &str, body: Vec<u8>, at: Timestamp) -> Self {
        let event = serde_json::from_slice(&body).unwrap_or_default();
        Self { recipient: recipient.to_owned(), body, event, at }
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

    /// Whose inbox.
    pub(crate) fn recipient(&self) -> &str {
        &self.recipient
    }

    /// The hub takes back by itself what it claimed and can no longer permit.
    fn is_recall(&self) -> bool {
        self.name() == "message-withdrawn" && self.attribute("producer") == self.attribute("source")
    }

    fn claimed(&self) -> Option<Timestamp> {
        self.attribute("time").parse().ok()
    }
}

// === impl Verdict ===

impl Verdict {
    /// Everything that is wrong, in words without content.
    pub(crate) fn faults(&self) -> Vec<String> {
        let named =
            [("lost", &self.lost), ("unexpected", &self.unexpected), ("changed", &self.changed), ("out of order", &self.out_of_order)];
        named.iter().flat_map(|(name, all)| all.iter().map(move |one| format!("{name}: {one}"))).collect()
    }
}

/// Compares. `arrivals` in the order of each inbox.
pub(crate) fn judge(expected: &[Expected], arrivals: &[Arrival]) -> Verdict {
    let wanted: HashMap<Key<'_>, &Expected> = expected.iter().map(|one| ((one.recipient, one.cause.as_str()), one)).collect();
    // who had something in a detention whose ground ended may be asked for it back, by the hub alone
    let recallable = expected.iter().filter(|one| one.until.is_some() || one.duty == Duty::May);
    let recallable: HashSet<Key<'_>> = recallable.map(|one| (one.recipient, one.detention.as_str())).collect();
    let mut seen = Seen::with_references(&wanted, arrivals);
    let mut verdict = Verdict::default();
    for arrival in arrivals {
        let recipient = arrival.recipient.as_str();
        let [id, cause, subject] = ["id", "causationid", "subject"].map(|name| arrival.attribute(name));
        let line = || format!("{recipient}, {} of {cause} as {id}, lane {subject}", arrival.name());
        if let Some(body) = seen.bodies.insert((recipient, id), &arrival.body) {
            if body == arrival.body {
                verdict.duplicated += 1;
            } else {
                verdict.changed.push(line());
            }
            continue;
        }
        if let Some(one) = wanted.get(&(recipient, cause)) {
            if seen.came.insert((recipient, cause), arrival.data()).is_some() {
                verdict.changed.push(format!("{}: the same message under another id", line()));
                continue;
            }
            verdict.delivered += 1;
            verdict.recovered += usize::from(one.recovered_after.is_some_and(|instant| arrival.at > instant));
            verdict.unexpected.extend(seen.unlawful(one, arrival).map(|why| format!("{}: {why}", line())));
            verdict.out_of_order.extend(seen.misplaced(one, arrival).map(|why| format!("{}: {why}", line())));
        } else if arrival.is_recall() && seen.may_be_recalled(arrival, &recallable) {
            verdict.recalls += 1;
        } else {
            verdict.unexpected.push(line());
        }
    }
    verdict.lost = lost(expected, &seen.came);
    verdict
}

// === impl Seen ===

impl<'a> Seen<'a> {
    /// Which detention each reference of a recipient stands for. A recall may come before what it recalls.
    fn with_references(wanted: &HashMap<Key<'a>, &'a Expected>, arrivals: &'a [Arrival]) -> Self {
        let mut seen = Self::default();
        for arrival in arrivals {
            let [cause, subject] = ["causationid", "subject"].map(|name| arrival.attribute(name));
            if let Some(one) = wanted.get(&(arrival.recipient(), cause)) {
                seen.subjects.entry((one.recipient, &one.detention)).or_insert(subject);
                seen.detentions.entry((one.recipient, subject)).or_insert(&one.detention);
            }
        }
        seen
    }

    /// What is wrong with a message that its recipient may have.
    fn unlawful(&self, one: &'a Expected, arrival: &'a Arrival) -> Option<&'static str> {
        let subject = arrival.attribute("subject");
        // a care partner has a reference of its own, one for each detention
        let own = (subject == one.detention) != is_outside_the_triad(one.recipient);
        let same = self.subjects.get(&(one.recipient, one.detention.as_str())) == Some(&subject);
        let back = self.detentions.get(&(one.recipient, subject)) == Some(&one.detention.as_str());
        if !(own && same && back) {
            Some("is about another detention")
        } else if one.event != arrival.name() {
            Some("is another event")
        } else if !one.data.contains(arrival.data()) {
            Some("says something else")
        } else if one.until.is_some_and(|until| arrival.claimed().is_none_or(|claimed| claimed > until)) {
            Some("claimed after its ground had ended")
        } else {
            None
        }
    }

    fn misplaced(&mut self, one: &'a Expected, arrival: &'a Arrival) -> Option<&'static str> {
        let lane = self.lanes.entry((one.recipient, &one.detention)).or_default();
        let sequence = arrival.attribute("sequence");
        let rises = sequence > lane.sequence;
        let late = one.place.is_some_and(|place| place < lane.next);
        *lane = Lane { sequence, next: lane.next.max(one.place.map_or(0, |place| place + 1)) };
        if late {
            Some("came after what was sent later")
        } else if !rises {
            Some("the sequence of its lane does not rise")
        } else {
            None
        }
    }

    /// Whether a recall goes to somebody who may have had something. It may be the first that is heard of a detention: what it
    /// recalls was claimed and perhaps never left. A partner's reference then names nothing yet.
    fn may_be_recalled(&self, arrival: &'a Arrival, recallable: &HashSet<Key<'_>>) -> bool {
        let (recipient, subject) = (arrival.recipient(), arrival.attribute("subject"));
        match self.detentions.get(&(recipient, subject)) {
            Some(detention) => recallable.contains(&(recipient, detention)),
            None if is_outside_the_triad(recipient) => true,
            None => recallable.contains(&(recipient, subject)),
        }
    }
}

fn is_outside_the_triad(recipient: &str) -> bool {
    recipient.starts_with("ggz-")
}

fn lost(expected: &[Expected], came: &HashMap<Key<'_>, &Value>) -> Vec<String> {
    let has = |recipient: &str, cause: &str| came.contains_key(&(recipient, cause));
    let groups = expected.iter().filter(|one| has(one.recipient, &one.cause));
    let served: HashSet<&str> =
        groups.filter_map(|one| if let Duty::Among(name) = &one.duty { Some(name.as_str()) } else { None }).collect();
    let missing = expected.iter().filter(|one| !has(one.recipient, &one.cause)).filter(|one| match &one.duty {
        Duty::Must => true,
        Duty::May | Duty::Notice => false,
        Duty::After(causes) => causes.iter().any(|cause| has(one.recipient, cause)),
        Duty::Corrects(cause, said) => came.get(&(one.recipient, cause.as_str())).is_some_and(|data| *data == said),
        Duty::Among(name) => !served.contains(name.as_str()),
    });
    missing.map(|one| format!("{}, {} of {}", one.recipient, one.event, one.cause)).collect()
}
