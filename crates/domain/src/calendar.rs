//! The legal day: a day begins at 00:00 Europe/Amsterdam (decision 17).

use jiff::{
    Timestamp,
    civil::{self, Date},
    tz::TimeZone,
};

mod holidays;

static AMSTERDAM: TimeZone = jiff::tz::get!("Europe/Amsterdam");

/// A calendar day in the Netherlands, the unit in which law and consents begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct LegalDay(pub Date);

impl LegalDay {
    /// The legal day that contains `instant`.
    pub fn of(instant: Timestamp) -> Self {
        Self(AMSTERDAM.to_datetime(instant).date())
    }

    /// The first instant of this day. The last representable day saturates.
    pub fn begins(self) -> Timestamp {
        AMSTERDAM.to_ambiguous_timestamp(self.0.at(0, 0, 0, 0)).compatible().unwrap_or(Timestamp::MAX)
    }

    /// When it is that hour of this day. An hour that the clock leaves out or repeats is the first that comes.
    pub fn at_hour(self, hour: i8) -> Timestamp {
        AMSTERDAM.to_ambiguous_timestamp(self.0.at(hour, 0, 0, 0)).compatible().unwrap_or(Timestamp::MAX)
    }

    /// The day before. The first representable day saturates.
    #[must_use]
    pub fn yesterday(self) -> Self {
        self.0.yesterday().map_or(self, Self)
    }

    /// The first instant after this day: `until` dates whose last day is included end here.
    pub fn ends(self) -> Timestamp {
        self.0.tomorrow().map_or(Timestamp::MAX, |day| Self(day).begins())
    }
}

impl std::fmt::Display for LegalDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for LegalDay {
    type Err = jiff::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// A day of the week, as register files have it (`tuesday`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the days of the week")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl From<LegalDay> for Weekday {
    fn from(day: LegalDay) -> Self {
        match day.0.weekday() {
            civil::Weekday::Monday => Self::Monday,
            civil::Weekday::Tuesday => Self::Tuesday,
            civil::Weekday::Wednesday => Self::Wednesday,
            civil::Weekday::Thursday => Self::Thursday,
            civil::Weekday::Friday => Self::Friday,
            civil::Weekday::Saturday => Self::Saturday,
            civil::Weekday::Sunday => Self::Sunday,
        }
    }
}

/// A half-open period of legal days: `from` included, `until` excluded, either open when absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// First day; always valid before it when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<LegalDay>,
    /// First day that no longer counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<LegalDay>,
}

impl Period {
    /// Whether `instant` lies in the period.
    pub fn contains(&self, instant: Timestamp) -> bool {
        self.from.is_none_or(|day| day.begins() <= instant) && self.until.is_none_or(|day| instant < day.begins())
    }

    /// Whether the period begins after `instant`.
    pub fn is_future(&self, instant: Timestamp) -> bool {
        self.from.is_some_and(|day| day.begins() > instant)
    }

    /// The boundaries of the period that lie after `instant`.
    pub fn boundaries_after(&self, instant: Timestamp) -> impl Iterator<Item = Timestamp> {
        [self.from, self.until].into_iter().flatten().map(LegalDay::begins).filter(move |at| *at > instant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_legal_day_begins_at_midnight_in_amsterdam() {
        let before: Timestamp = "2021-06-30T21:59:59Z".parse().unwrap();
        let after: Timestamp = "2021-06-30T22:00:00Z".parse().unwrap();
        assert_eq!(LegalDay::of(before).to_string(), "2021-06-30");
        assert_eq!(LegalDay::of(after).to_string(), "2021-07-01");
        assert_eq!(LegalDay::of(after).begins(), after);
        assert_eq!(LegalDay::of(before).ends(), after);
    }

    #[test]
    fn a_legal_day_has_its_day_of_the_week() {
        let week = (4..=10).map(|day| Weekday::from(LegalDay(civil::date(2024, 3, day)))).collect::<Vec<_>>();
        let words = serde_json::to_value(&week).unwrap();
        let expected = serde_json::json!(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]);
        assert_eq!(words, expected, "4 March 2024 was a Monday");
    }

    #[test]
    fn until_is_exclusive() {
        let period = Period { from: Some("2019-01-01".parse().unwrap()), until: Some("2021-07-01".parse().unwrap()) };
        assert!(period.contains("2021-06-30T23:59:59+02:00".parse().unwrap()));
        assert!(!period.contains("2021-07-01T00:00:00+02:00".parse().unwrap()));
        assert!(!period.contains("2018-12-31T23:59:59+01:00".parse().unwrap()));
    }
}
