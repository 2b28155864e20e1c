use super::*;
use crate::tests::{CATALOGUE, CONSENT, LAW, RELEASE, file, grant, rules};

fn found(text: &str) -> Findings {
    check(&[file("rules.toml", text)], &rules(text), &CATALOGUE).unwrap()
}

/// Mistakes and notes, each by its code and the words that it is about.
fn codes(text: &str) -> (Vec<String>, Vec<String>) {
    let short = |list: &[LoadError]| {
        let meant = |one: &LoadError| one.source.chars().skip(one.column - 1).take(one.width).collect::<String>();
        list.iter().map(|one| format!("{} {}", one.code, meant(one))).collect::<Vec<_>>()
    };
    let findings = found(text);
    (short(&findings.mistakes), short(&findings.notes))
}

fn mistakes(text: &str) -> Vec<String> {
    codes(text).0
}

const DATE: &str = "\"/release/date\"";

/// A rule set without a mistake.
fn good() -> String {
    format!("{LAW}{RELEASE}{}", grant("law", DATE))
}

#[test]
fn good_rules_have_nothing_to_be_said_of() {
    assert_eq!(found(&good()), Findings::default());
}

#[test]
fn a_basis_has_a_day_parties_and_a_purpose() {
    let with = |from: &str, to: &str| mistakes(&good().replacen(from, to, 1));
    assert_eq!(with("{ from = \"2021-07-01\" }", "{}"), ["NO_DATE {}"]);
    assert_eq!(with("{ from = \"2021-07-01\" }", "{ until = \"2030-01-01\" }"), ["NO_DATE { until = \"2030-01-01\" }"]);
    let never = "{ from = \"2021-07-01\", until = \"2021-07-01\" }";
    assert_eq!(with("{ from = \"2021-07-01\" }", never)[0], format!("NEVER_IN_FORCE {never}"));
    let before = "{ from = \"1999-01-01\", until = \"2018-06-01\" }";
    assert_eq!(with("{ from = \"2021-07-01\" }", before)[0], format!("NEVER_IN_FORCE {before}"));
    assert_eq!(with("power = \"may\"", "power = \"may\"\nwhile = [\"entry-not-in-order\"]"), ["SIGNAL_OF_ENTRIES \"entry-not-in-order\""]);
    assert_eq!(codes(&format!("{}{CONSENT}", good())).1, ["NOT_USED \"consent\""]);
    let nobody = CONSENT.replace("[[\"prison\", \"municipality\"]]", "[]");
    assert_eq!(mistakes(&format!("{}{nobody}", good())), ["CARRIES_NOTHING \"consent\""]);
}

#[test]
fn a_grant_reaches_somebody() {
    let to = |to: &str| good().replace("to = [\"responsible-municipality\"]", to);
    assert_eq!(mistakes(&to("to = [\"responsible-probation-unit\"]")), ["WRONG_PAIR \"law\""]);
    let both = to("to = [\"responsible-municipality\", \"responsible-probation-unit\"]");
    assert_eq!(mistakes(&both), ["NEVER_REACHED \"responsible-probation-unit\""]);
    assert_eq!(mistakes(&good().replace("sender = \"holding-prison\"", "sender = \"triage\"")), ["WRONG_PAIR \"law\""]);
}

#[test]
fn a_signal_that_no_event_can_give_never_holds() {
    assert_eq!(mistakes(&format!("{}when = [\"care-needed\"]\n", good())), ["NEVER_HOLDS \"care-needed\""]);
    assert_eq!(mistakes(&format!("{}when = [\"consulting\"]\n", good())), ["NEVER_HOLDS \"consulting\""]);
    assert_eq!(mistakes(&format!("{}when = [\"isd-measure\"]\n", good())), Vec::<String>::new());
}

#[test]
fn what_is_always_cut_is_not_given() {
    let never = "[[never]]\nid = \"n\"\nto = [\"municipality\"]\nfields = [\"/release/kind\", \"/release/reason\"]\n";
    let giving = |fields: &str| {
        let set = "[[field-set]]\nid = \"s\"\nfields = [\"/release/date\", \"/release/kind\"]\n";
        mistakes(&format!("{LAW}{set}{never}{}{}", RELEASE.replace("release-date-set", "release-date-changed"), grant("law", fields)))
    };
    assert_eq!(giving("\"/release/date\", \"/release/kind\""), ["ALWAYS_CUT \"/release/kind\""]);
    assert_eq!(giving("\"@s\""), ["ALWAYS_CUT \"@s\""]);
    assert_eq!(giving("\"/release/date\""), Vec::<String>::new());
    let one_of_two = never.replace("municipality", "probation");
    assert_eq!(mistakes(&format!("{one_of_two}{}", good())), Vec::<String>::new(), "others may have it");
}

#[test]
fn a_grant_that_others_leave_nothing_stands_by_and_one_that_gives_nothing_is_a_mistake() {
    let behind = format!("{}{}", good(), grant("law", DATE));
    assert_eq!(codes(&behind), (vec![], vec!["STANDS_BY \"law\"".to_owned()]));
    let before_and_since = format!("{LAW}{CONSENT}{RELEASE}{}{}", grant("consent", DATE), grant("law", DATE));
    assert_eq!(codes(&before_and_since), (vec![], vec![]));
    let needs = good().replace("owner =", "needs = [\"/release/kind\"]\nowner =");
    assert_eq!(mistakes(&needs), ["NEVER_APPLIES \"release\""], "what is needed is never given");
    // a consent that covers a field that the statute does not give is not behind it
    let consent_since = CONSENT.replace("{ from = \"2018-05-25\", until = \"2021-07-01\" }", "{ from = \"2021-07-01\" }");
    let beside = format!("{LAW}{consent_since}{RELEASE}{}{}", grant("law", DATE), grant("consent", "\"/release/kind\""));
    assert_eq!(codes(&beside), (vec![], vec![]));
}

/// Another rule for the same event, sender and recipient.
fn second(grants: &str) -> String {
    format!("{RELEASE}{grants}").replace("\"release\"", "\"second\"")
}

#[test]
fn a_rule_that_never_speaks_is_a_mistake() {
    let same = found(&format!("{}{}", good(), second(&grant("law", DATE))));
    assert_eq!(same.mistakes[0].message, "the rule `second` never speaks: `release` stands before it and gives all of it");
    assert_eq!((same.mistakes.len(), same.notes.len(), same.mistakes[0].code), (1, 0, "NEVER_SPEAKS"));
    // what it would give more makes it speak as little
    let more = found(&format!("{}{}", good(), second(&grant("law", "\"/release/date\", \"/release/kind\""))));
    assert_eq!((more.mistakes[0].code, more.notes[0].code), ("NEVER_SPEAKS", "ORDER_DECIDES"));
}

#[test]
fn where_only_the_order_decides_it_is_said_on_what() {
    let both = "\"/release/date\", \"/release/kind\"";
    let first = format!("{LAW}{RELEASE}{}", grant("law", both)).replace("owner =", "needs = [\"/release/kind\"]\nowner =");
    let findings = found(&format!("{first}{}", second(&grant("law", DATE)).replace("\"DJI\"", "\"3RO\"")));
    assert!(findings.mistakes.is_empty(), "where the kind is missing the second one speaks: {findings:?}");
    let told = "\
rules.toml:24:6: only the order decides: `release` stands before and gives it on law, for reintegration, may, owner DJI; \
this rule would give /release/date on law, for reintegration, may, owner 3RO [ORDER_DECIDES]
  | id = \"second\"
  |      ^^^^^^^^
  = say in one rule what both say, or part them by sender, recipient or event";
    assert_eq!(findings.notes[0].to_string(), told);
}

#[test]
fn days_between_two_bases_are_a_gap() {
    let rule = format!("{RELEASE}{}{}", grant("consent", DATE), grant("law", DATE));
    let since = |from: &str| found(&format!("{}{CONSENT}{rule}", LAW.replace("2021-07-01", from))).notes;
    assert_eq!(since("2021-07-01"), []);
    assert_eq!(since("2021-06-01"), []);
    let told = "\
rules.toml:15:12: from 2021-07-01 until 2021-08-31 nothing tells responsible-municipality of release-date-set: \
1 fields, /release/date among them [GAP]
  | in-force = { from = \"2018-05-25\", until = \"2021-07-01\" }
  |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = told before and after; if its successor follows at once, let both dates meet";
    assert_eq!(since("2021-09-01")[0].to_string(), told);
}
