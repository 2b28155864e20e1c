//! The bytes that leave: delivered events and receipts, CloudEvents in structured mode (contracts 1).

use jiff::Timestamp;
use schakelpunt_domain::{
    DetentionRef,
    catalogue::EventSpec,
    ids::{hub_message_id, partner_reference},
    registers::Kind,
};
use schakelpunt_rules::{Permit, minimise};
use serde_json::{Map, Value, json};

use crate::{
    Settings,
    model::{DecisionRecord, Delivery, Receipt, StoredMessage},
    ports::ReceiptEvent,
};

/// The content type of everything that leaves.
pub const CONTENT_TYPE: &str = "application/cloudevents+json; charset=utf-8";

/// The reference under which the recipient knows the detention.
pub fn subject_for(delivery: &Delivery) -> Option<DetentionRef> {
    let detention = delivery.detention.as_ref()?;
    Some(match delivery.kind {
        Kind::CarePartner => partner_reference(detention, &delivery.recipient),
        Kind::Prison | Kind::Probation | Kind::Municipality | Kind::Triage | Kind::Hub => detention.clone(),
    })
}

/// The reference of a decision, on the delivered event as `receipt`: with it a recipient can ask why.
pub fn reference(decision: &DecisionRecord) -> String {
    let DecisionRecord { message, recipient, version, at, .. } = decision;
    hub_message_id(&["decision", message.source.as_str(), message.id.as_str(), recipient.as_str(), version, &at.to_string()]).to_string()
}

/// The delivered event: a new one of the hub, cut down to the permit.
pub fn delivered(
    settings: &Settings,
    spec: &EventSpec,
    delivery: &Delivery,
    message: &StoredMessage,
    permit: &Permit,
    receipt: &str,
    now: Timestamp,
) -> Option<Vec<u8>> {
    let data = minimise(message.payload.as_ref()?, permit);
    let bases: Vec<&str> = permit.granted.iter().map(|granted| granted.basis.as_str()).collect();
    let mut event = message.trace.clone();
    let mut set = |name: &str, value: Value| event.insert(name.to_owned(), value);
    set("specversion", json!("1.0"));
    set("id", json!(delivery.id));
    set("source", json!(settings.source));
    set("type", json!(spec.ty));
    set("time", json!(now));
    set("datacontenttype", json!("application/json"));
    set("dataschema", json!(settings.schema_of(spec)));
    if let Some(subject) = subject_for(delivery) {
        set("partitionkey", json!(subject));
        set("subject", json!(subject));
    }
    set("sequence", json!(format!("{:020}", delivery.lane_sequence)));
    set("causationid", json!(message.key.id));
    set("producer", json!(message.key.source));
    set("producertime", json!(message.time));
    set("legalbasis", json!(bases.join(",")));
    set("purpose", json!(permit.purpose));
    set("environment", json!(settings.environment));
    set("receipt", json!(receipt));
    if spec.urgent {
        set("urgent", json!(true));
    }
    if let Some(mandator) = &delivery.on_behalf_of {
        set("onbehalfof", json!(mandator));
    }
    set("data", data);
    serde_json::to_vec(&event).ok()
}

/// The frozen event with the recipient's running number, which the claim gave after it was frozen: the same bytes at every hand-over.
pub fn numbered(frozen: &[u8], number: u64) -> Vec<u8> {
    let rest = frozen.strip_prefix(b"{").unwrap_or(frozen);
    let comma = if rest.starts_with(b"}") { "" } else { "," };
    [format!("{{\"number\":{number}{comma}").as_bytes(), rest].concat()
}

/// A receipt as an event for the sender's own inbox.
pub fn receipt(settings: &Settings, receipt: &Receipt) -> Option<ReceiptEvent> {
    let spec = settings.catalogue.get(&receipt.event)?;
    let mut event = Map::new();
    let mut set = |name: &str, value: Value| event.insert(name.to_owned(), value);
    set("specversion", json!("1.0"));
    set("id", json!(receipt.id));
    set("source", json!(settings.source));
    set("type", json!(spec.ty));
    set("time", json!(receipt.at));
    set("datacontenttype", json!("application/json"));
    set("dataschema", json!(settings.schema_of(spec)));
    set("environment", json!(settings.environment));
    set("data", receipt.data.clone());
    let bytes = serde_json::to_vec(&event).ok()?;
    Some(ReceiptEvent { to: receipt.to.clone(), id: receipt.id.clone(), ty: spec.ty.clone(), bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_an_attribute_like_any_other() {
        let event = numbered(br#"{"id":"a","data":{"number":"b"}}"#, 12);
        assert_eq!(serde_json::from_slice::<Value>(&event).unwrap(), json!({"id": "a", "number": 12, "data": {"number": "b"}}));
        assert_eq!(numbered(b"{}", 1), br#"{"number":1}"#);
    }
}
