//! The data of one event.

use std::{collections::BTreeMap, sync::OnceLock};

use jsonschema::Validator;
use schakelpunt_domain::{
    EventName,
    envelope::RawMessage,
    pointer::{cut, leaves_of},
    registers::At,
};
use schakelpunt_engine::{inspect::Offer, model::Action, step::Input};
use schakelpunt_rules::minimise;
use serde_json::Value;

use super::{first_line, innocence, world::world};

/// A line with event and sender, then the data.
pub fn payload(bytes: &[u8]) {
    let (line, data) = first_line(bytes);
    let line = String::from_utf8_lossy(line);
    let (name, sender) = line.split_once(' ').unwrap_or((&line, "pi-zwolle"));
    let Some(spec) = world().settings.catalogue.named(name) else { return };
    if let Ok(value) = schakelpunt_domain::json::parse(data) {
        let all = spec.check_all(&value);
        assert_eq!(spec.validate(&value).err().as_ref(), all.first(), "the first place of all places");
        all.iter().for_each(innocence::check);
    }
    let Some(message) = world().inspect(&event(sender, name, data)) else { return };
    let data = message.envelope.data.clone();
    assert_eq!(cut(&data, &|_| false, &[]), Value::Object(serde_json::Map::new()), "nothing named, nothing left");
    assert_eq!(leaves_of(&cut(&data, &|_| true, &[])), message.leaves, "everything named, everything left");
    let (actions, _) = world().step(world().opened(), Input::Offer(Ok(Box::new(message))));
    for action in &actions {
        let Action::AddDelivery(delivery) = action else { continue };
        let Some(permit) = delivery.decision.permit() else { panic!("a delivery without a permit") };
        if delivery.event.as_str() == name {
            let part = minimise(&data, permit);
            assert!(leaves_of(&part).iter().all(|leaf| permit.leaves().any(|given| given == leaf)), "more than the permit");
            assert!(recipient_schema(&delivery.event).is_valid(&part), "no recipient could read {part}");
        }
    }
}

/// An event about the detention `d-1`, whatever its data.
pub(super) fn event(sender: &str, name: &str, data: &[u8]) -> Offer {
    let world = world();
    let ty = world.settings.catalogue.named(name).map_or("", |spec| spec.ty.as_str());
    let sender = sender.parse().ok();
    let latest = At { valid: world.now, known: world.now };
    let oin = sender.as_ref().and_then(|id| world.registers.participant(id, latest)).map_or("", |participant| participant.oin.as_str());
    let head = format!(
        r#"{{"specversion":"1.0","id":"m-1","source":"urn:nld:oin:{oin}:systeem:scenario","type":"{ty}","time":"2024-10-08T08:00:00Z","subject":"d-1","sequence":"00000000000000000007","data":"#
    );
    let body = [head.as_bytes(), data, b"}"].concat();
    Offer { sender, user_id: None, raw: RawMessage { content_type: "application/cloudevents+json".to_owned(), headers: Vec::new(), body } }
}

/// Shapes only: what a format asks was asked at the door.
fn recipient_schema(event: &EventName) -> &'static Validator {
    static SCHEMAS: OnceLock<BTreeMap<EventName, Validator>> = OnceLock::new();
    let schemas = SCHEMAS.get_or_init(|| {
        let events = world().settings.catalogue.iter();
        events.map(|spec| (spec.name.clone(), jsonschema::draft202012::new(&spec.recipient).unwrap())).collect()
    });
    schemas.get(event).unwrap()
}
