//! Fictitious events, and the registers that they need.

use jiff::{Timestamp, ToSpan as _, civil::Date};
use schakelpunt::clock::SystemClock;
use schakelpunt_domain::Clock as _;
use serde_json::{Value, json};

/// Who sends.
pub(crate) const PRISON: &str = "pi-zwolle";
/// Who hears of every detention here.
pub(crate) const TOWN: &str = "gemeente-zwolle";
/// Who hears of them where the fan-out is two.
pub(crate) const UNIT: &str = "rn-zwolle";

const SOURCE: &str = "urn:nld:oin:00000099PI0000025000:systeem:registratie";
const SURNAMES: [&str; 8] = ["Adelaar", "Berkhout", "Castelein", "Dommelen", "Everdinck", "Franssen", "Groenveld", "van der Zwaluw"];

/// One event, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// The producer's id.
    pub(crate) id: String,
    /// The short name of its type.
    pub(crate) name: &'static str,
    /// The detention.
    pub(crate) detention: String,
    /// A CloudEvent in structured mode.
    pub(crate) bytes: Vec<u8>,
}

/// How many recipients each event has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FanOut {
    /// The municipality.
    One,
    /// The municipality and the probation unit.
    Two,
}

impl FanOut {
    /// Who they are.
    pub(crate) fn recipients(self) -> &'static [&'static str] {
        match self {
            Self::One => &[TOWN],
            Self::Two => &[TOWN, UNIT],
        }
    }

    /// The register file that makes it so with the shipped rules: without a unit for the prison there is nobody else.
    pub(crate) fn registers(self) -> String {
        let participant = |id: &str, kind: &str, oin: &str, system: &str, more: &str| {
            format!(
                "[[participant]]\nid = \"{id}\"\nkind = \"{kind}\"\noin = \"{oin}\"\norganisation = \"{id}\"\n\
                 sources = [\"urn:nld:oin:{oin}:systeem:{system}\"]\n{more}\n"
            )
        };
        let mut text = participant(PRISON, "prison", "00000099PI0000025000", "registratie", "");
        text += &participant(TOWN, "municipality", "00000099GM0193001000", "nazorg", "municipalities = [{ code = \"0193\" }]");
        if self == Self::Two {
            text += &participant(UNIT, "probation", "00000099RN0000001000", "toezicht", "intake-for = [\"pi-zwolle\"]");
        }
        text
    }
}

/// The machine's clock.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

fn day(from_today: i64) -> anyhow::Result<Date> {
    let today = now().to_zoned(jiff::tz::get!("Europe/Amsterdam")).date();
    Ok(today.checked_add(from_today.days())?)
}

/// Numbers that were never given to anybody, and pass the check on a BSN.
fn fictitious_bsns() -> impl Iterator<Item = String> {
    (999_900_000_u32..=999_999_999).map(|number| number.to_string()).filter(|text| text.parse::<schakelpunt_domain::Bsn>().is_ok())
}

/// So many admission notices of about 1.5 KB, each of another person and detention, numbered from `first`.
pub(crate) fn admissions(first: u32, count: u32) -> anyhow::Result<Vec<Event>> {
    let (at, start, entry) = (now(), day(-4)?, day(-3)?);
    let mut bsns = fictitious_bsns();
    let events = (first..first + count).map(|number| {
        // every third person has none, and there are only some thousands of them
        let bsn = if number % 3 == 2 { None } else { bsns.next() };
        event("detention-started", "a", number, 1, at, &admission(number, bsn, start, entry))
    });
    Ok(events.collect())
}

/// A release date for each of these detentions.
pub(crate) fn release_dates(count: u32) -> anyhow::Result<Vec<Event>> {
    let (at, date) = (now(), day(200)?);
    let data = json!({"release": {"date": date, "kind": "END_OF_SENTENCE", "certainty": "EXPECTED"}});
    Ok((0..count).map(|number| event("release-date-set", "r", number, 2, at, &data)).collect())
}

fn admission(number: u32, bsn: Option<String>, start: Date, entry: Date) -> Value {
    let surname = SURNAMES.get(number as usize % SURNAMES.len()).copied().unwrap_or_default();
    let mut identity = json!({
        "surname": format!("{surname} {number}"),
        "givenNames": "Abel Benjamin Casper Diederik Emanuel Ferdinand",
        "birthDate": Date::constant(1955, 1, 1).saturating_add((i64::from(number) % 18_000).days()),
        "birthPlace": "Sint Jacobiparochie, gemeente Waadhoeke",
        "nationality": "Nederlandse",
        "address": format!("Burgemeester van Verzonnenstraat {}, achterhuis, tweede verdieping links, 8011 AA Zwolle", number % 400 + 1),
        "skn": format!("{:08}", 10_000_000 + number),
    });
    if let (Some(bsn), Some(identity)) = (bsn, identity.as_object_mut()) {
        identity.insert("bsn".to_owned(), json!(bsn));
    }
    let candidate = |source: &str, kind: &str, postal: &str| json!({"source": source, "municipality": "0193", "kind": kind, "asOf": start, "postalCode": postal});
    json!({
        "person": {"identity": identity},
        "detention": {"start": start, "piEntry": entry, "title": "SENTENCE"},
        "residence": {"candidates": [
            candidate("BRP_AT_START", "HOME", "8011AA"),
            candidate("BRP_LAST", "LETTER", "8012BB"),
            candidate("STAYED", "NONE", "8013CC"),
            candidate("SETTLE", "NONE", "8014DD"),
        ]},
    })
}

fn event(name: &'static str, mark: &str, number: u32, sequence: u64, at: Timestamp, data: &Value) -> Event {
    let id = format!("bench-{mark}-{number:08}");
    let detention = format!("{PRISON}.bench-{number:08}");
    let event = json!({
        "specversion": "1.0",
        "type": format!("nl.schakelpunt.detentions.{name}.v1"),
        "source": SOURCE,
        "id": id,
        "time": at,
        "subject": detention,
        "partitionkey": detention,
        "sequence": format!("{sequence:020}"),
        "datacontenttype": "application/json",
        "dataschema": format!("https://schakelpunt.example/schemas/events/{name}.v1.json"),
        "traceparent": format!("00-{:032x}-{:016x}-01", number + 1, number + 1),
        "data": data,
    });
    Event { id, name, detention, bytes: event.to_string().into_bytes() }
}
