use super::*;
use crate::{case::Opened, ids::ParticipantId};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn day(text: &str) -> LegalDay {
    text.parse().unwrap()
}

fn prison(id: &str) -> FactValue {
    FactValue::Prison(id.parse::<ParticipantId>().unwrap())
}

/// What was agreed between a municipality and a prison.
fn agreed() -> Agreement {
    serde_json::from_value(serde_json::json!({
        "municipality": "gemeente-zwolle", "prison": "pi-zwolle",
        "tbo-calendar-days": 10, "screening-working-days": 10, "first-visit-calendar-days": 7,
    }))
    .unwrap()
}

/// Somebody who came in on this day, known from the morning of the next.
fn entered(text: &str) -> Case {
    let mut case = Case::new("d-1".parse().unwrap());
    let known = day(text).plus_days(1).begins();
    case.opened = Some(Opened { by: "pi-zwolle".parse().unwrap(), person: "p".to_owned(), at: known });
    case.record(prison("pi-zwolle"), day(text).begins(), known);
    for fact in [FactValue::Start(day(text)), FactValue::PiEntry(day(text)), FactValue::Title(Title::Sentence)] {
        case.record(fact, known, known);
    }
    case
}

fn say(case: &mut Case, when: &str, value: FactValue) {
    case.record(value, at(when), at(when));
}

/// What is to be said, as known at this instant, each as the words of its id with its day in the Netherlands.
fn said(case: &Case, now: &str) -> Vec<String> {
    let line = |notice: Notice| format!("{}: {}", LegalDay::of(notice.at), notice.told);
    notices(case, Some(&agreed()), None, At::now(at(now))).into_iter().map(line).collect()
}

#[test]
fn the_terms_of_an_ordinary_entry() {
    let case = entered("2024-09-03");
    let expected = [
        "2024-09-08: first-visit 2024-09-10 near",
        "2024-09-11: first-visit 2024-09-10 missed",
        "2024-09-11: tbo 2024-09-13 near",
        "2024-09-14: tbo 2024-09-13 missed",
        "2024-09-15: screening 2024-09-17 near",
        "2024-09-18: screening 2024-09-17 missed",
        "2024-09-29: plan 2024-10-01 near",
        "2024-10-02: plan 2024-10-01 missed",
    ];
    assert_eq!(said(&case, "2024-09-04T08:00:00Z"), expected);
}

#[test]
fn without_an_agreement_only_the_plan_has_a_term() {
    let case = entered("2024-09-03");
    let now = At::now(at("2024-09-04T08:00:00Z"));
    let duties: Vec<Duty> = deadlines(&case, None, now).into_iter().map(|deadline| deadline.duty).collect();
    assert_eq!(duties, [Duty::Plan]);
}

#[test]
fn the_clocks_of_tbo_and_plan_begin_on_their_own_days() {
    let mut case = entered("2024-09-03");
    // ten days in a police cell first
    say(&mut case, "2024-09-14T08:00:00Z", FactValue::PiEntry(day("2024-09-13")));
    let now = At::now(at("2024-09-14T09:00:00Z"));
    let due: Vec<_> = deadlines(&case, Some(&agreed()), now).into_iter().map(|one| (one.duty, one.due.to_string())).collect();
    let expected =
        [(Duty::FirstVisit, "2024-09-10"), (Duty::Tbo, "2024-09-13"), (Duty::Screening, "2024-09-27"), (Duty::Plan, "2024-10-11")];
    assert_eq!(due, expected.map(|(duty, due)| (duty, due.to_owned())));
}

#[test]
fn the_plan_term_extends_over_weekends_and_holidays_and_the_ten_days_do_not() {
    let due = |entry: &str, duty| {
        let all = deadlines(&entered(entry), Some(&agreed()), At::now(at("2026-01-01T00:00:00Z")));
        all.into_iter().find(|deadline| deadline.duty == duty).map(|deadline| deadline.due.to_string())
    };
    // 28 December 2024 is a Saturday, 10 December 2024 no free day, 10 days after the 15th is Christmas
    assert_eq!(due("2024-11-30", Duty::Plan).as_deref(), Some("2024-12-30"));
    assert_eq!(due("2024-11-27", Duty::Plan).as_deref(), Some("2024-12-27"));
    assert_eq!(due("2024-12-15", Duty::Tbo).as_deref(), Some("2024-12-25"));
    assert_eq!(due("2021-06-30", Duty::Plan), None, "the duty was not the director's yet");
    assert_eq!(due("2021-07-01", Duty::Plan).as_deref(), Some("2021-07-29"));
}

#[test]
fn the_isd_has_a_month() {
    let mut case = entered("2024-09-03");
    say(&mut case, "2024-09-04T08:00:00Z", FactValue::Title(Title::Isd));
    assert!(said(&case, "2024-09-04T09:00:00Z").contains(&"2024-10-04: plan 2024-10-03 missed".to_owned()));
}

#[test]
fn who_became_responsible_after_a_term_did_not_miss_it() {
    let case = entered("2024-09-03");
    let said = |since: &str| -> Vec<String> {
        let all = notices(&case, Some(&agreed()), Some(at(since)), At::now(at("2024-10-03T08:00:00Z")));
        all.into_iter().map(|notice| notice.told.to_string()).collect()
    };
    // the first visit was due on the 10th, the TBO on the 13th; screening and plan are the prison's
    let of_the_prison = ["screening 2024-09-17 missed", "plan 2024-10-01 missed"];
    assert_eq!(said("2024-10-02T08:00:00Z"), of_the_prison);
    let tbo = ["tbo 2024-09-13 missed", "screening 2024-09-17 missed", "plan 2024-10-01 missed"];
    assert_eq!(said("2024-09-12T08:00:00Z"), tbo);
    assert_eq!(said("2024-09-10T22:00:00Z"), tbo, "at the moment at which the term ended");
    assert_eq!(said("2024-09-10T21:59:59Z").len(), 4, "a second before it did");
    assert_eq!(said("2024-09-01T08:00:00Z").len(), 4, "before the case was known");
}

#[test]
fn a_transfer_resets_nothing() {
    let mut case = entered("2024-09-03");
    let before = said(&case, "2024-09-05T08:00:00Z");
    say(&mut case, "2024-09-05T10:00:00Z", prison("pi-lelystad"));
    assert_eq!(said(&case, "2024-09-05T11:00:00Z"), before);
    assert_eq!(case.first_prison(At::now(at("2024-09-05T11:00:00Z"))).map(ParticipantId::as_str), Some("pi-zwolle"));
}

#[test]
fn what_was_done_is_no_deadline() {
    for duty in Duty::ALL {
        let mut case = entered("2024-09-03");
        say(&mut case, "2024-09-05T10:00:00Z", FactValue::Done(duty));
        let left = said(&case, "2024-09-05T11:00:00Z");
        assert_eq!(left.len(), 6, "{duty:?}");
        assert!(!left.iter().any(|line| line.contains(&format!(": {} ", duty.word()))), "{duty:?}: {left:?}");
    }
}

#[test]
fn the_end_closes_everything() {
    for end in [FactValue::Ended, FactValue::Suspended, FactValue::Deceased, FactValue::LeftScope] {
        let mut case = entered("2024-09-03");
        say(&mut case, "2024-09-05T10:00:00Z", FactValue::Release(Some(day("2025-01-10"))));
        assert!(!said(&case, "2024-09-05T11:00:00Z").is_empty());
        say(&mut case, "2024-09-06T10:00:00Z", end.clone());
        assert!(said(&case, "2024-09-06T11:00:00Z").is_empty(), "{end:?}");
    }
}

#[test]
fn a_notice_that_was_withdrawn_has_no_terms_until_another_comes() {
    let mut case = entered("2024-09-03");
    say(&mut case, "2024-09-05T10:00:00Z", FactValue::Retracted);
    assert!(said(&case, "2024-09-05T10:00:00Z").is_empty());
    say(&mut case, "2024-09-06T10:00:00Z", FactValue::Start(day("2024-09-04")));
    assert!(said(&case, "2024-09-06T10:00:00Z").contains(&"2024-09-15: tbo 2024-09-14 missed".to_owned()));
}

#[test]
fn while_somebody_is_at_large_nothing_is_said() {
    let mut case = entered("2024-09-03");
    let before = said(&case, "2024-09-05T08:00:00Z");
    say(&mut case, "2024-09-05T10:00:00Z", FactValue::AtLarge(true));
    assert!(said(&case, "2024-09-06T10:00:00Z").is_empty());
    say(&mut case, "2024-09-07T10:00:00Z", FactValue::AtLarge(false));
    assert_eq!(said(&case, "2024-09-07T10:00:00Z"), before);
}

#[test]
fn titles_out_of_scope_have_no_deadlines() {
    for title in [Title::Aliens, Title::Jji, Title::Vris] {
        let mut case = entered("2024-09-03");
        say(&mut case, "2024-09-04T08:00:00Z", FactValue::Title(title));
        assert!(said(&case, "2024-09-04T09:00:00Z").is_empty(), "{title:?}");
    }
}

#[test]
fn a_short_stay_is_told_as_soon_as_it_is_known() {
    let mut case = entered("2024-12-20");
    say(&mut case, "2024-12-21T08:00:00Z", FactValue::Release(Some(day("2024-12-27"))));
    assert!(said(&case, "2024-12-21T08:00:00Z").contains(&"2024-12-21: tbo 2024-12-30 short-stay".to_owned()));
    // as long as the term, it is not short
    say(&mut case, "2024-12-22T08:00:00Z", FactValue::Release(Some(day("2024-12-30"))));
    assert!(!said(&case, "2024-12-22T08:00:00Z").iter().any(|line| line.ends_with("short-stay")));
}

#[test]
fn a_release_is_announced_28_14_and_2_days_before() {
    let mut case = entered("2024-01-03");
    say(&mut case, "2024-01-04T08:00:00Z", FactValue::Release(Some(day("2024-06-28"))));
    let imminent: Vec<_> = said(&case, "2024-04-04T09:00:00Z").into_iter().filter(|line| line.contains("imminent")).collect();
    let expected = [
        "2024-05-31: release 2024-06-28 imminent 28 probation",
        "2024-05-31: release 2024-06-28 imminent 28 municipality",
        "2024-06-14: release 2024-06-28 imminent 14 municipality",
        "2024-06-26: release 2024-06-28 imminent 2 municipality",
    ];
    assert_eq!(imminent, expected);
    assert!(!said(&case, "2024-06-28T22:00:00Z").iter().any(|line| line.contains("imminent")), "the day has passed");
}

#[test]
fn a_release_that_is_known_late_is_announced_at_once_and_once_to_each() {
    let mut case = entered("2024-01-03");
    say(&mut case, "2024-06-18T08:00:00Z", FactValue::Release(Some(day("2024-06-28"))));
    let imminent = |case: &Case, now| said(case, now).into_iter().filter(|line| line.contains("imminent")).collect::<Vec<_>>();
    let expected = [
        "2024-06-18: release 2024-06-28 imminent 14 municipality",
        "2024-06-18: release 2024-06-28 imminent 28 probation",
        "2024-06-26: release 2024-06-28 imminent 2 municipality",
    ];
    let mut now = imminent(&case, "2024-06-18T08:00:00Z");
    now.sort();
    assert_eq!(now, expected);
    // said again, it is no news; certain now, it carries that
    say(&mut case, "2024-06-20T08:00:00Z", FactValue::Release(Some(day("2024-06-28"))));
    say(&mut case, "2024-06-20T08:00:00Z", FactValue::Certainty(Certainty::Firm));
    let mut again = imminent(&case, "2024-06-20T08:00:00Z");
    again.sort();
    assert_eq!(again, expected);
    let certain = notices(&case, None, None, At::now(at("2024-06-20T08:00:00Z")));
    assert!(certain.iter().filter(|notice| notice.told.about == About::Release).all(|notice| notice.certainty == Some(Certainty::Firm)));
    // and one that became unknown is not imminent
    say(&mut case, "2024-06-21T08:00:00Z", FactValue::Release(None));
    assert!(imminent(&case, "2024-06-21T08:00:00Z").is_empty());
}

#[test]
fn a_meeting_in_the_prison_that_the_person_leaves_collides() {
    let mut case = entered("2024-09-03");
    let meeting = Meeting { at: at("2024-09-12T08:00:00Z"), inside: true };
    say(&mut case, "2024-09-05T07:00:00Z", FactValue::Tbo(Some(meeting)));
    let collides = |case: &Case, now| said(case, now).iter().any(|line| line.contains("collision"));
    assert!(!collides(&case, "2024-09-05T08:00:00Z"));
    // announced for the day before
    case.record(prison("pi-lelystad"), at("2024-09-11T09:00:00Z"), at("2024-09-10T09:00:00Z"));
    assert!(collides(&case, "2024-09-10T09:00:00Z"));
    // planned anew for the same hour, there
    let mut anew = case.clone();
    say(&mut anew, "2024-09-11T12:00:00Z", FactValue::Tbo(Some(meeting)));
    assert!(!collides(&anew, "2024-09-11T12:00:00Z"));
    let mut cancelled = case.clone();
    say(&mut cancelled, "2024-09-11T12:00:00Z", FactValue::Tbo(None));
    assert!(!collides(&cancelled, "2024-09-11T12:00:00Z"));
    assert!(!collides(&case, "2024-09-12T08:00:00Z"), "the hour has passed");
}

#[test]
fn a_transfer_after_the_meeting_or_a_meeting_outside_does_not_collide() {
    let mut case = entered("2024-09-03");
    say(&mut case, "2024-09-05T07:00:00Z", FactValue::Tbo(Some(Meeting { at: at("2024-09-12T08:00:00Z"), inside: true })));
    case.record(prison("pi-lelystad"), at("2024-09-12T12:00:00Z"), at("2024-09-10T09:00:00Z"));
    assert!(!said(&case, "2024-09-10T09:00:00Z").iter().any(|line| line.contains("collision")));
    say(&mut case, "2024-09-10T10:00:00Z", FactValue::Tbo(Some(Meeting { at: at("2024-09-13T08:00:00Z"), inside: false })));
    assert!(!said(&case, "2024-09-10T11:00:00Z").iter().any(|line| line.contains("collision")));
}

#[test]
fn a_meeting_planned_in_time_needs_no_reminder() {
    let mut case = entered("2024-09-03");
    let near = "2024-09-11: tbo 2024-09-13 near".to_owned();
    say(&mut case, "2024-09-05T07:00:00Z", FactValue::Tbo(Some(Meeting { at: at("2024-09-16T08:00:00Z"), inside: true })));
    assert!(said(&case, "2024-09-05T08:00:00Z").contains(&near), "planned too late");
    say(&mut case, "2024-09-06T07:00:00Z", FactValue::Tbo(Some(Meeting { at: at("2024-09-13T08:00:00Z"), inside: true })));
    let left = said(&case, "2024-09-06T08:00:00Z");
    assert!(!left.contains(&near));
    assert!(left.contains(&"2024-09-14: tbo 2024-09-13 missed".to_owned()), "planned is not held");
}

#[test]
fn what_had_passed_before_the_case_was_known_is_not_missed() {
    let mut case = entered("2024-09-03");
    let late = at("2024-09-16T08:00:00Z");
    case.opened = case.opened.map(|opened| Opened { at: late, ..opened });
    case.facts.iter_mut().for_each(|fact| fact.recorded = late);
    let left = said(&case, "2024-09-16T08:00:00Z");
    let expected = [
        // its reminder at once
        "2024-09-16: screening 2024-09-17 near",
        "2024-09-18: screening 2024-09-17 missed",
        "2024-09-29: plan 2024-10-01 near",
        "2024-10-02: plan 2024-10-01 missed",
    ];
    assert_eq!(left, expected);
}

#[test]
fn after_an_outage_alarms_are_late_and_reminders_left_out() {
    let case = entered("2024-09-03");
    let expected = [
        "2024-09-11: first-visit 2024-09-10 missed",
        "2024-09-14: tbo 2024-09-13 missed",
        "2024-09-18: screening 2024-09-17 missed",
        "2024-09-29: plan 2024-10-01 near",
        "2024-10-02: plan 2024-10-01 missed",
    ];
    assert_eq!(said(&case, "2024-09-30T08:00:00Z"), expected);
}

#[test]
fn a_corrected_start_moves_the_terms() {
    let mut case = entered("2024-09-03");
    say(&mut case, "2024-09-05T08:00:00Z", FactValue::Start(day("2024-09-01")));
    let left = said(&case, "2024-09-05T09:00:00Z");
    assert!(left.contains(&"2024-09-12: tbo 2024-09-11 missed".to_owned()), "{left:?}");
    assert!(!left.iter().any(|line| line.contains("tbo 2024-09-13")));
}

#[test]
fn told_is_read_back_as_it_was_written() {
    let told: BTreeSet<Told> = notices(&entered("2024-09-03"), Some(&agreed()), None, At::now(at("2024-09-04T08:00:00Z")))
        .into_iter()
        .map(|notice| notice.told)
        .collect();
    let watch = Watch { told, wakes: Some(at("2024-09-08T22:00:00Z")) };
    let text = serde_json::to_string(&watch).unwrap();
    assert_eq!(serde_json::from_str::<Watch>(&text).unwrap(), watch);
}
