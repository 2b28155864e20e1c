//! Whether anybody collects what waits for a desk, looked up when the time to do so has passed.

use jiff::Timestamp;
use schakelpunt_domain::{
    LegalDay, ParticipantId,
    registers::{At, Channel},
    stage::Stage,
};

use super::Hub;
use crate::{
    model::{Delivery, Timer},
    ports::{DeliveryFilter, StoreError},
    step::{Input, UNREAD, Unread, Watched},
};

/// More than a desk leaves waiting in a week.
const LOOKED_AT_MAX: u32 = 100_000;

impl Hub {
    /// What a due timer is to the step.
    pub(super) async fn due(&self, timer: &Timer) -> Result<Input, StoreError> {
        let Some(watched) = Watched::by(timer) else { return Ok(Input::Timer(timer.clone())) };
        let at = At::now(self.store.now().await?);
        let registers = self.registers().await;
        let desk = registers.participant(&watched.desk, at);
        let deputy = desk.and_then(|desk| desk.deputies.get(usize::from(watched.turn)));
        let Some(deputy) = deputy else { return Ok(Input::Unread(Unread::nothing(timer.clone(), watched))) };
        let waiting = self.waits_since(&watched.desk).await?;
        let oldest = waiting.iter().min().filter(|since| LegalDay::of(**since) <= watched.day);
        Ok(Input::Unread(match oldest {
            Some(since) => Unread::found(&self.settings, timer.clone(), watched, deputy.clone(), (*since, waiting.len())),
            None => Unread::nothing(timer.clone(), watched),
        }))
    }

    /// Since when each delivery waits that nobody has collected, lies in an inbox without having been confirmed, or has no inbox.
    async fn waits_since(&self, desk: &ParticipantId) -> Result<Vec<Timestamp>, StoreError> {
        let mut since = Vec::new();
        // who fetches confirms with its cursor, whose address answered has it; what an inbox on the bus holds is read when it is confirmed
        let handed_over = self.registers().await.channel(desk) == Channel::Amqp;
        for stage in ["waiting", "blocked"].into_iter().chain(handed_over.then_some("handed-over")) {
            let (recipient, stage) = (Some(desk.clone()), Some(stage.to_owned()));
            let filter = DeliveryFilter { recipient, stage, limit: LOOKED_AT_MAX, ..DeliveryFilter::default() };
            for delivery in self.store.deliveries(&filter).await?.iter().filter(|delivery| delivery.event.as_str() != UNREAD) {
                since.extend(self.decided(delivery).await?);
            }
        }
        Ok(since)
    }

    /// When it was decided, or handed over. One that was tried carries the time of the next try instead.
    async fn decided(&self, delivery: &Delivery) -> Result<Option<Timestamp>, StoreError> {
        match delivery.stage {
            Stage::Waiting { not_before, attempts: 0 } => return Ok(Some(not_before)),
            Stage::HandedOver { at } => return Ok(Some(at)),
            _ => {}
        }
        let traces = self.store.trace(&delivery.key.id).await?;
        let decisions = traces.iter().flat_map(|trace| &trace.decisions);
        let own = decisions.filter(|made| made.message == delivery.key && made.recipient == delivery.recipient);
        Ok(own.filter(|made| made.decision.permit().is_some()).map(|made| made.at).min())
    }
}
