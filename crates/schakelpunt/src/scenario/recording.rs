//! A bus that remembers what was handed over, for the player of scenarios.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use schakelpunt_domain::ParticipantId;
use schakelpunt_engine::{
    model::Room,
    ports::{Bus, BusError, Intake, Outgoing, Published},
};
use serde_json::Value;

/// One delivery as the recipient got it.
#[derive(Debug, Clone)]
pub(super) struct HandedOver {
    pub(super) to: ParticipantId,
    pub(super) event: Value,
}

/// Passes everything on to a bus and keeps what was confirmed.
#[derive(Debug)]
pub(super) struct RecordingBus {
    inner: Arc<dyn Bus>,
    log: Mutex<Vec<HandedOver>>,
}

impl RecordingBus {
    pub(super) fn new(inner: Arc<dyn Bus>) -> Self {
        Self { inner, log: Mutex::default() }
    }

    /// What was handed over since the last call.
    pub(super) fn take(&self) -> Vec<HandedOver> {
        std::mem::take(&mut self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Bus for RecordingBus {
    fn queues(&self) -> Vec<String> {
        self.inner.queues()
    }

    async fn open(&self, queue: &str) -> Result<Box<dyn Intake>, BusError> {
        self.inner.open(queue).await
    }

    async fn publish(&self, batch: &[Outgoing<'_>]) -> Vec<Published> {
        let results = self.inner.publish(batch).await;
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        for (outgoing, result) in batch.iter().zip(&results) {
            if let (Outgoing::Delivery(permitted), Published::Confirmed) = (outgoing, result) {
                let event = serde_json::from_slice(permitted.bytes()).unwrap_or_default();
                log.push(HandedOver { to: permitted.recipient().clone(), event });
            }
        }
        drop(log);
        results
    }

    /// Every recipient of a scenario reads its inbox at once; links that are down are held by the hub.
    async fn room(&self, _participant: &ParticipantId, window: usize) -> Result<Room, BusError> {
        Ok(Room { count: window, consent: true })
    }
}
