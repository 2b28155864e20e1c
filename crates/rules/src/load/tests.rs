use super::*;

fn load(text: &str) -> Result<RuleSet, LoadErrors> {
    let catalogue = Catalogue::load().unwrap();
    RuleSet::load(&[RuleFile { name: "rules.toml".to_owned(), text: text.to_owned() }], &catalogue)
}

const BASIS: &str = r#"
[[basis]]
id = "pm"
citation = "Pm 20d"
kind = "statute"
in-force = { from = "2021-07-01" }
between = [["prison", "municipality"]]
purposes = ["reintegration"]
power = "may"
"#;

fn rule(events: &str, sender: &str, fields: &str) -> String {
    format!(
        "{BASIS}\n[[rule]]\nid = \"r\"\nevents = {events}\nsender = \"{sender}\"\nto = [\"responsible-municipality\"]\npurpose = \"reintegration\"\nowner = \"DJI\"\n[[rule.grant]]\nbasis = \"pm\"\nfields = {fields}\n"
    )
}

/// Code, line and column of the one mistake.
fn mistake(text: &str) -> (&'static str, usize, usize) {
    let errors = load(text).unwrap_err().0;
    assert_eq!(errors.len(), 1, "{errors:?}");
    (errors[0].code, errors[0].line, errors[0].column)
}

#[test]
fn a_good_file_loads_and_has_a_version() {
    let set = load(&rule("[\"detention-started\"]", "holding-prison", "[\"/detention/start\"]")).unwrap();
    assert_eq!((set.rules().len(), set.bases().len(), set.version.len()), (1, 1, 16));
}

#[test]
fn each_mistake_has_its_place() {
    assert_eq!(mistake(&rule("[\"detention-begun\"]", "holding-prison", "[]")), ("UNKNOWN_EVENT", 13, 11));
    assert_eq!(mistake(&rule("[\"detention-started\"]", "prison", "[\"/detention/start\"]")), ("UNKNOWN_RELATION", 14, 10));
    assert_eq!(mistake(&rule("[\"detention-started\"]", "holding-prison", "[\"/detention\"]")), ("NOT_A_LEAF", 20, 11));
    assert_eq!(mistake(&rule("[\"detention-started\"]", "holding-prison", "[\"/release/date\"]")), ("NO_SUCH_FIELD", 20, 11));
    assert_eq!(mistake(&rule("[\"detention-started\"]", "holding-prison", "[\"detention\"]")), ("BAD_POINTER", 20, 11));
    assert_eq!(mistake(&rule("[\"detention-started\"]", "holding-prison", "[\"@nobody\"]")), ("UNKNOWN_FIELD_SET", 20, 11));
    assert_eq!(mistake(&rule("[\"detention-started\"]", "holding-prison", "[\"as-delivered\"]")), ("NOT_RECTIFICATION", 20, 11));
    assert_eq!(mistake("[[basis]]\nid = \"x\"\nwhat = 1\n").0, "SHAPE");
}

#[test]
fn all_mistakes_come_at_once() {
    let text = rule("[\"nothing\"]", "nobody", "[\"@none\"]");
    assert_eq!(load(&text).unwrap_err().0.len(), 3);
}

#[test]
fn a_mistake_shows_its_line() {
    let errors = load(&rule("[\"detention-started\"]", "holding-prison", "[\"/release/date\"]")).unwrap_err();
    insta::assert_snapshot!(errors.to_string().trim_end(), @r#"
    rules.toml:20:11: no event here has the field `/release/date` [NO_SUCH_FIELD]
      | fields = ["/release/date"]
      |           ^^^^^^^^^^^^^^^
      = see schemas/events for the fields of an event
    "#);
}
