//! From a row in the words of a registration system to a [`Stay`]: which column says what stands in the configuration, as the name of a
//! column or, where a name is not enough, as a `jq` expression over the row.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use schakelpunt_domain::{DetentionRef, ParticipantId, catalogue::Catalogue, ids::passes_elfproef};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{
    export::{Row, Rows},
    stay::{Departure, Ending, Leaving, Release, Stay},
};
use crate::{Error, alarm::Code, expression::Expression};

/// What a column may say, by the key of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is the part of a stay that it is named after")]
pub enum Target {
    /// The detention reference.
    Detention,
    Surname,
    GivenNames,
    BirthDate,
    BirthPlace,
    Nationality,
    Address,
    Bsn,
    Skn,
    VNumber,
    /// The first day of the deprivation of liberty.
    Start,
    /// The day of entry into this prison.
    Entry,
    Title,
    /// The code of the municipality where the person is registered as living; becomes one candidate.
    Municipality,
    PostalCode,
    /// All candidates, as an array: an expression.
    Residence,
    ReleaseDate,
    ReleaseKind,
    ReleaseCertainty,
    ReleaseReason,
    /// The day on which the person left.
    DepartureDate,
    /// A kind of release, `TRANSFER`, or `ENTERED_IN_ERROR`.
    DepartureKind,
    /// The prison to which the person went.
    DepartureTo,
}

/// Where a value comes from.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum From {
    /// The column of this name.
    Column(String),
    /// An expression over the row.
    Expression {
        /// In the language of `jq`.
        jq: String,
    },
}

/// The columns of an export, as the configuration names them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Columns(BTreeMap<Target, From>);

enum Reading {
    Column(String),
    Expression(Expression),
}

/// The columns, ready for use.
pub struct Mapping {
    readings: BTreeMap<Target, Reading>,
    /// How dates are written (`%d-%m-%Y`); `YYYY-MM-DD` is understood everywhere.
    dates: Option<String>,
}

impl std::fmt::Debug for Mapping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.readings.keys()).finish()
    }
}

/// A row that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// Where it stands.
    pub line: u64,
    /// Why.
    pub code: Code,
    /// What was expected, and where.
    pub detail: String,
}

/// The rows of a list.
#[derive(Debug, Clone, Default)]
pub struct Mapped {
    /// Those that can be read.
    pub stays: Vec<Stay>,
    /// The references of those that cannot, where the reference can.
    pub unread: BTreeSet<DetentionRef>,
    /// Those that cannot.
    pub bad: Vec<BadRow>,
}

impl Mapping {
    /// Compiles the columns; `place` is where they stand, for errors.
    pub fn new(place: &str, columns: &Columns, dates: Option<&str>) -> Result<Self, Error> {
        let mut readings = BTreeMap::new();
        for (target, from) in &columns.0 {
            let reading = match from {
                From::Column(name) => Reading::Column(name.clone()),
                From::Expression { jq } => {
                    let expression =
                        Expression::new(jq).map_err(|error| Error::settings(&format!("{place}: {target:?}"), &error.to_string()))?;
                    Reading::Expression(expression)
                }
            };
            readings.insert(*target, reading);
        }
        for target in [Target::Detention, Target::Surname, Target::Start] {
            if !readings.contains_key(&target) {
                return Err(Error::settings(place, &format!("a column for {target:?}, which every row has")));
            }
        }
        Ok(Self { readings, dates: dates.map(str::to_owned) })
    }

    /// Reads the rows of a list. Two rows with one reference are one if they are equal, and none if they are not.
    pub fn read(&self, rows: &Rows, catalogue: &Catalogue) -> Mapped {
        let mut mapped = Mapped::default();
        let mut at: BTreeMap<DetentionRef, usize> = BTreeMap::new();
        for row in &rows.0 {
            match self.row(row, catalogue) {
                Ok(stay) => match at.get(&stay.detention).and_then(|index| mapped.stays.get(*index)) {
                    None => {
                        at.insert(stay.detention.clone(), mapped.stays.len());
                        mapped.stays.push(stay);
                    }
                    Some(first) if *first == stay => {}
                    Some(_) => {
                        mapped.bad.push(BadRow { line: row.line, code: Code::TwoRows, detail: "one row for each reference".to_owned() });
                        mapped.unread.insert(stay.detention);
                    }
                },
                Err(detail) => {
                    mapped.bad.push(BadRow { line: row.line, code: Code::BadRow, detail });
                    mapped.unread.extend(self.parsed(Target::Detention, &row.values).ok().flatten());
                }
            }
        }
        let Mapped { stays, unread, .. } = &mut mapped;
        stays.retain(|stay| !unread.contains(&stay.detention));
        mapped
    }

    fn row(&self, row: &Row, catalogue: &Catalogue) -> Result<Stay, String> {
        let row = &row.values;
        let stay = Stay {
            detention: self.reference(row)?,
            identity: self.identity(row)?,
            start: self.date(Target::Start, row)?.ok_or_else(|| wanted(Target::Start, "a date"))?,
            entry: self.date(Target::Entry, row)?,
            title: self.text(Target::Title, row)?,
            residence: self.residence(row)?,
            release: self.release(row)?,
            departure: self.departure(row)?,
        };
        let started = catalogue.named("detention-started").ok_or("no such event in the catalogue")?;
        started.validate(&stay.started()).map_err(|rejection| format!("{}: {}", rejection.pointer, rejection.detail))?;
        Ok(stay)
    }

    /// The reference, which goes where no BSN may stand.
    fn reference(&self, row: &Value) -> Result<DetentionRef, String> {
        let reference: DetentionRef = self.parsed(Target::Detention, row)?.ok_or_else(|| wanted(Target::Detention, "a reference"))?;
        let is_personal = reference.as_str().split(|c: char| !c.is_ascii_alphanumeric()).any(passes_elfproef);
        if is_personal { Err(wanted(Target::Detention, "a reference that is no BSN")) } else { Ok(reference) }
    }

    fn identity(&self, row: &Value) -> Result<Map<String, Value>, String> {
        const PLAIN: [(Target, &str); 8] = [
            (Target::Surname, "surname"),
            (Target::GivenNames, "givenNames"),
            (Target::BirthPlace, "birthPlace"),
            (Target::Nationality, "nationality"),
            (Target::Address, "address"),
            (Target::Bsn, "bsn"),
            (Target::Skn, "skn"),
            (Target::VNumber, "vNumber"),
        ];
        let mut identity = Map::new();
        for (target, name) in PLAIN {
            if let Some(text) = self.text(target, row)? {
                identity.insert(name.to_owned(), Value::from(text));
            }
        }
        if let Some(date) = self.date(Target::BirthDate, row)? {
            identity.insert("birthDate".to_owned(), json!(date));
        }
        Ok(identity)
    }

    fn residence(&self, row: &Value) -> Result<Option<Vec<Value>>, String> {
        match self.value(Target::Residence, row)? {
            Value::Null => {}
            Value::Array(candidates) => return Ok(Some(candidates)),
            _ => return Err(wanted(Target::Residence, "an array of candidates")),
        }
        let Some(municipality) = self.text(Target::Municipality, row)? else {
            // a column that is empty says that the residence is unknown; no column says nothing
            return Ok(self.readings.contains_key(&Target::Municipality).then(Vec::new));
        };
        let mut candidate = json!({ "source": "BRP_AT_START", "municipality": municipality, "kind": "HOME" });
        if let (Some(code), Some(candidate)) = (self.text(Target::PostalCode, row)?, candidate.as_object_mut()) {
            let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
            candidate.insert("postalCode".to_owned(), Value::from(code.to_uppercase()));
        }
        Ok(Some(vec![candidate]))
    }

    fn release(&self, row: &Value) -> Result<Option<Release>, String> {
        let Some(date) = self.date(Target::ReleaseDate, row)? else { return Ok(None) };
        let kind = self.parsed(Target::ReleaseKind, row)?.unwrap_or(Ending::EndOfSentence);
        let certainty = self.text(Target::ReleaseCertainty, row)?.unwrap_or_else(|| "EXPECTED".to_owned());
        Ok(Some(Release { date, kind, certainty, reason: self.text(Target::ReleaseReason, row)? }))
    }

    fn departure(&self, row: &Value) -> Result<Option<Departure>, String> {
        let Some(on) = self.date(Target::DepartureDate, row)? else { return Ok(None) };
        let how = match self.text(Target::DepartureKind, row)?.as_deref() {
            Some("TRANSFER") => {
                let to: Option<ParticipantId> = self.parsed(Target::DepartureTo, row)?;
                Leaving::Transfer(to.ok_or_else(|| wanted(Target::DepartureTo, "the prison to which the person went"))?)
            }
            Some("ENTERED_IN_ERROR") => Leaving::EnteredInError,
            _ => Leaving::Released(
                self.parsed(Target::DepartureKind, row)?.ok_or_else(|| wanted(Target::DepartureKind, "how the person left"))?,
            ),
        };
        Ok(Some(Departure { on, how }))
    }

    fn value(&self, target: Target, row: &Value) -> Result<Value, String> {
        match self.readings.get(&target) {
            None => Ok(Value::Null),
            Some(Reading::Column(name)) => match row.get(name) {
                Some(value) => Ok(value.clone()),
                // in XML and JSON what is empty may be left out
                None => Ok(Value::Null),
            },
            Some(Reading::Expression(expression)) => expression.of(row).map_err(|error| wanted(target, &error.to_string())),
        }
    }

    /// A text that is not empty.
    fn text(&self, target: Target, row: &Value) -> Result<Option<String>, String> {
        match self.value(target, row)? {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
            Value::Number(number) => Ok(Some(number.to_string())),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(wanted(target, "a text")),
        }
    }

    fn parsed<T: DeserializeOwned>(&self, target: Target, row: &Value) -> Result<Option<T>, String> {
        let Some(text) = self.text(target, row)? else { return Ok(None) };
        serde_json::from_value(Value::String(text)).map(Some).map_err(|_| wanted(target, "a value of the list in schemas/parts.json"))
    }

    fn date(&self, target: Target, row: &Value) -> Result<Option<Date>, String> {
        let Some(text) = self.text(target, row)? else { return Ok(None) };
        let own = self.dates.as_deref().and_then(|format| Date::strptime(format, &text).ok());
        own.or_else(|| text.parse().ok()).map(Some).ok_or_else(|| wanted(target, "a date as the configuration writes it"))
    }
}

fn wanted(target: Target, expected: &str) -> String {
    format!("{target:?}: {expected}")
}

#[cfg(test)]
mod tests;
