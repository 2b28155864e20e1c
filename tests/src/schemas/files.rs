//! Our own files against their schemas: an editor that knows the schema and our loader must agree.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jsonschema::{Draft, Registry, Validator};
use schakelpunt::{config::Config, registers::Tables, scenario::Scenario};
use schakelpunt_domain::catalogue::Catalogue;
use schakelpunt_rules::{RuleFile, RuleSet};
use serde_json::Value;

use super::{listed, root};

/// TOML as the JSON that it stands for; dates are texts.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::Datetime(datetime) => Value::String(datetime.to_string()),
        toml::Value::Array(items) => Value::Array(items.into_iter().map(json).collect()),
        toml::Value::Table(table) => Value::Object(table.into_iter().map(|(key, value)| (key, json(value))).collect()),
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(truth) => truth.into(),
    }
}

/// What the schema says of a file; empty if it has nothing against it.
fn complaints(schema: &str, text: &str) -> Vec<String> {
    let read =
        |name: &str| -> Value { serde_json::from_str(&fs::read_to_string(root().join("schemas/files").join(name)).unwrap()).unwrap() };
    let (participants, schema) = (read("participants.json"), read(&format!("{schema}.json")));
    let registry =
        Registry::new().add("https://schakelpunt.example/schemas/files/participants.json", participants).unwrap().prepare().unwrap();
    let options = Validator::options().with_draft(Draft::Draft202012).should_validate_formats(true).with_registry(&registry);
    let validator = options.build(&schema).unwrap();
    let Ok(file) = toml::from_str::<toml::Table>(text) else { return vec!["no TOML".to_owned()] };
    validator.iter_errors(&json(toml::Value::Table(file))).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn demo_participants() -> String {
    read(&root().join("config/demo/participants.toml"))
}

/// What stands in the folder of the rules and is one: what is to be proved of them is none.
fn rule_files() -> Vec<PathBuf> {
    let mut files = listed("config/rules", "toml");
    files.retain(|path| !path.ends_with("invariants.toml"));
    files
}

// === what our loaders say ===

fn rules(text: &str) -> Result<(), String> {
    let mut files: Vec<RuleFile> =
        rule_files().iter().map(|path| RuleFile { name: path.display().to_string(), text: read(path) }).collect();
    if !files.iter().any(|file| file.text == text) {
        files.push(RuleFile { name: "more.toml".to_owned(), text: text.to_owned() });
    }
    RuleSet::load(&files, &Catalogue::load().unwrap()).map(|_| ()).map_err(|errors| errors.to_string())
}

fn participants(text: &str) -> Result<(), String> {
    let tables = Tables::parse("participants.toml", text).map_err(|error| format!("{error:#}"))?;
    tables.entries(jiff::Timestamp::UNIX_EPOCH).map(|_| ()).map_err(|error| format!("{error:#}"))
}

fn scenario(text: &str) -> Result<(), String> {
    Scenario::parse("scenario.toml", text).map(|_| ()).map_err(|error| format!("{error:#}"))
}

fn config(text: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, text).unwrap();
    Config::read(&path).map(|_| ()).map_err(|error| format!("{error:#}"))
}

/// Both take the file.
fn both_take(schema: &str, name: &str, text: &str, loader: fn(&str) -> Result<(), String>) {
    let complaints = complaints(schema, text);
    assert!(complaints.is_empty(), "{name}: schemas/files/{schema}.json:\n{}", complaints.join("\n"));
    loader(text).unwrap_or_else(|error| panic!("{name}: {error}"));
}

/// Both refuse each of these mistakes in an otherwise good file.
fn both_refuse(schema: &str, good: &str, loader: fn(&str) -> Result<(), String>, mistakes: &[(&str, &str)]) {
    both_take(schema, "the good one", good, loader);
    for (right, wrong) in mistakes {
        assert!(good.contains(right), "`{right}` stands nowhere");
        let bad = good.replacen(right, wrong, 1);
        assert!(!complaints(schema, &bad).is_empty(), "schemas/files/{schema}.json takes `{wrong}`");
        assert!(loader(&bad).is_err(), "our loader takes `{wrong}`, and schemas/files/{schema}.json does not");
    }
}

#[test]
fn the_schemas_are_schemas() {
    for path in listed("schemas/files", "json") {
        let schema: Value = serde_json::from_str(&read(&path)).unwrap();
        assert!(jsonschema::draft202012::meta::is_valid(&schema), "{}", path.display());
        let id = format!("https://schakelpunt.example/schemas/files/{}", path.file_name().unwrap().to_str().unwrap());
        assert_eq!(schema["$id"], id.as_str());
    }
}

#[test]
fn every_shipped_file_fits() {
    for path in rule_files() {
        both_take("rules", &path.display().to_string(), &read(&path), rules);
    }
    both_take("participants", "config/demo/participants.toml", &demo_participants(), participants);
    for path in ["tests/scenarios", "config/demo/scenarios", "config/rules/tests"].iter().flat_map(|folder| listed(folder, "toml")) {
        both_take("scenario", &path.display().to_string(), &read(&path), scenario);
    }
}

const RULE: &str = r#"
[[basis]]
id = "x-basis"
citation = "A statute"
kind = "statute"
in-force = { from = "2021-07-01" }
between = [["prison", "municipality"]]
purposes = ["reintegration"]
power = "may"
while = ["plan-running"]
[[rule]]
id = "x-rule"
events = ["release-date-set"]
sender = "holding-prison"
to = ["responsible-municipality"]
purpose = "reintegration"
owner = "DJI"
needs = ["/release/date"]
[[rule.grant]]
basis = "x-basis"
fields = ["/release/date"]
[[never]]
id = "x-never"
to = ["care-partner"]
fields = ["/release/date"]
[[desk]]
role = "x-desk"
sees = "all"
[[desk]]
role = "x-extract"
fields = ["/release/date"]
"#;

#[test]
fn mistakes_in_rules_are_seen_by_both() {
    let mistakes = [
        ("owner = \"DJI\"", "owner = \"DJI\"\nauthor = \"x\""),
        ("owner = \"DJI\"", "owner = \" \""),
        ("citation = \"A statute\"\n", ""),
        ("kind = \"statute\"", "kind = \"law\""),
        ("power = \"may\"", "power = true"),
        ("in-force = { from", "in-force = { since"),
        ("from = \"2021-07-01\"", "from = \"1 July 2021\""),
        ("[[\"prison\", \"municipality\"]]", "[[\"prison\"]]"),
        ("[[\"prison\", \"municipality\"]]", "[[\"prison\", \"mayor\"]]"),
        ("while = [\"plan-running\"]", "while = [\"sunny\"]"),
        ("sender = \"holding-prison\"", "sender = \"pi-zwolle\""),
        ("to = [\"responsible-municipality\"]", "to = \"responsible-municipality\""),
        ("needs = [\"/release/date\"]", "needs = [\"release\"]"),
        ("fields = [\"/release/date\"]", "fields = [\"as-delivered\", \"/release/date\"]"),
        ("[[rule.grant]]\nbasis = \"x-basis\"\nfields = [\"/release/date\"]\n", ""),
        ("id = \"x-rule\"", "id = \"X rule\""),
        ("to = [\"care-partner\"]", "to = [\"informed-partner\"]"),
        ("role = \"x-desk\"\n", ""),
        ("role = \"x-desk\"", "role = \"X desk\""),
        ("sees = \"all\"", "sees = \"most\""),
        ("sees = \"all\"\n", ""),
        ("sees = \"all\"", "sees = \"all\"\nfields = [\"/release/date\"]"),
        ("role = \"x-extract\"\nfields = [\"/release/date\"]", "role = \"x-extract\"\nfields = []"),
        ("role = \"x-extract\"\nfields = [\"/release/date\"]", "role = \"x-extract\"\nfields = [\"release\"]"),
    ];
    both_refuse("rules", RULE, rules, &mistakes);
}

#[test]
fn mistakes_in_registers_are_seen_by_both() {
    let mistakes = [
        ("kind = \"municipality\"", "kind = \"town\""),
        ("id = \"gemeente-breda\"", "id = \"Gemeente Breda\""),
        ("oin = \"00000099GM0758001000\"", "oin = \"0758\""),
        ("code = \"0758\"", "code = 758"),
        ("organisation = \"Gemeente Breda\"", "organization = \"Gemeente Breda\""),
        ("systeem:nazorg\"]", "zaaksysteem\"]"),
        ("tbo-calendar-days = 10", "tbo-calendar-days = \"ten\""),
        ("from = \"2019-05-01\"", "from = \"May 2019\""),
        ("scope = \"all\"", "scope = \"everything\""),
        ("scope = \"all\"", "scope = \"all\"\nvisit-days = [\"dinsdag\"]"),
        ("scope = \"all\"", "scope = \"all\"\nvisit-days = \"tuesday\""),
        ("mandator = \"gemeente-oosterhout\"\n", ""),
        ("[[agreement]]", "[[agreements]]"),
        ("tells-health = true", "tells-health = \"yes\""),
        ("tells-health = true", "tells-health = true\ndeputies = \"gemeente-breda\""),
        ("tells-health = true", "tells-health = true\ndeputies = [\"Gemeente Breda\"]"),
    ];
    both_refuse("participants", &demo_participants(), participants, &mistakes);
}

#[test]
fn mistakes_in_scenarios_are_seen_by_both() {
    let good = read(&root().join("tests/scenarios/akkoord-5.toml"));
    let mistakes = [
        ("clock = \"2021-06-07T09:00:00+02:00\"\n", ""),
        ("clock = \"2021-06-07T09:00:00+02:00\"", "clock = \"June\""),
        ("outcome   = \"refused\"", "outcom   = \"refused\""),
        ("refused = \"CONSENT_MISSING\"", "refused = true"),
        ("lacks = [\"/conditions/ID\"]", "lacks = \"/conditions/ID\""),
        ("waiting = true", "waiting = \"yes\""),
        ("link = { to = \"gemeente-leiden\", up = false }", "link = { to = \"gemeente-leiden\" }"),
        ("from      = \"pi-alphen\"\n", ""),
        ("again = \"b-screening-1\"", "again = \"b-screening-1\"\nlink = { to = \"gemeente-leiden\", up = true }"),
    ];
    both_refuse("scenario", &good, scenario, &mistakes);
}

const CONFIG: &str = r#"
environment = "test"
hub-oin = "00000099000000000000"
digest-key = "5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c"
public-url = "https://hub.example"
rules = "config/rules"
participants = "participants.toml"
[store]
url = "postgres://hub@localhost/hub"
connections = 4
[bus]
url = "amqp://hub:secret@localhost:5672/schakelpunt"
api = "http://localhost:15672"
provision = true
password = "test-only"
queues = 4
[http]
listen = "127.0.0.1:8180"
[[http.token]]
participant = "pi-zwolle"
token = "t"
[[http.administrator]]
name = "beheer"
sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
roles = ["author"]
[client]
url = "http://127.0.0.1:8180"
secret = "t"
[limits]
claim-seconds = 5
inbox-window = 100
batch = 64
retention-days = 3
"#;

#[test]
fn mistakes_in_configurations_are_seen_by_both() {
    let mistakes = [
        ("environment = \"test\"", "environment = \"acceptance\""),
        ("hub-oin = \"00000099000000000000\"", "hub-oin = \"1\""),
        ("digest-key = \"5c", "digest-key = \"zz"),
        ("digest-key = \"5c", "digest-key = \""),
        ("public-url", "public_url"),
        ("connections = 4", "connections = \"4\""),
        ("url = \"postgres://", "url = \"mysql://"),
        ("url = \"amqp://", "url = \"mqtt://"),
        ("provision = true", "provision = \"yes\""),
        ("listen = \"127.0.0.1:8180\"", "listen = \"localhost\""),
        ("participant = \"pi-zwolle\"\n", ""),
        ("token = \"t\"", "tokens = \"t\""),
        ("token = \"t\"", "token = \"t\"\nsha256 = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\""),
        ("token = \"t\"\n", ""),
        ("sha256 = \"e3", "sha256 = \"E3"),
        ("roles = [\"author\"]", "roles = [\"owner\"]"),
        ("secret = \"t\"", ""),
        ("batch = 64", "batch = -1"),
        ("queues = 4", "queue = 4"),
        ("[limits]", "[limit]"),
    ];
    both_refuse("config", CONFIG, config, &mistakes);
}
