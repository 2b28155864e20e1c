use schakelpunt_domain::Refusal;
use schakelpunt_rules::{Answer, Granted, Permit};

use super::*;

fn permit(basis: &str, leaves: &[&str]) -> Decision {
    let granted = vec![Granted {
        basis: basis.parse().unwrap(),
        leaves: leaves.iter().map(|leaf| leaf.parse().unwrap()).collect(),
        by_consent: false,
    }];
    let permit = Permit { granted, containers: Vec::new(), purpose: "reintegration".to_owned(), must: false };
    Decision { answer: Answer::Permit(permit), rule: None, withheld: Vec::new(), valid_until: None }
}

fn refusal(code: Refusal) -> Decision {
    Decision { answer: Answer::Refuse(code), rule: None, withheld: Vec::new(), valid_until: None }
}

fn asked<'a>(message: usize, organisation: &'a ParticipantId, was: &'a Decision, is: &'a Decision) -> Asked<'a> {
    let relations = &[Relation::ResponsibleMunicipality];
    Asked { message, event: "release-date-set", relations, organisation, was: Ok(was), is: Ok(is) }
}

#[test]
fn each_message_detention_and_organisation_counts_once() {
    let (zwolle, kampen): (ParticipantId, ParticipantId) = ("gemeente-zwolle".parse().unwrap(), "gemeente-kampen".parse().unwrap());
    let (less, more) = (permit("pm-20d-2", &["/release/date"]), permit("pm-20d-2", &["/release/date", "/release/kind"]));
    let mut tally = Touched::default();
    tally.add(&[asked(0, &zwolle, &less, &more), asked(0, &zwolle, &less, &more), asked(1, &zwolle, &less, &less)]);
    let mut other = Touched::default();
    other.add(&[asked(0, &kampen, &less, &more), asked(1, &zwolle, &less, &more)]);
    let tally = tally.join(other);
    assert_eq!((tally.decisions, tally.detentions, tally.changed), (5, 2, 4));
    assert_eq!(tally.touched.text(), "3 messages, 2 detentions, 2 organisations");
    let expected = "release-date-set to responsible-municipality\n    newly visible /release/kind: pm-20d-2, for reintegration, may; \
         3 messages, 2 detentions, 2 organisations\n5 decisions about 2 detentions: 4 would have been others (3 messages, 2 detentions, 2 organisations)\n";
    assert_eq!(tally.text(), expected);
    assert!(tally.markdown().contains("| `/release/kind` | newly visible | pm-20d-2, for reintegration, may | 3 | 2 | 2 |"));
    assert_eq!(tally.json()["lines"][0]["touched"], serde_json::json!({"messages": 3, "detentions": 2, "organisations": 2}));
}

#[test]
fn what_stops_and_what_rests_on_something_else_is_told_apart() {
    let zwolle: ParticipantId = "gemeente-zwolle".parse().unwrap();
    let (one, other, none) = (permit("a", &["/release/date"]), permit("b", &["/release/date"]), refusal(Refusal::NoBasis));
    let mut tally = Touched::default();
    tally.add(&[asked(0, &zwolle, &one, &none), asked(1, &zwolle, &one, &other)]);
    let text = tally.text();
    assert!(text.contains("    stops /release/date: a, for reintegration, may; 1 message"), "{text}");
    assert!(text.contains("    other basis /release/date: b, for reintegration, may (was a, for reintegration, may); 1 message"), "{text}");
}

#[test]
fn another_reason_for_the_same_silence_is_no_change() {
    let zwolle: ParticipantId = "gemeente-zwolle".parse().unwrap();
    let (was, is) = (refusal(Refusal::NoBasis), refusal(Refusal::ConsentMissing));
    let mut tally = Touched::default();
    tally.add(&[asked(0, &zwolle, &was, &is)]);
    assert!(tally.is_empty());
    assert_eq!(tally.sentence(), "1 decisions about 1 detentions: 0 would have been others; 1 refused with another code");
}

#[test]
fn what_cannot_be_decided_is_no_refusal() {
    let zwolle: ParticipantId = "gemeente-zwolle".parse().unwrap();
    let was = permit("a", &["/release/date"]);
    let mut tally = Touched::default();
    tally.add(&[Asked { is: Err("SIGNAL_NOT_RECORDED"), ..asked(0, &zwolle, &was, &was) }]);
    assert!(tally.is_empty(), "nothing stops");
    assert_eq!(tally.undecidable, BTreeMap::from([("SIGNAL_NOT_RECORDED", 1)]));
    assert!(tally.sentence().ends_with("; 1 undecidable (SIGNAL_NOT_RECORDED 1)"));
}
