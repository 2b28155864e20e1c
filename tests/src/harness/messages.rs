//! Messages in words: `admission("d-1").by("pi-zwolle").of("0193")`. All people are fictitious.

use schakelpunt_domain::envelope::RawMessage;
use schakelpunt_engine::{event, inspect::Offer};
use serde_json::{Value, json};

use super::{participant, settings, who};

/// A message that somebody sends.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    event: &'static str,
    sender: String,
    detention: String,
    id: String,
    sequence: u64,
    actor: Option<&'static str>,
    data: Value,
}

impl Message {
    pub(crate) fn new(event: &'static str, sender: &str, detention: &str, data: Value) -> Self {
        let id = format!("{detention}-{event}");
        Self { event, sender: sender.to_owned(), detention: detention.to_owned(), id, sequence: 1, actor: None, data }
    }

    /// Who sends it.
    pub(crate) fn by(self, sender: &str) -> Self {
        Self { sender: sender.to_owned(), ..self }
    }

    /// The worker who sends it.
    pub(crate) fn actor(self, worker: &'static str) -> Self {
        Self { actor: Some(worker), ..self }
    }

    pub(crate) fn id(self, id: &str) -> Self {
        Self { id: id.to_owned(), ..self }
    }

    pub(crate) fn sequence(self, sequence: u64) -> Self {
        Self { sequence, ..self }
    }

    /// Where the person lived when it began.
    pub(crate) fn of(self, municipality: &str) -> Self {
        self.with("residence", json!({"candidates": [{"source": "BRP_AT_START", "municipality": municipality, "kind": "HOME"}]}))
    }

    pub(crate) fn surname(mut self, surname: &str) -> Self {
        self.data["person"]["identity"]["surname"] = json!(surname);
        self
    }

    /// Another part of the payload.
    pub(crate) fn with(mut self, part: &str, value: Value) -> Self {
        self.data[part] = value;
        self
    }

    /// Its event.
    pub(crate) fn event(&self) -> &'static str {
        self.event
    }

    /// A part of its payload, as text.
    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.data.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// Its id, for asking after it.
    pub(crate) fn name(&self) -> &str {
        &self.id
    }

    /// The system that sends it.
    pub(crate) fn source(&self) -> String {
        participant(&self.sender).sources[0].to_string()
    }

    pub(crate) fn offer(&self) -> Offer {
        let settings = settings();
        let spec = settings.catalogue.named(self.event).unwrap();
        let event = json!({
            "specversion": "1.0",
            "type": spec.ty,
            "source": self.source(),
            "id": self.id,
            "time": "2024-09-04T06:00:00Z",
            "subject": self.detention,
            "partitionkey": self.detention,
            "sequence": format!("{:020}", self.sequence),
            "datacontenttype": "application/json",
            "actor": self.actor,
            "data": self.data,
        });
        let raw = RawMessage { content_type: event::CONTENT_TYPE.to_owned(), headers: Vec::new(), body: event.to_string().into_bytes() };
        Offer { sender: Some(who(&self.sender)), user_id: None, raw }
    }
}

/// A number of the range that is never handed out, another for every detention: one person is in one prison.
fn bsn_of(detention: &str) -> String {
    let hash = detention.bytes().fold(2_166_136_261_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619));
    let number = |n: u32| format!("9999{:04}", n % 10_000);
    let check = |text: &str| text.bytes().zip((2..=9).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum::<u32>() % 11;
    let text = (0..11).map(|more| number(hash.wrapping_add(more))).find(|text| check(text) < 10).unwrap();
    format!("{text}{}", check(&text))
}

/// Somebody of Zwolle comes into PI Zwolle.
pub(crate) fn admission(detention: &str) -> Message {
    let identity = json!({
        "surname": "Meerkoet", "givenNames": "Abel", "birthDate": "1984-05-17", "birthPlace": "Kampen", "bsn": bsn_of(detention), "skn": "10000001",
    });
    let data = json!({
        "person": {"identity": identity},
        "detention": {"start": "2021-06-01", "piEntry": "2021-06-01", "title": "SENTENCE"},
        "residence": {"candidates": []},
    });
    Message::new("detention-started", "pi-zwolle", detention, data).of("0193")
}

/// The same of whom nobody knows where he lived.
pub(crate) fn admission_of_nowhere(detention: &str) -> Message {
    admission(detention).with("residence", json!({"candidates": []}))
}

pub(crate) fn release_date(detention: &str, date: &str) -> Message {
    let data = json!({"release": {"date": date, "kind": "END_OF_SENTENCE", "certainty": "EXPECTED"}});
    Message::new("release-date-set", "pi-zwolle", detention, data)
}

pub(crate) fn release_date_changed(detention: &str, date: &str) -> Message {
    let data = json!({"release": {"date": date, "kind": "END_OF_SENTENCE", "certainty": "FIRM", "reason": "RECALCULATED"}});
    Message::new("release-date-changed", "pi-zwolle", detention, data)
}

/// `conditions`: `[("HOUSING", "MISSING")]`.
pub(crate) fn screening(detention: &str, conditions: &[(&str, &str)]) -> Message {
    Message::new("screening-completed", "pi-zwolle", detention, json!({"conditions": entries(conditions)}))
}

pub(crate) fn condition(detention: &str, condition: &str, status: &str) -> Message {
    Message::new("condition-status-updated", "pi-zwolle", detention, json!({"conditions": entries(&[(condition, status)])}))
}

fn entries(conditions: &[(&str, &str)]) -> Value {
    conditions
        .iter()
        .map(|(code, status)| ((*code).to_owned(), json!({"status": status, "asOf": "2021-06-10"})))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

pub(crate) fn transfer(detention: &str, to: &str, at: &str) -> Message {
    Message::new("transferred", "pi-zwolle", detention, json!({"transfer": {"to": to, "at": at}}))
}

pub(crate) fn detention_ended(detention: &str, day: &str) -> Message {
    let data = json!({"detention": {"legalEnd": day}, "release": {"kind": "END_OF_SENTENCE"}});
    Message::new("detention-ended", "pi-zwolle", detention, data)
}

pub(crate) fn deceased(detention: &str, day: &str) -> Message {
    Message::new("deceased", "pi-zwolle", detention, json!({"status": {"since": day}}))
}

/// The person consents that this unit hears his name, his health and where he will live.
pub(crate) fn consent_given(detention: &str, id: &str, recipient: &str) -> Message {
    let categories = ["class:ID", "class:HEALTH", "condition:HOUSING"];
    let consent = json!({"id": id, "recipient": recipient, "categories": categories, "purpose": "reintegration", "until": "2025-06-30"});
    Message::new("consent-given", "gemeente-zwolle", detention, json!({"consent": consent})).id(&format!("{detention}-given-{id}"))
}

pub(crate) fn consent_withdrawn(detention: &str, id: &str) -> Message {
    Message::new("consent-withdrawn", "gemeente-zwolle", detention, json!({"consent": {"id": id}}))
        .id(&format!("{detention}-withdrawn-{id}"))
}

/// An invitation to the meeting.
pub(crate) fn invitation(detention: &str, partner: &str) -> Message {
    let data = json!({
        "partner": partner,
        "tbo": {"at": "2024-09-12T10:00:00+02:00", "place": "INSIDE", "location": "PI Zwolle"},
        "person": {"identity": {"surname": "Meerkoet", "givenNames": "Abel"}},
    });
    Message::new("care-partner-invited", "gemeente-zwolle", detention, data)
}

pub(crate) fn meeting(detention: &str) -> Message {
    Message::new("tbo-scheduled", "gemeente-zwolle", detention, json!({"tbo": {"at": "2024-09-12T10:00:00+02:00", "place": "INSIDE"}}))
}

pub(crate) fn meeting_held(detention: &str) -> Message {
    Message::new("tbo-held", "gemeente-zwolle", detention, json!({"tbo": {"at": "2024-09-12T10:00:00+02:00", "place": "INSIDE"}}))
}

/// There will be no plan.
pub(crate) fn plan_not_made(detention: &str) -> Message {
    Message::new("plan-not-made", "pi-zwolle", detention, json!({"plan": {"reason": "SHORT_STAY"}}))
}

fn about(original: &Message, reason: &str) -> Value {
    json!({"correction": {"of": {"source": original.source(), "id": original.id}, "reason": reason}})
}

/// The same person, whatever the detention.
pub(crate) fn of_one_person(detention: &str) -> Message {
    let identity = json!({"surname": "Scholekster", "givenNames": "Mo", "birthDate": "1980-03-03", "bsn": "999900201"});
    admission(detention).with("person", json!({ "identity": identity }))
}

/// The corrected parts are put beside the reference with `with`.
pub(crate) fn correction(of: &Message) -> Message {
    Message::new("message-corrected", &of.sender, &of.detention, about(of, "WRONG_DATA"))
        .id(&format!("{}-corrected", of.id))
        .sequence(of.sequence + 1)
}

pub(crate) fn withdrawal(of: &Message) -> Message {
    Message::new("message-withdrawn", &of.sender, &of.detention, about(of, "WRONG_RECIPIENT"))
        .id(&format!("{}-withdrawn", of.id))
        .sequence(of.sequence + 1)
}

/// A recipient has deleted a message.
pub(crate) fn deletion(of: &Message, by: &str) -> Message {
    let data = json!({"deletion": {"of": {"source": of.source(), "id": of.id}, "at": "2024-09-05T10:00:00Z"}});
    Message::new("deletion-confirmed", by, &of.detention, data).id(&format!("{}-deleted-{by}", of.id))
}

/// The triage desk found out.
pub(crate) fn responsible(detention: &str, municipality: &str) -> Message {
    let data = json!({"residence": {"candidates": [{"source": "STAYED", "municipality": municipality, "kind": "NONE"}]}});
    Message::new("responsible-municipality-determined", "triage", detention, data)
}

pub(crate) fn settles(detention: &str, municipality: &str) -> Message {
    let data = json!({"residence": {"candidates": [{"source": "SETTLE", "municipality": municipality, "kind": "NONE"}]}});
    Message::new("settlement-municipality-set", "pi-zwolle", detention, data).sequence(2)
}

pub(crate) fn unit_assigned(detention: &str, unit: &str) -> Message {
    Message::new("probation-unit-assigned", "rn-zwolle", detention, json!({"supervision": {"unit": unit}}))
}

/// The residence, or the first day, was told wrongly.
pub(crate) fn start_corrected(detention: &str) -> Message {
    Message::new("detention-start-corrected", "pi-zwolle", detention, json!({"detention": {"start": "2021-06-01"}})).sequence(2)
}
