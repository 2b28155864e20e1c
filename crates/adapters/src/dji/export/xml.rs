//! XML lists: one element a row. An element with text only is a text, one with others is an object, one that is repeated an array; an
//! attribute is a value whose name begins with `@`. No document type, so no entities beside the five of XML itself.

use quick_xml::{Reader, events::Event};
use serde_json::{Map, Value};

use super::{DEPTH_MAX, Read, Row, Unreadable, full, garbled, object};

/// An element that is open.
struct Open {
    name: String,
    line: u64,
    values: Map<String, Value>,
    text: String,
}

pub(super) fn read(text: &str, row: &str, count: Option<&str>) -> Result<Read, Unreadable> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Open> = Vec::new();
    let (mut rows, mut said, mut ended) = (Vec::new(), None, false);
    loop {
        let line = line_at(text, reader.buffer_position());
        let event = reader.read_event().map_err(|_| garbled(line, "well-formed XML"))?;
        match event {
            Event::Start(start) | Event::Empty(start) if ended || open.len() >= DEPTH_MAX => {
                drop(start);
                return Err(garbled(line, "one outermost element, and at most 32 elements inside each other"));
            }
            Event::Start(start) => {
                let values = attributes(&start, line)?;
                if let (true, Some(count)) = (open.is_empty(), count) {
                    let value = values.get(&format!("@{count}")).and_then(Value::as_str);
                    said = Some(value.and_then(|value| value.parse().ok()).ok_or_else(|| garbled(line, "the number of rows"))?);
                }
                open.push(Open { name: name(start.name().as_ref()), line, values, text: String::new() });
            }
            Event::Empty(start) => {
                let element = Open { name: name(start.name().as_ref()), line, values: attributes(&start, line)?, text: String::new() };
                close(element, &mut open, &mut rows, row)?;
            }
            Event::End(_) => {
                let element = open.pop().ok_or_else(|| garbled(line, "well-formed XML"))?;
                ended = open.is_empty();
                close(element, &mut open, &mut rows, row)?;
            }
            Event::Text(part) => push(&mut open, &part, line)?,
            Event::CData(part) => push(&mut open, &part, line)?,
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|_| garbled(line, "a character"))?;
                let entity = || quick_xml::escape::resolve_xml_entity(&reference).map(str::to_owned);
                let meant = character.map(String::from).or_else(entity).ok_or_else(|| garbled(line, "no entities but those of XML"))?;
                push(&mut open, &meant, line)?;
            }
            Event::DocType(_) => return Err(garbled(line, "no document type")),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof if ended => return Ok((rows, said)),
            Event::Eof => return Err(Unreadable::Truncated("the end of the outermost element")),
        }
    }
}

fn line_at(text: &str, position: u64) -> u64 {
    let upto = usize::try_from(position).unwrap_or(usize::MAX).min(text.len());
    text.as_bytes().iter().take(upto).filter(|byte| **byte == b'\n').count() as u64 + 1
}

/// The name without its prefix.
fn name(whole: &str) -> String {
    whole.rsplit(':').next().unwrap_or_default().to_owned()
}

fn attributes(start: &quick_xml::events::BytesStart<'_>, line: u64) -> Result<Map<String, Value>, Unreadable> {
    let mut values = Map::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| garbled(line, "attributes"))?;
        let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(|_| garbled(line, "attributes"))?;
        values.insert(format!("@{}", name(attribute.key.as_ref())), Value::from(value.trim()));
    }
    Ok(values)
}

fn push(open: &mut [Open], text: &str, line: u64) -> Result<(), Unreadable> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(garbled(line, "nothing outside the outermost element")),
    }
    Ok(())
}

fn close(element: Open, open: &mut [Open], rows: &mut Vec<Row>, row: &str) -> Result<(), Unreadable> {
    let Open { name, line, mut values, text } = element;
    if name == row {
        full(rows)?;
        rows.push(Row { line, values: Value::Object(values) });
        return Ok(());
    }
    let Some(parent) = open.last_mut() else { return Ok(()) };
    let text = text.trim();
    let value = if values.is_empty() {
        Value::from(text)
    } else {
        if !text.is_empty() {
            values.append(&mut object("#text", Value::from(text)));
        }
        Value::Object(values)
    };
    match parent.values.get_mut(&name) {
        None => drop(parent.values.insert(name, value)),
        Some(Value::Array(several)) => several.push(value),
        Some(one) => *one = Value::Array(vec![one.take(), value]),
    }
    Ok(())
}
