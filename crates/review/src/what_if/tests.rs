use jiff::Timestamp;
use schakelpunt_domain::registers::{Kind, Registers};
use schakelpunt_rules::RuleSet;

use super::*;
use crate::tests::{CATALOGUE, CONSENT, LAW, RELEASE, grant, rules};

const IN_2020: &str = "2020-06-01T09:00:00Z";
const IN_2022: &str = "2022-06-01T09:00:00Z";

/// Who asks, when, and how the case stands.
struct Asked {
    rules: RuleSet,
    event: &'static str,
    at: &'static str,
    relations: Vec<Relation>,
    case: Case,
    leaves: Vec<&'static str>,
}

fn asked(text: &str, at: &'static str) -> Asked {
    let case = Case::new("D-1".parse().unwrap());
    let relations = vec![Relation::ResponsibleMunicipality];
    Asked { rules: rules(text), event: "release-date-set", at, relations, case, leaves: vec!["/release/date"] }
}

fn answers(asked: &Asked) -> Vec<Suggestion> {
    what_if(&Question {
        rules: &asked.rules,
        event: CATALOGUE.named(asked.event).unwrap(),
        giver: Kind::Prison,
        sender: &[Relation::HoldingPrison],
        case: &asked.case,
        registers: &Registers::new(1, None),
        signals: &Signals::default(),
        leaves: &asked.leaves.iter().map(|leaf| leaf.parse().unwrap()).collect::<Vec<_>>(),
        candidate: &Candidate {
            participant: "gemeente".parse().unwrap(),
            kind: Kind::Municipality,
            relations: asked.relations.clone(),
            on_behalf_of: None,
            closed: None,
            tells_health: false,
            had: None,
        },
        at: At::now(asked.at.parse().unwrap()),
    })
}

/// Each answer: its changes, and why not to ask for them.
fn short(asked: &Asked) -> Vec<(Vec<Change>, Vec<Unlawful>)> {
    answers(asked).into_iter().map(|one| (one.changes, one.unlawful.into_iter().collect())).collect()
}

fn law() -> String {
    format!("{LAW}{RELEASE}{}", grant("law", "\"/release/date\""))
}

fn with_consent() -> String {
    format!("{CONSENT}{RELEASE}{}", grant("consent", "\"/release/date\""))
}

fn wait() -> Change {
    Change::Wait("law".parse().unwrap(), "2021-07-01".parse().unwrap())
}

#[test]
fn of_what_is_permitted_nothing_is_to_be_said() {
    assert_eq!(short(&asked(&law(), IN_2022)), []);
}

#[test]
fn before_a_statute_one_waits_and_no_consent_stands_in_for_it() {
    assert_eq!(short(&asked(&law(), IN_2020)), [(vec![wait()], vec![])]);
}

#[test]
fn a_consent_is_asked_for_where_it_carries_and_not_again_after_a_withdrawal() {
    let mut asked = asked(&with_consent(), IN_2020);
    let first = answers(&asked).remove(0);
    assert!(first.unlawful.is_empty() && matches!(first.changes.as_slice(), [Change::Consent(_)]), "{first:?}");
    let given: Timestamp = "2020-01-01T09:00:00Z".parse().unwrap();
    asked.case.consents.push(Consent {
        id: "c-1".to_owned(),
        recipient: "gemeente".parse().unwrap(),
        categories: vec!["class:ID".parse().unwrap()],
        purpose: "reintegration".to_owned(),
        given_at: Some(given),
        until: None,
        withdrawn_at: Some(given),
        recorded: given,
        withdrawal_recorded: Some(given),
        message: None,
    });
    let again = answers(&asked);
    assert!(!again.is_empty() && again.iter().all(|one| one.unlawful.contains(&Unlawful::AskedAgain)), "{again:?}");
}

#[test]
fn data_are_not_asked_for_so_that_a_rule_applies() {
    let needs = law()
        .replace("owner =", "needs = [\"/release/kind\"]\nowner =")
        .replace("\"/release/date\"", "\"/release/date\", \"/release/kind\"");
    let kind = Change::Field("/release/kind".parse().unwrap());
    assert_eq!(short(&asked(&needs, IN_2022)), [(vec![kind.clone()], vec![Unlawful::MoreData])]);
    // two at once: the field, and the day on which the statute comes
    assert_eq!(short(&asked(&needs, IN_2020)), [(vec![wait(), kind], vec![Unlawful::MoreData])]);
}

#[test]
fn a_fact_is_so_or_not_and_a_recipient_is_not_chosen() {
    let only = format!("{}when = [\"care-needed\"]\n", law());
    assert_eq!(short(&asked(&only, IN_2022)), [(vec![Change::Signal(Signal::CareNeeded, None)], vec![Unlawful::Fact])]);
    let mut ended = asked(&law().replace("power =", "while = [\"plan-running\"]\npower ="), IN_2022);
    let arrived: Timestamp = "2022-05-01T09:00:00Z".parse().unwrap();
    ended.case.record(FactValue::LegalEnd("2022-05-01".parse().unwrap()), arrived, arrived);
    ended.case.record(FactValue::Ended, arrived, arrived);
    assert_eq!(short(&ended), [(vec![Change::Detained], vec![Unlawful::Fact])]);
    let stranger = Asked { relations: Vec::new(), ..asked(&law(), IN_2022) };
    assert_eq!(short(&stranger), [(vec![Change::Relation(Relation::ResponsibleMunicipality)], vec![Unlawful::Chosen])]);
}
