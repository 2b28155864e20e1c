//! Plausibility before forwarding: the quality of data is checked as far as practicable (Wjsg art. 3 lid 5). What is in doubt is held for
//! the triage desk and not sent.

use jiff::Span;
use serde_json::Value;

use crate::{
    calendar::LegalDay,
    case::{Case, Served, Title},
    registers::At,
};

/// Deprivations of liberty that began longer ago than this are looked at by a person: nearly always the year is wrong.
const LONG_AGO_YEARS: i32 = 10;

/// Why a message is not plausible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Doubt {
    /// The person is in another prison, and that detention has not ended.
    HeldElsewhere,
    /// The deprivation of liberty begins after today.
    StartInFuture,
    /// It began more than ten years ago.
    StartLongAgo,
    /// The date of release lies before the start.
    ReleaseBeforeStart,
}

impl Doubt {
    /// Whether it is about the admission itself: then everything else of the case waits too.
    pub fn is_of_admission(self) -> bool {
        match self {
            Self::HeldElsewhere | Self::StartInFuture | Self::StartLongAgo => true,
            Self::ReleaseBeforeStart => false,
        }
    }

    /// The code, as the desk sees it.
    pub fn code(self) -> &'static str {
        match self {
            Self::HeldElsewhere => "HELD_ELSEWHERE",
            Self::StartInFuture => "START_IN_FUTURE",
            Self::StartLongAgo => "START_LONG_AGO",
            Self::ReleaseBeforeStart => "RELEASE_BEFORE_START",
        }
    }
}

fn day(data: &Value, pointer: &str) -> Option<LegalDay> {
    data.pointer(pointer)?.as_str()?.parse().ok()
}

/// What is not plausible about this message by itself or beside what the case knows.
pub fn doubt(event: &str, data: &Value, case: &Case, at: At) -> Option<Doubt> {
    let today = LegalDay::of(at.valid);
    match event {
        "detention-started" => {
            let start = day(data, "/detention/start")?;
            let long_ago = today.0.checked_sub(Span::new().years(LONG_AGO_YEARS)).ok()?;
            if start > today {
                Some(Doubt::StartInFuture)
            } else if start.0 < long_ago {
                Some(Doubt::StartLongAgo)
            } else {
                None
            }
        }
        "release-date-set" | "release-date-changed" => {
            let (release, start) = (day(data, "/release/date")?, case.start(at)?);
            (release < start).then_some(Doubt::ReleaseBeforeStart)
        }
        _ => None,
    }
}

/// Whether the desk looks at somebody of this title: who is not served is not shown to it either (decisions 16 and 20).
pub fn is_looked_at(data: &Value, case: &Case, at: At) -> bool {
    let stated = data.pointer("/detention/title").and_then(|title| serde_json::from_value::<Title>(title.clone()).ok());
    stated.map_or_else(|| case.served(at), Title::served) == Served::Everybody
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::case::FactValue;

    fn at(text: &str) -> At {
        At::now(text.parse().unwrap())
    }

    fn started(start: &str) -> Option<Doubt> {
        let case = Case::new("d-1".parse().unwrap());
        doubt("detention-started", &json!({"detention": {"start": start}}), &case, at("2024-09-03T22:30:00Z"))
    }

    #[test]
    fn a_start_is_today_or_before_and_not_long_ago() {
        assert_eq!(started("2024-09-04"), None, "half past midnight in Amsterdam");
        assert_eq!(started("2024-09-05"), Some(Doubt::StartInFuture));
        assert_eq!(started("2014-09-04"), None, "ten years to the day");
        assert_eq!(started("2014-09-03"), Some(Doubt::StartLongAgo));
    }

    #[test]
    fn nobody_is_released_before_he_came() {
        let mut case = Case::new("d-1".parse().unwrap());
        let release = |date: &str| json!({"release": {"date": date, "kind": "END_OF_SENTENCE", "certainty": "FIRM"}});
        let now = at("2024-09-03T10:00:00Z");
        assert_eq!(doubt("release-date-set", &release("2024-09-01"), &case, now), None, "no start is known");
        case.record(FactValue::Start("2024-09-02".parse().unwrap()), now.valid, now.known);
        assert_eq!(doubt("release-date-set", &release("2024-09-01"), &case, now), Some(Doubt::ReleaseBeforeStart));
        assert_eq!(doubt("release-date-changed", &release("2024-09-02"), &case, now), None, "the same day");
    }

    #[test]
    fn who_is_not_served_is_not_shown_to_the_desk() {
        let case = Case::new("d-1".parse().unwrap());
        let now = at("2024-09-03T10:00:00Z");
        assert!(is_looked_at(&json!({"detention": {"title": "SENTENCE"}}), &case, now));
        assert!(is_looked_at(&json!({}), &case, now));
        assert!(!is_looked_at(&json!({"detention": {"title": "VRIS"}}), &case, now));
    }
}
