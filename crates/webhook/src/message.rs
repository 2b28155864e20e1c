//! An event as the headers and the body of an HTTP request (CloudEvents HTTP binding 1.0.2).

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use schakelpunt_domain::{envelope, json};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How an event travels over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The whole event is the body, and the signature covers all of it.
    #[default]
    Structured,
    /// The data are the body, the attributes are headers.
    Binary,
}

/// These bytes are no event that this channel can send: a mistake on this side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an event that can be sent: {pointer:?} has to be {expected}")]
pub struct Unfit {
    /// Where, as far as the names on the way are known ones.
    pub pointer: String,
    /// What is expected there.
    pub expected: &'static str,
}

/// What is sent, but for signature and origin.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

const STRUCTURED: HeaderValue = HeaderValue::from_static("application/cloudevents+json; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

impl Message {
    /// From an event in structured JSON. The mode changes nothing about what is accepted.
    pub(crate) fn of(event: &[u8], mode: Mode) -> Result<Self, Unfit> {
        let mut attributes = match json::parse(event) {
            Ok(Value::Object(attributes)) => attributes,
            Ok(_) => return Err(unfit("", "a JSON object")),
            Err(error) => return Err(unfit(&error.pointer, "JSON without equal keys, and not too deep or too much")),
        };
        attributes.retain(|_, value| !value.is_null());
        for name in ["specversion", "source", "type"] {
            text(&attributes, name)?;
        }
        let id = text(&attributes, "id")?.to_owned();
        if !id.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(unfit("/id", "visible ASCII: it is a header, and signed"));
        }
        if attributes.contains_key("data_base64") {
            return Err(unfit("/data_base64", "JSON in `data`"));
        }
        let data = attributes.remove("data");
        let content_type = content_type(attributes.remove("datacontenttype"), data.is_some())?;
        let mut headers = headers(&attributes)?;
        let body = match mode {
            Mode::Structured => {
                headers = HeaderMap::from_iter([(CONTENT_TYPE, STRUCTURED)]);
                event.to_vec()
            }
            Mode::Binary => {
                headers.extend(content_type.map(|value| (CONTENT_TYPE, value)));
                data.map(|data| data.to_string().into_bytes()).unwrap_or_default()
            }
        };
        Ok(Self { id, headers, body })
    }
}

fn unfit(pointer: &str, expected: &'static str) -> Unfit {
    Unfit { pointer: envelope::shown(pointer), expected }
}

fn text<'a>(attributes: &'a Map<String, Value>, name: &str) -> Result<&'a str, Unfit> {
    match attributes.get(name).and_then(Value::as_str) {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(unfit(&format!("/{name}"), "a string that is not empty")),
    }
}

/// The content type of the data in binary mode: where the event says nothing, JSON is JSON.
fn content_type(said: Option<Value>, has_data: bool) -> Result<Option<HeaderValue>, Unfit> {
    let expected = || unfit("/datacontenttype", "application/json");
    match said {
        None => Ok(has_data.then_some(JSON)),
        Some(Value::String(said)) => {
            let media = said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            if media != "application/json" && !media.ends_with("+json") {
                return Err(expected());
            }
            HeaderValue::from_str(&said).map(Some).map_err(|_| expected())
        }
        Some(_) => Err(expected()),
    }
}

/// Every attribute that is left as a `ce-` header.
fn headers(attributes: &Map<String, Value>) -> Result<HeaderMap, Unfit> {
    let mut headers = HeaderMap::new();
    for (name, value) in attributes {
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
            return Err(unfit("", "an object whose names are lower-case letters and digits"));
        }
        let expected = || unfit(&format!("/{name}"), "a boolean, a whole number or a string");
        let value = match value {
            Value::String(text) => encode(text),
            Value::Bool(flag) => flag.to_string(),
            Value::Number(number) if number.is_i64() => number.to_string(),
            _ => return Err(expected()),
        };
        let header = HeaderName::from_bytes(format!("ce-{name}").as_bytes()).map_err(|_| expected())?;
        headers.insert(header, HeaderValue::from_str(&value).map_err(|_| expected())?);
    }
    Ok(headers)
}

/// Percent-encoding of a header value (3.1.3.2): blank, quote, `%`, and whatever is not visible ASCII.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && byte != b'"' && byte != b'%' {
            encoded.push(char::from(byte));
        } else {
            let digits = [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or_default().to_ascii_uppercase());
            encoded.push('%');
            encoded.extend(digits);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EVENT: &str = r#"{"specversion":"1.0","id":"a-1","source":"urn:x","type":"t","subject":"Zoë \"Z\" 100%","urgent":true,"n":7,
        "nothing":null,"datacontenttype":"application/json","data":{"b":1,"a":"é"}}"#;

    fn header<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
        message.headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[test]
    fn structured_is_the_very_bytes() {
        let message = Message::of(EVENT.as_bytes(), Mode::Structured).unwrap();
        assert_eq!(message.body, EVENT.as_bytes());
        assert_eq!(header(&message, "content-type"), Some("application/cloudevents+json; charset=utf-8"));
        assert_eq!((message.id.as_str(), message.headers.len()), ("a-1", 1));
    }

    #[test]
    fn binary_has_the_attributes_as_headers_and_the_data_as_body() {
        let message = Message::of(EVENT.as_bytes(), Mode::Binary).unwrap();
        assert_eq!(message.body, r#"{"a":"é","b":1}"#.as_bytes());
        assert_eq!(header(&message, "ce-subject"), Some("Zo%C3%AB%20%22Z%22%20100%25"));
        assert_eq!(
            (header(&message, "ce-urgent"), header(&message, "ce-n"), header(&message, "ce-id")),
            (Some("true"), Some("7"), Some("a-1"))
        );
        assert_eq!((header(&message, "ce-datacontenttype"), header(&message, "content-type")), (None, Some("application/json")));
        assert_eq!((header(&message, "ce-nothing"), header(&message, "ce-data")), (None, None));
    }

    #[test]
    fn an_event_without_data_has_no_body_and_says_no_content_type() {
        let message = Message::of(br#"{"specversion":"1.0","id":"a","source":"b","type":"c"}"#, Mode::Binary).unwrap();
        assert_eq!((message.body.len(), header(&message, "content-type")), (0, None));
    }

    #[test]
    fn the_example_of_the_binding() {
        assert_eq!(encode("Euro € 😀"), "Euro%20%E2%82%AC%20%F0%9F%98%80");
    }

    #[test]
    fn what_is_no_event_is_unfit_in_both_modes_and_says_where_without_content() {
        let base = r#"{"specversion":"1.0","id":"a","source":"b","type":"c"}"#;
        let with = |more: &str| base.replace('}', &format!(",{more}}}"));
        for (event, pointer) in [
            ("[]".to_owned(), ""),
            ("{".to_owned(), ""),
            (base.replace("\"a\"", "\"\""), "/id"),
            (base.replace("\"a\"", "\"a\\r\\nX: 1\""), "/id"),
            (base.replace("\"type\":\"c\"", "\"x\":1"), "/type"),
            (with(r#""Jansen":1"#), ""),
            (with(r#""jansen":[1]"#), ""),
            (with(r#""subject":1.5"#), "/subject"),
            (with(r#""data_base64":"aGE=""#), "/data_base64"),
            (with(r#""datacontenttype":"text/plain","data":"x""#), "/datacontenttype"),
        ] {
            for mode in [Mode::Structured, Mode::Binary] {
                let error = Message::of(event.as_bytes(), mode).unwrap_err();
                assert_eq!(error.pointer, pointer, "{event}");
                assert!(!error.to_string().to_lowercase().contains("jansen"), "{error}");
            }
        }
    }

    proptest! {
        #[test]
        fn every_attribute_value_fits_into_a_header_and_comes_back(text: String) {
            let encoded = encode(&text);
            prop_assert!(encoded.bytes().all(|b| b.is_ascii_graphic() && b != b'"'));
            let mut bytes = encoded.bytes();
            let mut decoded = Vec::new();
            while let Some(byte) = bytes.next() {
                if byte == b'%' {
                    let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                    decoded.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
                } else {
                    decoded.push(byte);
                }
            }
            prop_assert_eq!(String::from_utf8(decoded).unwrap(), text);
        }
    }
}
