use serde_json::json;

use super::*;

const COLUMNS: &str = r#"
detention     = "NR"
surname       = "NAAM"
birth-date    = "GEBOREN"
bsn           = "BSN"
start         = "INSLUITING"
municipality  = { jq = '"0000" + .GEM | .[-4:]' }
postal-code   = "PC"
release-date  = "EINDE"
release-kind  = { jq = '{"S": "END_OF_SENTENCE", "VI": "CONDITIONAL_RELEASE"}[.SOORT]' }
departure-date = "VERTREK"
departure-kind = "VERTREKSOORT"
departure-to   = "NAAR"
"#;

fn mapping() -> Mapping {
    Mapping::new("columns", &toml::from_str(COLUMNS).unwrap(), Some("%d-%m-%Y")).unwrap()
}

fn row(line: u64, values: Value) -> Row {
    Row { line, values }
}

fn good(reference: &str) -> Value {
    json!({ "NR": reference, "NAAM": "Fictiva", "GEBOREN": "29-02-1988", "BSN": "", "INSLUITING": "01-09-2024", "GEM": "193", "PC": "8011 aa", "EINDE": "01-12-2024", "SOORT": "VI" })
}

fn read(rows: Vec<Row>) -> Mapped {
    mapping().read(&Rows(rows), &Catalogue::load().unwrap())
}

#[test]
fn a_row_becomes_a_stay() {
    let mapped = read(vec![row(2, good("D-1"))]);
    assert_eq!(mapped.bad, []);
    let stay = &mapped.stays[0];
    assert_eq!(
        stay.started(),
        json!({
            "person": { "identity": { "surname": "Fictiva", "birthDate": "1988-02-29" } },
            "detention": { "start": "2024-09-01" },
            "residence": { "candidates": [{ "source": "BRP_AT_START", "municipality": "0193", "kind": "HOME", "postalCode": "8011AA" }] }
        })
    );
    assert_eq!(
        stay.release.as_ref().unwrap().part(None),
        json!({ "date": "2024-12-01", "kind": "CONDITIONAL_RELEASE", "certainty": "EXPECTED" })
    );
}

#[test]
fn a_row_that_cannot_be_read_says_where_and_not_what() {
    let with = |name: &str, value: &str| {
        let mut values = good("D-1");
        values[name] = json!(value);
        let mapped = read(vec![row(7, values)]);
        assert!(mapped.stays.is_empty());
        assert_eq!(mapped.unread.len(), 1, "the person is there");
        (mapped.bad[0].line, mapped.bad[0].detail.clone())
    };
    assert_eq!(with("GEBOREN", "31-02-1988"), (7, "BirthDate: a date as the configuration writes it".to_owned()));
    assert_eq!(with("VERTREK", "02-09-2024"), (7, "DepartureKind: how the person left".to_owned()));
    assert!(with("GEM", "abcd").1.starts_with("/data/residence/candidates/0/municipality"));
    assert_eq!(with("NR", "999990019"), (7, "Detention: a reference that is no BSN".to_owned()));
    assert!(with("BSN", "123456789").1.starts_with("/data/person/identity/bsn"));
}

#[test]
fn two_rows_with_one_reference_are_one_if_they_are_equal() {
    let twice = read(vec![row(2, good("D-1")), row(3, good("D-1"))]);
    assert_eq!((twice.stays.len(), twice.bad.len()), (1, 0));
    let mut other = good("D-1");
    other["NAAM"] = json!("Anders");
    let different = read(vec![row(2, good("D-1")), row(3, other), row(4, good("D-2"))]);
    assert_eq!(different.stays.iter().map(|stay| stay.detention.as_str()).collect::<Vec<_>>(), ["D-2"]);
    assert_eq!(different.bad[0].code, Code::TwoRows);
}

#[test]
fn what_every_row_has_needs_a_column() {
    let error = Mapping::new("export.tulp.columns", &toml::from_str("detention = \"NR\"\n").unwrap(), None).unwrap_err();
    assert_eq!(error.to_string(), "export.tulp.columns: a column for Surname, which every row has");
}
