//! Our descriptions as others read them: `@asyncapi/cli` and the linter of `@stoplight/spectral-cli`, as `tests/node/interfaces` pins
//! them. They need Node.js, and no network: the references in the description of AMQP lead to the gateway of this test.

use std::{
    collections::BTreeSet,
    future::pending,
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use schakelpunt_gateway::{Gateway, Readiness, Replays, Tokens, router, serve};
use serde_json::Value;
use tokio::{net::TcpListener, process::Command, time::timeout};

use super::rig::Rig;
use crate::parts::rabbitmq::variable;

/// Most that one of these programs may take.
const PROGRAM: Duration = Duration::from_secs(300);

fn tools() -> PathBuf {
    let folder = variable("SCHAKELPUNT_TEST_NPM").expect("SCHAKELPUNT_TEST_NPM is not set: run this test through tests/run");
    Path::new(&folder).join("interfaces")
}

fn ours(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("node/interfaces").join(name)
}

/// Runs one of the programs; its own wish to call home is denied twice.
async fn run(program: &str, arguments: &[&str], folder: &Path) -> Output {
    let quiet = folder.join("quiet.json");
    std::fs::write(&quiet, r#"{"analyticsEnabled":"false","infoMessageShown":"true","userID":""}"#).unwrap();
    let mut command = Command::new(tools().join("node_modules/.bin").join(program));
    command.args(arguments).current_dir(folder).env("HOME", folder).env("CI", "true").env("ASYNCAPI_METRICS_CONFIG_PATH", quiet);
    timeout(PROGRAM, command.kill_on_drop(true).output()).await.unwrap().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The names of the rules that a document breaks.
async fn broken(document: &Path) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let rules = ours("rules.yaml");
    let arguments = ["lint", "--format", "json", "--quiet", "--ruleset", rules.to_str().unwrap(), document.to_str().unwrap()];
    let output = run("spectral", &arguments, folder.path()).await;
    let found: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
    found.as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_linter_finds_nothing_in_the_description_of_http() {
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("openapi.json");
    std::fs::write(&document, Rig::new().await.public("/v1/openapi.json").await.body).unwrap();
    assert_eq!(broken(&document).await, BTreeSet::new());
}

/// A rule that finds nothing anywhere would let everything through.
#[tokio::test]
async fn the_linter_finds_every_rule_broken_where_it_is() {
    let text = std::fs::read_to_string(ours("rules.yaml")).unwrap();
    let (_, rules) = text.split_once("\nrules:\n").unwrap();
    let names = rules.lines().filter_map(|line| line.strip_prefix("  ")?.split_once(':')).map(|(name, _)| name);
    let rules: BTreeSet<String> = names.filter(|name| !name.starts_with([' ', '#'])).map(str::to_owned).collect();
    let mut found = broken(&ours("broken.yaml")).await;
    found.extend(broken(&ours("bare.yaml")).await);
    // that the second is of no known version is no rule of ours
    found.remove("unrecognized-format");
    assert!(rules.len() > 25, "{rules:?}");
    assert_eq!(found, rules);
}

#[tokio::test]
async fn asyncapi_takes_the_description_of_amqp_and_nothing_broken() {
    let rig = Rig::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = format!("http://{}", listener.local_addr().unwrap());
    let gateway = Gateway {
        hub: rig.hub.clone(),
        tokens: Tokens::default(),
        public_url: place.clone(),
        readiness: Readiness::default(),
        replays: Replays::default(),
    };
    tokio::select! {
        ended = serve(listener, router(gateway), pending()) => panic!("the gateway ended: {ended:?}"),
        () = validated(&place) => {}
    }
}

async fn validated(place: &str) {
    let folder = tempfile::tempdir().unwrap();
    let document = reqwest::get(format!("{place}/v1/asyncapi.json")).await.unwrap().text().await.unwrap();
    let validate = async |document: &str| {
        std::fs::write(folder.path().join("asyncapi.json"), document).unwrap();
        run("asyncapi", &["validate", "asyncapi.json", "--fail-severity", "warn"], folder.path()).await
    };
    let taken = validate(&document).await;
    assert!(taken.status.success() && said(&taken).contains("is valid"), "{}", said(&taken));

    let wrong_binding = document.replacen(r#""is":"queue""#, r#""is":"heap""#, 1);
    let wrong_reference = document.replacen("#/components/schemas/CloudEvent", "#/components/schemas/Nothing", 1);
    for wrong in [wrong_binding, wrong_reference] {
        assert_ne!(wrong, document);
        let refused = validate(&wrong).await;
        assert!(!refused.status.success(), "{}", said(&refused));
    }
}
