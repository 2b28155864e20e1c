//! Heartbeats, and the test of a channel, which sends one.

use schakelpunt_domain::{
    ParticipantId,
    registers::{At, Channel, Kind},
};

use super::Hub;
use crate::{
    beat, event,
    model::Receipt,
    ports::{Outgoing, Published, StoreError},
};

/// What a test of a channel found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// The channel.
    pub channel: Channel,
    /// Whether a heartbeat came through.
    pub works: bool,
    /// What was found, a sentence for people.
    pub found: String,
}

impl Hub {
    /// Writes the heartbeats of today to be told, once. Who fetches is told with each answer. Gives how many.
    pub async fn beat(&self) -> Result<usize, StoreError> {
        let (now, registers) = (self.store.now().await?, self.registers().await);
        let due = (beat::day(now), registers.epoch);
        if self.beaten() == Some(due) {
            return Ok(0);
        }
        self.refresh().await?;
        let known = self.known().await;
        let registers = &known.registers;
        let due = (due.0, registers.epoch);
        let heads = self.store.heads().await?;
        let law = known.law(now)?;
        let at = now.max(registers.latest());
        let told = registers.participants(At::now(at)).filter(|one| registers.channel(&one.id) != Channel::Pull);
        let head = |id: &ParticipantId| heads.get(id).copied().unwrap_or_default();
        let word = due.0.to_string();
        let beats: Vec<Receipt> = told.filter_map(|one| beat::of(law, one, head(&one.id), &word, at)).collect();
        self.store.tell_once(&beats).await?;
        self.set_beaten(due);
        Ok(beats.len())
    }

    /// Sends a heartbeat to a participant now, by its channel. `None`: it does not take part, or stands still.
    pub async fn test_channel(&self, participant: &ParticipantId) -> Result<Option<Tested>, StoreError> {
        // no claim compares the registers with the store's
        self.refresh().await?;
        let (now, known) = (self.store.now().await?, self.known().await);
        let registers = &known.registers;
        let at = now.max(registers.latest());
        let Some(one) = registers.participant(participant, At::now(at)).filter(|one| one.kind != Kind::Hub) else { return Ok(None) };
        let head = self.store.heads().await?.get(participant).copied().unwrap_or_default();
        let beat = beat::of(known.law(now)?, one, head, &at.to_string(), at).and_then(|beat| event::receipt(&self.settings, &beat));
        let Some(beat) = beat else { return Ok(None) };
        let channel = registers.channel(participant);
        let (works, found) = match (channel, &self.hooks) {
            (Channel::Pull, _) => (true, "it fetches with its token; each answer says up to which number it has everything".to_owned()),
            (Channel::Amqp, _) => self.test_inbox(participant, Outgoing::Receipt(&beat)).await,
            (Channel::Webhook, None) => (false, "this hub calls nobody: [webhooks] is not in its configuration".to_owned()),
            (Channel::Webhook, Some(hooks)) => match hooks.ask(one).await {
                Err(why) => (false, why),
                Ok(asked) => match hooks.post(one, Outgoing::Receipt(&beat), at).await {
                    Published::Confirmed => (true, format!("{asked}; it took a heartbeat")),
                    how => (false, format!("{asked}; it took no heartbeat: {}", said(how))),
                },
            },
        };
        Ok(Some(Tested { channel, works, found }))
    }

    async fn test_inbox(&self, participant: &ParticipantId, beat: Outgoing<'_>) -> (bool, String) {
        let how = self.bus.publish(&[beat]).await;
        match how.first() {
            Some(Published::Confirmed) => match self.bus.room(participant, self.settings.limits.window).await {
                Ok(room) if room.count > 0 => (true, "its inbox took a heartbeat".to_owned()),
                Ok(_) => (false, "its inbox took a heartbeat, and is full: nobody reads it".to_owned()),
                Err(_) => (false, "its inbox took a heartbeat, and cannot be looked at".to_owned()),
            },
            how => (false, format!("its inbox took no heartbeat: {}", said(how.copied().unwrap_or(Published::Uncertain)))),
        }
    }
}

fn said(how: Published) -> &'static str {
    match how {
        Published::Confirmed => "it has it",
        Published::NotNow => "not for now",
        Published::Unroutable => "there is none",
        Published::Refused => "it refuses for good",
        Published::Uncertain => "nobody knows",
    }
}
