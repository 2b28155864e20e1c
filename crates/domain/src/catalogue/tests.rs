use super::{shipped::SCHEMAS, *};
use serde_json::json;

fn catalogue() -> Catalogue {
    Catalogue::load().unwrap()
}

#[test]
fn every_leaf_of_every_event_has_a_title_and_a_class() {
    let catalogue = catalogue();
    assert!(catalogue.iter().count() >= 131, "domain 5 and what the hub says by itself");
    for event in catalogue.iter() {
        assert!(!event.leaves.is_empty(), "{}", event.name);
        for (leaf, spec) in &event.leaves {
            assert!(!spec.title.is_empty(), "{} {leaf}", event.name);
            if let Some(law) = &spec.law {
                assert!(["20d-2-", "20d-3", "20d-4"].iter().any(|place| law.starts_with(place)), "{} {leaf}: {law}", event.name);
            }
        }
    }
}

#[test]
fn a_recipient_gets_the_same_leaves_and_needs_none() {
    for event in catalogue().iter() {
        let mut leaves = BTreeMap::new();
        collect_leaves(&event.recipient, "", &mut leaves).unwrap();
        assert_eq!(leaves, event.leaves, "{}", event.name);
        assert!(formats::options().build(&event.recipient).unwrap().is_valid(&json!({})), "{}", event.name);
    }
}

#[test]
fn the_four_dates_stay_apart() {
    let catalogue = catalogue();
    let started = catalogue.named("detention-started").unwrap();
    for leaf in ["/detention/start", "/detention/piEntry", "/detention/departure", "/detention/legalEnd"] {
        assert!(started.leaves.contains_key(&leaf.parse().unwrap()), "{leaf}");
    }
}

#[test]
fn examples_are_accepted_and_rejected_as_their_names_say() {
    let examples = SCHEMAS.get_dir("examples").unwrap();
    let catalogue = catalogue();
    for event in catalogue.iter() {
        let folder = examples.get_dir(format!("examples/{}", event.name)).unwrap_or_else(|| panic!("no examples for {}", event.name));
        let mut counts = [0, 0];
        for file in folder.files() {
            let name = file.path().file_name().unwrap().to_str().unwrap();
            let data = serde_json::from_slice(file.contents()).unwrap();
            match event.validate(&data) {
                Ok(()) => assert!(name.starts_with("accepted-"), "{} accepts {name}", event.name),
                Err(rejection) => assert!(name.starts_with("rejected-"), "{} {name}: {rejection}", event.name),
            }
            counts[usize::from(name.starts_with("rejected-"))] += 1;
        }
        assert!(counts[0] > 0 && counts[1] > 1, "{}: one accepted and two rejected examples at least", event.name);
    }
}

#[test]
fn a_rejection_names_the_place_and_repeats_nothing() {
    let catalogue = catalogue();
    let started = catalogue.named("detention-started").unwrap();
    let mut data =
        serde_json::from_slice::<Value>(SCHEMAS.get_dir("examples/detention-started").unwrap().files().next().unwrap().contents()).unwrap();
    data["person"]["identity"]["bsn"] = json!("999990343");
    let rejection = started.validate(&data).unwrap_err();
    assert_eq!((rejection.code, rejection.pointer.as_str()), (RejectionCode::SchemaInvalid, "/data/person/identity/bsn"));
    assert!(!rejection.to_string().contains("999990343"));
    data["person"]["identity"].as_object_mut().unwrap().remove("bsn");
    data["person"]["identity"].as_object_mut().unwrap().remove("surname");
    assert_eq!(started.validate(&data).unwrap_err().pointer, "/data/person/identity/surname");
    data["person"]["identity"]["surname"] = json!("Voorbeeld");
    data["person"]["identity"]["offence"] = json!("x");
    let rejection = started.validate(&data).unwrap_err();
    assert_eq!(rejection.pointer, "/data/person/identity");
    assert!(!rejection.to_string().contains("offence"));
}

#[test]
fn an_unknown_or_future_municipality_is_not_accepted() {
    assert!(formats::is_municipality("0193"), "Zwolle");
    assert!(formats::is_municipality("0786"), "Grave, until 2022");
    assert!(formats::is_municipality("0457"), "Weesp, until 2022-03-24");
    assert!(!formats::is_municipality("9999"));
    assert!(!formats::is_municipality("193"));
}

#[test]
fn another_channel_is_named() {
    let catalogue = catalogue();
    for event in ["supervision-breach", "risk-reported", "public-order-notice", "benefit-enforcement"] {
        let name = event.parse().unwrap();
        let (_, channel) = catalogue.elsewhere().find(|(other, _)| **other == name).unwrap();
        let rejection = catalogue.expect(&name, &format!("nl.schakelpunt.supervision.{event}.v1")).unwrap_err();
        assert_eq!((rejection.code, rejection.pointer.as_str()), (RejectionCode::WrongChannel, "/type"));
        assert!(rejection.detail.contains(&channel.nl) && rejection.detail.contains(&channel.en), "{rejection}");
    }
}
