//! What became of a municipality: mergers and splits with their days (Weesp on 24 March 2022, not on 1 January).

use std::sync::LazyLock;

use crate::{calendar::LegalDay, ids::MunicipalityCode};

const TABLE: &str = include_str!("../../../config/reference/reorganisations.csv");

/// One municipality that ended on a day.
struct Ended {
    on: LegalDay,
    old: MunicipalityCode,
    successors: Vec<MunicipalityCode>,
}

static ENDED: LazyLock<Vec<Ended>> = LazyLock::new(|| TABLE.lines().skip(1).filter_map(row).collect());

/// Reads `effective_date,old_code,new_codes,kind,status`; planned rows do not count (decision 5).
fn row(line: &str) -> Option<Ended> {
    let mut columns = line.split(',').map(|column| column.trim_matches('"'));
    let (on, old, new) = (columns.next()?, columns.next()?, columns.next()?);
    let confirmed = columns.nth(1) == Some("confirmed");
    let successors = new.split(';').map(str::parse).collect::<Result<_, _>>().ok()?;
    confirmed.then(|| Some(Ended { on: on.parse().ok()?, old: old.parse().ok()?, successors })).flatten()
}

/// A municipality of the table that has ended.
#[derive(Debug, Clone, Copy)]
pub struct Past<'a> {
    /// Its code.
    pub code: &'a MunicipalityCode,
    /// The first day after it.
    pub on: LegalDay,
    /// What came after it.
    pub into: &'a [MunicipalityCode],
}

/// The municipalities of the table that have ended by `day`.
pub fn ended(day: LegalDay) -> impl Iterator<Item = Past<'static>> {
    let past = |ended: &'static Ended| Past { code: &ended.old, on: ended.on, into: &ended.successors };
    ENDED.iter().filter(move |ended| ended.on <= day).map(past)
}

/// The days on which municipalities of the table ended.
pub fn days() -> impl Iterator<Item = LegalDay> {
    ENDED.iter().map(|ended| ended.on)
}

/// What a code stands for on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Current {
    /// One municipality: itself or its successor.
    One(MunicipalityCode),
    /// It was split: the address decides, a person has to look (decision 20).
    Split,
}

/// Follows `code` through reorganisations up to `day`.
pub fn current(code: &MunicipalityCode, day: LegalDay) -> Current {
    let mut code = code;
    // at most as many steps as there are rows: no circle can hold us
    for _ in 0..=ENDED.len() {
        match ENDED.iter().find(|ended| ended.old == *code && ended.on <= day) {
            None => break,
            Some(Ended { successors, .. }) => match successors.as_slice() {
                [one] => code = one,
                _ => return Current::Split,
            },
        }
    }
    Current::One(code.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(code: &str, day: &str) -> Current {
        current(&code.parse().unwrap(), day.parse().unwrap())
    }

    fn one(code: &str) -> Current {
        Current::One(code.parse().unwrap())
    }

    #[test]
    fn a_merger_counts_from_its_day() {
        assert_eq!(on("0786", "2021-12-31"), one("0786"), "Grave");
        assert_eq!(on("0786", "2022-01-01"), one("1982"), "Land van Cuijk");
        assert_eq!(on("0457", "2022-03-23"), one("0457"), "Weesp, not on 1 January");
        assert_eq!(on("0457", "2022-03-24"), one("0363"), "Amsterdam");
    }

    #[test]
    fn a_split_has_no_single_successor() {
        assert_eq!(on("0788", "2021-01-01"), Current::Split, "Haaren");
    }

    #[test]
    fn a_planned_merger_does_not_count() {
        assert_eq!(on("1696", "2027-06-01"), one("1696"), "Wijdemeren");
    }
}
