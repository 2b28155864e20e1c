//! Claims and fetches: which deliveries may be provided now, and what becomes of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schakelpunt_domain::{DeliveryId, ParticipantId, stage::Stage};
use schakelpunt_engine::{
    model::{ByConsent, ClaimCandidate, ClaimContext, DecisionRecord, Delivery, Due, Pulled, Receipt, Room, Verdict},
    ports::{Pull, StoreError},
};
use schakelpunt_rules::Permit;

use super::{Tables, unwritable};

/// A verdict as it was written: the delivery, its decision if one was asked for, and how it stood before.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) delivery: Delivery,
    pub(crate) decision: Option<DecisionRecord>,
    pub(crate) before: Stage,
    pub(crate) claimed: bool,
}

/// How a lane is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heads {
    /// Only what stands first.
    First,
    /// Anything: a planted mistake.
    Any,
}

fn due(stage: &Stage) -> Option<Timestamp> {
    match stage {
        Stage::Waiting { not_before, .. } => Some(*not_before),
        Stage::Claimed { until, .. } => Some(*until),
        _ => None,
    }
}

fn by_consent(delivery: &Delivery) -> bool {
    delivery.decision.permit().is_some_and(Permit::by_consent)
}

impl Tables {
    fn stage(&self, id: &DeliveryId) -> &Stage {
        &self.deliveries[id].delivery.stage
    }

    fn due(&self, id: &DeliveryId, now: Timestamp) -> Option<Timestamp> {
        due(self.stage(id)).filter(|due| *due <= now)
    }

    pub(crate) fn due_recipients(&self, now: Timestamp) -> Vec<Due> {
        let mut found: Vec<ParticipantId> = Vec::new();
        for ((recipient, _), open) in &self.open {
            if found.last() != Some(recipient) && open.first().is_some_and(|(_, _, id)| self.due(id, now).is_some()) {
                found.push(recipient.clone());
            }
        }
        let consent = |recipient: &ParticipantId| {
            let waits = self.open_for(recipient).any(|one| by_consent(one) && due(&one.stage).is_some_and(|due| due <= now));
            match self.consent_claimed(recipient, |until| until > now) {
                true => ByConsent::Claimed,
                false if waits => ByConsent::Waits,
                false => ByConsent::Nothing,
            }
        };
        found.into_iter().map(|recipient| Due { consent: consent(&recipient), recipient }).collect()
    }

    /// Whether something by consent is claimed for a recipient, with a claim that lives until such an instant.
    fn consent_claimed(&self, recipient: &ParticipantId, lives: impl Fn(Timestamp) -> bool) -> bool {
        self.open_for(recipient).any(|one| by_consent(one) && matches!(one.stage, Stage::Claimed { until, .. } if lives(until)))
    }

    fn open_for(&self, recipient: &ParticipantId) -> impl Iterator<Item = &Delivery> {
        let open = self.open.iter().filter(move |((to, _), _)| to == recipient).flat_map(|(_, open)| open);
        open.map(|(_, _, id)| &self.deliveries[id].delivery)
    }

    /// The due heads of lanes of recipients with room, those first that are due longest.
    pub(crate) fn heads(&self, limit: usize, room: &BTreeMap<ParticipantId, Room>, heads: Heads, now: Timestamp) -> Vec<DeliveryId> {
        let share = limit.saturating_mul(2).div_ceil(room.len().max(1));
        let mut found: Vec<(Timestamp, u64, DeliveryId, &ParticipantId)> = Vec::new();
        for ((recipient, _), open) in &self.open {
            let Some(room) = room.get(recipient) else { continue };
            let take = if heads == Heads::First { 1 } else { open.len() };
            for (_, ordinal, id) in open.iter().take(take) {
                let delivery = &self.deliveries[id].delivery;
                let beside = || matches!(delivery.stage, Stage::Waiting { .. }) && self.consent_claimed(recipient, |_| true);
                let free = !by_consent(delivery) || (room.consent && !beside());
                if let Some(due) = self.due(id, now).filter(|_| free) {
                    found.push((due, *ordinal, *id, recipient));
                }
            }
        }
        found.sort_unstable();
        let mut taken: BTreeMap<&ParticipantId, usize> = BTreeMap::new();
        found.retain(|(_, _, _, recipient)| {
            let count = taken.entry(recipient).or_default();
            *count += 1;
            *count <= room[*recipient].count.min(share)
        });
        found.into_iter().take(limit).map(|(_, _, id, _)| id).collect()
    }

    /// What a decision about these needs.
    pub(crate) fn context(&self, ids: &[DeliveryId], now: Timestamp) -> ClaimContext {
        let candidates = ids.iter().map(|id| {
            let delivery = self.deliveries[id].delivery.clone();
            let case = delivery.detention.as_ref().and_then(|detention| self.cases.get(detention)).cloned();
            let message = self.messages[&delivery.key].clone();
            ClaimCandidate { delivery, case, message }
        });
        ClaimContext { now, epoch: self.epoch, candidates: candidates.collect() }
    }

    /// Writes verdicts on these candidates; gives them as written, those that were claimed with their numbers.
    pub(crate) fn judge(&mut self, ids: &[DeliveryId], verdicts: Vec<Verdict>) -> Result<Vec<Written>, StoreError> {
        if verdicts.len() != ids.len() {
            return Err(unwritable("not one verdict for each candidate"));
        }
        let mut written = Vec::new();
        for verdict in verdicts {
            let void = match &verdict {
                Verdict::End(delivery, decision) | Verdict::Recall(delivery, decision, ..) => Receipt::void(delivery, decision.at),
                Verdict::Claim(..) | Verdict::Wait(..) | Verdict::Leave => None,
            };
            void.into_iter().for_each(|void| self.add_receipt(void));
            let (mut delivery, decision, claimed) = match verdict {
                Verdict::Claim(delivery, decision) => (*delivery, decision, true),
                Verdict::End(delivery, decision) => (*delivery, Some(decision), false),
                Verdict::Recall(delivery, decision, message, recall) => {
                    self.save_message(*message);
                    self.add_delivery(*recall);
                    (*delivery, Some(decision), false)
                }
                Verdict::Wait(delivery, decision) => (*delivery, decision, false),
                Verdict::Leave => continue,
            };
            if claimed {
                self.number(std::slice::from_mut(&mut delivery));
            }
            if let Some(decision) = &decision {
                self.add_decision(decision.clone());
            }
            let (before, stage) = (self.stage(&delivery.id).clone(), delivery.stage.clone());
            if let Some(row) = self.deliveries.get_mut(&delivery.id) {
                row.delivery = delivery.clone();
            }
            self.move_to(delivery.id, stage);
            written.push(Written { delivery, decision, before, claimed });
        }
        Ok(written)
    }

    /// Marks what was given up to the cursor as received.
    pub(crate) fn received(&mut self, pull: &Pull, at: Timestamp) {
        let given = |delivery: &Delivery| {
            delivery.recipient == pull.participant
                && delivery.number.is_some_and(|number| number <= pull.after)
                && matches!(delivery.stage, Stage::HandedOver { .. })
        };
        let ids: Vec<DeliveryId> = self.deliveries.values().filter(|row| given(&row.delivery)).map(|row| row.delivery.id).collect();
        ids.iter().for_each(|id| self.move_to(*id, Stage::Received { at }));
    }

    /// The highest number that one of these has.
    pub(crate) fn last_numbered(&self, ids: &[DeliveryId]) -> Option<u64> {
        ids.iter().filter_map(|id| self.deliveries[id].delivery.number).max()
    }

    /// What a fetch gives, with what is known of the other numbers; `last`: it had numbers up to there.
    pub(crate) fn pulled(&self, pull: &Pull, full: bool, last: Option<u64>, mut given: Vec<Delivery>) -> Pulled {
        given.sort_by_key(|delivery| delivery.number);
        let head = self.heads.get(&pull.participant).copied().unwrap_or_default();
        let new = given.iter().filter_map(|delivery| delivery.number).max();
        let reached = last.filter(|_| full).map_or(head, |last| new.map_or(last, |new| new.max(last)));
        let mut open: Vec<u64> = self.open_for(&pull.participant).filter_map(|delivery| delivery.number).collect();
        open.sort_unstable();
        let head = open.first().map_or(head, |first| first - 1).min(reached);
        open.retain(|number| *number > pull.after && *number <= reached);
        Pulled { given, reached, open, full, head }
    }

    /// Up to which number everything was handed over or told as void.
    pub(crate) fn all_heads(&self) -> BTreeMap<ParticipantId, u64> {
        let settled = |(id, head): (&ParticipantId, &u64)| {
            let open = self.open_for(id).filter_map(|delivery| delivery.number);
            let voids = self.untold_for(id).filter_map(|receipt| receipt.data.pointer("/void/from")?.as_u64());
            (id.clone(), open.chain(voids).min().map_or(*head, |first| head.min(&(first - 1)).to_owned()))
        };
        self.heads.iter().filter(|(id, _)| !self.pulls.contains(*id)).map(settled).collect()
    }

    /// What a fetch may give: first what has a higher number, then what waits, lane by lane.
    pub(crate) fn fetchable(&self, pull: &Pull, now: Timestamp) -> Vec<DeliveryId> {
        let own = self.deliveries.values().filter(|row| row.delivery.recipient == pull.participant);
        let again = |delivery: &Delivery| {
            delivery.number.is_some_and(|number| number > pull.after)
                && matches!(delivery.stage, Stage::Claimed { .. } | Stage::HandedOver { .. } | Stage::Received { .. })
                && delivery.bytes.is_some()
        };
        let numbered = own.filter(|row| again(&row.delivery)).map(|row| (row.delivery.number, row.delivery.id));
        let mut numbered: Vec<(Option<u64>, DeliveryId)> = numbered.collect();
        numbered.sort_unstable();
        let mut lanes: Vec<(u64, Vec<DeliveryId>)> = Vec::new();
        for ((recipient, _), open) in &self.open {
            if *recipient != pull.participant {
                continue;
            }
            // what another channel claimed, and nobody knows of: under a number that no cursor would ask for again
            let passed = |id: &DeliveryId| self.deliveries[id].delivery.number.is_some_and(|number| number <= pull.after);
            let may_go = |id: &DeliveryId| match self.stage(id) {
                Stage::Waiting { .. } => self.due(id, now).is_some(),
                Stage::Claimed { .. } => self.due(id, now).is_some() && passed(id),
                _ => false,
            };
            let reached: Vec<_> = open.iter().take_while(|(_, _, id)| may_go(id)).collect();
            if let Some(first) = reached.iter().map(|(_, ordinal, _)| *ordinal).min() {
                lanes.push((first, reached.iter().map(|(_, _, id)| *id).collect()));
            }
        }
        lanes.sort_unstable();
        let all = numbered.into_iter().map(|(_, id)| id).chain(lanes.into_iter().flat_map(|(_, ids)| ids));
        all.take(pull.limit as usize).collect()
    }
}
