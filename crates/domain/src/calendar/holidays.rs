//! The generally recognised holidays of the Algemene termijnenwet, and the terms that depend on them.
//!
//! Art. 3(1): New Year's Day, Easter Monday, Ascension Day, Whit Monday, both days of Christmas, the day on which the King's birthday is
//! celebrated, and the fifth of May. Art. 3(2) makes Good Friday equal to them (decision 21).

use jiff::{
    Span,
    civil::{Date, Weekday, date},
};

use super::LegalDay;

/// The first King's Day; before it the Queen's birthday was celebrated on 30 April.
const FIRST_KINGS_DAY: i16 = 2014;

impl LegalDay {
    /// Whether it is a Saturday, a Sunday or a holiday in the sense of the Algemene termijnenwet art. 3.
    pub fn is_free(self) -> bool {
        matches!(self.0.weekday(), Weekday::Saturday | Weekday::Sunday) || is_holiday(self.0)
    }

    /// So many calendar days later. The last representable day saturates.
    #[must_use]
    pub fn plus_days(self, days: u16) -> Self {
        Self(self.0.saturating_add(Span::new().days(days)))
    }

    /// So many calendar days earlier. The first representable day saturates.
    #[must_use]
    pub fn minus_days(self, days: u16) -> Self {
        Self(self.0.saturating_sub(Span::new().days(days)))
    }

    /// So many working days later; the day itself does not count.
    #[must_use]
    pub fn plus_working_days(self, days: u16) -> Self {
        let mut day = self;
        for _ in 0..days {
            day = day.plus_days(1).or_next_working_day();
        }
        day
    }

    /// The end of a term that a law sets: over a weekend or holiday it extends to the next day that is neither (Algemene termijnenwet
    /// art. 1(1)).
    #[must_use]
    pub fn or_next_working_day(self) -> Self {
        let mut day = self;
        while day.is_free() && day.0 < Date::MAX {
            day = day.plus_days(1);
        }
        day
    }

    /// Whole days from `earlier` to this day; none if it lies before.
    pub fn days_since(self, earlier: Self) -> u32 {
        self.0.since((jiff::Unit::Day, earlier.0)).map_or(0, |span| u32::try_from(span.get_days()).unwrap_or(0))
    }
}

fn is_holiday(day: Date) -> bool {
    let fixed = matches!((day.month(), day.day()), (1, 1) | (5, 5) | (12, 25 | 26));
    let easter = easter(day.year());
    // Good Friday, Easter Monday, Ascension Day, Whit Monday
    let movable = [-2, 1, 39, 50].into_iter().any(|days| easter.checked_add(Span::new().days(days)).is_ok_and(|holiday| holiday == day));
    fixed || movable || day == kings_day(day.year())
}

/// 27 April, before 2014 30 April; the day before if that is a Sunday.
fn kings_day(year: i16) -> Date {
    let birthday = if year < FIRST_KINGS_DAY { date(year, 4, 30) } else { date(year, 4, 27) };
    if birthday.weekday() == Weekday::Sunday { birthday.saturating_sub(Span::new().days(1)) } else { birthday }
}

/// Easter Sunday of the Gregorian calendar (the anonymous computus).
fn easter(year: i16) -> Date {
    let year_number = i32::from(year);
    let golden = year_number.rem_euclid(19);
    let (century, rest) = (year_number.div_euclid(100), year_number.rem_euclid(100));
    let correction = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - correction + 15).rem_euclid(30);
    let weekday = (32 + 2 * (century % 4) + 2 * (rest / 4) - epact - rest % 4).rem_euclid(7);
    let shift = (golden + 11 * epact + 22 * weekday) / 451;
    let sum = epact + weekday - 7 * shift + 114;
    let (month, day) = (sum / 31, sum % 31 + 1);
    // the computus gives March or April of a year that has them
    Date::new(year, i8::try_from(month).unwrap_or(4), i8::try_from(day).unwrap_or(1)).unwrap_or(date(year, 4, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> LegalDay {
        text.parse().unwrap()
    }

    #[test]
    fn the_holidays_of_the_algemene_termijnenwet() {
        let free = [
            // Good Friday, Easter Monday, King's Day, 5 May, Ascension Day, Whit Monday, Christmas of 2024
            "2024-01-01",
            "2024-03-29",
            "2024-04-01",
            "2024-04-27",
            "2024-05-09",
            "2024-05-20",
            "2024-12-25",
            "2024-12-26",
            // King's Day a day earlier, for the 27th was a Sunday
            "2025-04-26",
            "2025-05-05",
            // the Queen's
            "2013-04-30",
            "2011-04-30",
        ];
        for text in free {
            assert!(is_holiday(day(text).0), "{text}");
        }
        for text in ["2024-03-28", "2024-04-30", "2025-04-28", "2024-05-10", "2024-12-24", "2024-12-31", "2006-04-30"] {
            assert!(!is_holiday(day(text).0), "{text}");
        }
    }

    #[test]
    fn easter_of_known_years() {
        for (year, sunday) in [(2008, "2008-03-23"), (2011, "2011-04-24"), (2019, "2019-04-21"), (2024, "2024-03-31"), (2038, "2038-04-25")]
        {
            assert_eq!(LegalDay(easter(year)), day(sunday));
        }
    }

    #[test]
    fn working_days_skip_weekends_and_holidays() {
        assert_eq!(day("2024-09-03").plus_working_days(10), day("2024-09-17"));
        // Good Friday and Easter Monday
        assert_eq!(day("2024-03-25").plus_working_days(10), day("2024-04-10"));
        // King's Day on a Saturday takes none; 5 May 2025 on a Monday takes one
        assert_eq!(day("2024-04-22").plus_working_days(5), day("2024-04-29"));
        assert_eq!(day("2025-04-30").plus_working_days(3), day("2025-05-06"));
    }

    #[test]
    fn a_term_set_by_law_extends_over_weekends_and_holidays() {
        assert_eq!(day("2024-10-01").or_next_working_day(), day("2024-10-01"));
        assert_eq!(day("2024-09-28").or_next_working_day(), day("2024-09-30"));
        assert_eq!(day("2024-03-29").or_next_working_day(), day("2024-04-02"));
        assert_eq!(day("2024-12-25").or_next_working_day(), day("2024-12-27"));
    }

    #[test]
    fn days_between() {
        assert_eq!(day("2024-10-03").days_since(day("2024-10-01")), 2);
        assert_eq!(day("2024-10-01").days_since(day("2024-10-03")), 0);
        assert_eq!(day("2025-01-01").days_since(day("2024-01-01")), 366);
    }
}
