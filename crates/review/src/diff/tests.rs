use super::*;
use crate::tests::{CATALOGUE, LAW, RELEASE, grant, rules};

const DESK: &str = "[[desk]]\nrole = \"casemanager\"\nfields = [\"/release/date\"]\n";

/// What is different when the first text is replaced by the second.
fn changed(from: &str, to: &str) -> Diff {
    let before = format!("{LAW}{RELEASE}{}{DESK}", grant("law", "\"/release/date\""));
    assert!(before.contains(from));
    diff(&rules(&before), &rules(&before.replace(from, to)), &CATALOGUE).unwrap()
}

#[test]
fn a_field_more_is_read_in_a_terminal() {
    let diff = changed(
        r#"fields = ["/release/date"]
[[desk]]"#,
        r#"fields = ["/release/date", "/release/kind"]
[[desk]]"#,
    );
    let text = diff.text();
    let told = "
becomes visible
    event   release-date-set
    from    holding-prison
    to      responsible-municipality
    fields  /release/kind
    on      law, for reintegration, may, owner DJI
    when    since 2021-07-01
";
    assert!(text.contains(told), "{text}");
    assert!(
        text.ends_with("\n1 become visible, 0 stop, 0 rest on something else, 0 desks see otherwise; 256 cells decided by both\n"),
        "{text}"
    );
}

#[test]
fn what_rests_on_something_else_says_on_what() {
    let line = changed("owner = \"DJI\"", "owner = \"3RO\"").lines.remove(0);
    assert_eq!((line.change.word().as_str(), line.change.order()), ("other owner", 2));
    let line = changed("power = \"may\"", "power = \"must\"").lines.remove(0);
    assert_eq!(line.change.word(), "other duty");
    let diff = changed("reintegration", "care");
    assert_eq!(diff.lines[0].change.word(), "other purpose");
    assert!(diff.markdown().contains("| law, for care, may, owner DJI (was law, for reintegration, may, owner DJI) | since 2021-07-01 |"));
}

#[test]
fn desks_are_told_apart() {
    let desk = "role = \"casemanager\"\nfields = [\"/release/date\"]";
    let line = changed(desk, "role = \"casemanager\"\nfields = [\"/release/kind\"]").desks.remove(0);
    assert_eq!((line.sees, line.hidden, line.desk), (vec!["/release/kind".to_owned()], vec!["/release/date".to_owned()], None));
    let diff = changed("role = \"casemanager\"", "role = \"mayor\"");
    let told: Vec<_> = diff.desks.iter().map(|line| (line.role.as_str(), line.desk)).collect();
    assert_eq!(told, [("casemanager", Some(Existence::Gone)), ("mayor", Some(Existence::New))]);
    assert!(
        diff.markdown().contains("| mayor | has a desk now | `` |") || diff.text().contains("desk mayor\n    has a desk now"),
        "{}",
        diff.text()
    );
}

#[test]
fn words_only_are_no_difference() {
    assert!(changed("id = \"release\"", "id = \"other\"").is_empty());
    let diff = changed("citation = \"A statute\"", "citation = \"The same statute\"");
    assert!(diff.is_empty() && diff.cells == 0 && diff.before != diff.after);
}
