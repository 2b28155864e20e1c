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

/// A permit of nothing but an object of which nothing is told.
fn nothing_missing(basis: &str) -> Decision {
    let mut decision = permit(basis, &[]);
    if let Answer::Permit(permit) = &mut decision.answer {
        permit.containers = vec!["/conditions".to_owned()];
    }
    decision
}

#[test]
fn an_object_in_which_nothing_is_missing_is_told_too() {
    let zwolle: ParticipantId = "gemeente-zwolle".parse().unwrap();
    let (none, empty) = (refusal(Refusal::NoBasis), nothing_missing("a"));
    let mut tally = Touched::default();
    tally.add(&[asked(0, &zwolle, &none, &empty)]);
    assert!(
        tally.text().contains(
            "    newly visible /conditions (nothing missing): a, for reintegration, may; 1 message, 1 detention, 1 organisation\n"
        )
    );
    // what stands below it says more than that nothing is missing
    let mut full = permit("a", &["/conditions/ID/status"]);
    if let Answer::Permit(permit) = &mut full.answer {
        permit.containers = vec!["/conditions".to_owned(), "/plan/conditions".to_owned()];
        permit.granted.push(Granted { basis: "b".parse().unwrap(), leaves: Vec::new(), by_consent: false });
    }
    let mut tally = Touched::default();
    tally.add(&[asked(0, &zwolle, &none, &full)]);
    let found: Vec<_> = tally.disclosures().collect();
    let to = "responsible-municipality";
    assert_eq!(found, [(to, "/conditions/ID/status", "a"), (to, "/plan/conditions (nothing missing)", "b")]);
}

#[test]
fn only_what_becomes_visible_is_a_disclosure() {
    let zwolle: ParticipantId = "gemeente-zwolle".parse().unwrap();
    let (one, other, none) = (permit("a", &["/release/date"]), permit("b", &["/release/date"]), refusal(Refusal::NoBasis));
    let mut tally = Touched::default();
    tally.add(&[asked(0, &zwolle, &one, &none), asked(1, &zwolle, &one, &other)]);
    assert_eq!(tally.disclosures().count(), 0);
    tally.add(&[Asked { relations: &[], ..asked(0, &zwolle, &none, &other) }]);
    assert_eq!(tally.disclosures().collect::<Vec<_>>(), [("nobody of the case", "/release/date", "b")]);
    assert_eq!((tally.detentions, tally.decisions, tally.changed, tally.is_empty()), (2, 3, 3, false));
}

#[test]
fn a_purpose_and_a_duty_are_part_of_the_ground() {
    let zwolle: ParticipantId = "gemeente-zwolle".parse().unwrap();
    let (may, mut must) = (permit("a", &["/release/date"]), permit("a", &["/release/date"]));
    if let Answer::Permit(permit) = &mut must.answer {
        permit.must = true;
    }
    let mut tally = Touched::default();
    tally.add(&[asked(0, &zwolle, &may, &must), asked(1, &zwolle, &may, &may)]);
    let told = "    other purpose or duty /release/date: a, for reintegration, must (was a, for reintegration, may); 1 message";
    assert!(tally.text().contains(told), "{}", tally.text());
}

#[test]
fn two_tallies_are_one() {
    let zwolle: ParticipantId = "gemeente-zwolle".parse().unwrap();
    let (one, none, other) = (permit("a", &["/release/date"]), refusal(Refusal::NoBasis), refusal(Refusal::ConsentMissing));
    let some = || {
        let mut tally = Touched::default();
        tally.add(&[
            asked(0, &zwolle, &none, &one),
            asked(1, &zwolle, &none, &other),
            Asked { was: Err("NO_CASE"), ..asked(2, &zwolle, &none, &one) },
            Asked { is: Err("NO_CASE"), ..asked(3, &zwolle, &none, &one) },
        ]);
        tally
    };
    let both = some().join(some()).join(Touched::default());
    assert_eq!((both.decisions, both.detentions, both.changed, both.other_refusals), (8, 2, 2, 2));
    assert_eq!(both.undecidable, BTreeMap::from([("NO_CASE", 4)]));
    assert_eq!((both.touched.messages, both.touched.detentions, both.touched.organisations.len()), (2, 2, 1));
    assert!(both.sentence().ends_with(
        "2 would have been others (2 messages, 2 detentions, 1 organisation); 2 refused with another code; 4 undecidable (NO_CASE 4)"
    ));
    assert!(both.markdown().contains(
        "| release-date-set | responsible-municipality | `/release/date` | newly visible | a, for reintegration, may | 2 | 2 | 1 |"
    ));
    let json = both.json();
    assert_eq!((&json["decisions"], &json["otherRefusals"], &json["undecidable"]["NO_CASE"]), (&8.into(), &2.into(), &4.into()));
    let mut none_at_all = Touched::default();
    none_at_all.add(&[]);
    assert_eq!(none_at_all, Touched::default(), "a detention without a decision is none");
    assert_eq!(none_at_all.markdown(), "0 decisions about 0 detentions: 0 would have been others.\n");
}

#[test]
fn what_touches_one_event_stands_together() {
    let zwolle: ParticipantId = "gemeente-zwolle".parse().unwrap();
    let (none, both) = (refusal(Refusal::NoBasis), permit("a", &["/release/date", "/release/kind"]));
    let mut tally = Touched::default();
    tally.add(&[asked(0, &zwolle, &none, &both), Asked { event: "detention-ended", ..asked(1, &zwolle, &none, &both) }]);
    let headings: Vec<_> = tally.text().lines().filter(|line| !line.starts_with(' ')).map(str::to_owned).collect();
    assert_eq!(headings[..2], ["detention-ended to responsible-municipality", "release-date-set to responsible-municipality"]);
    assert_eq!(headings.len(), 3, "and the sentence");
}
