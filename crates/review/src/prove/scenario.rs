//! A counterexample as a scenario file: the story that leads to it, with a cast of its own. Played with the rules that were proved, it holds as
//! long as they give what they must not.

use jiff::{SignedDuration, Timestamp};
use schakelpunt_domain::{
    calendar::LegalDay,
    case::Title,
    catalogue::{Catalogue, EventSpec},
    consent::CATEGORIES,
    pointer::{Leaf, leaves_of},
};
use schakelpunt_rules::Signal;
use serde_json::Value;

use super::report::Counterexample;
use crate::{
    space::{Standing, covers_health},
    toml_text::inline,
};

mod payload;

/// What a cell is, as far as a story has to say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) ended: bool,
    pub(super) standing: Standing,
    pub(super) title: Option<Title>,
    pub(super) signals: Vec<Signal>,
    pub(super) lack: Option<Leaf>,
    pub(super) until: Option<Timestamp>,
}

/// Why a counterexample cannot be played: the cell is in the space of the proof, but no hub comes into it by a story of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unplayable {
    /// The hub says it by itself.
    #[error("the hub says this by itself; a scenario cannot make it say it")]
    SaidByHub,
    /// Who had an earlier message, or had something of the case, or held the person before.
    #[error("this sender or recipient has a history that this story does not tell")]
    History,
    /// Nobody is a care partner of a case without a consent or being named.
    #[error("without a consent, and not named in the message, nobody is a care partner of a case")]
    NoPartner,
    /// No example of the event has the field.
    #[error("no example of the event has this field")]
    NoExample,
    /// The message lacks what its schema requires, or is otherwise none that a hub takes.
    #[error("the schema of the event rejects such a message")]
    Rejected,
}

/// A participant that the story has: its id and the rest of its entry.
const CAST: [(&str, &str); 6] = [
    ("pi", "kind = \"prison\"\noin = \"00000099PI0000001000\"\norganisation = \"Een PI\""),
    ("pi-anders", "kind = \"prison\"\noin = \"00000099PI0000002000\"\norganisation = \"Een andere PI\""),
    (
        "gemeente",
        "kind = \"municipality\"\noin = \"00000099GM0193001000\"\norganisation = \"Een gemeente\"\nmunicipalities = [{ code = \"0193\" }]",
    ),
    (
        "reclassering",
        "kind = \"probation\"\noin = \"00000099RN0000001000\"\norganisation = \"Een reclasseringseenheid\"\nintake-for = [\"pi\", \"pi-anders\"]",
    ),
    ("zorg", "kind = \"care-partner\"\noin = \"00000099ZP0000001000\"\norganisation = \"Een zorgpartner\""),
    ("loket", "kind = \"triage\"\noin = \"00000099TR0000001000\"\norganisation = \"Een loket\""),
];

/// Who plays a role. The hub, and whoever has a history, nobody plays.
fn player(role: &str) -> Result<&'static str, Unplayable> {
    match role {
        "holding-prison" => Ok("pi"),
        "receiving-prison" => Ok("pi-anders"),
        "responsible-municipality" => Ok("gemeente"),
        "responsible-probation-unit" => Ok("reclassering"),
        "care-partner" | "care-partner that tells health" => Ok("zorg"),
        "triage" => Ok("loket"),
        "hub" => Err(Unplayable::SaidByHub),
        _ => Err(Unplayable::History),
    }
}

impl Counterexample {
    /// As a scenario file, to be played with the rules in this folder; the shipped ones without it.
    pub fn scenario(&self, sentence: &str, rules: Option<&str>, catalogue: &Catalogue) -> Result<String, Unplayable> {
        let event = catalogue.named(&self.event).ok_or(Unplayable::NoExample)?;
        let story = Story { case: self, event, from: player(self.from)?, to: player(self.to)?, at: self.instant() };
        let named = event.leaves.keys().any(|leaf| leaf.as_str() == "/partner");
        if story.to == "zorg" && self.setting.standing == Standing::None && !named {
            return Err(Unplayable::NoPartner);
        }
        let field = self.fields.first().ok_or(Unplayable::NoExample)?;
        if event.leaves.keys().any(|leaf| leaf.is_below("/correction/of")) {
            return Err(Unplayable::History);
        }
        let data = payload::of(&story);
        event.validate(&data).map_err(|_| Unplayable::Rejected)?;
        if !leaves_of(&data).iter().any(|leaf| leaf.as_str() == field) {
            return Err(Unplayable::NoExample);
        }
        let text = [story.head(sentence, rules), story.before(), story.told(&data, field)];
        Ok(text.concat())
    }

    /// A moment in the period before which there is time for the story.
    fn instant(&self) -> Timestamp {
        let later = hours(self.at, 24 * 30 + 9);
        let fits = self.setting.until.is_none_or(|until| later < until);
        if fits { later } else { hours(self.at, 1) }
    }
}

fn hours(at: Timestamp, hours: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_hours(hours)).unwrap_or(at)
}

/// A counterexample, who plays it and when.
#[derive(Debug)]
struct Story<'a> {
    case: &'a Counterexample,
    event: &'a EventSpec,
    from: &'static str,
    to: &'static str,
    at: Timestamp,
}

impl Story<'_> {
    fn day(&self, before: i64) -> LegalDay {
        LegalDay::of(hours(self.at, -24 * before))
    }

    fn head(&self, sentence: &str, rules: Option<&str>) -> String {
        let title = format!("{} tells {} of {}, which it must not", self.case.from, self.case.to, self.case.event);
        let mut text = format!("title = {}\nclock = \"{}\"\n", quoted(&title), hours(self.at, -24 * 21));
        text.extend(rules.map(|rules| format!("rules = {}\n", quoted(rules))));
        text.extend([format!(
            "\n# Broken: {sentence}\n# By the rule {} on {}. This holds as long as the rules give it.\n",
            self.case.rule, self.case.basis
        )]);
        for (id, entry) in CAST {
            text.extend([format!(
                "[[participant]]\nid = \"{id}\"\n{entry}\nsources = [\"urn:nld:oin:{}:systeem:scenario\"]\n",
                oin(entry)
            )]);
            if id == "zorg" && self.case.to.ends_with("tells health") {
                text.push_str("tells-health = true\n");
            }
        }
        text
    }

    /// What the cell presupposes.
    fn before(&self) -> String {
        let setting = &self.case.setting;
        let mut text = String::new();
        if self.event.name.as_str() != "detention-started" {
            text.push_str(&step(hours(self.at, -24 * 20), "pi", "detention-started", &payload::start(self)));
        }
        if [self.from, self.to].contains(&"pi-anders") {
            let data = serde_json::json!({"transfer": {"to": "pi-anders", "at": hours(self.at, 24 * 2).to_string()}});
            text.push_str(&step(hours(self.at, -24 * 19), "pi", "transferred", &data));
        }
        if setting.standing != Standing::None {
            text.push_str(&self.consent());
        }
        if setting.ended {
            let data = serde_json::json!({"detention": {"legalEnd": self.day(3).to_string()}, "release": {"kind": "END_OF_SENTENCE"}});
            text.push_str(&step(hours(self.at, -24 * 3), "pi", "detention-ended", &data));
        }
        if setting.standing == Standing::Withdrawn {
            let at = hours(self.at, -2);
            let data = serde_json::json!({"consent": {"id": "c-1", "recipient": self.to, "withdrawnAt": at.to_string()}});
            text.push_str(&step(at, "pi", "consent-withdrawn", &data));
        }
        text
    }

    fn consent(&self) -> String {
        let standing = self.case.setting.standing;
        let categories: Vec<&str> =
            CATEGORIES.into_iter().filter(|category| standing != Standing::WithoutHealth || !covers_health(category)).collect();
        let mut consent = serde_json::json!({
            "id": "c-1", "detention": "D-1", "recipient": self.to, "categories": categories, "purpose": "reintegration",
        });
        if let (Standing::Expired, Value::Object(fields)) = (standing, &mut consent) {
            fields.insert("until".to_owned(), self.day(4).to_string().into());
        }
        let register = inline(&serde_json::json!({"consent": consent}));
        format!("\n[[step]]\nat = \"{}\"\nregister = {register}\n", hours(self.at, -24 * 15))
    }

    /// The provision.
    fn told(&self, data: &Value, field: &str) -> String {
        let step = step(self.at, self.from, &self.case.event, data);
        let has = quoted(&field.replace('*', "0"));
        format!("{step}[[step.expect]]\nto = \"{}\"\nbasis = \"{}\"\nhas = [{has}]\n", self.to, self.case.basis)
    }
}

fn oin(entry: &str) -> &str {
    entry.split_once("oin = \"").and_then(|(_, rest)| rest.split_once('"')).map_or("", |(oin, _)| oin)
}

fn quoted(text: &str) -> String {
    inline(&Value::from(text))
}

/// A message. What else comes of it is not the story's.
fn step(at: Timestamp, from: &str, event: &str, data: &Value) -> String {
    let data = inline(data);
    format!("\n[[step]]\nat = \"{at}\"\nfrom = \"{from}\"\nevent = \"{event}\"\ndetention = \"D-1\"\nallow_other = true\ndata = {data}\n")
}

#[cfg(test)]
mod tests;
