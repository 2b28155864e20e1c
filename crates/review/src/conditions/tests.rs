use super::*;

/// Of two signals, or of detained or not and consent.
fn said(cells: &str, dimensions: &[Dimension<'_>]) -> String {
    let cells: Vec<bool> = cells.chars().filter(|cell| *cell != ' ').map(|cell| cell == '#').collect();
    When { from: None, until: None, conditions: alternatives(&cells, dimensions) }.text()
}

#[test]
fn a_condition_that_changes_nothing_is_not_named() {
    let dimensions = [Dimension::Ended, Dimension::Consent];
    assert_eq!(said("#### ####", &dimensions), "always");
    assert_eq!(said("#### ....", &dimensions), "detained");
    assert_eq!(said(".#.. .#..", &dimensions), "consent");
    assert_eq!(said("#.## ....", &dimensions), "detained, no valid consent");
    assert_eq!(said("#.## ####", &dimensions), "detained, no valid consent, or ended");
    assert_eq!(said("..## ....", &dimensions), "detained, expired/withdrawn");
}

#[test]
fn signals_are_named_by_what_they_say() {
    let dimensions = [Dimension::Signal("no care needed", "care needed"), Dimension::Signal("not consulting", "consulting")];
    assert_eq!(said("..##", &dimensions), "care needed");
    assert_eq!(said("#...", &dimensions), "no care needed, not consulting");
    assert_eq!(said("#..#", &dimensions), "no care needed, not consulting, or care needed, consulting");
}

#[test]
fn what_lacks_is_named_only_where_it_adds_something() {
    let lacks = [None, Some("/a".parse().unwrap()), Some("/b".parse().unwrap())];
    let dimensions = [Dimension::Lacks(&lacks)];
    assert_eq!(said(".#.", &dimensions), "without /a");
    assert_eq!(said("#.#", &dimensions), "with /a");
    assert_eq!(said("#..", &dimensions), "with /a and /b");
    assert_eq!(only_whole(&[true, false, true, false, false, false], 3), Some(vec![true, false]));
    assert_eq!(only_whole(&[false, true, false], 3), None);
}

#[test]
fn a_period_stands_before_its_conditions() {
    let when = |from: Option<&str>, until: Option<&str>, conditions: &[&[&str]]| {
        let conditions = conditions.iter().map(|all| all.iter().map(|one| (*one).to_owned()).collect()).collect();
        When { from: from.map(str::to_owned), until: until.map(str::to_owned), conditions }.text()
    };
    assert_eq!(when(None, None, &[&[]]), "always");
    assert_eq!(when(Some("2021-07-01"), None, &[&[]]), "since 2021-07-01");
    assert_eq!(when(None, Some("2021-06-30"), &[&["detained"]]), "until 2021-06-30: detained");
    assert_eq!(
        when(Some("2021-07-01"), Some("2022-06-30"), &[&["detained", "consent"], &["ended"]]),
        "from 2021-07-01 until 2022-06-30: detained, consent, or ended"
    );
}
