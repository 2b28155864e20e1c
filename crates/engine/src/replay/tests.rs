//! One decision asked again, by a law of two bases and three rules.

use std::sync::LazyLock;

use schakelpunt_domain::{DetentionRef, EventName, catalogue::Catalogue, digest::DigestKey, environment::Environment, ids::MessageKey};
use schakelpunt_rules::{RuleFile, RuleSet, Signals};
use serde_json::{Value, json};

use super::*;
use crate::{kept_law::KeptLaw, model::Outcome, settings::Limits};

mod book;
mod checked;

const LAW: &str = r#"
[[basis]]
id = "law"
citation = "A statute"
kind = "statute"
in-force = { from = "2021-07-01" }
between = [["prison", "municipality"]]
purposes = ["reintegration"]
power = "may"

[[rule]]
id = "release"
events = ["release-date-set"]
sender = "holding-prison"
to = ["responsible-municipality", "earlier-recipient"]
purpose = "reintegration"
owner = "DJI"
[[rule.grant]]
basis = "law"
fields = ["/release/date", "/release/certainty"]

[[rule]]
id = "conditions"
events = ["screening-completed"]
sender = "holding-prison"
to = ["responsible-municipality"]
purpose = "reintegration"
owner = "DJI"
[[rule.grant]]
basis = "law"
when = ["care-needed"]
fields = ["/care/needed"]
"#;

/// An instant after the law came into force.
const NOW: &str = "2022-03-01T09:00:00Z";

static SETTINGS: LazyLock<Settings> = LazyLock::new(|| {
    let catalogue = Arc::new(Catalogue::load().unwrap());
    let files = vec![RuleFile { name: "rules.toml".to_owned(), text: LAW.to_owned() }];
    let rules = RuleSet::load(&files, &catalogue).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    Settings {
        hub: "schakelpunt".parse().unwrap(),
        source: "urn:nld:oin:00000099000000001000:systeem:hub".parse().unwrap(),
        public_url: String::new(),
        environment: Environment::Test,
        key: DigestKey::new([7; 32]),
        catalogue,
        rules: Arc::new(rules),
        law: Arc::new(KeptLaw::new(files, Vec::new())),
        invariants: Arc::new(RuleFile { name: "invariants.toml".to_owned(), text: String::new() }),
        limits: Limits::default(),
    }
});

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn leaves(names: &[&str]) -> Vec<Leaf> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// A decision with all that it rests on; as it is, a permit for the date by the very rules of these tests.
struct Rig {
    entries: Vec<(Value, &'static str)>,
    record: DecisionRecord,
    message: StoredMessage,
    case: Case,
}

impl Rig {
    fn new() -> Self {
        let key = MessageKey { source: "urn:nld:oin:00000099PI0000001000:systeem:pi".parse().unwrap(), id: "m-1".parse().unwrap() };
        let detention: DetentionRef = "D-1".parse().unwrap();
        let event: EventName = "release-date-set".parse().unwrap();
        let mut rig = Self {
            entries: vec![
                (json!({"id": "pi-zwolle", "kind": "prison", "oin": "00000099PI0000001000"}), "2022-01-01T00:00:00Z"),
                (json!({"id": "gemeente-zwolle", "kind": "municipality", "oin": "00000099GM0193001000"}), NOW),
            ],
            record: DecisionRecord {
                message: key.clone(),
                event: event.clone(),
                detention: Some(detention.clone()),
                recipient: "gemeente-zwolle".parse().unwrap(),
                on_behalf_of: None,
                relations: vec![Relation::ResponsibleMunicipality],
                decision: refusal(Refusal::NoBasis),
                version: SETTINGS.rules.version.clone(),
                at: at(NOW),
                saw: Some(Box::new(Saw { entries: 2, ..Saw::default() })),
            },
            message: StoredMessage {
                key,
                event,
                sender: "pi-zwolle".parse().unwrap(),
                detention: Some(detention.clone()),
                sequence: Some(1),
                time: at(NOW),
                received: at(NOW),
                digest: String::new(),
                size: 1,
                trace: serde_json::Map::new(),
                sender_relations: vec![Relation::HoldingPrison],
                signals: Signals::default(),
                leaves: leaves(&["/release/date"]),
                stale: Vec::new(),
                earlier: Vec::new(),
                partner: None,
                corrects: None,
                outcome: Outcome::Accepted,
                payload: None,
            },
            case: Case::new(detention),
        };
        rig.record.decision = rig.again().unwrap();
        rig
    }

    fn book(&self) -> Book {
        let recorded = |(entry, recorded): &(Value, &str)| Recorded {
            entry: serde_json::from_value(json!({"participant": entry})).unwrap(),
            recorded: at(recorded),
        };
        Book::new(1, self.entries.iter().map(recorded).collect())
    }

    fn again(&self) -> Result<Decision, Undecidable> {
        decide_again(&SETTINGS, &self.book(), Made { record: &self.record, message: &self.message, case: &self.case })
    }

    /// What the answer gives, or its code.
    fn given(&self) -> Result<Vec<String>, &'static str> {
        let decision = self.again().map_err(Undecidable::code)?;
        let permit = decision.permit().ok_or_else(|| decision.refusal().unwrap().code())?;
        Ok(permit.leaves().map(ToString::to_string).collect())
    }

    fn saw(&mut self) -> &mut Saw {
        self.record.saw.as_mut().unwrap()
    }

    /// As a hub recorded it that kept nothing of what a decision saw.
    fn before(mut self) -> Self {
        self.record.saw = None;
        self
    }

    fn with_leaves(mut self, names: &[&str]) -> Self {
        self.message.leaves = leaves(names);
        self
    }
}

fn refusal(code: Refusal) -> Decision {
    Decision { answer: Answer::Refuse(code), rule: None, withheld: Vec::new(), valid_until: None }
}

const DATE: &str = "/release/date";
const CERTAINTY: &str = "/release/certainty";

fn date() -> Vec<String> {
    vec![DATE.to_owned()]
}

#[test]
fn by_the_same_rules_it_is_the_same() {
    let rig = Rig::new();
    assert_eq!(rig.again(), Ok(rig.record.decision.clone()));
    assert_eq!(rig.given(), Ok(date()));
    assert_eq!(rig.before().given(), Ok(date()));
}

#[test]
fn each_reason_has_its_code() {
    let all = [
        (Undecidable::NoCase, "NO_CASE"),
        (Undecidable::NoMessage, "NO_MESSAGE"),
        (Undecidable::NotRegistered, "NOT_REGISTERED"),
        (Undecidable::UnknownEvent, "UNKNOWN_EVENT"),
        (Undecidable::SignalNotRecorded, "SIGNAL_NOT_RECORDED"),
        (Undecidable::SameInstant, "SAME_INSTANT"),
        (Undecidable::HadNotRecorded, "HAD_NOT_RECORDED"),
        (Undecidable::NewerNotRecorded, "NEWER_NOT_RECORDED"),
        (Undecidable::RulesNotKept, "RULES_NOT_KEPT"),
        (Undecidable::RulesUnreadable, "RULES_UNREADABLE"),
    ];
    assert!(all.iter().all(|(why, code)| why.code() == *code));
}

#[test]
fn a_message_is_asked_about_as_it_was() {
    let earlier = |until: &str| Earlier {
        until: at(until),
        sender_relations: vec![Relation::HoldingPrison],
        signals: Signals::default(),
        leaves: leaves(&[CERTAINTY]),
    };
    let certainty = || Ok(vec![CERTAINTY.to_owned()]);
    // by the instant, where that is all there is
    let mut rig = Rig::new().before();
    rig.message.earlier = vec![earlier("2022-02-01T00:00:00Z"), earlier("2022-03-02T00:00:00Z")];
    assert_eq!(rig.given(), certainty());
    rig.message.earlier = vec![earlier("2022-02-01T00:00:00Z"), earlier(NOW)];
    assert_eq!(rig.given(), Ok(date()), "until that instant, and not at it");
    rig.message.earlier = Vec::new();
    assert_eq!(rig.given(), Ok(date()));
    // by the number of its corrections
    let mut rig = Rig::new();
    rig.message.earlier = vec![earlier("2022-02-01T00:00:00Z")];
    rig.saw().revisions = 0;
    assert_eq!(rig.given(), certainty());
    rig.saw().revisions = 1;
    assert_eq!(rig.given(), Ok(date()));
    // and as it was offered, where that is not what is kept
    rig.saw().offered = Some(earlier(NOW));
    assert_eq!(rig.given(), certainty());
    rig.saw().offered = Some(Earlier { sender_relations: Vec::new(), ..earlier(NOW) });
    assert_eq!(rig.given(), Err("NO_BASIS"), "whatever the sender was");
}

#[test]
fn a_signal_that_was_not_looked_for_is_no_refusal() {
    let mut rig = Rig::new().with_leaves(&["/care/needed"]);
    rig.message.event = "screening-completed".parse().unwrap();
    assert_eq!(rig.given(), Err("NO_BASIS"));
    rig.message.signals.whole.insert(schakelpunt_rules::Signal::CareNeeded);
    assert_eq!(rig.given(), Ok(vec!["/care/needed".to_owned()]));
    let blind = Signals { vocabulary: 0, ..Signals::default() };
    rig.saw().offered = Some(Earlier {
        until: at(NOW),
        sender_relations: vec![Relation::HoldingPrison],
        signals: blind,
        leaves: rig.message.leaves.clone(),
    });
    assert_eq!(rig.given(), Err("SIGNAL_NOT_RECORDED"));
    rig.message.event = "no-such-event".parse().unwrap();
    assert_eq!(rig.given(), Err("UNKNOWN_EVENT"));
}

#[test]
fn a_gate_that_was_closed_stays_closed() {
    for code in [Refusal::NotResponsible, Refusal::MandateMissing] {
        let mut rig = Rig::new();
        rig.record.decision = refusal(code);
        assert_eq!(rig.given(), Ok(date()), "who has a relation was refused for that relation");
        rig.record.relations.clear();
        assert_eq!(rig.given(), Err(code.code()));
    }
    let mut rig = Rig::new();
    rig.record.decision = refusal(Refusal::ConsentWithdrawn);
    rig.record.relations.clear();
    assert_ne!(rig.given(), Err("CONSENT_WITHDRAWN"), "rules are asked again");
}

#[test]
fn what_an_earlier_recipient_had_has_to_be_recorded() {
    let mut rig = Rig::new();
    rig.record.relations = vec![Relation::EarlierRecipient];
    assert_ne!(rig.given(), Err("HAD_NOT_RECORDED"));
    assert_eq!(rig.before().given(), Err("HAD_NOT_RECORDED"));
}

#[test]
fn leaves_with_newer_values_are_not_asked_about() {
    let both = [DATE, CERTAINTY];
    let mut rig = Rig::new().with_leaves(&both);
    assert_eq!(rig.given(), Ok(both.map(str::to_owned).to_vec()));
    rig.saw().newer = leaves(&[CERTAINTY]);
    assert_eq!(rig.given(), Ok(date()));
    rig.saw().newer = leaves(&both);
    assert_eq!(rig.given(), Err("SUPERSEDED"));

    // where it was not recorded, they are those that the answer does not name
    let decided = |answer: Decision, stale: bool| {
        let mut rig = Rig::new().with_leaves(&both).before();
        rig.record.decision = answer;
        rig.message.stale = if stale { vec!["/release".to_owned()] } else { Vec::new() };
        rig.given()
    };
    let of_date = Rig::new().record.decision;
    assert_eq!(decided(of_date.clone(), false), Ok(both.map(str::to_owned).to_vec()), "nothing was stale");
    assert_eq!(decided(of_date.clone(), true), Ok(date()));
    let withheld = Decision { withheld: leaves(&[CERTAINTY]), ..of_date };
    assert_eq!(decided(withheld, true), Ok(both.map(str::to_owned).to_vec()), "what was withheld was asked about");
    for code in [Refusal::NotSubscribed, Refusal::Stopped, Refusal::FieldNotAllowed] {
        assert_eq!(decided(refusal(code), true), Err("NEWER_NOT_RECORDED"));
        assert_ne!(decided(refusal(code), false), Err("NEWER_NOT_RECORDED"));
    }
}

#[test]
fn what_was_withdrawn_stops() {
    let mut rig = Rig::new();
    rig.saw().withdrawn = true;
    assert_eq!(rig.given(), Err("STOPPED"));
    // where it was not recorded: what was stopped, and is withdrawn by now
    for (stopped, withdrawn, given) in
        [(true, true, Err("STOPPED")), (true, false, Ok(date())), (false, true, Ok(date())), (false, false, Ok(date()))]
    {
        let mut rig = Rig::new().before();
        if stopped {
            rig.record.decision = refusal(Refusal::Stopped);
        }
        if withdrawn {
            rig.case.withdrawn.insert(rig.message.key.clone());
        }
        assert_eq!(rig.given(), given, "stopped: {stopped}, withdrawn: {withdrawn}");
    }
}

#[test]
fn a_permit_for_less_than_what_was_frozen_is_none() {
    let mut rig = Rig::new();
    rig.saw().frozen = Some(leaves(&[DATE]));
    assert_eq!(rig.given(), Ok(date()));
    rig.saw().frozen = Some(leaves(&[DATE, CERTAINTY]));
    assert_eq!(rig.given(), Err("FIELD_NOT_ALLOWED"));
    assert_eq!(rig.again().unwrap().rule, rig.record.decision.rule, "all else stays");
    rig.message.sender_relations.clear();
    assert_eq!(rig.given(), Err("NO_BASIS"), "a refusal stays what it is");
}

#[test]
fn consents_of_the_same_instant_cannot_be_told_apart() {
    let mut rig = Rig::new();
    rig.saw().consents = 3;
    assert_eq!(rig.given(), Err("SAME_INSTANT"));
}
