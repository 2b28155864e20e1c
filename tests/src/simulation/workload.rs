//! What producers say in one run: a few detentions, with everything out of order that can be.

use schakelpunt_domain::{ParticipantId, envelope::RawMessage, ids::MessageKey};
use schakelpunt_engine::inspect::Offer;
use serde_json::{Value, json};

use super::{ledger::Offered, rng::Rng};
use crate::harness::messages::{
    Message, admission, admission_of_nowhere, condition, consent_given, consent_withdrawn, correction, deceased, detention_ended,
    invitation, meeting, release_date, release_date_changed, responsible, screening, settles, transfer, unit_assigned, withdrawal,
};

/// One message on its way from a producer.
#[derive(Debug, Clone)]
pub(super) struct Sending {
    /// Which offer of the ledger.
    pub(super) offer: usize,
    pub(super) sender: ParticipantId,
    pub(super) raw: RawMessage,
    /// The intake queue of its partition.
    pub(super) queue: usize,
    /// It goes into the stop queue, too.
    pub(super) stop: bool,
    /// It is posted instead of published.
    pub(super) posted: bool,
    /// Milliseconds before it is sent.
    pub(super) wait: u64,
}

/// Everything that is said, in the order of sending.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) offers: Vec<Offered>,
    pub(super) sendings: Vec<Sending>,
}

/// Intake queues beside the stop queue.
pub(super) const PARTITIONS: usize = 2;
const STOP_EVENTS: [&str; 3] = ["consent-withdrawn", "message-withdrawn", "deceased"];

pub(super) fn plan(seed: u64) -> Plan {
    let mut rng = Rng::stream(seed, 1);
    let mut plan = Plan::default();
    let count = rng.between(1, 3);
    let mut all: Vec<(u64, Message, u64)> = Vec::new();
    for number in 1..=count {
        let mut place = rng.below(20);
        for (message, variant) in detention(&mut rng, number) {
            place += rng.between(1, 12);
            // late, or early, by some places
            let shift = if rng.once_in(4) { rng.below(60) } else { rng.below(4) };
            all.push((place + shift, message, variant));
        }
    }
    all.sort_by_key(|(place, ..)| *place);
    let mut last = 0;
    for (place, message, variant) in all {
        let again = rng.once_in(8);
        plan.add(&mut rng, &message, variant, (place - last) * 6);
        last = place;
        if again {
            plan.add(&mut rng, &message, variant, 3);
        }
    }
    plan
}

/// What is said of one detention, with numbers that rise in the order in which it should be said.
fn detention(rng: &mut Rng, number: u64) -> Vec<(Message, u64)> {
    let name = format!("d-{number}");
    let d = name.as_str();
    let opening = match rng.below(8) {
        0 => admission(d).of("0166"),
        1 | 2 => admission_of_nowhere(d),
        _ => admission(d),
    };
    let title = json!({"start": "2021-06-01", "piEntry": "2021-06-01", "title": "ISD"});
    let mut said = vec![opening.with("detention", title)];
    let partner = rng.word(&["ggz-zwolle", "ggz-zwolle", "woonstichting-zwolle"]);
    let until = rng.word(&["2025-06-30", "2025-06-30", "2024-09-04", "2021-06-30"]);
    let consents = rng.between(1, 3);
    for consent in 1..=consents {
        said.push(consent_in(d, &format!("c-{consent}"), partner, until));
    }
    for _ in 0..rng.between(4, 11) {
        let message = match rng.below(20) {
            0 | 1 => release_date(d, &day_of_release(rng)),
            2..=4 => release_date_changed(d, &format!("2025-04-{:02}", rng.between(1, 28))),
            5..=7 => screening(d, &[("HOUSING", "MISSING"), ("DEBT", "IN_ORDER")]).with("care", json!({"needed": rng.once_in(2)})),
            8 | 9 => condition(d, "HOUSING", rng.word(&["MISSING", "ARRANGED"])),
            10 | 11 => consent_withdrawn(d, &format!("c-{}", rng.between(1, consents + 1))).by("pi-zwolle"),
            12 => consent_in(d, &format!("c-{}", rng.between(1, consents + 1)), partner, until),
            13 | 14 => invitation(d, partner),
            15 => meeting(d),
            16 => settles(d, rng.word(&["0166", "0193"])),
            17 => unit_assigned(d, rng.word(&["rn-noord", "rn-zwolle"])),
            18 => responsible(d, rng.word(&["0193", "0166"])),
            _ => transfer(d, "pi-vught", "2024-09-04T09:00:00+02:00"),
        };
        said.push(message);
    }
    if rng.once_in(2) {
        said.push(responsible(d, "0193"));
    }
    let mut numbered: Vec<(Message, u64)> = Vec::new();
    for (place, message) in (1..).zip(said) {
        numbered.push((message.id(&format!("{d}-m{place:02}")).sequence(10 * place), 0));
    }
    for extra in 0..rng.below(4) {
        let (of, _) = rng.pick(&numbered).clone();
        let about = match rng.below(3) {
            0 => correction(&of).with("release", json!({"date": "2025-05-05"})),
            1 => correction(&of).with("conditions", json!({"HOUSING": {"status": "ARRANGED", "asOf": "2021-06-11"}})),
            _ => withdrawal(&of),
        };
        numbered.push((about.id(&format!("{d}-x{extra}")).sequence(500 + extra), 0));
    }
    if rng.once_in(3) {
        // other bytes under an id that is known
        let (of, _) = numbered[1].clone();
        numbered.push((release_date(d, "2025-06-06").id(of.name()).sequence(600), 1));
    }
    if rng.once_in(6) {
        numbered.push((release_date(d, "2025-06-07").id(&format!("{d}-poison")).sequence(610), 0));
    }
    match rng.below(8) {
        0 => numbered.push((detention_ended(d, "2021-06-01").id(&format!("{d}-end")).sequence(700), 0)),
        1 => numbered.push((deceased(d, "2021-06-01").id(&format!("{d}-end")).sequence(700), 0)),
        _ => {}
    }
    numbered
}

/// Far away, or so that midnight is four weeks or two days before it.
fn day_of_release(rng: &mut Rng) -> String {
    match rng.below(4) {
        0 => "2024-10-03".to_owned(),
        1 => "2024-09-07".to_owned(),
        _ => format!("2025-03-{:02}", rng.between(1, 28)),
    }
}

fn consent_in(d: &str, id: &str, partner: &str, until: &str) -> Message {
    let consent = json!({
        "id": id, "recipient": partner, "categories": ["class:ID", "class:HEALTH", "condition:HOUSING"], "purpose": "reintegration", "until": until,
    });
    consent_given(d, id, partner).by("pi-zwolle").with("consent", consent)
}

impl Plan {
    fn add(&mut self, rng: &mut Rng, message: &Message, variant: u64, wait: u64) {
        let Offer { sender, raw, .. } = message.offer();
        let sender = sender.unwrap();
        let event: Value = serde_json::from_slice(&raw.body).unwrap();
        let text = |name: &str| event[name].as_str().unwrap();
        let detention: schakelpunt_domain::DetentionRef = text("subject").parse().unwrap();
        let offered = Offered {
            key: MessageKey { source: text("source").parse().unwrap(), id: text("id").parse().unwrap() },
            event: message.event(),
            sequence: text("sequence").parse().unwrap(),
            sender: sender.clone(),
            data: event["data"].clone(),
            variant,
            poison: text("id").ends_with("poison"),
            detention: detention.clone(),
        };
        let partition = usize::from(detention.as_str().ends_with('2'));
        let stop = STOP_EVENTS.contains(&offered.event);
        let posted = rng.once_in(if offered.event.starts_with("release") { 3 } else { 6 });
        self.offers.push(offered);
        self.sendings.push(Sending { offer: self.offers.len() - 1, sender, raw, queue: 1 + partition % PARTITIONS, stop, posted, wait });
    }
}
