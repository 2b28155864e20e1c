//! What must hold of every answer, whatever is asked.

use std::{collections::BTreeSet, sync::LazyLock};

use proptest::{prelude::*, sample::subsequence};
use schakelpunt_domain::{
    catalogue::EventSpec,
    pointer::{Leaf, leaves_of},
    registers::Kind,
};
use schakelpunt_rules::{BasisKind, Decision, RuleFile, RuleSet, derive, minimise};
use serde_json::{Map, Value, json};

use super::{
    generated::{asked, likely},
    world::{Asked, CATALOGUE, RULES, load, rule_files},
};

/// The same files in another order: a folder has none.
static REVERSED: LazyLock<RuleSet> = LazyLock::new(|| load(&rule_files().into_iter().rev().collect::<Vec<_>>()));

fn leaves(decision: &Decision) -> Vec<&Leaf> {
    decision.permit().into_iter().flat_map(schakelpunt_rules::Permit::leaves).collect()
}

/// The shipped rules with one more `never`.
fn with_never(kind: Kind, fields: &[Leaf]) -> RuleSet {
    let fields: Vec<_> = fields.iter().map(|leaf| format!("{:?}", leaf.as_str())).collect();
    let text = format!("[[never]]\nid = \"one-more\"\nto = [\"{}\"]\nfields = [{}]\n", kind.word(), fields.join(", "));
    let mut files = rule_files();
    files.push(RuleFile { name: "zz.toml".to_owned(), text });
    load(&files)
}

/// What a permit says must be what its rule and its bases allow.
fn check(asked: &Asked<'_>, rules: &RuleSet, decision: &Decision) -> Result<(), TestCaseError> {
    let given = leaves(decision);
    let once: BTreeSet<_> = given.iter().collect();
    prop_assert_eq!(once.len(), given.len(), "a leaf stands in two grants");
    prop_assert!(given.iter().all(|leaf| asked.leaves.contains(leaf)), "a leaf that was not there");
    let together: BTreeSet<&Leaf> = given.iter().copied().chain(&decision.withheld).collect();
    prop_assert_eq!(together.len(), given.len() + decision.withheld.len(), "given and withheld");
    prop_assert_eq!(together.len(), asked.leaves.len(), "neither given nor withheld");
    let cut = rules.never().iter().filter(|never| never.to.contains(&asked.to.kind)).flat_map(|never| &never.fields);
    prop_assert!(!cut.into_iter().any(|leaf| given.contains(&leaf)), "`never` did not cut");
    let Some(permit) = decision.permit() else { return Ok(()) };
    prop_assert!(!permit.granted.is_empty(), "a permit without a basis");
    for granted in &permit.granted {
        let basis = rules.bases().iter().find(|basis| basis.id == granted.basis).unwrap();
        prop_assert!(basis.in_force.contains(asked.at), "{} is not in force", basis.id);
        prop_assert!(basis.between.contains(&(asked.from.kind, asked.to.kind)), "{} is not between these two", basis.id);
        prop_assert!(basis.purposes.contains(&permit.purpose), "{} does not serve this", basis.id);
        prop_assert_eq!(granted.by_consent, basis.kind == BasisKind::Consent);
        if granted.by_consent {
            let valid = asked.given.consents.iter().any(|(standing, _)| *standing == super::world::Standing::Valid);
            prop_assert!(valid, "consent-based without a valid consent");
        }
    }
    if let Some(until) = decision.valid_until {
        prop_assert!(until > asked.at, "no longer valid when given");
    }
    Ok(())
}

/// A payload that has these leaves; what stands in them does not matter here.
fn payload(leaves: &[Leaf], event: &EventSpec) -> Value {
    let mut data = Value::Object(Map::new());
    for leaf in leaves {
        let mut place = &mut data;
        let mut parts = leaf.as_str().split('/').skip(1).peekable();
        while let Some(part) = parts.next() {
            let last = parts.peek().is_none();
            let list = parts.peek() == Some(&"*");
            if list {
                parts.next();
            }
            let empty = if last {
                json!(event.name)
            } else if list {
                json!([{}])
            } else {
                json!({})
            };
            let next = place.as_object_mut().unwrap().entry(part).or_insert(empty);
            place = if list { next.get_mut(0).unwrap() } else { next };
        }
    }
    data
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn a_permit_is_never_more_than_the_rules_allow(asked in prop_oneof![asked(), likely()]) {
        check(&asked, &RULES, &asked.answer(&RULES))?;
    }

    #[test]
    fn the_same_question_has_the_same_answer(asked in likely()) {
        let first = asked.answer(&RULES);
        prop_assert_eq!(&first, &asked.answer(&RULES));
        prop_assert_eq!(&first, &asked.answer(&REVERSED), "the order of the files decides");
    }

    #[test]
    fn minimise_gives_what_was_permitted_and_nothing_else(asked in likely()) {
        let decision = asked.answer(&RULES);
        if let Some(permit) = decision.permit() {
            let data = payload(&asked.leaves, asked.event);
            prop_assert_eq!(leaves_of(&data), asked.leaves);
            let minimised = minimise(&data, permit);
            // an empty object says that nothing is missing; it is no field
            let told: BTreeSet<Leaf> = leaves_of(&minimised).into_iter().collect();
            prop_assert_eq!(told, permit.leaves().cloned().collect::<BTreeSet<_>>());
            prop_assert_eq!(minimise(&minimised, permit), minimised, "cut twice is cut once");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn one_more_never_only_takes_away(asked in likely(), parts in prop::collection::vec(any::<bool>(), 40)) {
        let chosen: Vec<Leaf> = asked.leaves.iter().zip(parts.iter().cycle()).filter(|(_, chosen)| **chosen).map(|(leaf, _)| leaf.clone()).collect();
        let stricter = with_never(asked.to.kind, &chosen);
        let (before, after) = (asked.answer(&RULES), asked.answer(&stricter));
        check(&asked, &stricter, &after)?;
        if before.permit().is_none() {
            prop_assert!(after.permit().is_none(), "a refusal became a permit");
        }
        let before = leaves(&before);
        prop_assert!(leaves(&after).iter().all(|leaf| before.contains(leaf)), "a field that did not go before");
    }

    #[test]
    fn fewer_fields_present_never_open_more(asked in likely(), rest in subsequence((0..40_usize).collect::<Vec<_>>(), 0..40)) {
        let fewer: Vec<Leaf> = rest.iter().filter_map(|index| asked.leaves.get(*index)).cloned().collect();
        let before = asked.answer(&RULES);
        let after = Asked { leaves: fewer, ..asked }.answer(&RULES);
        let before = leaves(&before);
        prop_assert!(leaves(&after).iter().all(|leaf| before.contains(leaf)), "a field goes because another is missing");
    }
}

/// A check that is content with everything would prove nothing.
#[test]
fn an_answer_that_is_too_generous_is_seen() {
    let event = CATALOGUE.named("detention-started").unwrap();
    let data = json!({"person": {"identity": {"surname": "Fictiva", "skn": "9900000001"}}, "detention": {"start": "2021-06-01"}});
    let role = super::world::role_named;
    let asked = Asked {
        event,
        leaves: leaves_of(&data),
        signals: derive(&data),
        from: role("prison"),
        to: role("municipality"),
        given: super::world::Given::default(),
        at: "2022-01-01T00:00:00Z".parse().unwrap(),
    };
    let good = asked.answer(&RULES);
    assert!(check(&asked, &RULES, &good).is_ok());
    let wrong = |change: &dyn Fn(&mut Decision)| {
        let mut bad = good.clone();
        change(&mut bad);
        assert!(check(&asked, &RULES, &bad).is_err(), "{bad:?}");
    };
    let granted = |bad: &mut Decision, change: &dyn Fn(&mut schakelpunt_rules::Granted)| {
        let schakelpunt_rules::Answer::Permit(permit) = &mut bad.answer else { panic!("a refusal") };
        change(&mut permit.granted[0]);
    };
    wrong(&|bad| granted(bad, &|granted| granted.leaves.push("/person/identity/skn".parse().unwrap())));
    wrong(&|bad| granted(bad, &|granted| granted.leaves.push(granted.leaves[0].clone())));
    wrong(&|bad| granted(bad, &|granted| granted.basis = "consent-triad".parse().unwrap()));
    wrong(&|bad| granted(bad, &|granted| granted.basis = "rr95-11-1".parse().unwrap()));
    wrong(&|bad| granted(bad, &|granted| granted.by_consent = true));
    wrong(&|bad| bad.withheld.clear());
    wrong(&|bad| bad.valid_until = Some(asked.at));
}
