//! A long run of messages through an embedded hub, with a clock that jumps from one moment to the next.
//!
//! Nothing is expected here: what happened is written down, and somebody else compares.

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use jiff::Timestamp;
use schakelpunt_domain::{ParticipantId, envelope::RawMessage};
use schakelpunt_engine::{
    Hub, event,
    inspect::Offer,
    ports::{Bus, Store},
    step::{Receipts, Report, Reported},
};
use schakelpunt_store::SqliteStore;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    play::{all_participants, attended, word},
    recording::{HandedOver, RecordingBus},
};
use crate::{clock::SetClock, registers::Tables, wiring};

/// One message of the run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// When it comes in.
    pub at: Timestamp,
    /// Whose login it comes with.
    pub from: ParticipantId,
    /// The CloudEvent.
    pub event: Value,
}

/// An embedded hub whose recipients read at once.
#[derive(Debug)]
pub struct Year {
    hub: Arc<Hub>,
    clock: SetClock,
    bus: Arc<RecordingBus>,
}

impl Year {
    /// Opens a hub on a new store in `file`, with the registers as `begins` shows.
    pub async fn open(registers: &str, begins: Timestamp, file: &Path) -> anyhow::Result<Self> {
        let clock = SetClock::new(begins);
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(file, Arc::new(clock.clone())).await?);
        store.migrate().await?;
        store.record(Tables::parse("registers", registers)?.entries(begins)?).await?;
        let participants = all_participants(&store).await?;
        let bus = Arc::new(RecordingBus::new(Arc::new(attended(&participants))));
        let hub = Hub::open(wiring::embedded_settings(None)?, store, Arc::clone(&bus) as Arc<dyn Bus>).await?;
        Ok(Self { hub: Arc::new(hub), clock, bus })
    }

    /// Lets the clock stand at `at`, offers what comes in then, and says what happened: what is due comes first.
    pub async fn at(&mut self, at: Timestamp, sent: &[Sent]) -> anyhow::Result<Vec<Value>> {
        self.clock.set(at);
        self.hub.settle().await?;
        let offers: Vec<Offer> = sent.iter().map(offer_of).collect();
        let reports = self.hub.offer(&offers, Receipts::Answered).await?;
        anyhow::ensure!(reports.len() == sent.len(), "one report for one message");
        let mut lines = Vec::new();
        for (one, report) in sent.iter().zip(&reports) {
            lines.push(outcome(one, report));
            lines.extend(refusals(report));
        }
        self.hub.settle().await?;
        for delivery in self.bus.take() {
            lines.push(handed_over(&delivery).context("a delivery without the attributes of one")?);
        }
        Ok(lines)
    }
}

fn offer_of(sent: &Sent) -> Offer {
    let body = sent.event.to_string().into_bytes();
    let raw = RawMessage { content_type: event::CONTENT_TYPE.to_owned(), headers: Vec::new(), body };
    Offer { sender: Some(sent.from.clone()), user_id: None, raw }
}

fn outcome(sent: &Sent, report: &Report) -> Value {
    let code = if let Reported::Rejected(why) = &report.outcome { Some(why.code.to_string()) } else { None };
    let event = |name: &str| sent.event.get(name).cloned().unwrap_or_default();
    json!({
        "what": "outcome", "at": sent.at, "from": sent.from,
        "source": event("source"), "id": event("id"),
        "outcome": word(&report.outcome), "code": code,
    })
}

fn refusals(report: &Report) -> impl Iterator<Item = Value> {
    report.decisions.iter().filter_map(|made| {
        let code = made.decision.refusal()?;
        Some(json!({
            "what": "refusal", "source": made.message.source, "id": made.message.id,
            "event": made.event, "to": made.recipient, "code": code.to_string(),
        }))
    })
}

fn handed_over(delivery: &HandedOver) -> Option<Value> {
    let text = |name: &str| delivery.event.get(name).and_then(Value::as_str);
    let event = text("type")?.rsplit('.').nth(1)?;
    let bases: Vec<&str> = text("legalbasis")?.split(',').map(str::trim).collect();
    Some(json!({
        "what": "delivery", "source": text("producer")?, "id": text("causationid")?,
        "event": event, "to": delivery.to, "bases": bases,
        "for": text("onbehalfof"), "subject": text("subject"), "data": delivery.event.get("data"),
    }))
}
