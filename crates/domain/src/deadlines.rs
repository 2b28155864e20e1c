//! Until when what has to be done, and when the hub says so.
//!
//! Pure: from agreement, case facts and calendar to a list of [`Notice`]s, past and future. The hub tells those whose instant has come
//! and that it has not told yet ([`Watch`]), and looks again at the next instant.
//!
//! | about | clock | due | law |
//! |---|---|---|---|
//! | first visit, TBO | start of the deprivation of liberty | calendar days of the agreement | agreement; no extension (decision 21) |
//! | screening | entry in a prison | working days of the agreement | agreement |
//! | plan | entry in a prison | four weeks; ISD: a month | Pbw art. 18a lid 1, 18c; Algemene termijnenwet art. 1 lid 1 |
//! | release | the announced date | 28 days before to probation; 28, 14 and 2 to the municipality | RR95 art. 11 lid 2; decision 7 |
//!
//! A reminder comes two days before, an alarm the day after. A transfer resets nothing: the agreement is that of the prison that took the
//! person in. Dates are announced ones, and carry their certainty.

use std::{collections::BTreeSet, fmt};

use jiff::Timestamp;

use crate::{
    calendar::LegalDay,
    case::{Case, Certainty, Duty, FactValue, Meeting, Served, Title},
    registers::{Agreement, At},
};

/// Days between a reminder and what it reminds of.
const REMINDER: u16 = 2;
/// Days before a release at which probation hears of it (RR95 art. 11 lid 2: at least four weeks).
const TO_PROBATION: [u16; 1] = [28];
/// Days before a release at which the municipality hears of it (decision 7).
const TO_MUNICIPALITY: [u16; 3] = [28, 14, 2];
/// Four weeks, in days.
const PLAN: u16 = 28;
/// Whoever came in before this day has no plan term: the Wet straffen en beschermen laid the duty on the director from it on.
const PLAN_SINCE: LegalDay = LegalDay(jiff::civil::date(2021, 7, 1));

/// What a deadline is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum About {
    /// Something that somebody has to do.
    Duty(Duty),
    /// The release.
    Release,
}

/// Who hears of a release that is near.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the words of the triad")]
pub enum Audience {
    Probation,
    Municipality,
}

/// What the hub says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The announced stay is shorter than the term of the TBO: it is better held outside.
    ShortStay,
    /// The TBO is planned in a prison that will not hold the person then.
    Collision {
        /// The planned meeting.
        meeting: Timestamp,
    },
    /// The day is near.
    Near,
    /// The release is so many days away.
    Imminent {
        /// Days before it.
        days: u16,
        /// Who is told.
        to: Audience,
    },
    /// The day has passed.
    Missed,
}

/// What identifies a notice: it is told once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Told {
    /// What it is about.
    pub about: About,
    /// The last day, or the day of release, or of the meeting.
    pub due: LegalDay,
    /// What is said.
    pub what: What,
}

impl fmt::Display for Told {
    /// The words from which the id of its message is derived.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = match self.about {
            About::Duty(duty) => duty.word(),
            About::Release => "release",
        };
        write!(f, "{about} {} ", self.due)?;
        match self.what {
            What::ShortStay => f.write_str("short-stay"),
            What::Collision { meeting } => write!(f, "collision {meeting}"),
            What::Near => f.write_str("near"),
            What::Imminent { days, to: Audience::Probation } => write!(f, "imminent {days} probation"),
            What::Imminent { days, to: Audience::Municipality } => write!(f, "imminent {days} municipality"),
            What::Missed => f.write_str("missed"),
        }
    }
}

/// Something that the hub has to say, at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// What.
    pub told: Told,
    /// From when on.
    pub at: Timestamp,
    /// How certain the announced date is that it rests on.
    pub certainty: Option<Certainty>,
}

/// What was told of a case, and when it is looked at again.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Watch {
    /// Each once, also after a crash or an outage.
    #[serde(default)]
    pub told: BTreeSet<Told>,
    /// The instant of its timer.
    #[serde(default)]
    pub wakes: Option<Timestamp>,
}

/// Something that has to be done by a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// What.
    pub duty: Duty,
    /// The last day.
    pub due: LegalDay,
    /// Since when the date on which its clock began is known.
    pub known: Timestamp,
}

/// The deadlines of a case whose clock has begun, done or not.
pub fn deadlines(case: &Case, agreement: Option<&Agreement>, at: At) -> Vec<Deadline> {
    let start = known_since(case, at, |value| if let FactValue::Start(day) = value { Some(*day) } else { None });
    let entry = known_since(case, at, |value| if let FactValue::PiEntry(day) = value { Some(*day) } else { None }).or(start);
    let of = |duty, clock: Option<(LegalDay, Timestamp)>, due: &dyn Fn(LegalDay) -> Option<LegalDay>| {
        clock.and_then(|(day, known)| due(day).map(|due| Deadline { duty, due, known }))
    };
    let plan = |entry: LegalDay| {
        let isd = case.title(at) == Some(Title::Isd);
        let due = if isd { LegalDay(entry.0.saturating_add(jiff::Span::new().months(1))) } else { entry.plus_days(PLAN) };
        (entry >= PLAN_SINCE).then(|| due.or_next_working_day())
    };
    let all = [
        of(Duty::FirstVisit, start, &|day| agreement?.first_visit_calendar_days.map(|days| day.plus_days(days))),
        of(Duty::Tbo, start, &|day| agreement?.tbo_calendar_days.map(|days| day.plus_days(days))),
        of(Duty::Screening, entry, &|day| agreement?.screening_working_days.map(|days| day.plus_working_days(days))),
        of(Duty::Plan, entry, &plan),
    ];
    all.into_iter().flatten().collect()
}

/// Everything that the hub has to say of a case as it is known, past and future, in the order of its instants.
///
/// A term that had passed before the hub knew of the case is not reminded of and not missed; nor is one of the municipality that had
/// passed before the present one answered for the case, which is `since`: nobody misses what it could not know of. What can no longer be
/// kept is not reminded of: after an outage a reminder whose day has passed is left out, an alarm is not.
pub fn notices(case: &Case, agreement: Option<&Agreement>, since: Option<Timestamp>, at: At) -> Vec<Notice> {
    let Some(opened) = &case.opened else { return Vec::new() };
    // nobody who is at large is expected anywhere: what is missed meanwhile is told on the return
    if is_closed(case, at) || case.at_large(at) || case.served(at) != Served::Everybody {
        return Vec::new();
    }
    let release = release(case, at);
    let mut notices = Vec::new();
    for deadline in deadlines(case, agreement, at) {
        let told = since.filter(|_| deadline.duty.is_of_municipality()).map_or(opened.at, |since| since.max(opened.at));
        if !is_done(case, deadline.duty, at) && deadline.due.ends() > told {
            of_deadline(case, &deadline, release, at, &mut notices);
        }
    }
    notices.extend(collision(case, at));
    if let Some(release) = release {
        of_release(release, at, &mut notices);
    }
    notices.sort_by_key(|notice| (notice.at, notice.told.due, notice.told));
    notices
}

/// Whether nothing runs any more: the detention ended, the person is outside, died, or left for another regime; or its notice was withdrawn
/// and no other followed.
fn is_closed(case: &Case, at: At) -> bool {
    let retracted = case.latest(at, |value| match value {
        FactValue::Start(_) => Some(false),
        FactValue::Retracted => Some(true),
        _ => None,
    });
    if retracted == Some(true) {
        return true;
    }
    let ends = |value: &FactValue| matches!(value, FactValue::Ended | FactValue::Suspended | FactValue::Deceased | FactValue::LeftScope);
    case.facts.iter().any(|fact| fact.recorded <= at.known && fact.from <= at.valid && ends(&fact.value))
}

fn is_done(case: &Case, duty: Duty, at: At) -> bool {
    case.latest(at, |value| (*value == FactValue::Done(duty)).then_some(())).is_some()
}

#[derive(Debug, Clone, Copy)]
struct Release {
    date: LegalDay,
    known: Timestamp,
    certainty: Option<Certainty>,
}

fn release(case: &Case, at: At) -> Option<Release> {
    let (date, known) = known_since(case, at, |value| if let FactValue::Release(date) = value { Some(*date) } else { None })?;
    let certainty = case.latest(at, |value| if let FactValue::Certainty(certainty) = value { Some(*certainty) } else { None });
    Some(Release { date: date?, known, certainty })
}

/// The value that holds, and since when it has been the known one without a break.
fn known_since<T: PartialEq>(case: &Case, at: At, pick: impl Fn(&FactValue) -> Option<T>) -> Option<(T, Timestamp)> {
    let holding = case.facts.iter().rev().filter(|fact| fact.recorded <= at.known && fact.from <= at.valid);
    let mut stated = holding.filter_map(|fact| pick(&fact.value).map(|value| (value, fact.recorded)));
    let (value, mut since) = stated.next()?;
    for (_, recorded) in stated.take_while(|(other, _)| *other == value) {
        since = recorded;
    }
    Some((value, since))
}

fn of_deadline(case: &Case, deadline: &Deadline, release: Option<Release>, at: At, notices: &mut Vec<Notice>) {
    let Deadline { duty, due, known } = *deadline;
    let mut say = |what, from: Timestamp, certainty| {
        notices.push(Notice { told: Told { about: About::Duty(duty), due, what }, at: from.max(known), certainty });
    };
    if at.valid < due.ends() {
        let planned = |meeting: Meeting| LegalDay::of(meeting.at) <= due;
        if !(duty == Duty::Tbo && meeting(case, at).is_some_and(|(meeting, _)| planned(meeting))) {
            say(What::Near, due.minus_days(REMINDER).begins(), None);
        }
        if let (Duty::Tbo, Some(release)) = (duty, release.filter(|release| release.date < due)) {
            say(What::ShortStay, release.known, release.certainty);
        }
    }
    say(What::Missed, due.ends(), None);
}

/// The meeting as planned last, and when that was recorded.
fn meeting(case: &Case, at: At) -> Option<(Meeting, Timestamp)> {
    let (meeting, recorded) = case.facts.iter().rev().filter(|fact| fact.recorded <= at.known).find_map(|fact| match &fact.value {
        FactValue::Tbo(meeting) => Some((*meeting, fact.recorded)),
        _ => None,
    })?;
    Some((meeting?, recorded))
}

/// A meeting ahead in a prison that was right when it was planned and is not any more.
fn collision(case: &Case, at: At) -> Option<Notice> {
    let (meeting, planned) = meeting(case, at).filter(|(meeting, _)| meeting.inside && meeting.at > at.valid)?;
    let place = |known| case.prison(At { valid: meeting.at, known });
    let moved = !is_done(case, Duty::Tbo, at) && place(planned) != place(at.known);
    let told = Told { about: About::Duty(Duty::Tbo), due: LegalDay::of(meeting.at), what: What::Collision { meeting: meeting.at } };
    moved.then_some(Notice { told, at: at.valid, certainty: None })
}

/// Steps that had passed when the date became known are one notice, at once; a date that has passed is none.
fn of_release(release: Release, at: At, notices: &mut Vec<Notice>) {
    if at.valid >= release.date.ends() {
        return;
    }
    for (to, steps) in [(Audience::Probation, TO_PROBATION.as_slice()), (Audience::Municipality, TO_MUNICIPALITY.as_slice())] {
        let begins = |days: u16| release.date.minus_days(days).begins();
        let say = |days, at| Notice {
            told: Told { about: About::Release, due: release.date, what: What::Imminent { days, to } },
            at,
            certainty: release.certainty,
        };
        let passed = steps.iter().copied().filter(|days| begins(*days) <= release.known).min();
        notices.extend(passed.map(|days| say(days, release.known)));
        let ahead = steps.iter().copied().filter(|days| begins(*days) > release.known);
        notices.extend(ahead.map(|days| say(days, begins(days))));
    }
}

#[cfg(test)]
mod tests;
