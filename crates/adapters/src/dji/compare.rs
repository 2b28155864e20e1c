//! A list against what is known: which notices it makes. Pure: the same two always make the same notices.
//!
//! A full list says who is in one prison at one instant. What it does not say is why somebody is no longer on it. So:
//!
//! - Who left and is listed with a departure is told at once, by what the departure says.
//! - Who is missing and whose date of release has come has been released on that date.
//! - Who is missing here and listed by another prison of this adapter has been transferred; only both together say so, whichever list
//!   comes first.
//! - Who is missing for no reason is said to nobody. After the second such list a person is asked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schakelpunt_domain::{DetentionRef, ParticipantId, Source, ids::MessageKey};
use serde_json::{Value, json};

use super::{
    leaving::{self, Told},
    stay::{Arrival, Departure, Known, Leaving, Place, Release, Stay},
};
use crate::{
    alarm::Code,
    days,
    event::{self, Notice},
};

/// What is known, by detention.
pub type Knowledge = BTreeMap<DetentionRef, Known>;
/// The prisons of this adapter, and under which `source` each speaks.
pub type Voices = BTreeMap<ParticipantId, Source>;

/// One list of one prison.
#[derive(Debug, Clone)]
pub struct List {
    /// Whose.
    pub prison: ParticipantId,
    /// As of when.
    pub as_of: Timestamp,
    /// Its rows that could be read.
    pub stays: Vec<Stay>,
    /// References of rows that could not: these persons are there, and nothing else is known of them.
    pub unread: BTreeSet<DetentionRef>,
    /// Whether who is not on it is not there: not so for a single record.
    pub whole: bool,
}

/// What a list makes.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The notices, in the order in which they must go.
    pub notices: Vec<Notice>,
    /// What is known afterwards, of the detentions that the list touched.
    pub known: Knowledge,
    /// What a person should look at.
    pub doubts: Vec<(Code, DetentionRef)>,
    /// How many persons were there before.
    pub before: usize,
    /// How many of them are missing, and nothing explains it.
    pub vanished: usize,
    /// Of how many the identity changed.
    pub corrected: usize,
}

/// Compares.
pub fn compare(known: &Knowledge, list: &List, voices: &Voices) -> Outcome {
    let mut work = Work { known, list, voices, outcome: Outcome::default() };
    for stay in &list.stays {
        work.listed(stay);
    }
    if list.whole {
        let listed: BTreeSet<&DetentionRef> = list.stays.iter().map(|stay| &stay.detention).chain(&list.unread).collect();
        for (detention, known) in known {
            let present = listed.contains(detention);
            if known.prison == list.prison && known.place != Place::Gone {
                work.outcome.before += 1;
                if !present {
                    work.missing(known.clone());
                }
            } else if !present && known.elsewhere.as_ref().is_some_and(|arrival| arrival.prison == list.prison) {
                // it was never here, after all
                work.keep(Known { elsewhere: None, ..known.clone() });
            }
        }
    }
    work.outcome
}

struct Work<'a> {
    known: &'a Knowledge,
    list: &'a List,
    voices: &'a Voices,
    outcome: Outcome,
}

impl Work<'_> {
    fn listed(&mut self, stay: &Stay) {
        let Some(known) = self.known.get(&stay.detention).cloned() else { return self.started(stay) };
        // exports keep those who left for a while
        let has_left = stay.departure.is_some();
        match known.place {
            Place::Gone if has_left => {}
            Place::Gone => self.doubt(Code::BackAfterTheEnd, &stay.detention),
            _ if known.prison == self.list.prison => self.same_prison(stay, known),
            _ if has_left => {}
            _ => self.other_prison(stay, known),
        }
    }

    fn started(&mut self, stay: &Stay) {
        // of somebody who had left before the adapter first heard of it nobody was told
        let Some(source) = self.voices.get(&self.list.prison).filter(|_| stay.departure.is_none()) else { return };
        let opened = MessageKey { source: source.clone(), id: event::message_id(source, &stay.detention, 1) };
        let mut known = Known {
            prison: self.list.prison.clone(),
            stay: stay.clone(),
            as_of: self.list.as_of,
            place: Place::Inside,
            moved: false,
            elsewhere: None,
            said: 0,
            opened,
            dated: false,
        };
        self.say(&mut known, "detention-started", stay.started());
        self.release(None, false, &mut known);
        self.keep(known);
    }

    fn same_prison(&mut self, stay: &Stay, mut known: Known) {
        if known.elsewhere.as_ref().is_some_and(|arrival| arrival.as_of < self.list.as_of) {
            self.doubt(Code::InTwoPrisons, &stay.detention);
        }
        let before = known.place;
        if stay.departure.is_none() {
            known.place = Place::Inside;
        }
        if let (Place::Out(kind), Place::Inside) = (before, known.place) {
            match leaving::back(kind, days::day(self.list.as_of)) {
                Some((event, data)) => self.say(&mut known, event, data),
                None => self.doubt(Code::BackInside, &stay.detention),
            }
        }
        self.differences(stay, &mut known);
        if let Some(departure) = &stay.departure {
            self.departed(departure, &mut known);
        }
        self.keep(known);
    }

    fn other_prison(&mut self, stay: &Stay, mut known: Known) {
        // the lists of a prison that is not ours are never seen
        if matches!(known.place, Place::Missing(_)) || !self.voices.contains_key(&known.prison) {
            self.arrived(Arrival { prison: self.list.prison.clone(), as_of: self.list.as_of, stay: stay.clone() }, known);
        } else {
            let as_of = known.elsewhere.as_ref().map_or(self.list.as_of, |arrival| arrival.as_of);
            known.elsewhere = Some(Arrival { prison: self.list.prison.clone(), as_of, stay: stay.clone() });
            self.keep(known);
        }
    }

    /// Here now, and no longer there. Whoever has the person tells it.
    fn arrived(&mut self, arrival: Arrival, mut known: Known) {
        let Arrival { prison, as_of, stay } = arrival;
        let newer = |entry: &jiff::civil::Date| known.stay.entry.is_none_or(|before| before < *entry);
        let at = stay.entry.filter(newer).map_or(as_of, days::midnight);
        known.prison = prison;
        known.place = Place::Inside;
        known.elsewhere = None;
        known.moved = true;
        let transfer = json!({ "transfer": { "to": known.prison, "at": at } });
        self.say(&mut known, "transferred", transfer);
        self.differences(&stay, &mut known);
        self.keep(known);
    }

    fn missing(&mut self, mut known: Known) {
        if let Some(arrival) = known.elsewhere.take() {
            return self.arrived(arrival, known);
        }
        let release = known.stay.release.clone().filter(|release| release.date <= days::day(self.list.as_of));
        match (known.place, release) {
            (_, Some(release)) => self.departed(&Departure { on: release.date, how: Leaving::Released(release.kind) }, &mut known),
            // told already
            (Place::Out(_) | Place::Gone, None) => {}
            (Place::Inside, None) => {
                self.outcome.vanished += 1;
                known.place = Place::Missing(self.list.as_of);
            }
            (Place::Missing(_), None) => self.doubt(Code::GoneUnexplained, &known.stay.detention.clone()),
        }
        self.keep(known);
    }

    /// What a newer row changes.
    fn differences(&mut self, stay: &Stay, known: &mut Known) {
        let before = std::mem::replace(&mut known.stay, stay.clone());
        // what a list leaves out it does not take back
        known.stay.residence = stay.residence.clone().or_else(|| before.residence.clone());
        if before.identity != stay.identity {
            self.outcome.corrected += 1;
            self.say(known, "identity-corrected", json!({ "person": { "identity": stay.identity } }));
        }
        let title = before.title != stay.title;
        let dates = before.start != stay.start || (before.entry != stay.entry && !known.moved);
        let residence = before.residence != known.stay.residence;
        let release = before.release != stay.release;
        if dates || residence || (title && !release) {
            let mut data = json!({ "detention": stay.detention_part(!known.moved) });
            if let (true, Some(candidates), Some(data)) = (residence, &stay.residence, data.as_object_mut()) {
                data.insert("residence".to_owned(), json!({ "candidates": candidates }));
            }
            self.say(known, "detention-start-corrected", data);
        }
        if release {
            self.release(before.release.as_ref(), title, known);
        }
    }

    /// The date of release as the last row has it, after what the row before had.
    fn release(&mut self, before: Option<&Release>, title: bool, known: &mut Known) {
        let part = match (&known.stay.release, before) {
            (Some(release), before) => release.part(before.map(|before| before.date).filter(|before| *before != release.date)),
            (None, Some(before)) => json!({ "previousDate": before.date, "kind": before.kind, "certainty": "UNKNOWN" }),
            (None, None) => return,
        };
        let mut data = json!({ "release": part });
        if let (true, Some(title), Some(data)) = (title && known.dated, &known.stay.title, data.as_object_mut()) {
            data.insert("detention".to_owned(), json!({ "title": title }));
        }
        let event = if std::mem::replace(&mut known.dated, true) { "release-date-changed" } else { "release-date-set" };
        self.say(known, event, data);
    }

    fn departed(&mut self, departure: &Departure, known: &mut Known) {
        match leaving::told(departure, &known.opened) {
            Told::Over(event, data) => {
                known.place = Place::Gone;
                self.say(known, event, data);
            }
            Told::Out(kind, event, data) => {
                // once
                if std::mem::replace(&mut known.place, Place::Out(kind)) != Place::Out(kind) {
                    self.say(known, event, data);
                }
            }
            Told::Moving(to) => {
                self.say(known, "transferred", json!({ "transfer": { "to": to, "at": days::midnight(departure.on) } }));
                known.prison = to;
                known.place = Place::Inside;
                known.moved = true;
            }
        }
    }

    fn keep(&mut self, mut known: Known) {
        known.as_of = known.as_of.max(self.list.as_of);
        self.outcome.known.insert(known.stay.detention.clone(), known);
    }

    fn doubt(&mut self, code: Code, detention: &DetentionRef) {
        self.outcome.doubts.push((code, detention.clone()));
    }

    /// Says it as the prison that has the person.
    fn say(&mut self, known: &mut Known, event: &'static str, data: Value) {
        let Some(source) = self.voices.get(&known.prison) else { return };
        known.said += 1;
        self.outcome.notices.push(Notice {
            participant: known.prison.clone(),
            source: source.clone(),
            id: event::message_id(source, &known.stay.detention, known.said),
            event: event.into(),
            detention: known.stay.detention.clone(),
            time: self.list.as_of,
            data,
        });
    }
}

#[cfg(test)]
mod tests;
