use super::*;

#[test]
fn the_case_of_a_question_is_one_that_can_be() {
    let at: Timestamp = "2024-03-05T09:00:00Z".parse().unwrap();
    let case = |standing| World::new().unwrap().case(at, standing, true, None);
    for (standing, ends) in [(Standing::Valid, None), (Standing::Expired, Some("2024-03-03")), (Standing::Withdrawn, None)] {
        let consent = case(standing).consents.remove(0);
        assert!(consent.given_at.unwrap() < consent.withdrawn_at.unwrap_or(at) && consent.recorded < at);
        assert_eq!(consent.until.map(|until| until.to_string()).as_deref(), ends);
        assert!(consent.withdrawn_at.is_none_or(|withdrawn| withdrawn < at));
    }
    let ended = case(Standing::None).facts.iter().map(|fact| fact.recorded).max();
    assert!(ended < Some(at) && ended > case(Standing::Valid).consents[0].given_at, "detained when the consent was given");
}
