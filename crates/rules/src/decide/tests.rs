//! What only the inside of `decide` shows, over a small law; what it answers is asked in `tests/law`.

use super::*;
use crate::{
    RuleFile,
    access::tests::{at, case, registers, who},
    load::tests::CATALOGUE,
};

const NOW: &str = "2024-03-05T09:00:00Z";
/// Periods of a basis that is not yet in force, one that is so no more, and one that is.
const LATER: &str = r#"{ from = "2030-01-01" }"#;
const PAST: &str = r#"{ until = "2021-07-01" }"#;
const IN_FORCE: &str = r#"{ from = "2021-07-01" }"#;

fn basis(id: &str, kind: &str, in_force: &str, more: &str) -> String {
    let power = if id.starts_with("duty") { "must" } else { "may" };
    format!(
        "[[basis]]\nid = \"{id}\"\ncitation = \"-\"\nkind = \"{kind}\"\nin-force = {in_force}\npower = \"{power}\"\n\
         between = [[\"prison\", \"municipality\"], [\"prison\", \"care-partner\"]]\npurposes = [\"reintegration\"]\n{more}\n"
    )
}

fn bases() -> String {
    [
        basis("law", "statute", IN_FORCE, ""),
        basis("plan", "statute", IN_FORCE, "while = [\"plan-running\"]"),
        basis("duty", "statute", IN_FORCE, ""),
        basis("duty-too", "statute", IN_FORCE, ""),
        basis("later", "statute", LATER, ""),
        basis("past", "statute", PAST, ""),
        basis("consent", "consent", IN_FORCE, ""),
    ]
    .concat()
}

/// A rule of the holding prison, for the municipality and a care partner.
fn rule(id: &str, event: &str, rest: &str) -> String {
    format!(
        "[[rule]]\nid = \"{id}\"\nevents = [\"{event}\"]\nsender = \"holding-prison\"\nto = [\"responsible-municipality\", \"care-partner\"]\n\
         purpose = \"reintegration\"\nowner = \"DJI\"\n{rest}"
    )
}

fn grant(basis: &str, fields: &[&str]) -> String {
    format!("[[rule.grant]]\nbasis = \"{basis}\"\nfields = {fields:?}\n")
}

/// One rule for the release date with these grants.
fn release(grants: &[(&str, &[&str])]) -> World {
    let grants: String = grants.iter().map(|(basis, fields)| grant(basis, fields)).collect();
    world("release-date-set", &rule("r", "release-date-set", &grants))
}

fn leaf(text: &str) -> Leaf {
    text.parse().unwrap()
}

/// Everything that a question needs: the prison tells the municipality, all fields are there, nothing is signalled.
struct World {
    rules: RuleSet,
    event: &'static EventSpec,
    giver: Kind,
    sender: Vec<Relation>,
    case: Case,
    registers: Registers,
    signals: Signals,
    leaves: Vec<Leaf>,
    candidate: Candidate,
    at: At,
}

fn world(event: &str, rules: &str) -> World {
    let event = CATALOGUE.named(event).unwrap();
    let file = RuleFile { name: "rules.toml".to_owned(), text: bases() + rules };
    World {
        rules: RuleSet::load(&[file], &CATALOGUE).unwrap_or_else(|errors| panic!("{errors}")),
        event,
        giver: Kind::Prison,
        sender: vec![Relation::HoldingPrison],
        case: case("T-1", "pi-vught", "0855"),
        registers: registers(Vec::new()),
        signals: Signals::default(),
        leaves: event.leaves.keys().cloned().collect(),
        candidate: Candidate {
            participant: who("gemeente-tilburg"),
            kind: Kind::Municipality,
            relations: vec![Relation::ResponsibleMunicipality],
            on_behalf_of: None,
            closed: None,
            tells_health: false,
            had: None,
        },
        at: At::now(at(NOW)),
    }
}

impl World {
    fn question(&self) -> Question<'_> {
        Question {
            rules: &self.rules,
            event: self.event,
            giver: self.giver,
            sender: &self.sender,
            case: &self.case,
            registers: &self.registers,
            signals: &self.signals,
            leaves: &self.leaves,
            candidate: &self.candidate,
            at: self.at,
        }
    }

    fn answer(&self) -> Decision {
        decide(&self.question())
    }

    /// The code of the refusal, or each basis with its leaves.
    fn told(&self) -> String {
        match self.answer().answer {
            Answer::Refuse(code) => code.to_string(),
            Answer::Permit(permit) => {
                let leaves = |granted: &Granted| granted.leaves.iter().map(Leaf::as_str).collect::<Vec<_>>().join(" ");
                permit.granted.iter().map(|granted| format!("{}: {}", granted.basis, leaves(granted))).collect::<Vec<_>>().join("; ")
            }
        }
    }

    /// The same question about the care partner.
    fn asking_partner(mut self) -> Self {
        self.candidate.participant = who("opvang");
        self.candidate.kind = Kind::CarePartner;
        self.candidate.relations = vec![Relation::CarePartner];
        self
    }

    /// A fact that holds and is known from one instant on.
    fn fact(mut self, value: FactValue, since: &str) -> Self {
        self.case.record(value, at(since), at(since));
        self
    }

    fn consents_to(mut self, categories: &[&str]) -> Self {
        self.case.consents.push(consent(categories));
        self
    }
}

/// A consent for the care partner, since the first day of the detention.
fn consent(categories: &[&str]) -> Consent {
    let given = at("2024-02-01T12:00:00Z");
    Consent {
        id: "c-1".to_owned(),
        recipient: who("opvang"),
        categories: categories.iter().map(|category| category.parse().unwrap()).collect(),
        purpose: "reintegration".to_owned(),
        given_at: Some(given),
        until: None,
        withdrawn_at: None,
        recorded: given,
        withdrawal_recorded: None,
        message: None,
    }
}

#[test]
fn within_a_rule_the_nearest_grant_speaks() {
    let told = |first, second| release(&[(first, &["/release/date"]), (second, &["/release/date"])]).told();
    assert_eq!((told("later", "past").as_str(), told("past", "later").as_str()), ("BASIS_NOT_YET_IN_FORCE", "BASIS_NOT_YET_IN_FORCE"));
    assert_eq!(told("past", "past"), "NO_BASIS");
}

#[test]
fn one_duty_makes_the_whole_a_duty() {
    let must = |grants: &[(&str, &[&str])]| release(grants).answer().permit().unwrap().must;
    let (date, kind, reason): (&[&str], &[&str], &[&str]) = (&["/release/date"], &["/release/kind"], &["/release/reason"]);
    assert!(!must(&[("law", date), ("plan", kind)]));
    assert!(must(&[("law", date), ("duty", kind)]));
    assert!(must(&[("duty", date), ("law", kind)]));
    assert!(must(&[("duty", date), ("duty-too", kind), ("law", reason)]), "two duties are one too");
}

/// A grant of the law under one signal.
fn when(signal: &str) -> World {
    let grant = grant("law", &["/release/date"]) + &format!("when = [\"{signal}\"]\n");
    world("release-date-set", &rule("r", "release-date-set", &grant))
}

#[test]
fn an_entry_is_a_key_and_a_field_below_the_object() {
    let parts = |text: &str| entry(&leaf(text), "/conditions").map(|(key, field)| (key.to_owned(), field.to_owned()));
    assert_eq!(parts("/conditions/HOUSING/status"), Some(("HOUSING".to_owned(), "/status".to_owned())));
    assert_eq!(parts("/conditions/HOUSING"), None);
    assert_eq!(parts("/conditionsAndMore/HOUSING/status"), None);
    assert_eq!(parts("/plan/conditions/HOUSING/status"), None);
}

#[test]
fn a_signal_of_the_whole_is_not_asked_of_entries() {
    let mut world = world("condition-status-updated", "");
    world.signals.entries.insert("/conditions/HOUSING".to_owned(), [Signal::EntryNotInOrder].into());
    let holds = |text: &str, signal| entry_signal(&world.question(), &leaf(text), "/conditions", signal);
    assert!(holds("/conditions/HOUSING/status", Signal::EntryNotInOrder));
    assert!(!holds("/conditions/DEBT/status", Signal::EntryNotInOrder), "nothing was said of it");
    assert!(!holds("/conditions/HOUSING", Signal::EntryNotInOrder), "no entry");
    assert!(holds("/conditions/DEBT/status", Signal::CareNeeded));
}

#[test]
fn a_signal_of_entries_says_nothing_of_the_whole() {
    let mut world = when("consulting");
    world.signals.entries.insert("/conditions/HOUSING".to_owned(), [Signal::EntryNotInOrder, Signal::Consulting].into());
    assert_eq!(world.told(), "NO_BASIS");
    assert!(!holds(&world.question(), Signal::EntryNotInOrder));
}

const EVERYTHING: [&str; 2] = ["class:ID", "condition:HOUSING"];

/// The release date to a care partner, on consent.
fn partner() -> World {
    release(&[("consent", &["/release/date"])]).asking_partner()
}

#[test]
fn a_consent_carries_until_it_ends() {
    let with = |change: fn(&mut Consent)| {
        let mut consent = consent(&EVERYTHING);
        change(&mut consent);
        let mut world = partner();
        world.case.consents.push(consent);
        world.told()
    };
    assert_eq!(partner().told(), "CONSENT_MISSING");
    assert_eq!(with(|_| ()), "consent: /release/date");
    assert_eq!(with(|consent| consent.until = Some("2024-03-04".parse().unwrap())), "CONSENT_EXPIRED");
    let withdraw = |consent: &mut Consent| {
        consent.withdrawn_at = Some(at("2024-03-04T09:00:00Z"));
        consent.withdrawal_recorded = consent.withdrawn_at;
    };
    assert_eq!(with(withdraw), "CONSENT_WITHDRAWN");
    assert_eq!(with(|consent| consent.purpose = "research".to_owned()), "CONSENT_MISSING", "for another purpose");
    assert_eq!(with(|consent| consent.recipient = who("gemeente-tilburg")), "CONSENT_MISSING", "for another unit");
}

#[test]
fn a_consent_ends_with_the_person() {
    let died = |from: &str, recorded: &str| {
        let mut world = partner().consents_to(&EVERYTHING);
        world.case.record(FactValue::Deceased, at(from), at(recorded));
        world.told()
    };
    assert_eq!(died("2024-03-01T09:00:00Z", "2024-03-01T09:00:00Z"), "CONSENT_EXPIRED");
    assert_eq!(died("2024-03-01T09:00:00Z", NOW), "CONSENT_EXPIRED", "from the moment at which it is known");
    assert_eq!(died(NOW, NOW), "CONSENT_EXPIRED");
    assert_eq!(died("2024-03-01T09:00:00Z", "2024-03-06T09:00:00Z"), "consent: /release/date", "nobody knew it yet");
    assert_eq!(died("2024-03-06T09:00:00Z", "2024-03-01T09:00:00Z"), "consent: /release/date");
    let missing = partner().fact(FactValue::Deceased, "2024-03-01T09:00:00Z");
    assert_eq!(missing.told(), "CONSENT_MISSING", "what was never given cannot end");
}

/// `consent-not-ended` is asked of those outside the triad: the others had their data on the law.
#[test]
fn who_rests_on_consent_gets_no_correction_after_its_end() {
    let asked = || {
        let grant = grant("law", &["/release/date"]) + "when = [\"consent-not-ended\"]\n";
        world("release-date-set", &rule("r", "release-date-set", &grant))
    };
    assert_eq!(asked().told(), "law: /release/date");
    assert_eq!(asked().asking_partner().told(), "NO_BASIS");
    assert_eq!(asked().asking_partner().consents_to(&[]).told(), "law: /release/date");
    assert_eq!(asked().asking_partner().consents_to(&[]).fact(FactValue::Ended, "2024-03-01T09:00:00Z").told(), "NO_BASIS");
}

/// Whether a consent to these categories covers a leaf, for whom, in which event.
fn is_covered(categories: &[&str], leaf: &str, world: &World) -> bool {
    covers(&consent(categories), &leaf.parse().unwrap(), &world.question())
}

#[test]
fn a_condition_of_the_plan_is_the_same_condition() {
    let world = world("plan-ready", "").asking_partner();
    assert!(is_covered(&["condition:HOUSING"], "/plan/conditions/HOUSING/status", &world));
    assert!(!is_covered(&["condition:HOUSING"], "/plan/conditions/DEBT/status", &world));
    assert!(!is_covered(&["condition:HOUSING"], "/plan/version", &world));
    assert_eq!(condition_of(&leaf("/plan/conditions/DEBT/asOf")), Some(Condition::Debt));
    assert_eq!(condition_of(&leaf("/conditions/NETWORK/status")), Some(Condition::Network));
    assert_eq!(condition_of(&leaf("/conditions/OTHER/status")), None);
    assert_eq!(condition_of(&leaf("/plan/version")), None);
}

#[test]
fn who_knows_the_person_already_needs_no_consent_for_the_name() {
    let municipality = world("release-date-set", "");
    assert!(is_covered(&[], "/release/date", &municipality));
    assert!(!is_covered(&[], "/detention/title", &municipality) && !is_covered(&["class:ID"], "/detention/title", &municipality));
    assert!(is_covered(&["class:JUST"], "/detention/title", &municipality));
}

#[test]
fn what_the_hub_administers_is_covered_by_any_consent() {
    let world = world("message-corrected", "").asking_partner();
    assert!(is_covered(&[], "/correction/of/id", &world));
    assert!(!is_covered(&["class:ID"], "/care/needed", &world) && is_covered(&["class:HEALTH"], "/care/needed", &world));
}
