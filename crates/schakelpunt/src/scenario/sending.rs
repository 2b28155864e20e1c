//! What a step sends: the message as its sender would have made it.

use anyhow::{Context as _, bail};
use schakelpunt_domain::{EventName, ParticipantId, envelope::RawMessage, registers::At};
use schakelpunt_engine::inspect::Offer;
use serde_json::{Map, Value, json};

use super::{check::to_json, file::Step, play::Player};
use crate::assets;

impl Player {
    /// The event of a step, with what the scenario does not say.
    pub(super) async fn event(
        &mut self,
        number: usize,
        step: &Step,
        from: &ParticipantId,
        event: &EventName,
    ) -> anyhow::Result<(String, Offer)> {
        let spec = self.hub.settings().catalogue.get(event);
        let registers = self.hub.registers().await;
        let oin = registers.participant(from, At::now(step.at)).map_or_else(|| "00000099999999999000".to_owned(), |p| p.oin.to_string());
        let source = format!("urn:nld:oin:{oin}:systeem:scenario");
        let id = step.id.clone().unwrap_or_else(|| format!("step-{number}"));
        let mut attributes = Map::new();
        let mut set = |name: &str, value: Value| attributes.insert(name.to_owned(), value);
        set("specversion", json!("1.0"));
        set("id", json!(id));
        set("type", json!(spec.map_or_else(|| format!("nl.schakelpunt.unknown.{event}.v1"), |spec| spec.ty.clone())));
        set("source", json!(source));
        set("time", json!(step.time.clone().unwrap_or_else(|| step.at.to_string())));
        if let Some(detention) = &step.detention {
            let next = self.sequences.entry((source, detention.clone())).or_insert(0);
            let number = match &step.sequence {
                Some(toml::Value::Integer(number)) => u64::try_from(*number)?,
                Some(toml::Value::String(text)) => text.parse()?,
                Some(_) => bail!("`sequence` is a number"),
                None => *next + 1,
            };
            *next = number.max(*next);
            set("sequence", json!(format!("{number:020}")));
            set("subject", json!(detention));
            set("partitionkey", json!(detention));
        }
        set("data", payload(step)?);
        for (name, value) in &step.attributes {
            set(name, to_json(value));
        }
        Ok((id, offer_of(from, Value::Object(attributes).to_string().into_bytes())))
    }
}

/// Offered over the link of a participant.
pub(super) fn offer_of(from: &ParticipantId, body: Vec<u8>) -> Offer {
    let raw = RawMessage { content_type: schakelpunt_engine::event::CONTENT_TYPE.to_owned(), headers: Vec::new(), body };
    Offer { sender: Some(from.clone()), user_id: None, raw }
}

fn payload(step: &Step) -> anyhow::Result<Value> {
    match (&step.data, &step.data_file) {
        (Some(data), None) => Ok(to_json(data)),
        (None, Some(file)) => Ok(serde_json::from_str(&assets::text(file)?)?),
        (None, None) => Ok(json!({})),
        (Some(_), Some(_)) => bail!("`data` or `data_file`, not both"),
    }
}

pub(super) fn decode_base64(text: &str) -> anyhow::Result<Vec<u8>> {
    use base64::Engine as _;
    let compact: String = text.split_ascii_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(compact).context("`raw_base64`")
}
