use serde_json::json;

use super::*;

fn csv(trailer: Option<&str>) -> Format {
    Format::Csv { separator: ';', trailer: trailer.map(str::to_owned) }
}

fn values(bytes: &[u8], format: &Format) -> Result<Vec<Value>, Unreadable> {
    read(bytes, format, Encoding::Utf8).map(|rows| rows.0.into_iter().map(|row| row.values).collect())
}

#[test]
fn a_csv_list_has_names_rows_and_a_number_of_rows() {
    let text = b"NR;NAAM\nD-1;Fictiva\nD-2;\"van; Proef\"\nEINDE;2\n";
    assert_eq!(
        values(text, &csv(Some("EINDE"))).unwrap(),
        [json!({ "NR": "D-1", "NAAM": "Fictiva" }), json!({ "NR": "D-2", "NAAM": "van; Proef" })]
    );
}

#[test]
fn a_csv_list_that_is_cut_anywhere_is_truncated_or_garbled() {
    let text = b"NR;NAAM\nD-1;Fictiva\nD-2;\"van; Proef\"\nEINDE;2\n";
    for length in 0..text.len() {
        let error = values(&text[..length], &csv(Some("EINDE"))).expect_err(&format!("cut after {length} bytes"));
        assert!(matches!(error, Unreadable::Truncated(_) | Unreadable::Garbled { .. }));
    }
    assert_eq!(
        values(b"NR;NAAM\nD-1;Fictiva\nEINDE;2\n", &csv(Some("EINDE"))),
        Err(Unreadable::Truncated("another number of rows than the list says it has"))
    );
}

#[test]
fn a_row_with_a_value_too_few_is_shown_by_its_line() {
    let error = values(b"NR;NAAM\nD-1;Fictiva\nD-2\n", &csv(None)).unwrap_err();
    assert_eq!(error.to_string(), "line 3: as many values as names");
}

#[test]
fn text_in_the_wrong_encoding_is_not_taken() {
    let latin = b"NR;NAAM\nD-1;Ren\xE9e\n";
    assert_eq!(values(latin, &csv(None)).unwrap_err().to_string(), "line 2: UTF-8");
    let rows = read(latin, &csv(None), Encoding::Windows1252).unwrap();
    assert_eq!(rows.0[0].values, json!({ "NR": "D-1", "NAAM": "Renée" }));
    assert!(values("NR;NAAM\nD-1;Ren\u{FFFD}e\n".as_bytes(), &csv(None)).is_err(), "lost by an earlier program");
}

#[test]
fn a_json_list_is_where_it_is_said_to_be() {
    let format = Format::Json { rows: "/lijst".to_owned(), count: Some("/aantal".to_owned()) };
    let text = r#"{"aantal":1,"lijst":[{"nr":"D-1","naam":{"achter":"Fictiva"}}]}"#;
    assert_eq!(values(text.as_bytes(), &format).unwrap(), [json!({ "nr": "D-1", "naam": { "achter": "Fictiva" } })]);
    assert_eq!(values(&text.as_bytes()[..40], &format), Err(Unreadable::Truncated("the end of the document")));
    assert!(values(br#"{"aantal":2,"lijst":[{"nr":"D-1"}]}"#, &format).is_err());
}

#[test]
fn an_xml_list_has_an_element_for_each_row() {
    let format = Format::Xml { row: "gedetineerde".to_owned(), count: Some("aantal".to_owned()) };
    let text = r#"<?xml version="1.0"?><t:lijst xmlns:t="urn:x" aantal="2">
      <t:gedetineerde nr="D-1"><naam>Ren&#233;e &amp; <![CDATA[<Co>]]></naam><adres><postcode>8011 AA</postcode></adres></t:gedetineerde>
      <t:gedetineerde nr="D-2"/></t:lijst>"#;
    // an element without text has no values but its attributes
    assert_eq!(
        values(text.as_bytes(), &format).unwrap(),
        [json!({ "@nr": "D-1", "naam": "Renée & <Co>", "adres": { "postcode": "8011 AA" } }), json!({ "@nr": "D-2" })]
    );
    for length in 1..text.len() - 1 {
        if text.is_char_boundary(length) {
            assert!(values(&text.as_bytes()[..length], &format).is_err(), "cut after {length} bytes");
        }
    }
}

#[test]
fn xml_brings_no_entities_along() {
    let format = Format::Xml { row: "r".to_owned(), count: None };
    assert_eq!(
        values(b"<!DOCTYPE a [<!ENTITY b \"c\">]><a><r><n>&b;</n></r></a>", &format).unwrap_err().to_string(),
        "line 1: no document type"
    );
    assert!(values(b"<a><r><n>&b;</n></r></a>", &format).is_err());
}
