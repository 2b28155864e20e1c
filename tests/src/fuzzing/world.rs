//! What every target stands in: the shipped rules, the demo's participants, one instant.

use std::sync::OnceLock;

use jiff::Timestamp;
use schakelpunt::{registers::Tables, wiring};
use schakelpunt_domain::{
    case::Case,
    registers::{At, Entry, Recorded, Registers},
};
use schakelpunt_engine::{
    Settings,
    inspect::{Inspected, Offer, inspect},
    model::{Action, Snapshot, StoredMessage, Versioned},
    step::{Input, Law, Receipts, Report, step},
};

use super::innocence;

/// A hub without store and bus.
pub(super) struct World {
    pub(super) settings: Settings,
    pub(super) entries: Vec<Recorded<Entry>>,
    pub(super) registers: Registers,
    pub(super) now: Timestamp,
    opened: OnceLock<Snapshot>,
}

/// Made once a process.
pub(super) fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let now = "2024-10-08T08:00:00Z".parse().unwrap();
        let tables = Tables::parse("participants.toml", include_str!("../../../config/demo/participants.toml")).unwrap();
        let entries = tables.entries(Timestamp::UNIX_EPOCH).unwrap();
        let registers = Registers::new(1, entries.clone());
        World { settings: wiring::embedded_settings(None).unwrap(), entries, registers, now, opened: OnceLock::new() }
    })
}

impl World {
    pub(super) fn at(&self) -> At {
        At { valid: self.now, known: self.now }
    }

    pub(super) fn empty(&self) -> Snapshot {
        Snapshot { now: self.now, epoch: 1, ..Snapshot::default() }
    }

    /// A store that knows the detention `d-1`.
    pub(super) fn opened(&self) -> Snapshot {
        let opened = self.opened.get_or_init(|| {
            let offer = super::payload::event("pi-zwolle", "detention-started", include_bytes!("admission.json"));
            let message = self.inspect(&offer).unwrap_or_else(|| panic!("the admission of the fuzzing world is not accepted"));
            let (actions, _) = self.step(self.empty(), Input::Offer(Ok(Box::new(message))));
            let mut snapshot = self.empty();
            for action in actions {
                match action {
                    Action::SaveCase(Versioned { value, version }) => snapshot.cases.push(Versioned { value, version: version + 1 }),
                    Action::SaveMessage(message) => snapshot.messages.push(message),
                    Action::AddDelivery(delivery) => snapshot.deliveries.push(*delivery),
                    _ => {}
                }
            }
            assert!(!snapshot.cases.is_empty() && !snapshot.deliveries.is_empty(), "{snapshot:?}");
            snapshot
        });
        opened.clone()
    }

    /// What the door makes of a message; a rejection is checked.
    pub(super) fn inspect(&self, offer: &Offer) -> Option<Inspected> {
        match inspect(offer, &self.settings, &self.registers, self.at()) {
            Ok(inspected) => Some(inspected),
            Err(rejected) => {
                innocence::check(&rejected.why);
                self.step(self.empty(), Input::Offer(Err(rejected)));
                None
            }
        }
    }

    /// One step. What it writes must come back from a store as it went in; the same step again does the same.
    pub(super) fn step(&self, snapshot: Snapshot, input: Input) -> (Vec<Action>, Report) {
        self.step_under(&self.settings, snapshot, input)
    }

    pub(super) fn step_under(&self, settings: &Settings, snapshot: Snapshot, input: Input) -> (Vec<Action>, Report) {
        let law = Law { settings, registers: &self.registers };
        let inputs = [input];
        let room = ["gemeente-zwolle", "rn-zwolle"].into_iter().map(|inbox| (inbox.parse().unwrap(), 9)).collect();
        let (actions, mut reports) = step(law, snapshot.clone(), &inputs, Receipts::Send, &room);
        assert_eq!((&actions, &reports), (&step(law, snapshot, &inputs, Receipts::Send, &room).0, &reports), "a step is a function");
        assert_eq!(reports.len(), 1, "one report for each input");
        for action in &actions {
            kept(action);
        }
        (actions, reports.pop().unwrap())
    }
}

fn kept(action: &Action) {
    match action {
        Action::SaveCase(case) => same::<Case>(&case.value),
        Action::SaveMessage(message) => same::<StoredMessage>(message),
        Action::AddDecision(decision) => same(decision),
        Action::AddDelivery(delivery) => same(delivery.as_ref()),
        Action::AddReceipt(receipt) => same(receipt),
        Action::AddRejection(rejection) => same(rejection),
        Action::SetTimer(timer) => same(timer),
        Action::SetStage(_, stage) => same(stage),
        Action::ClearTimer(_) => {}
    }
}

/// Written and read again it is the same.
pub(super) fn same<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let text = serde_json::to_string(value).unwrap();
    let again: T = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(&again, value, "{text}");
}
