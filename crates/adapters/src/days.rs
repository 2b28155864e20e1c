//! The legal day: a date in the Netherlands, which begins at 00:00 Europe/Amsterdam (decision 17).

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

/// The zone in which files and desks write their times. The zone's rules are part of the program.
pub(crate) fn zone() -> TimeZone {
    TimeZone::get("Europe/Amsterdam").unwrap_or(TimeZone::UTC)
}

/// The day on which an instant falls.
pub(crate) fn day(at: Timestamp) -> Date {
    at.to_zoned(zone()).date()
}

/// The instant of a date and time on a Dutch clock; of two that a change of the clock makes, the earlier.
pub(crate) fn instant(at: DateTime) -> Option<Timestamp> {
    at.to_zoned(zone()).ok().map(|zoned| zoned.timestamp())
}

/// The first instant of a day.
pub(crate) fn midnight(day: Date) -> Timestamp {
    instant(day.at(0, 0, 0, 0)).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_the_netherlands() {
        let begins = midnight("2024-07-01".parse().unwrap());
        assert_eq!(begins.to_string(), "2024-06-30T22:00:00Z");
        assert_eq!(day(begins).to_string(), "2024-07-01");
    }
}
