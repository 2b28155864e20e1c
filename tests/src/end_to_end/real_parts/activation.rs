//! Other rules come into force while thousands of messages flow through two hub processes.

use std::{fs, time::Duration};

use jiff::{SignedDuration, Timestamp};
use schakelpunt_domain::Clock as _;
use serde_json::Value;

use crate::{
    end_to_end::process::{Site, repository},
    parts::{postgres::Database, rabbitmq::Version},
};

/// Some ten thousand messages.
const DETENTIONS: &str = "5900";
/// So many claims before the other rules are scheduled, and at least so many after they began.
const CLAIMS: u64 = 1000;
/// How far ahead: a claim lives two seconds here, and before it is scheduled a draft is checked, proved and held against what was decided.
const AHEAD: SignedDuration = SignedDuration::from_secs(40);
/// Most that the flow may take to get there.
const BOUND: Duration = Duration::from_secs(120);

/// Writes down each claim with the rules on which its delivery rests, when the transaction that made it commits: the database itself is
/// the witness.
const WITNESS: &str = "
    create table witnessed (claimed_at bigint, rules text);
    create function witness() returns trigger language plpgsql as $$ begin
        insert into witnessed select new.claimed_at, d.stamp::json ->> 'rules' from deliveries d where d.ordinal = new.ordinal;
        return null;
    end $$;
    create constraint trigger witness after insert or update on stages deferrable initially deferred
        for each row when (new.stage = 'claimed') execute function witness();";

/// The shipped rules with a word more: they give the same, so that what has to come is known.
fn other_rules(site: &Site) -> String {
    let mut folder = String::new();
    for file in fs::read_dir(repository().join("config/rules")).unwrap().map(|file| file.unwrap().path()) {
        let name = file.file_name().unwrap().to_str().unwrap();
        if file.is_file() && name != "invariants.toml" {
            let text = fs::read_to_string(&file).unwrap() + "\n# another version\n";
            folder = site.file_in("rules", name, text.as_bytes());
        }
    }
    folder
}

/// Runs a command on the rules as somebody, and gives what it printed.
async fn rules(site: &Site, who: &str, words: &[&str]) -> Value {
    let (code, mut said) = site.run_with("admin", &[&["rules"], words, &["--why", "It is tried.", "--as", who]].concat()).await;
    assert_eq!(code, 0, "{words:?}: {said:?}");
    said.remove(0)
}

#[tokio::test]
async fn every_delivery_rests_on_the_rules_that_were_in_force_when_it_was_claimed() {
    let database = Database::fresh();
    let site = Site::new(Version::Three.addresses().unwrap(), &database, None);
    let one = site.serve().await;
    database.sql(WITNESS);
    site.configure("two", site.broker_port(), &database.url());
    let _two = site.serve_as("two").await;
    site.administer(&one);
    rules(&site, "beheer", &["import", &other_rules(&site), "--title", "A word more"]).await;
    rules(&site, "beheer", &["submit", "2"]).await;
    rules(&site, "jurist", &["approve", "2", "--submission", "1"]).await;

    let flow = site.python("national.py", &["--count", DETENTIONS, "--seconds", "240"], &[]);
    let change = async {
        let count = |wanted: &str| database.sql(&format!("select count(*) from witnessed {wanted}")).parse::<u64>().unwrap();
        let claims = async {
            while count("") < CLAIMS {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(BOUND, claims).await.unwrap();
        let from = schakelpunt::clock::SystemClock.now() + AHEAD;
        rules(&site, "beheer", &["schedule", "2", "--from", &from.to_string()]).await;
        from
    };
    let (from, ()) = tokio::join!(change, flow);
    site.at_rest(Duration::from_secs(30)).await;

    let (code, said) = site.run_with("admin", &["rules", "list"]).await;
    assert_eq!((code, &said[0]["inForce"]["draft"]), (0, &Value::from(2)), "{said:?}");
    check(&database, from);
}

/// Each claim rests on one version: before the instant on the one, from it on on the other.
fn check(database: &Database, from: Timestamp) {
    let told = database.sql(&format!(
        "select json_agg(json_build_array(rules, claimed_at >= {}, n)) from
         (select rules, claimed_at >= {0} as after, count(*) as n, min(claimed_at) as claimed_at from witnessed group by 1, 2 order by 2) c",
        from.as_microsecond()
    ));
    let told: Vec<(String, bool, u64)> = serde_json::from_str(&told).unwrap();
    println!("{told:?}");
    assert_eq!(told.iter().map(|(_, after, _)| *after).collect::<Vec<_>>(), [false, true], "{told:?}");
    assert_ne!(told[0].0, told[1].0, "{told:?}");
    assert!(told.iter().all(|(_, _, count)| *count >= CLAIMS), "the change was in the middle: {told:?}");
}
