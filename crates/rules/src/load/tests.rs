use std::sync::LazyLock;

use schakelpunt_domain::{BasisId, calendar::Period, registers::Kind};

use super::*;
use crate::{
    Relation, Signal,
    ruleset::{BasisKind, Fields, Grant, Power, Sees},
};

/// The event catalogue, read once for all tests of this crate.
pub(crate) static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::load().unwrap());

fn load(text: &str) -> Result<RuleSet, LoadErrors> {
    RuleSet::load(&[RuleFile { name: "rules.toml".to_owned(), text: text.to_owned() }], &CATALOGUE)
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

/// A rule set that uses everything that a file can say.
const WHOLE: &str = r#"
[[basis]]
id = "pm"
citation = "Pm 20d"
kind = "statute"
in-force = { from = "2021-07-01", until = "2030-01-01" }
while = ["plan-running"]
between = [["prison", "municipality"]]
purposes = ["reintegration"]
power = "must"
[[basis]]
id = "consent"
citation = "Consent"
kind = "consent"
in-force = { from = "2018-05-25" }
yields-to = ["pm"]
between = [["prison", "municipality"]]
purposes = ["reintegration", "care"]
power = "may"
[[field-set]]
id = "plan"
fields = ["/plan/version", "/release/date"]
[[rule]]
id = "plan"
events = ["plan-ready"]
sender = ["holding-prison", "former-prison"]
to = ["responsible-municipality", "triage"]
purpose = "reintegration"
owner = "DJI"
needs = ["/plan/version"]
note = "[I]"
[[rule.grant]]
basis = "pm"
each = "/plan/conditions"
when = ["entry-not-in-order"]
fields = ["/status"]
[[rule.grant]]
basis = "consent"
fields = ["/plan/version", "@plan", "/plan/adoptedOn"]
[[rule.grant]]
basis = "consent"
when = ["care-needed"]
fields = ["/plan/care/needed"]
[[never]]
id = "no-skn"
to = ["care-partner"]
fields = ["/person/identity/skn"]
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

/// Every word of a rule set, as it stands after resolving.
#[test]
fn a_rule_set_says_what_its_files_say() {
    let set = load(WHOLE).unwrap();
    let day = |text: &str| Some(text.parse().unwrap());
    let id = |text: &str| text.parse::<BasisId>().unwrap();
    let [pm, consent] = set.bases() else { panic!("two bases") };
    assert_eq!((pm.id.as_str(), pm.citation.as_str(), pm.kind, pm.power), ("pm", "Pm 20d", BasisKind::Statute, Power::Must));
    assert_eq!(pm.in_force, Period { from: day("2021-07-01"), until: day("2030-01-01") });
    assert_eq!((&pm.between, &pm.while_, &pm.yields_to), (&vec![(Kind::Prison, Kind::Municipality)], &vec![Signal::PlanRunning], &vec![]));
    assert_eq!((&consent.yields_to, consent.kind, consent.power), (&vec![id("pm")], BasisKind::Consent, Power::May));
    assert_eq!(consent.purposes, ["reintegration", "care"]);
    let [rule] = set.rules() else { panic!("one rule") };
    assert_eq!(rule.sender, [Relation::HoldingPrison, Relation::FormerPrison]);
    assert_eq!(rule.to, [Relation::ResponsibleMunicipality, Relation::Triage]);
    assert_eq!((rule.id.as_str(), rule.purpose.as_str(), rule.owner.as_str(), rule.note.as_str()), ("plan", "reintegration", "DJI", "[I]"));
    assert_eq!((rule.events.len(), rule.needs.len(), rule.grants.len()), (1, 1, 3));
    let leaves = |words: &[&str]| Fields::Leaves(words.iter().map(|word| word.parse().unwrap()).collect());
    let each = Fields::Each { container: "/plan/conditions".to_owned(), fields: vec!["/status".to_owned()] };
    assert_eq!(rule.grants[0], Grant { basis: 0, when: vec![Signal::EntryNotInOrder], fields: each });
    assert_eq!(rule.grants[1], Grant { basis: 1, when: Vec::new(), fields: leaves(&["/plan/adoptedOn", "/plan/version"]) });
    assert_eq!(rule.grants[2], Grant { basis: 1, when: vec![Signal::CareNeeded], fields: leaves(&["/plan/care/needed"]) });
    assert_eq!(set.basis(&rule.grants[1]).unwrap().id, id("consent"));
    let [never] = set.never() else { panic!("one `never`") };
    assert_eq!((never.id.as_str(), &never.to, never.fields.len()), ("no-skn", &vec![Kind::CarePartner], 1));
}

#[test]
fn the_law_changes_on_the_days_of_its_bases() {
    let set = load(WHOLE).unwrap();
    let next = |after: &str| set.next_boundary(after.parse().unwrap()).map(|at| at.to_string());
    assert_eq!(next("2018-01-01T00:00:00Z").as_deref(), Some("2018-05-24T22:00:00Z"));
    assert_eq!(next("2018-05-24T22:00:00Z").as_deref(), Some("2021-06-30T22:00:00Z"));
    assert_eq!(next("2029-01-01T00:00:00Z").as_deref(), Some("2029-12-31T23:00:00Z"));
    assert_eq!(next("2030-01-01T00:00:00Z"), None);
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

/// The one mistake after `from` in a file that is right otherwise was replaced by `to`.
fn replaced(from: &str, to: &str) -> (&'static str, usize, usize) {
    let good = rule("[\"detention-started\"]", "holding-prison", "[\"/detention/start\"]");
    assert!(good.contains(from), "{from}");
    mistake(&good.replacen(from, to, 1))
}

#[test]
fn a_basis_says_where_it_stands_since_when_and_between_whom() {
    assert_eq!(replaced("\"Pm 20d\"", "\" \""), ("NO_CITATION", 4, 12));
    assert_eq!(replaced("\"2021-07-01\"", "\"2021-07\""), ("BAD_DAY", 6, 21));
    assert_eq!(replaced("{ from = \"2021-07-01\" }", "{ until = \"soon\" }"), ("BAD_DAY", 6, 22));
    assert_eq!(replaced("\"municipality\"", "\"town\""), ("UNKNOWN_KIND", 7, 23));
    assert_eq!(replaced("\"prison\"", "\"pi\""), ("UNKNOWN_KIND", 7, 13));
    assert_eq!(replaced("power = \"may\"", "power = \"may\"\nwhile = [\"raining\"]"), ("UNKNOWN_SIGNAL", 10, 10));
    assert_eq!(replaced("power = \"may\"", "power = \"may\"\nyields-to = [\"px\"]"), ("UNKNOWN_BASIS", 10, 14));
}

#[test]
fn a_rule_says_whose_it_is_and_on_which_basis_it_gives_what() {
    assert_eq!(replaced("\"DJI\"", "\"\""), ("NO_OWNER", 17, 9));
    assert_eq!(replaced("basis = \"pm\"", "basis = \"px\""), ("UNKNOWN_BASIS", 19, 9));
    assert_eq!(replaced("purpose = \"reintegration\"", "purpose = \"billing\""), ("WRONG_PURPOSE", 19, 9));
    assert_eq!(replaced("fields = [", "when = [\"raining\"]\nfields = ["), ("UNKNOWN_SIGNAL", 20, 9));
    assert_eq!(replaced("fields = [", "when = [\"entry-not-in-order\"]\nfields = ["), ("SIGNAL_OF_ENTRIES", 19, 9));
    assert_eq!(replaced("owner = ", "needs = [\"/release/date\"]\nowner = "), ("NO_SUCH_FIELD", 17, 10));
    let (code, line, _) = replaced("[[rule.grant]]\nbasis = \"pm\"\nfields = [\"/detention/start\"]\n", "");
    assert_eq!((code, line), ("NO_GRANT", 12));
}

#[test]
fn ids_are_words_and_stand_once_for_each_kind() {
    assert_eq!(replaced("id = \"r\"", "id = \"A rule\""), ("BAD_ID", 12, 6));
    let good = rule("[\"detention-started\"]", "holding-prison", "[\"/detention/start\"]");
    let (_, one) = good.split_at(good.find("[[rule]]").unwrap());
    assert_eq!(mistake(&format!("{good}{one}")).0, "TWICE");
    assert_eq!(mistake(&format!("{good}{BASIS}")).0, "TWICE");
    let set = "[[field-set]]\nid = \"s\"\nfields = [\"/detention/start\"]\n";
    assert_eq!(mistake(&format!("{good}{set}{set}")).0, "TWICE");
    assert!(load(&format!("{good}{}", set.replace("\"s\"", "\"pm\""))).is_ok(), "a field set may be called as a basis");
}

#[test]
fn a_field_set_gives_what_the_event_has_of_it() {
    let set = "[[field-set]]\nid = \"s\"\nfields = [\"/release/date\", \"/detention/start\"]\n";
    let using = |event: &str| format!("{set}{}", rule(&format!("[\"{event}\"]"), "holding-prison", "[\"@s\", \"/detention/start\"]"));
    let loaded = load(&using("detention-started")).unwrap();
    assert_eq!(loaded.rules()[0].grants[0].fields, crate::Fields::Leaves(vec!["/detention/start".parse().unwrap()]), "sorted, each once");
    let nothing = format!("{set}{}", rule("[\"leave-advice-requested\"]", "holding-prison", "[\"@s\"]"));
    assert_eq!(mistake(&nothing).0, "NO_SUCH_FIELD");
    assert_eq!(mistake(&set.replace("/release/date", "/release/moon")).0, "NO_SUCH_FIELD");
}

#[test]
fn entries_are_named_by_their_object_and_the_fields_below_one() {
    let each = |fields: &str| {
        rule("[\"condition-status-updated\"]", "holding-prison", fields)
            .replace("fields = ", "each = \"/conditions\"\nwhen = [\"entry-not-in-order\"]\nfields = ")
    };
    let loaded = load(&each("[\"/status\"]")).unwrap();
    let expected = crate::Fields::Each { container: "/conditions".to_owned(), fields: vec!["/status".to_owned()] };
    assert_eq!(
        (&loaded.rules()[0].grants[0].fields, loaded.rules()[0].grants[0].when.as_slice()),
        (&expected, [crate::Signal::EntryNotInOrder].as_slice())
    );
    for wrong in ["[\"/colour\"]", "[\"status\"]", "[\"/HOUSING/status\"]"] {
        assert_eq!(mistake(&each(wrong)).0, "NO_SUCH_FIELD", "{wrong}");
    }
}

#[test]
fn what_never_goes_names_kinds_and_fields() {
    let never = |to: &str, fields: &str| format!("[[never]]\nid = \"n\"\nto = [\"{to}\"]\nfields = [\"{fields}\"]\n");
    let loaded = load(&never("municipality", "/person/identity/skn")).unwrap();
    assert_eq!(loaded.never().len(), 1);
    assert_eq!(
        (loaded.never()[0].to.as_slice(), loaded.never()[0].fields[0].as_str()),
        ([schakelpunt_domain::registers::Kind::Municipality].as_slice(), "/person/identity/skn")
    );
    assert_eq!(mistake(&never("town", "/person/identity/skn")).0, "UNKNOWN_KIND");
    assert_eq!(mistake(&never("municipality", "/person/identity/moon")).0, "NO_SUCH_FIELD");
    assert_eq!(mistake(&format!("{0}{0}", never("municipality", "/person/identity/skn"))).0, "TWICE");
}

#[test]
fn a_desk_sees_all_or_fields() {
    let set = "[[field-set]]\nid = \"s\"\nfields = [\"/release/date\"]\n";
    let desk = |role: &str, sees: &str| format!("{set}[[desk]]\nrole = \"{role}\"\n{sees}\n");
    let sees = |text: &str| load(&desk("income", text)).unwrap().desk("income").cloned();
    let fields = |words: &[&str]| Sees::Fields(words.iter().map(|word| word.parse().unwrap()).collect());
    assert_eq!(sees("sees = \"all\""), Some(Sees::All));
    let sorted = fields(&["/conditions/INCOME/status", "/release/date"]);
    assert_eq!(sees("fields = [\"@s\", \"/release/date\", \"/conditions/INCOME/status\"]"), Some(sorted), "sorted, each once");
    assert_eq!(load(&desk("income", "sees = \"all\"")).unwrap().desk("debt"), None);
    let wrong = |sees: &str| mistake(&desk("income", sees));
    assert_eq!(wrong("sees = \"most\""), ("SHAPE", 6, 8));
    assert_eq!(wrong("note = \"\""), ("NO_FIELD", 5, 8));
    assert_eq!(wrong("fields = []"), ("NO_FIELD", 5, 8));
    assert_eq!(wrong("sees = \"all\"\nfields = [\"@s\"]"), ("ALL_AND_FIELDS", 5, 8));
    assert_eq!(wrong("fields = [\"@nobody\"]"), ("UNKNOWN_FIELD_SET", 6, 11));
    assert_eq!(wrong("fields = [\"/release/moon\"]"), ("NO_SUCH_FIELD", 6, 11));
    assert_eq!(wrong("fields = [\"/conditions\"]"), ("NOT_A_LEAF", 6, 11));
    assert_eq!(mistake(&desk("Income", "sees = \"all\"")), ("BAD_ID", 5, 8));
    let twice = format!("{}[[desk]]\nrole = \"income\"\nsees = \"all\"\n", desk("income", "sees = \"all\""));
    assert_eq!(mistake(&twice), ("TWICE", 8, 8));
}

#[test]
fn a_desk_that_sees_nothing_says_what_to_do() {
    let errors = load("[[desk]]\nrole = \"income\"\n").unwrap_err();
    insta::assert_snapshot!(errors.to_string().trim_end(), @r#"
    rules.toml:2:8: the desk of `income` sees nothing [NO_FIELD]
      | role = "income"
      |        ^^^^^^^^
      = name its `fields`, or `sees = "all"`, or remove the desk
    "#);
}

#[test]
fn a_rectifying_basis_gives_what_was_delivered_or_a_reference() {
    for (word, expected) in [("as-delivered", crate::Fields::AsDelivered), ("reference-only", crate::Fields::ReferenceOnly)] {
        let text = rule("[\"message-corrected\"]", "holding-prison", &format!("[\"{word}\"]")).replace("\"statute\"", "\"rectification\"");
        assert_eq!(load(&text).unwrap().rules()[0].grants[0].fields, expected);
    }
}

#[test]
fn a_basis_that_yields_knows_to_whom_wherever_it_stands() {
    let second = BASIS.replace("\"pm\"", "\"px\"").replace("power = \"may\"", "power = \"may\"\nyields-to = [\"pm\"]");
    let loaded = load(&format!("{second}{BASIS}")).unwrap();
    let yields = |id: &str| loaded.bases().iter().find(|basis| basis.id.as_str() == id).unwrap().yields_to.len();
    assert_eq!((yields("px"), yields("pm")), (1, 0));
}

#[test]
fn a_file_has_a_size_that_a_person_can_review() {
    let filler = |size: usize| "#".repeat(size);
    assert!(load(&filler(FILE_MAX)).is_ok());
    assert_eq!(mistake(&filler(FILE_MAX + 1)), ("TOO_LARGE", 1, 1));
}

#[test]
fn the_version_is_of_names_and_texts_whatever_their_order() {
    let file = |name: &str, text: &str| RuleFile { name: name.to_owned(), text: text.to_owned() };
    let version = |files: &[RuleFile]| RuleSet::load(files, &CATALOGUE).unwrap().version;
    let (a, b) = (file("a", "# one"), file("b", "# two"));
    assert_eq!(version(&[a.clone(), b.clone()]), version(&[b.clone(), a.clone()]));
    assert_ne!(version(&[a.clone(), b.clone()]), version(&[a.clone(), file("b", "# three")]));
    assert_ne!(version(&[a, b.clone()]), version(&[b]));
}

#[test]
fn mistakes_stand_in_the_order_of_files_lines_and_columns() {
    let text = rule("[\"zebra\", \"detention-begun\"]", "nobody", "[\"/detention/start\"]");
    let places: Vec<_> = load(&text).unwrap_err().0.iter().map(|error| (error.line, error.column, error.width)).collect();
    assert_eq!(places[..3], [(13, 11, 7), (13, 20, 17), (14, 10, 8)]);
}

#[test]
fn relations_and_signals_are_written_as_they_are_read() {
    for word in crate::Relation::words() {
        let relation: crate::Relation = word.parse().unwrap();
        assert_eq!((relation.word(), relation.to_string().as_str()), (word, word));
    }
    assert_eq!(crate::Relation::words().count(), 11);
    assert_eq!("somebody".parse::<crate::Relation>(), Err(crate::relation::UnknownRelation));
}

#[test]
fn rules_are_found_by_event_and_sender() {
    let set = load(&rule("[\"detention-started\"]", "holding-prison", "[\"/detention/start\"]")).unwrap();
    let (event, other) = ("detention-started".parse().unwrap(), "detention-ended".parse().unwrap());
    assert_eq!((set.rules_for(&event).count(), set.rules_for(&other).count()), (1, 0));
    assert!(set.may_produce(&event, &[crate::Relation::HoldingPrison, crate::Relation::Hub]));
    assert!(
        !set.may_produce(&event, &[crate::Relation::Hub])
            && !set.may_produce(&event, &[])
            && !set.may_produce(&other, &[crate::Relation::HoldingPrison])
    );
    let begins: jiff::Timestamp = "2021-06-30T22:00:00Z".parse().unwrap();
    assert_eq!((set.next_boundary("2020-01-01T00:00:00Z".parse().unwrap()), set.next_boundary(begins)), (Some(begins), None));
}
