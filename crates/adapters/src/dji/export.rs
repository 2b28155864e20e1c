//! The bytes of a list, whatever their format: rows as JSON with their lines, and how many rows the list says it has. Anything that is
//! not whole is an error with its place; what stands there is never repeated.

mod xml;

use serde::Deserialize;
use serde_json::{Map, Value};

/// Most rows of one list: the largest prison has some 1,200 places.
pub const ROWS_MAX: usize = 50_000;

/// Deepest nesting of elements in XML.
pub const DEPTH_MAX: usize = 32;

/// How a list is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, tag = "format", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Format {
    /// Separated values with a line of names.
    Csv {
        /// Between two values.
        #[serde(default = "semicolon")]
        separator: char,
        /// The first value of the last line, which is followed by the number of rows. Without it a list that was cut after a whole row
        /// looks whole; the guard is then what is left.
        #[serde(default)]
        trailer: Option<String>,
    },
    /// One document.
    Json {
        /// A JSON pointer to the array of rows.
        #[serde(default)]
        rows: String,
        /// A JSON pointer to the number of rows.
        #[serde(default)]
        count: Option<String>,
    },
    /// One document.
    Xml {
        /// The name of the element that is a row.
        row: String,
        /// The attribute of the outermost element with the number of rows.
        #[serde(default)]
        count: Option<String>,
    },
}

fn semicolon() -> char {
    ';'
}

/// How its text is encoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Encoding {
    /// UTF-8, with or without a mark at the beginning.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// Windows-1252, as older systems write.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

/// A row, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The line on which it begins, or its number in a JSON array, from 1.
    pub line: u64,
    /// Its values by name.
    pub values: Value,
}

/// A list that was read whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows(pub Vec<Row>);

/// Why a list cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is no list of this format.
    #[error("line {line}: {expected}")]
    Garbled {
        /// Where it is noticed.
        line: u64,
        /// What was expected.
        expected: &'static str,
    },
    /// It ends too early, or has another number of rows than it says.
    #[error("{0}")]
    Truncated(&'static str),
}

fn garbled(line: u64, expected: &'static str) -> Unreadable {
    Unreadable::Garbled { line, expected }
}

/// Reads a list.
pub fn read(bytes: &[u8], format: &Format, encoding: Encoding) -> Result<Rows, Unreadable> {
    let text = decode(bytes, encoding)?;
    let (rows, said) = match format {
        Format::Csv { separator, trailer } => separated(&text, *separator, trailer.as_deref())?,
        Format::Json { rows, count } => document(&text, rows, count.as_deref())?,
        Format::Xml { row, count } => xml::read(&text, row, count.as_deref())?,
    };
    if said.is_some_and(|said| said != rows.len()) {
        return Err(Unreadable::Truncated("another number of rows than the list says it has"));
    }
    Ok(Rows(rows))
}

fn decode(bytes: &[u8], encoding: Encoding) -> Result<String, Unreadable> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let line = |upto: usize| bytes.iter().take(upto).filter(|byte| **byte == b'\n').count() as u64 + 1;
    let text = match encoding {
        Encoding::Utf8 => std::str::from_utf8(bytes).map_err(|error| garbled(line(error.valid_up_to()), "UTF-8"))?.to_owned(),
        Encoding::Windows1252 => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    };
    // what an earlier program could not read it has replaced by this: the name is lost
    let bad = |c: char| c == '\u{FFFD}' || (c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    match text.find(bad) {
        Some(at) => Err(garbled(
            text.get(..at).unwrap_or_default().matches('\n').count() as u64 + 1,
            "text without control or replacement characters",
        )),
        None => Ok(text),
    }
}

type Read = (Vec<Row>, Option<usize>);

fn separated(text: &str, separator: char, trailer: Option<&str>) -> Result<Read, Unreadable> {
    let separator = u8::try_from(separator).map_err(|_| garbled(1, "a separator of one byte"))?;
    if text.is_empty() {
        return Err(Unreadable::Truncated("a line of names"));
    }
    if !text.ends_with('\n') {
        return Err(Unreadable::Truncated("a line feed at the end of the last line"));
    }
    if text.matches('"').count() % 2 == 1 {
        return Err(Unreadable::Truncated("an end to each quotation"));
    }
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers().map_err(|_| garbled(1, "a line of names"))?.iter().map(str::to_owned).collect();
    let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
    if distinct.len() != names.len() {
        return Err(garbled(1, "each name once"));
    }
    let mut rows = Vec::new();
    let mut said = None;
    for record in reader.records() {
        let record = record.map_err(|error| garbled(error.position().map_or(0, csv::Position::line), "separated values"))?;
        let line = record.position().map_or(0, csv::Position::line);
        if said.is_some() {
            return Err(garbled(line, "nothing after the last line"));
        }
        if trailer.is_some() && record.get(0) == trailer {
            said = Some(record.get(1).and_then(|count| count.trim().parse().ok()).ok_or_else(|| garbled(line, "the number of rows"))?);
            continue;
        }
        if record.len() != names.len() {
            return Err(garbled(line, "as many values as names"));
        }
        full(&rows)?;
        let values = names.iter().zip(&record).map(|(name, value)| (name.clone(), Value::from(value.trim())));
        rows.push(Row { line, values: Value::Object(values.collect()) });
    }
    if trailer.is_some() && said.is_none() {
        return Err(Unreadable::Truncated("the last line with the number of rows"));
    }
    Ok((rows, said))
}

fn full(rows: &[Row]) -> Result<(), Unreadable> {
    if rows.len() < ROWS_MAX { Ok(()) } else { Err(garbled(0, "at most 50000 rows")) }
}

fn document(text: &str, rows: &str, count: Option<&str>) -> Result<Read, Unreadable> {
    let document: Value = serde_json::from_str(text).map_err(|error| {
        let line = u64::try_from(error.line()).unwrap_or(u64::MAX);
        if error.is_eof() { Unreadable::Truncated("the end of the document") } else { garbled(line, "JSON") }
    })?;
    let found = document.pointer(rows).and_then(Value::as_array).ok_or_else(|| garbled(1, "an array where `rows` points"))?;
    let mut read = Vec::with_capacity(found.len().min(ROWS_MAX));
    for (number, row) in (1..).zip(found) {
        full(&read)?;
        if !row.is_object() {
            return Err(garbled(number, "an object for each row"));
        }
        read.push(Row { line: number, values: row.clone() });
    }
    let said = count.map(|pointer| {
        let count = document.pointer(pointer).and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok());
        count.ok_or_else(|| garbled(1, "a number where `count` points"))
    });
    Ok((read, said.transpose()?))
}

/// An object of one value.
fn object(name: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value)])
}

#[cfg(test)]
mod tests;
