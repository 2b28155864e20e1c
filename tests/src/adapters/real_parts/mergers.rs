//! Two municipalities merge while the hub runs: what concerned them comes to the adapter of the new one, by what the old one had asked for.

use std::{fs, time::Duration};

use serde_json::{Value, json};

use crate::{
    adapters::edge::Edge,
    end_to_end::{
        messages::{PRISON, PRISON_SOURCE, TOWN, TOWN_SOURCE, TRIAGE, UNIT, admission, day, event, now},
        process::Site,
    },
    parts::{
        postgres::Database,
        rabbitmq::{PASSWORD, Version},
    },
};

const STARTED: &str = "nl.schakelpunt.detentions.detention-started.v1";
const DATE_SET: &str = "nl.schakelpunt.detentions.release-date-set.v1";
const DATE_CHANGED: &str = "nl.schakelpunt.detentions.release-date-changed.v1";
const CONDITIONS: &str = "nl.schakelpunt.plans.condition-status-updated.v1";

/// Merges with Zwolle into a municipality that is made up.
const NEIGHBOUR: &str = "gemeente-kampen";
const MERGED: &str = "gemeente-ijsselhanze";
const MERGED_SOURCE: &str = "urn:nld:oin:00000099GM0199001000:systeem:nazorg";
/// Has given Zwolle a mandate for everything.
const MANDATOR: &str = "gemeente-epe";

/// What is known before the merger. Both municipalities asked for the same, and not for the conditions of the plan.
fn registers(site: &Site) {
    let merged = format!(
        "[[participant]]\nid = \"{MERGED}\"\nkind = \"municipality\"\noin = \"00000099GM0199001000\"\n\
         sources = [\"{MERGED_SOURCE}\"]\nmunicipalities = [{{ code = \"0199\" }}]\n\
         [[mandate]]\nmandator = \"{MANDATOR}\"\nmandatary = \"{TOWN}\"\nscope = \"all\"\nfrom = \"2024-01-01\"\n"
    );
    let asked = [TOWN, NEIGHBOUR].map(|town| {
        let events = json!(["detention-started", "release-date-set", "release-date-changed", "case-passed-on"]);
        let approved =
            ["DJI", "beheerder"].map(|owner| format!("[[approval]]\nparticipant = \"{town}\"\nevents = [\"*\"]\nowner = \"{owner}\"\n"));
        format!("[[subscription]]\nparticipant = \"{town}\"\nevents = {events}\n{}", approved.concat())
    });
    let before = fs::read_to_string(site.participants()).unwrap();
    fs::write(site.participants(), before + &merged + &asked.concat()).unwrap();
}

/// A town hall's adapter, which reads and writes files.
pub(super) fn adapter(broker: &str, id: &str, source: &str) -> Edge {
    Edge::new("municipality", broker, |tables, folder| {
        let path = |name: &str| toml::Value::from(folder.join(name).display().to_string());
        for (key, value) in [("id", id), ("source", source), ("secret", PASSWORD)] {
            tables[key] = value.into();
        }
        tables["folder"]["folder"] = path("says");
        for key in ["settle-seconds", "look-seconds"] {
            tables["folder"][key] = 0.into();
        }
        tables["desk"] = toml::Value::Array(Vec::new());
        tables["messages"] = toml::Table::from_iter([("folder".to_owned(), path("messages"))]).into();
    })
}

#[tokio::test]
async fn what_concerned_a_municipality_comes_to_the_one_that_it_became() {
    let database = Database::fresh();
    let only = [PRISON, TOWN, NEIGHBOUR, MANDATOR, UNIT, TRIAGE];
    let site = Site::new(Version::Three.addresses().unwrap(), &database, Some(&only));
    registers(&site);
    let hub = site.serve().await;
    site.administer(&hub);
    let broker = site.amqp("guest", "guest");
    let (old, new) = (adapter(&broker, TOWN, TOWN_SOURCE), adapter(&broker, MERGED, MERGED_SOURCE));
    let (_old, _new) = (old.start().await, new.start().await);

    // before: a resident of each, and one of the municipality for which the old one acts
    publish(&site, "s-1", &event(STARTED, PRISON_SOURCE, "D-1", "s-1", 1, &admission("Zilvermeeuw"))).await;
    publish(&site, "s-2", &event(DATE_SET, PRISON_SOURCE, "D-1", "s-2", 2, &released(90, None))).await;
    publish(&site, "s-3", &event(STARTED, PRISON_SOURCE, "D-2", "s-3", 1, &resident_of("0232", "Tapuit"))).await;
    publish(&site, "s-4", &event(STARTED, PRISON_SOURCE, "D-3", "s-4", 1, &resident_of("0166", "Kluut"))).await;
    old.until("the detentions and the date", || old.files("messages").len() == 3).await;
    let before = old.files("messages");
    for said in ["achternaam: Zilvermeeuw", "achternaam: Tapuit"] {
        assert!(before.values().any(|text| text.contains(said)), "{said}: {before:?}");
    }
    old.until("the confirmations", || confirmed(&database, TOWN_SOURCE) == 3).await;
    site.at_rest(Duration::from_secs(60)).await;
    assert!(new.files("messages").is_empty(), "it has no cases yet");

    // the day has come
    for code in ["0193", "0166"] {
        let (code, from) = (format!("code={code}"), format!("from={}", day(0)));
        let said = site.run_with("admin", &["reorganisation", "add", &code, &from, "into=[\"0199\"]"]).await;
        assert_eq!(said.0, 0, "{said:?}");
    }
    let passed = ["D-1 zaak overgegaan", "D-2 zaak overgegaan", "D-3 zaak overgegaan"];
    new.until("the cases", || told(&new) == passed).await;

    // after: on two of the cases, a new resident, and what neither municipality had asked for
    publish(&site, "s-5", &event(DATE_CHANGED, PRISON_SOURCE, "D-1", "s-5", 3, &released(80, Some(90)))).await;
    publish(&site, "s-6", &event(DATE_SET, PRISON_SOURCE, "D-2", "s-6", 2, &released(70, None))).await;
    publish(&site, "s-7", &event(STARTED, PRISON_SOURCE, "D-4", "s-7", 1, &admission("Fuut"))).await;
    let missing = json!({ "conditions": { "HOUSING": { "status": "MISSING" } } });
    publish(&site, "s-8", &event(CONDITIONS, PRISON_SOURCE, "D-1", "s-8", 4, &missing)).await;
    let wanted = [
        "D-1 einddatum gewijzigd",
        "D-1 zaak overgegaan",
        "D-2 verwachte einddatum bekend",
        "D-2 zaak overgegaan",
        "D-3 zaak overgegaan",
        "D-4 detentie gestart",
    ];
    new.until("what comes after the merger", || told(&new) == wanted).await;
    new.until("its confirmations", || confirmed(&database, MERGED_SOURCE) == wanted.len()).await;
    site.at_rest(Duration::from_secs(60)).await;
    assert_eq!(told(&new), wanted, "nothing twice, and nothing besides");
    assert_eq!(old.files("messages"), before, "nothing more to the old one");
    decided(&database);
    answered(&site, &database, &old, &new).await;
}

/// What the hub has on record of what came after the merger.
fn decided(database: &Database) {
    let decided = |message: &str| {
        database.sql(&format!("select string_agg(recipient, ' ' order by recipient) from decisions where message_id = '{message}'"))
    };
    assert_eq!(decided("s-5"), format!("{MERGED} {UNIT}"), "not even asked about");
    let refused = format!("select body from decisions where message_id = 's-8' and recipient = '{MERGED}'");
    assert!(database.sql(&refused).contains("NOT_SUBSCRIBED"), "{}", database.sql(&refused));
    let on_behalf = format!("select on_behalf_of from deliveries where message_id = 's-6' and recipient = '{MERGED}'");
    assert_eq!(database.sql(&on_behalf), MANDATOR);
}

/// The new town hall answers; the old one has nothing to say any more.
async fn answered(site: &Site, database: &Database, old: &Edge, new: &Edge) {
    for edge in [new, old] {
        let visit = json!({ "event": "first-visit-planned", "detention": "D-1", "data": { "visit": { "at": now(), "place": "INSIDE" } } });
        fs::write(edge.path("says/visit.json"), visit.to_string()).unwrap();
    }
    let visits =
        || database.sql(&format!("select count(*) from deliveries where recipient = '{PRISON}' and event = 'first-visit-planned'"));
    new.until("the visit", || visits() == "1").await;
    old.until("the alarm", || old.alarms() == [("MESSAGE_REJECTED".to_owned(), 1)].into()).await;
    site.at_rest(Duration::from_secs(60)).await;
    assert_eq!((visits(), new.alarms()), ("1".to_owned(), [].into()));
}

/// Of which detention the town hall was told what, in order of the words.
fn told(edge: &Edge) -> Vec<String> {
    let line = |text: &str, name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
    let said = |text: &String| format!("{} {}", line(text, "Detentie: "), line(text, "Bericht: "));
    let mut told: Vec<String> = edge.files("messages").values().map(said).collect();
    told.sort();
    told
}

fn released(in_days: i64, before: Option<i64>) -> Value {
    let mut release = json!({ "date": day(in_days), "kind": "END_OF_SENTENCE", "certainty": "EXPECTED" });
    if let Some(before) = before {
        release["previousDate"] = json!(day(before));
        release["reason"] = json!("RECALCULATED");
    }
    json!({ "release": release })
}

fn resident_of(code: &str, surname: &str) -> Value {
    let mut data = admission(surname);
    data["residence"]["candidates"][0]["municipality"] = json!(code);
    data
}

/// How much a municipality has confirmed.
fn confirmed(database: &Database, source: &str) -> usize {
    let count = database.sql(&format!("select count(*) from messages where event = 'delivery-confirmed' and source = '{source}'"));
    count.parse().unwrap()
}

async fn publish(site: &Site, name: &str, event: &[u8]) {
    let file = site.file(&format!("{name}.json"), event);
    assert_eq!(site.run(&["publish", "--as", PRISON, &file]).await.0, 0, "{name}");
}
