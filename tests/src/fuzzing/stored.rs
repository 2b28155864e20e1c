//! What the store keeps as JSON, read back by this or a later version.

use schakelpunt_domain::{
    case::Case,
    registers::{Entry, Recorded},
    stage::Stage,
};
use schakelpunt_engine::{
    model::{DecisionRecord, Delivery, Receipt, RejectionRecord, Snapshot, StoredMessage, Timer, Versioned},
    step::Input,
};
use schakelpunt_rules::Decision;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    first_line,
    world::{same, world},
};

/// A line with the kind of row, then its JSON. What can be read is written the same; with any case that can be read the hub goes on.
pub fn stored(bytes: &[u8]) {
    let (kind, json) = first_line(bytes);
    match kind {
        b"case" => read::<Case>(json, go_on),
        b"stage" => read::<Stage>(json, |stage| assert!(stage.is_open() || stage.is_provided() || stage.word() > "", "{stage:?}")),
        b"decision" => read::<Decision>(json, |decision| assert!(decision.permit().is_none() || decision.refusal().is_none())),
        b"decided" => read::<DecisionRecord>(json, drop),
        b"message" => read::<StoredMessage>(json, drop),
        b"delivery" => read::<Delivery>(json, drop),
        b"receipt" => read::<Receipt>(json, drop),
        b"rejection" => read::<RejectionRecord>(json, drop),
        b"timer" => read::<Timer>(json, drop),
        b"entry" => read::<Recorded<Entry>>(json, drop),
        _ => {}
    }
}

fn read<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(json: &[u8], then: impl FnOnce(T)) {
    if let Ok(value) = serde_json::from_slice::<T>(json) {
        same(&value);
        then(value);
    }
}

/// Another message on that case, and its timers.
fn go_on(mut case: Case) {
    let world = world();
    for data in [&include_bytes!("admission.json")[..], b"{}"] {
        for name in ["detention-started", "release-date-set", "deceased"] {
            let Some(message) = world.inspect(&super::payload::event("pi-zwolle", name, data)) else { continue };
            case.detention = message.envelope.subject.clone().unwrap();
            let snapshot = Snapshot { cases: vec![Versioned { value: case.clone(), version: 1 }], ..world.empty() };
            world.step(snapshot, Input::Offer(Ok(Box::new(message))));
        }
    }
}
