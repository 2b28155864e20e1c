//! Thirty days of three prisons: what the adapter tells the hub equals what a program worked out that has never seen a list compared,
//! and ten kills change nothing.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use serde_json::Value;

use crate::{
    adapters::{
        edge::Edge,
        prisons::{self, Exports, Notice},
    },
    end_to_end::{
        messages::{day, now},
        process::Site,
    },
    parts::{
        postgres::Database,
        rabbitmq::{Version, random},
    },
};

/// What the hub has of each detention, in the order of the prisons' own numbers.
const MESSAGES: &str = "select coalesce(json_agg(json_build_object('detention', detention, 'source', source, 'id', id, 'event', event, \
     'outcome', outcome, 'data', payload::json) order by detention, (body::json ->> 'sequence')::numeric), '[]'::json) \
     from messages where event <> 'delivery-confirmed' and source like 'urn:nld:oin:00000099PI%'";
const KILLS: usize = 10;

#[derive(Debug, Deserialize)]
struct Found {
    detention: String,
    source: String,
    id: String,
    event: String,
    outcome: String,
    data: Option<Value>,
}

#[tokio::test]
async fn thirty_days_with_ten_kills() {
    let seed = random() % 10_000;
    println!("seed {seed}");
    let database = Database::fresh();
    let site = Site::new(Version::Three.addresses().unwrap(), &database, None);
    let _hub = site.serve().await;
    let made = tempfile::tempdir().unwrap();
    let exports = Exports::made(&made.path().join("made"), seed, day(0)).await;
    let edge = prisons::adapter(&site.amqp("guest", "guest"));

    let mut adapter = edge.start().await;
    for portion in exports.delivered.chunks(exports.delivered.len().div_ceil(KILLS)) {
        let before = prisons::put_away(&edge);
        portion.iter().for_each(|name| exports.deliver(name, &edge));
        let point = before + usize::try_from(random()).unwrap_or(usize::MAX) % portion.len();
        edge.until("a random point", || prisons::put_away(&edge) >= point).await;
        adapter.kill().await;
        adapter = edge.start().await;
    }
    edge.until("every list read", || prisons::put_away(&edge) == exports.delivered.len()).await;
    let wanted = exports.expected.values().map(Vec::len).sum();
    until_there(&database, wanted, &edge).await;
    site.at_rest(Duration::from_secs(60)).await;

    let found: Vec<Found> = serde_json::from_str(&database.sql(MESSAGES)).unwrap();
    let opened: BTreeMap<String, (String, String)> = found
        .iter()
        .filter(|message| message.event == "detention-started")
        .map(|message| (message.detention.clone(), (message.source.clone(), message.id.clone())))
        .collect();
    let mut told: BTreeMap<String, Vec<(Found, Notice)>> = BTreeMap::new();
    for message in found {
        let notice =
            Notice { prison: prison(&message.source), event: message.event.clone(), data: message.data.clone().unwrap_or_default() };
        told.entry(message.detention.clone()).or_default().push((message, notice));
    }
    for (detention, expected) in &exports.expected {
        let told = told.get(detention).map(Vec::as_slice).unwrap_or_default();
        let events =
            |notices: &mut dyn Iterator<Item = &Notice>| notices.map(|one| format!("{} {}", one.prison, one.event)).collect::<Vec<_>>();
        let (said, wanted) = (events(&mut told.iter().map(|(_, notice)| notice)), events(&mut expected.iter()));
        assert_eq!(said, wanted, "{detention}");
        for ((message, notice), expected) in told.iter().zip(expected) {
            // of what may go to nobody, and of a withdrawal, the hub keeps no content
            if message.data.is_none() {
                assert!(message.outcome == "refused" || message.event == "message-withdrawn", "{notice:?}");
                continue;
            }
            assert_eq!(without_reference(&notice.data, opened.get(detention)), expected.data, "{detention} {}", notice.event);
        }
    }
    assert_eq!(told.values().map(Vec::len).sum::<usize>(), wanted, "nothing twice and nothing besides");
    let alarms: BTreeMap<String, usize> = edge.alarms().into_iter().filter(|(code, _)| !code.starts_with("MESSAGE_")).collect();
    assert_eq!(alarms, exports.alarms, "{}", edge.log());
    adapter.kill().await;
}

/// Waits until the hub has so many messages of these prisons.
async fn until_there(database: &Database, wanted: usize, edge: &Edge) {
    let begun = now();
    loop {
        let there =
            database.sql("select count(*) from messages where event <> 'delivery-confirmed' and source like 'urn:nld:oin:00000099PI%'");
        if there.parse::<usize>().unwrap() >= wanted {
            return;
        }
        if now().duration_since(begun).as_secs() > 60 {
            // which ones are missing is said below
            println!("{there} of {wanted} messages:\n{}", edge.log());
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn prison(source: &str) -> String {
    match source.split(':').nth(3) {
        Some("00000099PI0000025000") => "pi-zwolle",
        Some("00000099PI0000013000") => "pi-lelystad",
        Some("00000099PI0000004000") => "pi-almere",
        other => panic!("{other:?}"),
    }
    .to_owned()
}

/// The expectation does not know ids: a withdrawal must name the message that opened the case.
fn without_reference(data: &Value, opened: Option<&(String, String)>) -> Value {
    let mut data = data.clone();
    if let Some(correction) = data.get_mut("correction").and_then(Value::as_object_mut) {
        let of = correction.remove("of").unwrap_or_default();
        let (source, id) = opened.unwrap();
        assert_eq!((of["source"].as_str(), of["id"].as_str()), (Some(source.as_str()), Some(id.as_str())));
    }
    data
}
