//! What happens in one detention, and who may hear of it. The law is written down here a second time: the hub is not asked.

mod telling;

use std::sync::Arc;

use jiff::{Timestamp, ToSpan as _};
use serde_json::json;

use super::{
    checker::{Duty, Expected},
    parties::{Message, Parties, Told},
    plant::Registrar,
};
use crate::end_to_end::messages::{PARTNER, PRISON, PRISON_SOURCE, TOWN, UNIT, day, now};

/// The prison to which somebody is taken.
pub(super) const OTHER_PRISON: &str = "pi-lelystad";

/// What can happen in a detention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plot {
    /// An admission, a release date, and changes of it.
    Dates,
    /// A change that comes after a newer one: nobody may be told of it.
    LateChange,
    /// A care partner is invited with consent, and the consent stays.
    Consent,
    /// The consent is withdrawn right after the invitations: over AMQP, or over HTTP.
    ConsentWithdrawn { http: bool },
    /// A message is withdrawn right after it was sent.
    MessageWithdrawn,
    /// A message is corrected right after it was sent.
    Corrected,
    /// A transfer is announced.
    Transfer,
    /// The detention is stopped in the registers.
    Stopped,
    /// A municipality leaves its cases to another one while messages are under way.
    Mandated { mandator: &'static str, code: &'static str },
}

/// One detention while it is told.
#[derive(Debug)]
pub(super) struct Story {
    parties: Arc<Parties>,
    registrar: Registrar,
    detention: String,
    sequence: u64,
    expected: Vec<Expected>,
    offers: Vec<Offer>,
}

/// A message that was offered, and what its producer may be told of it.
#[derive(Debug, Clone)]
struct Offer {
    message: Message,
    at: Timestamp,
    place: Option<usize>,
    allowed: Vec<Told>,
    /// Answered over HTTP at once.
    answered: Option<Told>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) expected: Vec<Expected>,
    /// When each message was first offered.
    pub(super) offered: Vec<(String, Timestamp)>,
    /// What its producer was told and must not be, in words.
    pub(super) mistold: Vec<String>,
    /// Messages of which nothing was heard.
    pub(super) silent: Vec<String>,
}

impl Story {
    /// A detention of that name.
    pub(super) fn new(parties: Arc<Parties>, registrar: Registrar, detention: String) -> Self {
        Self { parties, registrar, detention, sequence: 1, expected: Vec::new(), offers: Vec::new() }
    }

    /// Tells it to the end: every message has its receipt.
    pub(super) async fn tell(mut self, plot: Plot) -> Outcome {
        match plot {
            Plot::Dates => self.dates().await,
            Plot::LateChange => self.late_change().await,
            Plot::Consent => self.consent().await,
            Plot::ConsentWithdrawn { http } => self.consent_withdrawn(http).await,
            Plot::MessageWithdrawn => self.message_withdrawn().await,
            Plot::Corrected => self.corrected().await,
            Plot::Transfer => self.transfer().await,
            Plot::Stopped => self.stopped().await,
            Plot::Mandated { mandator, code } => self.mandated(mandator, code).await,
        }
        self.end().await
    }

    async fn dates(&mut self) {
        self.admitted().await;
        for _ in 0..4 {
            let (id, data) = self.release_date().await;
            self.both(&id, &data);
        }
    }

    async fn late_change(&mut self) {
        self.admitted().await;
        let (id, data) = self.release_date().await;
        self.both(&id, &data);
        self.sequence += 2;
        let (id, data) = self.release_date().await;
        self.both(&id, &data);
        // of an instant before: nobody is to hear of it
        self.sequence -= 2;
        self.release_date().await;
        self.sequence += 2;
    }

    async fn consent(&mut self) {
        self.consented().await;
        for number in 0..2 {
            let (id, data) = self.invited(number).await;
            self.must(PARTNER, &id, &data);
        }
    }

    async fn consent_withdrawn(&mut self, http: bool) {
        let consent = self.consented().await;
        let mut invitations = Vec::new();
        for number in 0..2 {
            let (id, data) = self.invited(number).await;
            self.allow(&id, &[Told::Accepted, Told::Refused]);
            self.may(PARTNER, &id, &data);
            invitations.push(id);
        }
        let data = json!({"consent": {"id": consent, "recipient": PARTNER, "withdrawnAt": now()}});
        let id = if http {
            self.post(TOWN, "consent-withdrawn", &data).await
        } else {
            let id = self.say(TOWN, "consent-withdrawn", &data).await;
            self.unordered(&id);
            id
        };
        self.heard(&id).await;
        let until = now();
        for invitation in &invitations {
            self.end_ground(invitation, until);
        }
        for recipient in [PRISON, UNIT] {
            self.must(recipient, &id, &data);
        }
        self.expect(PARTNER, &id, vec![data], Duty::After(invitations));
        // no later word revives it
        let again = self.consent_given(&consent).await;
        self.expected.iter_mut().filter(|one| one.cause == again).for_each(|one| one.duty = Duty::May);
        self.heard(&again).await;
        let (id, _) = self.invited(2).await;
        self.allow(&id, &[Told::Refused]);
    }

    async fn message_withdrawn(&mut self) {
        self.admitted().await;
        let (withdrawn, said) = self.release_date().await;
        self.allow(&withdrawn, &[Told::Accepted, Told::Refused]);
        let data = json!({"correction": {"of": {"source": PRISON_SOURCE, "id": withdrawn}, "reason": "WRONG_DATA"}});
        let id = self.say(PRISON, "message-withdrawn", &data).await;
        self.unordered(&id);
        self.heard(&id).await;
        let until = now();
        for recipient in [TOWN, UNIT] {
            self.may(recipient, &withdrawn, &said);
            self.expect(recipient, &id, vec![data.clone()], Duty::After(vec![withdrawn.clone()]));
        }
        self.end_ground(&withdrawn, until);
        let (id, data) = self.release_date().await;
        self.both(&id, &data);
    }

    async fn corrected(&mut self) {
        self.admitted().await;
        let (original, said) = self.release_date().await;
        let date = day(5000);
        let data =
            json!({"correction": {"of": {"source": PRISON_SOURCE, "id": original}, "reason": "WRONG_DATA"}, "release": {"date": date}});
        let id = self.say(PRISON, "message-corrected", &data).await;
        let mut right = said.clone();
        right["release"]["date"] = json!(date);
        for recipient in [TOWN, UNIT] {
            // one that waits is replaced, one that has left is followed
            self.expect(recipient, &original, vec![said.clone(), right.clone()], Duty::Must);
            self.expect(recipient, &id, vec![data.clone()], Duty::Corrects(original.clone(), said.clone()));
        }
    }

    async fn transfer(&mut self) {
        self.admitted().await;
        let at = now().checked_add(24.hours()).unwrap();
        let data = json!({"transfer": {"to": OTHER_PRISON, "at": at}});
        let id = self.say(PRISON, "transferred", &data).await;
        for recipient in [TOWN, UNIT, OTHER_PRISON] {
            self.must(recipient, &id, &data);
        }
        // until it has happened the old prison speaks, and the new one hears nothing else
        let (id, data) = self.release_date().await;
        self.both(&id, &data);
    }

    async fn stopped(&mut self) {
        let admission = self.admitted().await;
        // what comes for an unknown detention would wait for it
        self.heard(&admission).await;
        let mut before = vec![admission];
        for _ in 0..2 {
            let (id, data) = self.release_date().await;
            self.both(&id, &data);
            before.push(id);
        }
        self.registrar.stop(&self.detention).await;
        let until = now();
        for id in &before {
            self.allow(id, &[Told::Accepted, Told::Refused]);
            self.end_ground(id, until);
        }
        for _ in 0..2 {
            let (id, _) = self.release_date().await;
            self.allow(&id, &[Told::Refused]);
        }
    }

    async fn mandated(&mut self, mandator: &'static str, code: &'static str) {
        let (id, data) = self.admission(code).await;
        self.must(UNIT, &id, &data);
        let mut before = vec![(id, data)];
        for _ in 0..2 {
            let (id, data) = self.release_date().await;
            self.must(UNIT, &id, &data);
            before.push((id, data));
        }
        self.registrar.mandate(mandator, TOWN).await;
        let until = now();
        self.passed_on();
        for (id, data) in &before {
            // who has it when the mandate comes has it; what waits goes to who acts from now on
            self.expect(mandator, id, vec![data.clone()], Duty::Among(id.clone()));
            self.expect(TOWN, id, vec![data.clone()], Duty::Among(id.clone()));
            self.expected.iter_mut().filter(|one| one.cause == *id && one.recipient == mandator).for_each(|one| one.until = Some(until));
        }
        let (id, data) = self.release_date().await;
        self.both(&id, &data);
        // to a new recipient the waiting ones go when they are decided anew, after what was decided meanwhile
        self.expected.iter_mut().filter(|one| one.recipient == TOWN).for_each(|one| one.place = None);
    }

    async fn end(self) -> Outcome {
        let mut outcome = Outcome::default();
        for offer in &self.offers {
            let told = self.heard(&offer.message.id).await;
            let line = || format!("{} of {} is told {told:?} of {}", offer.message.from, offer.message.event, offer.message.id);
            if told == Told::Silence {
                outcome.silent.push(line());
            } else if !offer.allowed.contains(&told) {
                outcome.mistold.push(line());
            }
            outcome.offered.push((offer.message.id.clone(), offer.at));
        }
        outcome.expected = self.expected;
        outcome
    }
}
