//! What a recipient may get of each event: the leaves of the event, nothing required.

use std::{collections::BTreeSet, fs};

use schakelpunt_domain::catalogue::Catalogue;
use serde_json::{Value, json};

use super::{listed, regenerate, root};

const HOW: &str = "regenerate with: SCHAKELPUNT_REGENERATE=1 cargo test -p schakelpunt-tests schemas::";

#[test]
fn the_committed_ones_are_those_of_the_catalogue() {
    let folder = root().join("schemas/recipients");
    let catalogue = Catalogue::load().unwrap();
    if regenerate() {
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        for event in catalogue.iter() {
            let text = format!("{}\n", serde_json::to_string_pretty(&event.recipient).unwrap());
            fs::write(folder.join(format!("{}.json", event.name)), text).unwrap();
        }
    }
    for event in catalogue.iter() {
        let text = fs::read_to_string(folder.join(format!("{}.json", event.name))).unwrap_or_default();
        // values, not text: the order of keys hangs on a feature that another crate may turn on
        let committed: Value = serde_json::from_str(&text).unwrap_or_default();
        assert!(committed == event.recipient, "schemas/recipients/{}.json is not what schemas/events says; {HOW}", event.name);
    }
    let stems = listed("schemas/recipients", "json").into_iter().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
    let names: BTreeSet<String> = catalogue.iter().map(|event| event.name.to_string()).collect();
    assert_eq!(stems.collect::<BTreeSet<_>>(), names, "one file for each event; {HOW}");
}

/// Each can be read alone: a recipient needs no other file.
#[test]
fn each_stands_alone_and_demands_nothing() {
    for event in Catalogue::load().unwrap().iter() {
        let (name, schema) = (&event.name, &event.recipient);
        let text = schema.to_string();
        assert!(!text.contains("\"$ref\"") && !text.contains("\"required\""), "{name}");
        assert!(jsonschema::draft202012::meta::is_valid(schema), "{name}");
        assert!(jsonschema::draft202012::is_valid(schema, &json!({})), "{name}");
        assert!(!jsonschema::draft202012::is_valid(schema, &json!({"offence": "x"})), "{name} is open");
    }
}
