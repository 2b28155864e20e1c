//! What comes in: inspected, then taken in one transaction, again where it lost to another.

use jiff::Timestamp;
use schakelpunt_domain::{
    ParticipantId, Rejection, RejectionCode,
    registers::{At, Registers},
    stage::Stage,
};

use super::{CONFLICTS_MAX, Hub, chain, handing_over, inboxes};
use crate::{
    inspect::{Offer, Rejected, inspect},
    leases::LeaseName,
    model::Action,
    ports::StoreError,
    step::{self, Input, Receipts, Report},
};

/// How a batch comes in.
#[derive(Debug, Clone, Copy)]
struct Door<'a> {
    receipts: Receipts,
    /// The intake queue that it was read from. What comes that way is claimed at once where it can be.
    queue: Option<&'a LeaseName>,
}

impl Hub {
    /// Inspects messages against the registers as last read.
    pub async fn inspect(&self, offers: &[Offer]) -> Vec<Input> {
        let inputs = self.inspect_with(offers, self.registers().await.as_ref());
        let unknown = |input: &Input| matches!(input, Input::Offer(Err(rejected)) if rejected.why.code == RejectionCode::UnknownSender);
        // somebody may have been registered through another process since
        if inputs.iter().any(unknown) && self.reload().await.is_ok() {
            return self.inspect_with(offers, self.registers().await.as_ref());
        }
        inputs
    }

    fn inspect_with(&self, offers: &[Offer], registers: &Registers) -> Vec<Input> {
        let latest = At { valid: Timestamp::MAX, known: Timestamp::MAX };
        offers.iter().map(|offer| Input::Offer(inspect(offer, &self.settings, registers, latest).map(Box::new))).collect()
    }

    /// Takes messages in: one transaction, one report each. A row that the store refuses is found by halving and quarantined.
    pub async fn offer(&self, offers: &[Offer], receipts: Receipts) -> Result<Vec<Report>, StoreError> {
        let inputs = self.inspect(offers).await;
        let mut reports = Vec::with_capacity(inputs.len());
        let mut rest = inputs.as_slice();
        while !rest.is_empty() {
            let (taken, mut made) = self.take(rest, receipts).await?;
            reports.append(&mut made);
            rest = rest.get(taken..).unwrap_or_default();
        }
        Ok(reports)
    }

    /// Takes in as long a prefix of `inputs` as goes in one transaction; gives its length and reports.
    pub async fn take(&self, inputs: &[Input], receipts: Receipts) -> Result<(usize, Vec<Report>), StoreError> {
        self.take_by(Door { receipts, queue: None }, inputs).await
    }

    /// The same for what was read from an intake queue, under the lease of that queue.
    pub(crate) async fn take_from(&self, queue: &LeaseName, inputs: &[Input]) -> Result<(usize, Vec<Report>), StoreError> {
        self.take_by(Door { receipts: Receipts::Send, queue: Some(queue) }, inputs).await
    }

    async fn take_by(&self, door: Door<'_>, inputs: &[Input]) -> Result<(usize, Vec<Report>), StoreError> {
        let mut length = inputs.len();
        loop {
            let Some(part) = inputs.get(..length) else { return Ok((0, Vec::new())) };
            match self.run_by(door, part).await {
                Ok(reports) => return Ok((length, reports)),
                Err(StoreError::Data(error)) if length > 1 => {
                    tracing::warn!(messages = length, error = %chain(error.as_ref()), "the store refused a row: halving");
                    length /= 2;
                }
                Err(StoreError::Data(error)) => {
                    tracing::error!(error = %chain(error.as_ref()), "the store refused a message: quarantined");
                    let quarantined: Vec<Input> = part.iter().map(quarantine).collect();
                    return self.run_by(door, &quarantined).await.map(|reports| (length, reports));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// One intake transaction, again when it lost to another or when the registers are older than the store's.
    pub async fn run(&self, inputs: &[Input], receipts: Receipts) -> Result<Vec<Report>, StoreError> {
        self.run_by(Door { receipts, queue: None }, inputs).await
    }

    async fn run_by(&self, door: Door<'_>, inputs: &[Input]) -> Result<Vec<Report>, StoreError> {
        let keys = step::keys(inputs);
        for _ in 0..CONFLICTS_MAX {
            let changes = self.sharing.changes();
            let known = self.known().await;
            let (fence, set_aside) = match door.queue {
                None => (Vec::new(), None),
                Some(queue) => (self.sharing.fence(Some(queue))?, self.room_at_once(&known.registers).await),
            };
            // leases that came meanwhile count for the room, and the fence does not know them
            if door.queue.is_some() && self.sharing.changes() != changes {
                continue;
            }
            let nowhere = step::AtOnce::new();
            let room = set_aside.as_ref().map_or(&nowhere, inboxes::SetAside::room);
            let mut law = None;
            let (mut reports, mut leaves_waiting) = (Vec::new(), false);
            let deadline = handing_over::in_time(&self.settings.limits);
            let done = self
                .store
                .intake(&fence, &keys, &mut |snapshot| {
                    if snapshot.epoch != known.registers.epoch {
                        return None;
                    }
                    let law = (*law.insert(known.law(snapshot.now))).ok()?;
                    let (actions, made) = step::step(law, snapshot, inputs, door.receipts, room);
                    reports = made;
                    leaves_waiting = actions.iter().any(may_let_go);
                    Some(actions)
                })
                .await;
            if let (Ok(Some(claimed)), Some(set_aside)) = (&done, set_aside) {
                set_aside.used(claimed.iter().map(|delivery| &delivery.recipient));
            }
            let law = law.transpose()?;
            match done {
                Ok(Some(claimed)) => {
                    if let Some(law) = law {
                        self.ready.add(claimed, law, deadline);
                    }
                    if leaves_waiting {
                        self.look_again();
                    } else {
                        self.wake.notify_one();
                    }
                    return Ok(reports);
                }
                Ok(None) => self.reload().await?,
                Err(StoreError::Conflict) => tokio::task::yield_now().await,
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Conflict)
    }

    /// A message that ended the process that worked on it again and again: nothing of it is looked at again, and its sender is told.
    pub(crate) fn set_aside(&self, offer: &Offer) -> Input {
        tracing::error!(sender = offer.sender.as_ref().map(ParticipantId::as_str), "a message ends the process: set aside");
        let why = Rejection::new(RejectionCode::Malformed, "", "a message that the hub can process; it was set aside");
        Input::Offer(Err(Box::new(Rejected {
            sender: offer.sender.clone(),
            source: None,
            id: None,
            event: None,
            size: offer.raw.body.len() as u64,
            digest: self.settings.key.digest(&[&offer.raw.body]),
            why,
        })))
    }
}

/// Whether something may be claimed after this that could not before.
fn may_let_go(action: &Action) -> bool {
    match action {
        Action::AddDelivery(delivery) => !matches!(delivery.stage, Stage::Claimed { .. }),
        Action::SetStage(..) => true,
        Action::SaveCase(_)
        | Action::SaveMessage(_)
        | Action::AddDecision(_)
        | Action::AddReceipt(_)
        | Action::AddRejection(_)
        | Action::SetTimer(_)
        | Action::ClearTimer(_) => false,
    }
}

/// A message that the store refuses, as a rejection that keeps no content.
fn quarantine(input: &Input) -> Input {
    late(input, Rejection::new(RejectionCode::SchemaInvalid, "/data", "text that can be stored"))
}

/// A message that the broker gave up on: its sender hears of it and offers it again.
pub(crate) fn dead(input: &Input) -> Input {
    late(input, Rejection::new(RejectionCode::Malformed, "", "a message that the broker could deliver; offer it again"))
}

fn late(input: &Input, why: Rejection) -> Input {
    match input {
        Input::Offer(Ok(message)) => Input::Offer(Err(Box::new(Rejected::late(message, why)))),
        other => other.clone(),
    }
}
