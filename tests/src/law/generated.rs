//! Questions that nobody thought of.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::{
    prelude::*,
    sample::{select, subsequence},
};
use schakelpunt_domain::{case::Title, catalogue::EventSpec, pointer::Leaf};
use schakelpunt_rules::{Signal, Signals};

use super::world::{Asked, CATALOGUE, Given, ROLES, Role, Standing};

const CATEGORIES: [&str; 10] = [
    "condition:ID",
    "condition:HOUSING",
    "condition:INCOME",
    "condition:DEBT",
    "condition:CARE",
    "class:ID",
    "class:FIN",
    "class:HEALTH",
    "class:SOC",
    "class:JUST",
];
const TITLES: [Title; 4] = [Title::Sentence, Title::Vris, Title::Aliens, Title::TbsPasser];

/// All signals that an event with all its leaves can give.
fn all_signals(event: &EventSpec) -> Signals {
    let entry = |leaf: &str| {
        let at = leaf.find("/conditions/")? + "/conditions/".len();
        let end = at + leaf.get(at..)?.find('/')?;
        leaf.get(..end).map(str::to_owned)
    };
    let entries = event.leaves.keys().filter_map(|leaf| entry(leaf.as_str()));
    Signals {
        whole: BTreeSet::from([Signal::CareNeeded, Signal::Consulting]),
        entries: entries.map(|entry| (entry, BTreeSet::from([Signal::EntryNotInOrder]))).collect(),
        ..Signals::default()
    }
}

/// Any instant from before the first basis to after the last, the boundaries themselves often.
fn instant() -> impl Strategy<Value = Timestamp> {
    let boundary =
        select(vec!["2018-05-25T00:00:00+02:00", "2019-01-01T00:00:00+01:00", "2021-05-01T00:00:00+02:00", "2021-07-01T00:00:00+02:00"]);
    let near = (boundary, -2_i64..2).prop_map(|(at, seconds)| {
        let at: Timestamp = at.parse().unwrap();
        at.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap()
    });
    // 2018-01-01 to 2027-01-01
    let any = (1_514_764_800_i64..1_798_761_600).prop_map(|second| Timestamp::from_second(second).unwrap());
    prop_oneof![near, any]
}

fn consents() -> impl Strategy<Value = Vec<(Standing, Vec<String>)>> {
    let standing = select(vec![Standing::Valid, Standing::Valid, Standing::Expired, Standing::Withdrawn, Standing::ForAnother]);
    let categories = subsequence(CATEGORIES.to_vec(), 1..=4).prop_map(|chosen| chosen.into_iter().map(str::to_owned).collect());
    prop::collection::vec((standing, categories), 0..=2)
}

/// A part of what an event can signal.
fn signals(all: Signals) -> impl Strategy<Value = Signals> {
    (any::<bool>(), prop::collection::vec(any::<bool>(), 12)).prop_map(move |(care, missing)| {
        let mut missing = missing.into_iter().cycle();
        let entry = |(pointer, _): (&String, _)| {
            (pointer.clone(), if missing.next() == Some(true) { BTreeSet::from([Signal::EntryNotInOrder]) } else { BTreeSet::new() })
        };
        Signals {
            whole: care.then_some(Signal::CareNeeded).into_iter().collect(),
            entries: all.entries.iter().map(entry).collect(),
            ..Signals::default()
        }
    })
}

/// A question; every one has some leaves.
pub(super) fn asked() -> impl Strategy<Value = Asked<'static>> {
    let events: Vec<usize> = (0..CATALOGUE.iter().count()).collect();
    let role = || select(ROLES.to_vec());
    (select(events), role(), role(), instant(), consents(), prop::option::of(select(TITLES.to_vec())), any::<(bool, bool, bool)>())
        .prop_flat_map(|(event, from, to, at, consents, title, (ended, not_subscribed, had_all))| {
            let event = CATALOGUE.iter().nth(event).unwrap();
            let all: Vec<Leaf> = event.leaves.keys().cloned().collect();
            let count = all.len();
            let leaves = subsequence(all.clone(), 1..=count);
            let had = subsequence(all.clone(), 0..=count);
            (leaves, had, signals(all_signals(event))).prop_map(move |(leaves, had, signals)| {
                let had = Some(if had_all { all.clone() } else { had });
                let given = Given { consents: consents.clone(), title, ended, ends_today: false, had, not_subscribed };
                Asked { event, leaves, signals, from, to, given, at }
            })
        })
}

/// Pairs that the shipped rules know, so that permits are not rare.
pub(super) fn likely() -> impl Strategy<Value = Asked<'static>> {
    let role =
        |words: &'static [&'static str]| select(ROLES.into_iter().filter(|role: &Role| words.contains(&role.word)).collect::<Vec<_>>());
    let from = role(&["prison", "prison", "municipality", "probation", "triage", "hub"]);
    let to = role(&[
        "municipality",
        "probation",
        "prison",
        "care partner",
        "health partner",
        "informed partner",
        "earlier municipality",
        "earlier partner",
    ]);
    (asked(), from, to).prop_map(|(asked, from, to)| {
        let given = Given { title: asked.given.title.filter(|title| *title == Title::Sentence), not_subscribed: false, ..asked.given };
        Asked { from, to, given, ..asked }
    })
}
