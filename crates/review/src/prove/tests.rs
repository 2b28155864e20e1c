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
