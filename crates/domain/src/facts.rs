//! Which facts and consents a payload states. The payload has passed its schema; what is absent states nothing.

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    calendar::LegalDay,
    case::{Duty, FactValue, Meeting},
    consent::{Category, Condition, Consent},
    ids::{MessageId, MessageKey, ParticipantId, Source},
};

/// A fact that a payload states, with the instant from which it holds if the payload says so, and the leaf that it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// The fact.
    pub value: FactValue,
    /// From when; the moment of recording if absent.
    pub from: Option<Timestamp>,
    /// The slot of the payload that it stands in.
    pub slot: &'static str,
}

fn state(value: FactValue, slot: &'static str) -> Stated {
    Stated { value, from: None, slot }
}

fn get<T: serde::de::DeserializeOwned>(data: &Value, pointer: &str) -> Option<T> {
    data.pointer(pointer).and_then(|value| serde_json::from_value(value.clone()).ok())
}

fn day(data: &Value, pointer: &str) -> Option<LegalDay> {
    get(data, pointer)
}

/// The facts that `event` of `sender` states.
pub fn stated(event: &str, data: &Value, sender: &ParticipantId) -> Vec<Stated> {
    let mut facts = Vec::new();
    if event == "detention-started" {
        facts.push(state(FactValue::Prison(sender.clone()), "place"));
    }
    dates(event, data, &mut facts);
    residence(event, data, &mut facts);
    if let Some(to) = get(data, "/transfer/to") {
        facts.push(Stated { value: FactValue::Prison(to), from: get(data, "/transfer/at"), slot: "transfer" });
    }
    if let (true, Some(unit)) = (event == "probation-unit-assigned", get(data, "/supervision/unit")) {
        facts.push(state(FactValue::ProbationUnit(unit), "supervision"));
    }
    if let Some(needed) = get(data, "/care/needed").or_else(|| get(data, "/plan/care/needed")) {
        facts.push(state(FactValue::CareNeeded(needed), "care"));
    }
    if let Some(version) = get(data, "/plan/version") {
        facts.push(state(FactValue::PlanVersion(version), "plan"));
    }
    if let Some(Value::Object(conditions)) = data.pointer("/conditions") {
        for (code, entry) in conditions {
            if let (Ok(condition), Some(status)) = (code.parse::<Condition>(), get(entry, "/status")) {
                facts.push(state(FactValue::ConditionStatus(condition, status), "conditions"));
            }
        }
    }
    duties(event, data, &mut facts);
    match event {
        "deceased" => facts.push(state(FactValue::Deceased, "status")),
        "left-scope" => facts.push(state(FactValue::LeftScope, "status")),
        "municipality-disputed" => facts.push(state(FactValue::Disputed, "dispute")),
        "escaped" | "recaptured" => {
            // by its own date: who comes back and flees again may be told in any order
            let from = day(data, "/status/since").map(LegalDay::begins);
            facts.push(Stated { value: FactValue::AtLarge(event == "escaped"), from, slot: "status" });
        }
        "contact-restricted" => {
            let from = day(data, "/status/since").map(LegalDay::begins);
            facts.push(Stated { value: FactValue::ContactRestricted(day(data, "/status/until")), from, slot: "status" });
        }
        _ => {}
    }
    facts
}

fn dates(event: &str, data: &Value, facts: &mut Vec<Stated>) {
    let mut date =
        |pointer: &str, fact: fn(LegalDay) -> FactValue, slot| facts.extend(day(data, pointer).map(|day| state(fact(day), slot)));
    date("/detention/start", FactValue::Start, "detention/start");
    date("/detention/piEntry", FactValue::PiEntry, "detention/piEntry");
    date("/detention/departure", FactValue::Departure, "detention/departure");
    date("/detention/legalEnd", FactValue::LegalEnd, "detention/legalEnd");
    // end leave is still detention: it announces both dates
    date("/leave/legalEnd", FactValue::LegalEnd, "leave");
    date("/release/date", |day| FactValue::Release(Some(day)), "release");
    if matches!(event, "release-date-set" | "release-date-changed") && data.pointer("/release/date").is_none() {
        facts.push(state(FactValue::Release(None), "release"));
    }
    facts.extend(get(data, "/release/certainty").map(|certainty| state(FactValue::Certainty(certainty), "release")));
    facts.extend(get(data, "/detention/title").map(|title| state(FactValue::Title(title), "detention/title")));
    if event == "detention-ended" {
        facts.push(state(FactValue::Ended, "detention/legalEnd"));
    }
}

/// What was done or will not be done, and when the meeting is.
fn duties(event: &str, data: &Value, facts: &mut Vec<Stated>) {
    let mut done = |duty| facts.push(state(FactValue::Done(duty), "duty"));
    match event {
        "tbo-held" | "tbo-moved-outside" => done(Duty::Tbo),
        "screening-completed" => done(Duty::Screening),
        "plan-ready" | "plan-not-made" => done(Duty::Plan),
        "first-visit-held" | "first-visit-refused" => done(Duty::FirstVisit),
        "tbo-scheduled" | "tbo-rescheduled" => {
            let inside = data.pointer("/tbo/place").and_then(Value::as_str) == Some("INSIDE");
            facts.extend(get(data, "/tbo/at").map(|at| state(FactValue::Tbo(Some(Meeting { at, inside })), "tbo")));
        }
        "tbo-cancelled" => facts.push(state(FactValue::Tbo(None), "tbo")),
        "pretrial-suspended" => facts.push(state(FactValue::Suspended, "suspension")),
        _ => {}
    }
}

fn residence(event: &str, data: &Value, facts: &mut Vec<Stated>) {
    let Some(candidates) = get::<Vec<crate::case::ResidenceCandidate>>(data, "/residence/candidates") else { return };
    match event {
        "responsible-municipality-determined" => {
            facts.extend(candidates.first().map(|first| state(FactValue::Responsible(first.municipality.clone()), "residence")));
        }
        "settlement-municipality-set" | "case-transferred-to-municipality" => {
            facts.extend(candidates.first().map(|first| state(FactValue::Settlement(first.municipality.clone()), "residence")));
        }
        _ => facts.push(state(FactValue::Residence(candidates), "residence")),
    }
}

/// The consent that a `consent-given` states.
pub fn consent_given(data: &Value, now: Timestamp) -> Option<Consent> {
    Some(Consent {
        id: get(data, "/consent/id")?,
        recipient: get(data, "/consent/recipient")?,
        categories: get::<Vec<Category>>(data, "/consent/categories")?,
        purpose: get(data, "/consent/purpose")?,
        given_at: Some(get(data, "/consent/givenAt").unwrap_or(now)),
        until: get(data, "/consent/until"),
        withdrawn_at: None,
        recorded: now,
        withdrawal_recorded: None,
        message: None,
    })
}

/// What a `consent-withdrawn` takes back: the consent's id, and when.
pub fn consent_withdrawn(data: &Value, now: Timestamp) -> Option<(String, Timestamp)> {
    Some((get(data, "/consent/id")?, get(data, "/consent/withdrawnAt").unwrap_or(now)))
}

/// For whom the consent was that a withdrawal is about, as far as it says so.
pub fn withdrawn_for(data: &Value) -> Option<ParticipantId> {
    get(data, "/consent/recipient")
}

/// The message that a correction or withdrawal is about.
pub fn corrected(data: &Value) -> Option<MessageKey> {
    let source: Source = get(data, "/correction/of/source")?;
    let id: MessageId = get(data, "/correction/of/id")?;
    Some(MessageKey { source, id })
}

/// The message that a recipient says it has deleted.
pub fn deleted(data: &Value) -> Option<MessageKey> {
    let source: Source = get(data, "/deletion/of/source")?;
    let id: MessageId = get(data, "/deletion/of/id")?;
    Some(MessageKey { source, id })
}

/// Participants that the payload names as partner.
pub fn named_partner(data: &Value) -> Option<ParticipantId> {
    get(data, "/partner")
}

/// The words of the payload by which a person is recognised: the BSN if there is one, else surname and birth date.
pub fn person_words(data: &Value) -> Vec<String> {
    let identity = |name: &str| get::<String>(data, &format!("/person/identity/{name}"));
    match identity("bsn") {
        Some(bsn) => vec!["bsn".to_owned(), bsn],
        None => ["surname", "birthDate"].into_iter().filter_map(identity).collect(),
    }
}

/// The words by which a person is recognised in another detention, never stored as they are: the BSN, else the SKN, else the full name
/// with the day of birth; `None` if not even that is known. A name alone is nobody.
pub fn recognised_by(data: &Value) -> Option<Vec<String>> {
    let identity = |name: &str| get::<String>(data, &format!("/person/identity/{name}"));
    for number in ["bsn", "skn"] {
        if let Some(value) = identity(number) {
            return Some(vec![number.to_owned(), value]);
        }
    }
    ["surname", "givenNames", "birthDate"].into_iter().map(identity).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_admission_states_place_dates_title_and_residence() {
        let data = json!({"detention": {"start": "2024-09-03", "title": "SENTENCE"}, "residence": {"candidates": []}});
        let facts = stated("detention-started", &data, &"pi-zwolle".parse().unwrap());
        let slots: Vec<String> = facts.iter().map(|fact| fact.value.slot()).collect();
        assert_eq!(slots, ["place", "start", "title", "residence"]);
    }

    #[test]
    fn a_date_that_became_unknown_and_a_duty_that_was_done_are_facts() {
        let prison: ParticipantId = "pi-zwolle".parse().unwrap();
        let values = |event: &str, data: Value| stated(event, &data, &prison).into_iter().map(|fact| fact.value).collect::<Vec<_>>();
        let unknown = json!({"release": {"kind": "END_OF_SENTENCE", "certainty": "UNKNOWN"}});
        assert_eq!(
            values("release-date-changed", unknown),
            [FactValue::Release(None), FactValue::Certainty(crate::case::Certainty::Unknown)]
        );
        assert_eq!(values("plan-not-made", json!({"plan": {"reason": "SHORT_STAY"}})), [FactValue::Done(Duty::Plan)]);
        let planned = values("tbo-scheduled", json!({"tbo": {"at": "2024-09-12T10:00:00+02:00", "place": "INSIDE"}}));
        assert_eq!(planned, [FactValue::Tbo(Some(Meeting { at: "2024-09-12T08:00:00Z".parse().unwrap(), inside: true }))]);
    }

    #[test]
    fn a_person_is_recognised_by_a_number_or_the_whole_name() {
        let words = |identity: Value| recognised_by(&json!({"person": {"identity": identity}}));
        let full = json!({"surname": "Havik", "givenNames": "Bo", "birthDate": "1980-01-01", "skn": "7", "bsn": "999900006"});
        assert_eq!(words(full), Some(vec!["bsn".to_owned(), "999900006".to_owned()]));
        let name = json!({"surname": "Havik", "givenNames": "Bo", "birthDate": "1980-01-01"});
        assert_eq!(words(name).map(|words| words.len()), Some(3));
        assert_eq!(words(json!({"surname": "Havik", "birthDate": "1980-01-01"})), None);
    }

    #[test]
    fn bare_condition_codes_are_categories() {
        let data = json!({"consent": {"id": "c", "recipient": "x", "categories": ["HOUSING", "class:HEALTH"], "purpose": "reintegration"}});
        let consent = consent_given(&data, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(serde_json::to_value(consent.categories).unwrap(), json!(["condition:HOUSING", "class:HEALTH"]));
    }
}
