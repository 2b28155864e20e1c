//! What our crates stand on, through normal dependencies, on this platform.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Node, NodeDep, Package, PackageId};

use super::demand;

/// Crate names, with the crates that they name themselves.
type Edges = BTreeMap<String, BTreeSet<String>>;

/// The arrows between our crates: whoever stands left may name whoever stands right, and nobody else of ours.
const ARROWS: [(&str, &[&str]); 13] = [
    ("schakelpunt-domain", &[]),
    ("schakelpunt-rules", &["schakelpunt-domain"]),
    ("schakelpunt-review", &["schakelpunt-domain", "schakelpunt-rules"]),
    ("schakelpunt-amqp", &["schakelpunt-domain"]),
    ("schakelpunt-adapters", &["schakelpunt-domain", "schakelpunt-amqp", "schakelpunt-webhook"]),
    ("schakelpunt-webhook", &["schakelpunt-domain"]),
    ("schakelpunt-engine", &["schakelpunt-domain", "schakelpunt-rules"]),
    ("schakelpunt-store", &["schakelpunt-domain", "schakelpunt-engine"]),
    ("schakelpunt-bus", &["schakelpunt-domain", "schakelpunt-engine", "schakelpunt-amqp"]),
    (
        "schakelpunt-gateway",
        &["schakelpunt-domain", "schakelpunt-rules", "schakelpunt-review", "schakelpunt-engine", "schakelpunt-webhook"],
    ),
    (
        "schakelpunt",
        &[
            "schakelpunt-domain",
            "schakelpunt-rules",
            "schakelpunt-review",
            "schakelpunt-adapters",
            "schakelpunt-amqp",
            "schakelpunt-engine",
            "schakelpunt-store",
            "schakelpunt-bus",
            "schakelpunt-gateway",
        ],
    ),
    (
        "schakelpunt-bench",
        &["schakelpunt", "schakelpunt-domain", "schakelpunt-amqp", "schakelpunt-engine", "schakelpunt-store", "schakelpunt-bus"],
    ),
    ("schakelpunt-bench-decide", &["schakelpunt-domain", "schakelpunt-rules"]),
];
/// Pure crates: no runtime, network, database or file system below them, however far.
const PURE: [&str; 3] = ["schakelpunt-domain", "schakelpunt-rules", "schakelpunt-review"];
const IMPURE: [&str; 11] = ["tokio", "mio", "async-io", "sqlx", "sqlx-core", "rusqlite", "lapin", "axum", "hyper", "reqwest", "tempfile"];
/// Who alone may name a library.
const ONLY: [(&str, &[&str]); 6] = [
    ("sqlx", &["schakelpunt-store"]),
    // the bench's bare relay is the limit of what lapin can do
    ("lapin", &["schakelpunt-amqp", "schakelpunt-bench"]),
    ("axum", &["schakelpunt-gateway", "schakelpunt-adapters"]),
    ("tower-http", &["schakelpunt-gateway"]),
    // the broker's management interface, webhooks, systems of organisations, and the commands that call a hub
    ("reqwest", &["schakelpunt-bus", "schakelpunt-webhook", "schakelpunt-adapters", "schakelpunt", "schakelpunt-bench"]),
    ("anyhow", &["schakelpunt", "schakelpunt-bench", "schakelpunt-bench-decide"]),
];
/// Second TLS providers. The one in use is aws-lc.
const OTHER_TLS: [&str; 6] = ["ring", "openssl", "openssl-sys", "native-tls", "schannel", "security-framework"];
/// One version of each in the tree: two HTTP clients or two TLS stacks are two sets of holes.
const ONE_VERSION: [&str; 4] = ["reqwest", "rustls", "aws-lc-rs", "tokio"];

/// The graph that cargo resolves.
struct Graph {
    normal: Edges,
    /// With what our crates need for their tests and for being built.
    all: Edges,
    versions: BTreeMap<String, BTreeSet<String>>,
}

fn metadata() -> Metadata {
    let rustc = Command::new("rustc").arg("-vV").output().expect("rustc -vV");
    let text = String::from_utf8(rustc.stdout).unwrap();
    let host = text.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
    let mut command = MetadataCommand::new();
    command.manifest_path(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("Cargo.toml"));
    command.other_options(["--offline".to_owned(), "--filter-platform".to_owned(), host.to_owned()]);
    command.exec().expect("cargo metadata")
}

fn graph() -> Graph {
    let metadata = metadata();
    let name = |id: &PackageId| metadata[id].name.to_string();
    let nodes = &metadata.resolve.as_ref().expect("a resolved graph").nodes;
    let mut graph = Graph { normal: Edges::new(), all: Edges::new(), versions: BTreeMap::new() };
    // two versions of one library become one name here: what one of them reaches, the name reaches
    for node in nodes {
        let package = &metadata[&node.id];
        let is_of = |dep: &NodeDep, normal: bool| dep.dep_kinds.iter().any(|kind| (kind.kind == DependencyKind::Normal) == normal);
        let is_normal = |dep: &&NodeDep| is_of(dep, true) && is_switched_on(package, node, &metadata[&dep.pkg].name);
        let normal: BTreeSet<String> = node.deps.iter().filter(is_normal).map(|dep| name(&dep.pkg)).collect();
        let others = node.deps.iter().filter(|dep| is_of(dep, false)).map(|dep| name(&dep.pkg));
        graph.all.entry(name(&node.id)).or_default().extend(normal.iter().cloned().chain(others));
        graph.normal.entry(name(&node.id)).or_default().extend(normal);
        graph.versions.entry(name(&node.id)).or_default().insert(package.version.to_string());
    }
    graph
}

/// Whether a dependency is compiled: cargo also lists optional ones that a weak feature (`ring?/std`) merely mentions.
fn is_switched_on(package: &Package, node: &Node, name: &str) -> bool {
    package.dependencies.iter().filter(|dep| dep.name == name && dep.kind == DependencyKind::Normal).any(|dep| {
        let key = dep.rename.as_deref().unwrap_or(name);
        let switches =
            |value: &String| value.strip_prefix("dep:") == Some(key) || value.split_once('/').is_some_and(|(first, _)| first == key);
        let by_feature = |feature: &str| feature == key || package.features.get(feature).is_some_and(|values| values.iter().any(switches));
        !dep.optional || node.features.iter().any(|feature| by_feature(feature))
    })
}

fn is_ours(name: &str) -> bool {
    name == "schakelpunt" || name.starts_with("schakelpunt-")
}

/// A way from one crate to another, if there is one.
fn way(edges: &Edges, from: &str, to: &str) -> Option<Vec<String>> {
    let mut ways = vec![vec![from.to_owned()]];
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop() {
        let last = way.last().unwrap();
        if last == to {
            return Some(way);
        }
        for next in edges.get(last).into_iter().flatten() {
            if seen.insert(next.clone()) {
                ways.push(way.iter().chain([next]).cloned().collect());
            }
        }
    }
    None
}

fn arrows(edges: &Edges) -> Vec<String> {
    let allowed: BTreeMap<_, _> = ARROWS.into_iter().collect();
    let ours = edges.iter().filter(|(name, _)| is_ours(name) && *name != "schakelpunt-tests");
    let mut failures = Vec::new();
    for (name, deps) in ours {
        let Some(allowed) = allowed.get(name.as_str()) else {
            failures.push(format!("{name} is new: draw its arrows in ARROWS and in the README"));
            continue;
        };
        for dep in deps.iter().filter(|dep| is_ours(dep) && !allowed.contains(&dep.as_str())) {
            failures.push(format!("{name} -> {dep} is no arrow of this house: move what {name} needs down, or pass it in"));
        }
    }
    failures
}

fn impure(edges: &Edges) -> Vec<String> {
    let ways = PURE.iter().flat_map(|pure| IMPURE.iter().filter_map(move |impure| way(edges, pure, impure)));
    ways.map(|way| format!("{} is pure, time and input are passed in; take out: {}", way[0], way.join(" -> "))).collect()
}

fn only(edges: &Edges) -> Vec<String> {
    let mut failures = Vec::new();
    for (library, owners) in ONLY {
        let users = edges.iter().filter(|(name, deps)| is_ours(name) && *name != "schakelpunt-tests" && deps.contains(library));
        let others = users.filter(|(name, _)| !owners.contains(&name.as_str()));
        failures.extend(others.map(|(name, _)| format!("{name} names {library}: only {} may; go through it", owners.join(" and "))));
    }
    failures
}

/// Who is built with Cedar's features.
fn beside_cedar(edges: &Edges) -> Vec<String> {
    let others = edges.keys().filter(|name| is_ours(name) && *name != "schakelpunt-bench-decide");
    let ways = others.filter_map(|name| way(edges, name, "cedar-policy-core"));
    ways.map(|way| format!("only schakelpunt-bench-decide may be built with Cedar's features; take out: {}", way.join(" -> "))).collect()
}

fn second_tls(edges: &Edges) -> Vec<String> {
    let ways = OTHER_TLS.iter().filter_map(|other| way(edges, "schakelpunt", other));
    ways.map(|way| format!("a second TLS provider beside aws-lc; turn off the feature that brings it: {}", way.join(" -> "))).collect()
}

fn versions(versions: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let found = ONE_VERSION.map(|name| (name, versions.get(name).cloned().unwrap_or_default()));
    let many = found.into_iter().filter(|(_, versions)| versions.len() != 1);
    many.map(|(name, versions)| format!("one version of {name}, not {versions:?}: see `cargo tree -i {name}`")).collect()
}

#[test]
fn our_crates_depend_on_each_other_as_drawn() {
    demand(&arrows(&graph().normal));
}

#[test]
fn the_pure_crates_reach_no_runtime_network_or_database() {
    demand(&impure(&graph().normal));
}

#[test]
fn each_library_to_the_outside_has_one_owner() {
    demand(&only(&graph().normal));
}

#[test]
fn cedar_stands_apart() {
    let graph = graph();
    assert!(way(&graph.all, "schakelpunt-bench-decide", "cedar-policy-core").is_some(), "Cedar is gone, and with it what is asked here");
    demand(&beside_cedar(&graph.all));
}

#[test]
fn there_is_one_tls_provider() {
    let graph = graph();
    assert!(way(&graph.normal, "schakelpunt", "aws-lc-rs").is_some(), "aws-lc is gone: put the one provider in use here");
    demand(&second_tls(&graph.normal));
}

#[test]
fn there_is_one_http_client_and_one_tls_stack() {
    demand(&versions(&graph().versions));
}

/// A small graph from `a -> b` lines.
fn edges(lines: &[(&str, &[&str])]) -> Edges {
    lines.iter().map(|(name, deps)| ((*name).to_owned(), deps.iter().map(|dep| (*dep).to_owned()).collect())).collect()
}

#[test]
fn a_wrong_arrow_is_seen() {
    assert_eq!(arrows(&edges(&[("schakelpunt-domain", &["serde", "schakelpunt-rules"])])).len(), 1);
    assert_eq!(arrows(&edges(&[("schakelpunt-store", &["schakelpunt-bus"])])).len(), 1);
    assert_eq!(arrows(&edges(&[("schakelpunt-new", &[])])).len(), 1, "a crate without arrows");
    assert!(arrows(&edges(&[("schakelpunt-rules", &["schakelpunt-domain", "toml"])])).is_empty());
}

#[test]
fn a_runtime_behind_two_others_is_seen() {
    let bad = edges(&[("schakelpunt-rules", &["a"]), ("a", &["b", "a"]), ("b", &["a", "tokio"])]);
    assert_eq!(impure(&bad).len(), 1);
    assert!(impure(&bad)[0].contains("schakelpunt-rules -> a -> b -> tokio"));
}

#[test]
fn cedar_behind_another_crate_is_seen() {
    let apart: (&str, &[&str]) = ("schakelpunt-bench-decide", &["cedar-policy"]);
    let cedar: (&str, &[&str]) = ("cedar-policy", &["cedar-policy-core"]);
    assert!(beside_cedar(&edges(&[apart, cedar])).is_empty());
    assert_eq!(beside_cedar(&edges(&[apart, cedar, ("schakelpunt-bench", &["schakelpunt-bench-decide"])])).len(), 1);
    assert_eq!(beside_cedar(&edges(&[cedar, ("schakelpunt-tests", &["x"]), ("x", &["cedar-policy-core"])])).len(), 1);
}

#[test]
fn a_second_owner_a_second_provider_and_a_second_version_are_seen() {
    assert_eq!(only(&edges(&[("schakelpunt-engine", &["sqlx"]), ("schakelpunt-store", &["sqlx"])])).len(), 1);
    assert_eq!(second_tls(&edges(&[("schakelpunt", &["x"]), ("x", &["rustls"]), ("rustls", &["ring"])])).len(), 1);
    let one = |version: &str| BTreeSet::from([version.to_owned()]);
    let mut found: BTreeMap<_, _> = ONE_VERSION.into_iter().map(|name| (name.to_owned(), one("1.0.0"))).collect();
    assert!(versions(&found).is_empty());
    found.get_mut("reqwest").unwrap().insert("0.12.0".to_owned());
    assert_eq!(versions(&found).len(), 1);
}
