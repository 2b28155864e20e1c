//! Each word of an invariant alone: what it takes, and what it does not.

use std::collections::BTreeSet;

use schakelpunt_rules::Granted;

use super::*;
use crate::{
    space::ROLES,
    tests::{CONSENT, LAW, RELEASE, grant, rules},
};

/// A field that is given in a cell; as it is, the date on a statute, by a prison to a municipality, while detained and without consent.
struct Cell {
    rules: RuleSet,
    to: &'static str,
    at: &'static str,
    ended: bool,
    standing: Standing,
    signals: BTreeSet<Signal>,
    leaf: &'static str,
    class: Class,
    basis: &'static str,
    rule: Option<&'static str>,
    leaves: Vec<&'static str>,
    purpose: &'static str,
}

impl Cell {
    fn new() -> Self {
        let text = format!("{LAW}{CONSENT}{RELEASE}{}", grant("law", "\"/release/date\""));
        Self {
            rules: rules(&text),
            to: "responsible-municipality",
            at: "2022-01-01T00:00:00Z",
            ended: false,
            standing: Standing::None,
            signals: BTreeSet::from([Signal::CareNeeded]),
            leaf: "/release/date",
            class: Class::Just,
            basis: "law",
            rule: Some("release"),
            leaves: vec!["/release/date"],
            purpose: "reintegration",
        }
    }

    /// Asks something about it.
    fn ask<T>(&self, question: impl FnOnce(&Given<'_>) -> T) -> T {
        let role = |word: &str| *ROLES.iter().find(|role| role.word == word).unwrap();
        let leaves = self.leaves.iter().map(|leaf| leaf.parse().unwrap()).collect();
        let granted = vec![Granted { basis: self.basis.parse().unwrap(), leaves, by_consent: false }];
        question(&Given {
            event: "release-date-set",
            from: role("holding-prison"),
            to: role(self.to),
            at: self.at.parse().unwrap(),
            ended: self.ended,
            standing: self.standing,
            signals: &self.signals,
            leaf: &self.leaf.parse().unwrap(),
            class: self.class,
            basis: self.rules.bases().iter().find(|basis| basis.id.as_str() == self.basis).unwrap(),
            rule: self.rule.and_then(|id| self.rules.rules().iter().find(|rule| rule.id.as_str() == id)),
            permit: &Permit { granted, containers: Vec::new(), purpose: self.purpose.to_owned(), must: false },
        })
    }

    fn meets(&self, requirement: &Requirement) -> bool {
        self.ask(|given| requirement.is_met(given))
    }

    fn is_sound(&self, structure: Structure) -> bool {
        self.ask(|given| structure.is_sound(given))
    }

    fn consents(&self, consent: Consent) -> bool {
        self.ask(|given| consents(consent, given))
    }
}

fn nothing() -> Requirement {
    Requirement { on: Vec::new(), to: Vec::new(), signals: Vec::new(), structure: Vec::new(), consent: None, detained: false }
}

fn everything() -> Invariant {
    let (id, sentence) = ("it".to_owned(), "It holds.".to_owned());
    let (events, from, to, fields) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    Invariant { id, sentence, events, from, to, fields, classes: Vec::new(), on: Vec::new(), requires: Vec::new(), except: Vec::new() }
}

const MUNICIPALITY: Party = Party::Kind(Kind::Municipality);
const PRISON: Party = Party::Kind(Kind::Prison);
const STATUTE: Basis = Basis::Kind(BasisKind::Statute);
const BY_CONSENT: Basis = Basis::Kind(BasisKind::Consent);

#[test]
fn a_requirement_is_met_in_all_its_parts() {
    let cell = Cell::new();
    let one = |id: &str| Basis::One(id.parse().unwrap());
    assert!(cell.meets(&nothing()));
    let met = Requirement {
        on: vec![BY_CONSENT, one("law")],
        to: vec![PRISON, Party::Relation(Relation::ResponsibleMunicipality)],
        signals: vec![Signal::CareNeeded],
        structure: vec![Structure::InForce, Structure::Between],
        consent: None,
        detained: true,
    };
    assert!(cell.meets(&met));
    for not in [
        Requirement { on: vec![one("consent"), BY_CONSENT], ..met.clone() },
        Requirement { to: vec![PRISON, Party::Relation(Relation::SettlementMunicipality)], ..met.clone() },
        Requirement { signals: vec![Signal::CareNeeded, Signal::PlanRunning], ..met.clone() },
        Requirement { consent: Some(Consent::Valid), ..met.clone() },
    ] {
        assert!(!cell.meets(&not), "{not:?}");
    }
    assert!(!Cell { ended: true, ..Cell::new() }.meets(&met));
    assert!(Cell { ended: true, ..Cell::new() }.meets(&Requirement { detained: false, ..met.clone() }));
    assert!(!Cell { at: "2021-01-01T00:00:00Z", ..Cell::new() }.meets(&met), "its structure");
}

#[test]
fn each_structure_is_sound_or_not() {
    let sound = Cell::new();
    assert!(Structure::WORDS.iter().all(|(structure, _)| sound.is_sound(*structure)));
    assert!(!Cell { at: "2021-06-30T21:59:59Z", ..Cell::new() }.is_sound(Structure::InForce));
    assert!(!Cell { to: "responsible-probation-unit", ..Cell::new() }.is_sound(Structure::Between));
    assert!(!Cell { purpose: "", ..Cell::new() }.is_sound(Structure::Purpose));
    assert!(!Cell { purpose: "care", ..Cell::new() }.is_sound(Structure::Purpose));
    for (leaves, once) in
        [(vec!["/release/date", "/release/date"], false), (vec!["/release/kind"], false), (vec!["/release/kind", "/release/date"], true)]
    {
        assert_eq!(Cell { leaves, ..Cell::new() }.is_sound(Structure::Once), once);
    }
    assert!(!Cell { rule: None, ..Cell::new() }.is_sound(Structure::Owner));
}

#[test]
fn a_consent_covers_what_it_names_and_lapses_with_the_detention() {
    use Consent::{Stands, UntilTheEnd, Valid};
    let cell = |standing, ended| Cell { ended, standing, ..Cell::new() };
    // valid, stands, until the end
    for (standing, ended, expected) in [
        (Standing::Valid, false, [true, true, true]),
        (Standing::Valid, true, [false, false, true]),
        (Standing::WithoutHealth, false, [true, true, true]),
        (Standing::None, false, [false, false, false]),
        (Standing::Expired, false, [false, false, false]),
        (Standing::Withdrawn, true, [false, false, false]),
    ] {
        let found = [Valid, Stands, UntilTheEnd].map(|consent| cell(standing, ended).consents(consent));
        assert_eq!(found, expected, "{standing:?}, ended: {ended}");
    }
}

#[test]
fn a_consent_for_everything_but_health_covers_no_health() {
    let covers = |leaf, class, to| Cell { standing: Standing::WithoutHealth, leaf, class, to, ..Cell::new() }.consents(Consent::Valid);
    let partner = "care-partner that tells health";
    for (leaf, class, to, expected) in [
        ("/release/date", Class::Just, "care-partner", true),
        ("/care/needed", Class::Health, "care-partner", false),
        ("/person/identity/surname", Class::Id, "care-partner", true),
        ("/person/identity/surname", Class::Id, partner, false),
        ("/release/date", Class::Just, partner, true),
        // a condition is covered by itself, and care is a matter of health where its field is
        ("/conditions/HOUSING/status", Class::Soc, "care-partner", true),
        ("/conditions/HOUSING/detail", Class::Health, "care-partner", true),
        ("/conditions/CARE/status", Class::Soc, "care-partner", true),
        ("/conditions/CARE/detail", Class::Health, "care-partner", false),
        ("/plan/conditions/CARE/detail", Class::Health, "care-partner", false),
        ("/conditions/ID/status", Class::Id, partner, true),
    ] {
        assert_eq!(covers(leaf, class, to), expected, "{leaf} of {class:?} to {to}");
    }
    let stands = Cell { standing: Standing::WithoutHealth, leaf: "/care/needed", class: Class::Health, ..Cell::new() };
    assert!(stands.consents(Consent::Stands) && !stands.consents(Consent::UntilTheEnd));
    assert!(!Cell { ended: true, ..stands }.consents(Consent::Stands));
}

#[test]
fn an_invariant_speaks_of_what_all_its_words_name() {
    let speaks = |invariant: &Invariant| Cell::new().ask(|given| invariant.speaks_of(given));
    let with = |fields: &[&str], classes: &[Class], on: &[Basis]| Invariant {
        fields: fields.iter().map(ToString::to_string).collect(),
        classes: classes.to_vec(),
        on: on.to_vec(),
        ..everything()
    };
    assert!(speaks(&everything()));
    assert!(speaks(&with(&["/person", "/release"], &[Class::Id, Class::Just], &[BY_CONSENT, STATUTE])));
    assert!(speaks(&with(&["/release/date"], &[], &[])));
    for (fields, classes, on) in [
        (&["/person"][..], &[Class::Just][..], &[STATUTE][..]),
        (&["/release"], &[Class::Id], &[STATUTE]),
        (&["/release"], &[Class::Just], &[BY_CONSENT]),
        (&["/release/kind"], &[], &[]),
    ] {
        assert!(!speaks(&with(fields, classes, on)));
    }
}

#[test]
fn an_invariant_concerns_who_it_names() {
    let role = |word: &str| *ROLES.iter().find(|role| role.word == word).unwrap();
    let concerns = |events: &[&str], from: &[Party], to: &[Party]| {
        let events = events.iter().map(ToString::to_string).collect();
        let invariant = Invariant { events, from: from.to_vec(), to: to.to_vec(), ..everything() };
        invariant.concerns("release-date-set", role("holding-prison"), role("responsible-municipality"))
    };
    let holding = Party::Relation(Relation::HoldingPrison);
    assert!(concerns(&[], &[], &[]));
    assert!(concerns(&["heartbeat", "release-date-set"], &[holding], &[PRISON, MUNICIPALITY]));
    assert!(!concerns(&["heartbeat"], &[holding], &[MUNICIPALITY]));
    assert!(!concerns(&["release-date-set"], &[MUNICIPALITY], &[MUNICIPALITY]));
    assert!(!concerns(&["release-date-set"], &[Party::Relation(Relation::FormerPrison)], &[]));
    assert!(!concerns(&["release-date-set"], &[holding], &[PRISON]));
}

#[test]
fn an_exception_is_for_what_all_its_words_name() {
    let except = |event: Option<&str>, rule: Option<&str>, on: Option<Basis>, consent| Except {
        event: event.map(str::to_owned),
        rule: rule.map(str::to_owned),
        on,
        consent,
        why: "so".to_owned(),
    };
    let cell = || Cell { standing: Standing::Valid, ..Cell::new() };
    let is_for = |except: &Except| cell().ask(|given| except.is_for(given));
    let (event, rule, consent) = (Some("release-date-set"), Some("release"), Some(Consent::Valid));
    assert!(is_for(&except(event, rule, Some(STATUTE), consent)));
    assert!(!is_for(&except(Some("heartbeat"), rule, Some(STATUTE), consent)));
    assert!(!is_for(&except(event, Some("other"), Some(STATUTE), consent)));
    assert!(!is_for(&except(event, rule, Some(BY_CONSENT), consent)));
    assert!(!Cell::new().ask(|given| except(event, rule, Some(STATUTE), consent).is_for(given)));
    assert!(!Cell { rule: None, ..cell() }.ask(|given| except(None, rule, None, None).is_for(given)));

    let others = [except(Some("heartbeat"), None, None, None), except(event, None, None, None)];
    let found = |except: Vec<Except>| cell().ask(|given| Invariant { except, ..everything() }.exception(given));
    assert_eq!(found(others.to_vec()), Some(1));
    assert_eq!(found(vec![others[1].clone(), others[0].clone()]), Some(0));
    assert_eq!(found(vec![others[0].clone()]), None);
}

#[test]
fn one_requirement_is_enough_and_none_is_never() {
    let holds = |requires: Vec<Requirement>| Cell::new().ask(|given| Invariant { requires, ..everything() }.holds(given));
    let never_met = || Requirement { to: vec![PRISON], ..nothing() };
    assert!(holds(vec![never_met(), nothing()]));
    assert!(!holds(vec![never_met()]) && !holds(Vec::new()));
}
