//! What the parties of a story say, how they say it, and who may hear of it.

use jiff::{Timestamp, ToSpan as _};
use schakelpunt_domain::{LegalDay, ids::hub_message_id};
use serde_json::{Value, json};

use super::{Offer, Story};
use crate::{
    end_to_end::messages::{PARTNER, PRISON, PRISON_SOURCE, TOWN, TOWN_SOURCE, UNIT, day, event, now},
    faults::{
        checker::{Duty, Expected},
        parties::{Message, Told},
    },
};

/// What the hub says comes from here, where the configuration names no other OIN.
const HUB_SOURCE: &str = "urn:nld:oin:00000099000000000000:systeem:schakelpunt";

impl Story {
    // --- what is said

    /// An admission that concerns Zwolle, and is known.
    pub(super) async fn admitted(&mut self) -> String {
        let (id, data) = self.admission("0193").await;
        self.both(&id, &data);
        id
    }

    /// An admission, and what town and probation may know of it.
    pub(super) async fn admission(&mut self, municipality: &str) -> (String, Value) {
        let name = json!({"surname": format!("Lindeboom-{}", letters(&self.detention)), "givenNames": "Tess", "birthDate": "1980-02-02"});
        let data = json!({
            "person": {"identity": name},
            "detention": {"start": day(-4), "piEntry": day(-4), "title": "SENTENCE"},
            "residence": {"candidates": [{"source": "BRP_AT_START", "municipality": municipality, "kind": "HOME"}]},
        });
        let id = self.say(PRISON, "detention-started", &data).await;
        (id, json!({"person": {"identity": name}, "detention": {"start": day(-4), "piEntry": day(-4)}}))
    }

    /// The next release date; town and probation may know all of it.
    pub(super) async fn release_date(&mut self) -> (String, Value) {
        let sequence = i64::try_from(self.sequence).unwrap();
        let mut release = json!({"date": day(100 + sequence), "kind": "END_OF_SENTENCE", "certainty": "FIRM"});
        let name = if sequence == 2 { "release-date-set" } else { "release-date-changed" };
        if sequence != 2 {
            release["previousDate"] = json!(day(99 + sequence));
        }
        let data = json!({"release": release});
        (self.say(PRISON, name, &data).await, data)
    }

    /// An admission, and a consent that the town has recorded. Gives the consent's id.
    pub(super) async fn consented(&mut self) -> String {
        let admission = self.admitted().await;
        self.heard(&admission).await;
        let consent = format!("{}.c", self.detention);
        let id = self.consent_given(&consent).await;
        self.heard(&id).await;
        consent
    }

    pub(super) async fn consent_given(&mut self, consent: &str) -> String {
        let mut data = json!({"consent": {"id": consent, "recipient": PARTNER, "categories": ["class:ID", "class:HEALTH"],
            "purpose": "reintegration", "givenAt": now(), "until": day(100), "channel": "WRITTEN"}});
        let id = self.say(TOWN, "consent-given", &data).await;
        // how it was asked stays with who asked
        data["consent"].as_object_mut().unwrap().remove("channel");
        for recipient in [PRISON, UNIT] {
            self.must(recipient, &id, &data);
        }
        id
    }

    /// An invitation; the partner may know all of it.
    pub(super) async fn invited(&mut self, number: i64) -> (String, Value) {
        let tbo = json!({"at": now().checked_add((48 + number).hours()).unwrap(), "place": "INSIDE", "location": "PI Zwolle"});
        let data =
            json!({"partner": PARTNER, "tbo": tbo, "person": {"identity": {"surname": format!("Lindeboom-{}", letters(&self.detention))}}});
        (self.say(TOWN, "care-partner-invited", &data).await, data)
    }

    // --- how it is said

    pub(super) fn message(&mut self, from: &'static str, name: &'static str, data: &Value) -> Message {
        let id = format!("{}.{:02}", self.detention, self.offers.len());
        let source = if from == PRISON { PRISON_SOURCE } else { TOWN_SOURCE };
        let domain = match name {
            "consent-given" | "consent-withdrawn" => "consents",
            "care-partner-invited" => "care",
            "message-corrected" | "message-withdrawn" => "housekeeping",
            _ => "detentions",
        };
        let body = event(&format!("nl.schakelpunt.{domain}.{name}.v1"), source, &self.detention, &id, self.sequence, data);
        self.sequence += 1;
        Message { from, event: name, detention: self.detention.clone(), id, body }
    }

    /// Sends a message; the broker has it.
    pub(super) async fn say(&mut self, from: &'static str, name: &'static str, data: &Value) -> String {
        let message = self.message(from, name, data);
        let (id, place) = (message.id.clone(), Some(self.offers.len()));
        self.offers.push(Offer { message: message.clone(), at: now(), place, allowed: vec![Told::Accepted], answered: None });
        self.parties.offer(&message).await;
        id
    }

    /// Sends a message over HTTP; the hub has it.
    pub(super) async fn post(&mut self, from: &'static str, name: &'static str, data: &Value) -> String {
        let message = self.message(from, name, data);
        let (id, at) = (message.id.clone(), now());
        let answered = Some(self.parties.post(&message).await);
        self.offers.push(Offer { message, at, place: None, allowed: vec![Told::Accepted], answered });
        id
    }

    /// Waits until the producer knows what became of a message.
    pub(super) async fn heard(&self, id: &str) -> Told {
        let offer = self.offers.iter().find(|offer| offer.message.id == id).unwrap();
        match offer.answered {
            Some(told) => told,
            None => self.parties.told(&offer.message).await,
        }
    }

    pub(super) fn offer(&mut self, id: &str) -> &mut Offer {
        self.offers.iter_mut().find(|offer| offer.message.id == id).unwrap()
    }

    /// It travels through a queue of its own, past what was sent before.
    pub(super) fn unordered(&mut self, id: &str) {
        self.offer(id).place = None;
    }

    pub(super) fn allow(&mut self, id: &str, told: &[Told]) {
        self.offer(id).allowed = told.to_vec();
    }

    // --- who may hear of it

    pub(super) fn expect(&mut self, recipient: &'static str, id: &str, data: Vec<Value>, duty: Duty) {
        let Offer { message, place, .. } = self.offer(id).clone();
        let Message { event, detention, id: cause, .. } = message;
        self.expected.push(Expected { recipient, detention, cause, event, place, data, duty, until: None, recovered_after: None });
    }

    pub(super) fn must(&mut self, recipient: &'static str, id: &str, data: &Value) {
        self.expect(recipient, id, vec![data.clone()], Duty::Must);
    }

    pub(super) fn may(&mut self, recipient: &'static str, id: &str, data: &Value) {
        self.expect(recipient, id, vec![data.clone()], Duty::May);
    }

    pub(super) fn both(&mut self, id: &str, data: &Value) {
        self.must(TOWN, id, data);
        self.must(UNIT, id, data);
    }

    /// Who acts from now on may hear by the hub itself that the case has passed to it, and the prison be asked for what there is: if the case
    /// was known when the mandate came. The legal day may end meanwhile.
    pub(super) fn passed_on(&mut self) {
        let today = LegalDay::of(now());
        for on in [today, LegalDay(today.0.tomorrow().unwrap())] {
            let passed = hub_message_id(&["case-passed-on", &self.detention, TOWN, &on.to_string()]).to_string();
            let asked = hub_message_id(&["current-set-requested", &self.detention, HUB_SOURCE, &passed]).to_string();
            let events = json!({"events": ["detention-started", "release-date-set", "screening-completed", "plan-ready"]});
            self.notice(TOWN, "case-passed-on", passed, json!({"passedOn": {"reason": "MANDATE_BEGAN", "on": on}}));
            self.notice(PRISON, "current-set-requested", asked, events);
        }
    }

    fn notice(&mut self, recipient: &'static str, event: &'static str, cause: String, data: Value) {
        let (detention, duty) = (self.detention.clone(), Duty::Notice);
        let data = vec![data];
        self.expected.push(Expected { recipient, detention, cause, event, place: None, data, duty, until: None, recovered_after: None });
    }

    /// From this instant on nobody may be given the message any more.
    pub(super) fn end_ground(&mut self, id: &str, until: Timestamp) {
        for one in self.expected.iter_mut().filter(|one| one.cause == id) {
            one.duty = Duty::May;
            one.until = Some(until);
        }
    }
}

/// Names hold no digits.
fn letters(text: &str) -> String {
    text.bytes().filter(u8::is_ascii_digit).map(|digit| char::from(digit - b'0' + b'a')).collect()
}
