use super::*;
use crate::tests::{CATALOGUE, LAW, RELEASE, file, grant, rules};

fn read(invariant: &str) -> (RuleSet, Result<Invariants, LoadErrors>) {
    let rules = rules(&format!("{LAW}{RELEASE}{}when = [\"care-needed\"]\n", grant("law", "\"/release/date\"")));
    let text = format!("[[invariant]]\nid = \"it\"\nsentence = \"It holds.\"\n{invariant}\n");
    let invariants = Invariants::read(&file("invariants.toml", &text), &rules, &CATALOGUE);
    (rules, invariants)
}

fn proved(invariant: &str) -> Outcome {
    let (rules, invariants) = read(invariant);
    prove(&rules, &invariants.unwrap(), &CATALOGUE).unwrap().outcomes.remove(0)
}

#[test]
fn what_holds_and_what_does_not() {
    assert!(proved("requires = [{ basis = [\"law\"], signals = [\"care-needed\"] }]").holds());
    assert!(proved("requires = [{ structure = [\"in-force\", \"between\", \"purpose\", \"once\", \"owner\", \"citation\"] }]").holds());
    for broken in
        ["never = true", "requires = [{ detained = true }]", "requires = [{ consent = \"valid\" }]", "requires = [{ to = [\"prison\"] }]"]
    {
        assert!(!proved(broken).holds(), "{broken}");
    }
    assert!(proved("to = [\"prison\"]\nnever = true").holds(), "of others it says nothing");
    assert!(proved("fields = [\"/release/kind\"]\nnever = true").holds());
    assert!(!proved("fields = [\"/release\"]\nnever = true").holds(), "an object is all that it holds");
}

#[test]
fn a_case_can_be_read() {
    let outcome = proved("never = true");
    let case = &outcome.counterexamples[0];
    assert_eq!(outcome.counterexamples.len(), 1);
    assert_eq!(
        (case.rule.as_str(), case.basis.as_str(), case.fields.as_slice()),
        ("release", "law", ["/release/date".to_owned()].as_slice())
    );
    let told = "BROKEN it: It holds.
       holding-prison tells responsible-municipality of release-date-set, since 2021-07-01, detained, care needed, no consent:
         /release/date
         by the rule release on law; in 10 cells
";
    assert_eq!(outcome.text(), told);
}

#[test]
fn every_cell_is_asked_about_as_it_is() {
    // in each state of consent, detained or not
    for (requires, cells) in [
        ("requires = [{ signals = [\"care-needed\"] }]", 0),
        ("requires = [{ signals = [\"plan-running\"] }]", 5),
        ("requires = [{ signals = [\"consent-not-ended\"] }]", 9),
        ("requires = [{ detained = true }]", 5),
        ("never = true", 10),
    ] {
        let outcome = proved(requires);
        assert_eq!((outcome.asked, outcome.counterexamples.iter().map(|case| case.cells).sum::<usize>()), (10, cells), "{requires}");
    }
    let ended = &proved("requires = [{ detained = true }]").counterexamples[0];
    assert_eq!(
        (ended.conditions.as_slice(), ended.consent),
        (["the detention has ended", "care needed"].map(str::to_owned).as_slice(), "no consent")
    );
    let (rules, invariants) = read("never = true");
    let proof = prove(&rules, &invariants.unwrap(), &CATALOGUE).unwrap();
    assert!(proof.cells > proof.outcomes[0].asked && !proof.holds() && proof.text() == proof.outcomes[0].text());
    let (rules, invariants) = read("requires = [{ signals = [\"care-needed\"] }]");
    assert!(prove(&rules, &invariants.unwrap(), &CATALOGUE).unwrap().holds());
}

/// A rule that gives two fields to seven.
fn many(invariant: &str) -> Outcome {
    let law = LAW.replace(
        "[[\"prison\", \"municipality\"]]",
        "[[\"prison\", \"municipality\"], [\"prison\", \"prison\"], [\"prison\", \"probation\"], [\"prison\", \"triage\"]]",
    );
    let to = "\"responsible-municipality\", \"settlement-municipality\", \"responsible-probation-unit\", \"receiving-prison\", \"former-prison\", \"triage\"";
    let release = RELEASE.replace("\"responsible-municipality\"", to);
    let rules = rules(&format!("{law}{release}{}", grant("law", "\"/release/date\", \"/release/certainty\"")));
    let text = format!("[[invariant]]\nid = \"it\"\nsentence = \"It holds.\"\n{invariant}\n");
    let invariants = Invariants::read(&file("invariants.toml", &text), &rules, &CATALOGUE).unwrap();
    prove(&rules, &invariants, &CATALOGUE).unwrap().outcomes.remove(0)
}

#[test]
fn cases_of_one_kind_are_one_and_the_first_five_kinds_are_shown() {
    let outcome = many("never = true");
    assert_eq!(outcome.counterexamples.len(), 6);
    for case in &outcome.counterexamples {
        let mut fields = case.fields.clone();
        fields.sort_unstable();
        // prisons hear of one of the titles, too, with a consent and without
        let cells = if case.to.ends_with("prison") { 24 } else { 20 };
        assert_eq!((fields, case.cells), (["/release/certainty", "/release/date"].map(str::to_owned).to_vec(), cells), "{}", case.to);
    }
    let text = outcome.text();
    assert_eq!(text.matches(" tells ").count(), 5, "{text}");
    assert!(text.ends_with("       and 1 more cases\n"), "{text}");
    let five = many("to = [\"municipality\", \"probation\", \"prison\"]\nnever = true");
    assert_eq!((five.counterexamples.len(), five.text().contains("more cases")), (5, false));
    let excused = many("never = true\nexcept = [{ basis = \"law\", why = \"so\" }, { rule = \"release\", why = \"idle\" }]");
    assert_eq!(excused.excused, [("so".to_owned(), 128), ("idle".to_owned(), 0)]);
    assert_eq!(many("class = [\"HEALTH\"]\nnever = true").notes(), Vec::<String>::new(), "what is never given need not be there");
}

#[test]
fn a_file_has_a_largest_size_and_ids_of_its_own() {
    let rules = rules(&format!("{LAW}{RELEASE}{}", grant("law", "\"/release/date\"")));
    let one = "[[invariant]]\nid = \"it\"\nsentence = \"It holds.\"\nnever = true\n";
    let codes = |text: &str| {
        let read = Invariants::read(&file("invariants.toml", text), &rules, &CATALOGUE);
        read.map_or_else(|errors| errors.0.iter().map(|error| error.code).collect(), |_| Vec::new())
    };
    let padded = |size: usize| format!("{one}#{}", "-".repeat(size - one.len() - 1));
    assert_eq!(codes(&padded(schakelpunt_rules::FILE_MAX)), Vec::<&str>::new());
    assert_eq!(codes(&padded(schakelpunt_rules::FILE_MAX + 1)), ["TOO_LARGE"]);
    assert_eq!(codes(&format!("{one}{one}")), ["TWICE"]);
    assert_eq!(codes(&one.replace("It holds.", " ")), ["NO_SENTENCE"]);
}

#[test]
fn an_exception_excuses_what_it_names_and_is_noted_when_it_excuses_nothing() {
    let outcome =
        proved("never = true\nexcept = [{ event = \"release-date-set\", why = \"so\" }, { basis = \"consent\", why = \"idle\" }]");
    assert!(outcome.holds());
    assert_eq!(outcome.notes(), ["an exception that excuses nothing: idle"]);
    let nothing = proved("to = [\"prison\"]\nrequires = [{ consent = \"valid\" }]");
    assert_eq!(nothing.notes(), ["nothing of what the rules give is in its scope"]);
}

#[test]
fn a_word_that_names_nothing_has_its_place() {
    for (invariant, code) in [
        ("never = true\nto = [\"mayor\"]", "UNKNOWN_PARTY"),
        ("never = true\nclass = [\"health\"]", "UNKNOWN_CLASS"),
        ("never = true\nfields = [\"/nothing\"]", "NO_SUCH_FIELD"),
        ("never = true\nevents = [\"nothing\"]", "UNKNOWN_EVENT"),
        ("never = true\nbasis = [\"nothing\"]", "UNKNOWN_BASIS"),
        ("never = true\nexcept = [{ rule = \"nothing\", why = \"so\" }]", "UNKNOWN_RULE"),
        ("never = true\nexcept = [{ why = \"so\" }]", "NO_SCOPE"),
        ("never = true\nexcept = [{ event = \"heartbeat\", why = \"\" }]", "NO_REASON"),
        ("requires = [{ signals = [\"nothing\"] }]", "UNKNOWN_SIGNAL"),
        ("requires = [{ structure = [\"nothing\"] }]", "UNKNOWN_STRUCTURE"),
        ("requires = [{ consent = \"nothing\" }]", "SHAPE"),
        ("never = true\nnothing = 1", "SHAPE"),
        ("", "NO_REQUIREMENT"),
        ("never = true\nrequires = [{ detained = true }]", "NO_REQUIREMENT"),
    ] {
        let errors = read(invariant).1.unwrap_err().0;
        assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), [code], "{invariant}");
        assert!(errors[0].line >= 2 && errors[0].column >= 1 && errors[0].file == "invariants.toml");
    }
    let errors = read("never = true\nto = [\"mayor\"]").1.unwrap_err();
    assert!(errors.to_string().starts_with("invariants.toml:5:7: unknown kind or relation `mayor` [UNKNOWN_PARTY]"), "{errors}");
}
