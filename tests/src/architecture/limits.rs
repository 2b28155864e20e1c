//! Every limit stands in the README with its reason, and is what the code does.

use std::{fmt::Display, fs, path::Path, time::Duration};

use schakelpunt::replaying;
use schakelpunt_adapters as adapters;
use schakelpunt_amqp::{limits as amqp, topology};
use schakelpunt_bus::{in_process, rabbitmq};
use schakelpunt_domain::{envelope, json};
use schakelpunt_engine::{claim, desk, drivers, replay, settings::Limits};
use schakelpunt_gateway::limits as http;
use schakelpunt_webhook::limits as webhook;

fn count(number: impl Display) -> String {
    let digits = number.to_string();
    let grouped = digits.bytes().rev().enumerate().fold(String::new(), |grouped, (at, digit)| {
        let comma = if at > 0 && at % 3 == 0 { "," } else { "" };
        grouped + comma + &char::from(digit).to_string()
    });
    grouped.chars().rev().collect()
}

fn size(bytes: usize) -> String {
    match bytes {
        bytes if bytes % (1024 * 1024) == 0 => format!("{} MiB", bytes / (1024 * 1024)),
        bytes if bytes % 1024 == 0 => format!("{} KiB", bytes / 1024),
        bytes if bytes % 1024 == 1 => format!("{} and 1 byte", size(bytes - 1)),
        bytes => format!("{bytes} bytes"),
    }
}

fn time(duration: Duration) -> String {
    const DAY: u128 = 24 * 3_600_000;
    match duration.as_millis() {
        millis if millis > DAY && millis.is_multiple_of(DAY) => format!("{} days", millis / DAY),
        millis if millis >= 3_600_000 => format!("{} h", millis / 3_600_000),
        millis if millis >= 1000 => format!("{} s", millis / 1000),
        millis => format!("{millis} ms"),
    }
}

fn millis(millis: i64) -> String {
    time(Duration::from_millis(millis.unsigned_abs()))
}

/// What the code does, in the order of the README.
fn limits() -> Vec<(&'static str, String)> {
    let hub = Limits::default();
    let broker = topology::Topology::default();
    let bus = rabbitmq::Settings::new("");
    vec![
        ("one message, attributes and data", size(envelope::SIZE_MAX)),
        ("attributes of one event", count(envelope::ATTRIBUTES_MAX)),
        ("name of an attribute", size(envelope::NAME_MAX)),
        ("value of an attribute", size(envelope::VALUE_MAX)),
        ("nesting of JSON", count(json::DEPTH_MAX)),
        ("values in the JSON of one message", count(json::VALUES_MAX)),
        ("rule file", size(schakelpunt_rules::FILE_MAX)),
        ("register, scenario or configuration file", size(schakelpunt::FILE_MAX)),
        ("body read from the broker", size(amqp::BODY_MAX)),
        ("nesting of AMQP headers", count(amqp::DEPTH_MAX)),
        ("an answer of the broker", time(amqp::PATIENCE)),
        ("silence on a connection to the broker", format!("{} s", amqp::HEARTBEAT)),
        ("messages of one queue not yet settled", count(bus.prefetch)),
        ("confirms of one batch", time(bus.patience)),
        ("messages in a queue of the broker", count(broker.max_length)),
        ("deliveries of one message by the broker", count(topology::DELIVERY_LIMIT)),
        ("a message in an inbox", millis(broker.inbox_ttl)),
        ("what is dead, unrouted or not collected", millis(broker.rest_ttl)),
        ("messages in a queue of the embedded bus", count(in_process::MAX_LENGTH)),
        ("messages of one intake transaction", count(hub.batch)),
        ("deliveries of one claim", count(hub.claims)),
        ("life of a claim", time(hub.claim)),
        ("messages in one inbox", count(hub.window)),
        ("life of a lease between processes", time(drivers::LEASE)),
        ("deaths of a process with one message alone", count(drivers::ALONE_MAX)),
        ("pause after a failure, at first", time(hub.backoff_min)),
        ("pause after a failure, at most", time(hub.backoff_max)),
        ("waiting for an unknown detention", time(hub.park)),
        ("looking again at what is paused", time(Duration::from_secs(claim::PAUSE.as_secs().unsigned_abs()))),
        ("payloads after the last delivery", time(hub.retention)),
        ("notices of start and end at a municipality's desk", format!("{} months", desk::NOTICES_MONTHS)),
        ("rejections that are kept", count(schakelpunt_store::REJECTIONS_MAX)),
        ("decisions out of the order of their instants", time(schakelpunt_store::OUT_OF_ORDER.unsigned_abs())),
        ("replay: detentions read at once", count(replaying::TOGETHER)),
        ("replay: in the shadow of a draft at once", count(http::REPLAYS)),
        ("replay: registers of other instants", count(replay::PARTS)),
        ("replay: differences that are named", count(replay::NAMED)),
        ("HTTP: body", size(http::BODY_MAX)),
        ("HTTP: the text of a rule set", size(http::RULES_MAX)),
        ("title of a draft, reason of a deed", format!("{} characters", schakelpunt_rules::life::WORDS_MAX)),
        ("HTTP: one register entry", size(http::ENTRY_MAX)),
        ("HTTP: questions of one request to the decision point", count(http::EVALUATIONS_MAX)),
        ("HTTP: time for a body", time(http::BODY_PATIENCE)),
        ("HTTP: connections", count(http::CONNECTIONS_MAX)),
        ("HTTP: requests of one participant at once", count(http::AT_ONCE)),
        ("HTTP: requests at once", count(http::AT_ONCE_IN_ALL)),
        ("HTTP: tokens looked up in the store at once", count(http::LOOKUPS)),
        ("HTTP: events of one fetch", count(http::FETCH_MAX)),
        ("HTTP: events under way to one address that is called", count(http::CALLS)),
        ("HTTP: one call of an address", time(hub.call())),
        ("HTTP: places named in one rejection", count(http::PLACES_MAX)),
        ("adapter: configuration file", size(adapters::settings::FILE_MAX)),
        ("adapter: one list", size(usize::try_from(adapters::folder::FILE_MAX).unwrap())),
        ("adapter: rows of one list", count(adapters::dji::export::ROWS_MAX)),
        ("adapter: nesting of XML", count(adapters::dji::export::DEPTH_MAX)),
        ("adapter: one `jq` expression", size(adapters::expression::LENGTH_MAX)),
        ("adapter: one pushed record", size(adapters::push::BODY_MAX)),
        ("adapter: records that wait for the one before", count(adapters::push::WAITING_MAX)),
        ("adapter: messages of one file or push", count(adapters::records::RECORDS_MAX)),
        ("adapter: a call to a system here", time(adapters::post::PATIENCE)),
        ("adapter: looking for something new over HTTP", time(adapters::hub::LOOK)),
        ("adapter: messages fetched at once", count(adapters::door::LIMIT_MAX)),
        ("adapter: subscriptions of one application", count(adapters::door::SUBSCRIPTIONS_MAX)),
        ("adapter: a request to the door", size(adapters::door::BODY_MAX)),
        ("adapter: a secret of an application", size(adapters::door::SECRET_MIN)),
        ("adapter: a message that nobody fetches", time(adapters::door::UNFETCHED.unsigned_abs())),
        ("adapter: messages of one batch", count(adapters::hub::BATCH)),
        ("adapter: waiting for the hub's receipt", format!("{} s", adapters::hub::RECEIPT.as_secs())),
        ("adapter: pause after a failure, at first", time(adapters::hub::PAUSE.0)),
        ("adapter: pause after a failure, at most", time(adapters::hub::PAUSE.1)),
        ("webhook: connecting", time(webhook::CONNECT)),
        ("webhook: one delivery", time(webhook::REQUEST)),
        ("webhook: read of an answer", size(webhook::ANSWER_MAX)),
        ("webhook: secrets of one target", count(webhook::SECRETS_MAX)),
        ("webhook: pause that a target asks for", time(webhook::RETRY_AFTER_MAX)),
        ("webhook: failures in a row that open the breaker", count(webhook::FAILURES)),
        ("webhook: pause of an open breaker, at first", time(webhook::PAUSE)),
        ("webhook: pause of an open breaker, at most", time(webhook::PAUSE_MAX)),
    ]
}

/// The rows of the table under a heading of the README.
fn table(heading: &str) -> Vec<Vec<String>> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let chapter = readme.split("\n## ").find(|chapter| chapter.starts_with(heading)).unwrap();
    let rows = chapter.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

#[test]
fn the_table_of_limits_is_what_the_code_does() {
    let rows = table("Limits\n");
    let written: Vec<(&str, String)> = rows.iter().map(|row| (row[0].as_str(), row[1].clone())).collect();
    assert_eq!(written, limits());
    assert!(rows.iter().all(|row| row.len() == 3 && row[2].len() > 10), "every limit has its reason");
}
