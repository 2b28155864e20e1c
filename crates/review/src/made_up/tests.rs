use schakelpunt_domain::Refusal;
use schakelpunt_rules::decide;

use super::*;
use crate::tests::{CATALOGUE, CONSENT, LAW, RELEASE, grant, rules};

/// What the rules say of a case, by its text.
fn said(law: &str, case: &str) -> Result<Result<Vec<String>, Refusal>, NotSuch> {
    let case: MadeUp = toml::from_str(&format!("event = \"release-date-set\"\nsender = \"holding-prison\"\n{case}")).unwrap();
    case.ask(&rules(law), &CATALOGUE, "2022-06-01T09:00:00Z".parse().unwrap(), |question| {
        let decision = decide(question);
        decision.permit().map(|permit| permit.leaves().map(ToString::to_string).collect()).ok_or_else(|| decision.refusal().unwrap())
    })
}

const TO: &str = "recipient = \"responsible-municipality\"\n";

fn law() -> String {
    format!("{LAW}{RELEASE}{}", grant("law", "\"/release/date\""))
}

#[test]
fn it_is_decided_by_its_words() {
    let given = Ok(Ok(vec!["/release/date".to_owned()]));
    assert_eq!(said(&law(), TO), given);
    assert_eq!(said(&law(), &format!("{TO}leaves = [\"/release/date\"]")), given);
    assert_eq!(said(&law(), &format!("{TO}lacking = [\"/release/date\"]")), Ok(Err(Refusal::FieldNotAllowed)));
    assert_eq!(said(&law(), &format!("{TO}title = \"VRIS\"")), Ok(Err(Refusal::OutOfScopeTitle)));
    assert_eq!(said(&law(), &format!("{TO}at = \"2020-06-01T09:00:00Z\"")), Ok(Err(Refusal::BasisNotYetInForce)));
    assert_eq!(said(&law(), "recipient = \"care-partner\""), Ok(Err(Refusal::NoBasis)));
}

#[test]
fn consent_stands_as_it_says() {
    let law = format!("{CONSENT}{RELEASE}{}", grant("consent", "\"/release/date\""));
    let with = |consent: &str| said(&law, &format!("{TO}at = \"2020-06-01T09:00:00Z\"\nconsent = \"{consent}\""));
    assert!(with("valid").unwrap().is_ok());
    let refused = ["none", "expired", "withdrawn"].map(|consent| with(consent).unwrap().unwrap_err());
    assert_eq!(refused, [Refusal::ConsentMissing, Refusal::ConsentExpired, Refusal::ConsentWithdrawn]);
}

#[test]
fn what_cannot_be_is_named() {
    let wrong = |case: &str| said(&law(), case).unwrap_err();
    assert_eq!(wrong("recipient = \"earlier-recipient\""), NotSuch::Kind);
    assert_eq!(wrong(&format!("{TO}kind = \"prison\"")), NotSuch::Kind);
    assert_eq!(wrong(&format!("{TO}lacking = [\"/nothing\"]")), NotSuch::Field);
    assert_eq!(wrong(&format!("{TO}signals = [\"plan-running\"]")), NotSuch::Signal);
    assert_eq!(wrong(&format!("{TO}signals = [\"isd-measure\"]\ntitle = \"VRIS\"")), NotSuch::Title);
}
