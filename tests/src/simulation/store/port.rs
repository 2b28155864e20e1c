//! The calls of the port, each with its effect on the shared rows.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use schakelpunt_domain::{
    DeliveryId, DetentionRef, MessageId, ParticipantId,
    case::{Case, FactValue},
    ids::MessageKey,
    registers::{Entry, Recorded},
};
use schakelpunt_engine::{
    desk::AccessRecord,
    kept_law::KeptLaw,
    leases::{Lease, LeaseName, ProcessId},
    life::Deed,
    model::{
        Decided, Delivery, Due, HandOver, Pulled, Receipt, RejectionRecord, Room, Seen, SnapshotKeys, StoredMessage, Timer, Versioned,
    },
    ports::{Change, Decide, DeliveryFilter, Do, Enter, Load, Pull, ReceiptsOf, Step, Store, StoreError, Trace},
};

use super::{
    super::{
        actors, checks, fetching, planted,
        tables::{Heads, Shown},
    },
    SimStore, gone,
};
use crate::mutants::Mutant;

#[async_trait]
impl Store for SimStore {
    async fn migrate(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.call("now", false, |_, now| Ok(now)).await
    }

    async fn registers(&self) -> Result<(u64, Vec<Recorded<Entry>>), StoreError> {
        self.call("registers", false, |world, _| Ok((world.tables.epoch, world.tables.entries.clone()))).await
    }

    async fn epoch(&self) -> Result<u64, StoreError> {
        self.call("epoch", false, |world, _| Ok(world.tables.epoch)).await
    }

    async fn record(&self, entries: Vec<Recorded<Entry>>) -> Result<u64, StoreError> {
        self.call("record", true, |world, _| {
            checks::recording(world, &entries);
            Ok(world.tables.record(entries))
        })
        .await
    }

    async fn enter(&self, _by: &str, enter: Enter<'_>) -> Result<Option<u64>, StoreError> {
        self.call("enter", true, |world, now| {
            let now = world.tables.entries.iter().map(|entry| entry.recorded).fold(now, Ord::max);
            let Some(entries) = enter(now, world.tables.entries.clone()) else { return Ok(None) };
            let entries: Vec<_> = entries.into_iter().map(|entry| Recorded { entry, recorded: now }).collect();
            checks::recording(world, &entries);
            Ok(Some(world.tables.record(entries)))
        })
        .await
    }

    async fn registers_seen(&self) -> Result<Option<Seen>, StoreError> {
        self.call("registers_seen", false, |world, _| if world.timers_wait() { Err(gone()) } else { Ok(world.tables.seen) }).await
    }

    async fn see_registers(&self, seen: Seen) -> Result<(), StoreError> {
        self.call("see_registers", true, |world, _| {
            world.tables.seen = Some(seen);
            Ok(())
        })
        .await
    }

    async fn apply_law(&self, law: &KeptLaw) -> Result<(), StoreError> {
        self.call("apply_law", true, |world, now| {
            world.tables.apply_law(law, now);
            Ok(())
        })
        .await
    }

    async fn law_at(&self, known: Timestamp) -> Result<Option<KeptLaw>, StoreError> {
        self.call("law_at", false, |world, _| Ok(world.tables.law_at(known))).await
    }

    async fn law(&self, version: &str) -> Result<Option<KeptLaw>, StoreError> {
        self.call("law", false, |world, _| Ok(world.tables.rules.kept.get(version).cloned())).await
    }

    async fn deeds(&self) -> Result<Vec<Deed>, StoreError> {
        self.call("deeds", false, |world, _| Ok(world.tables.rules.deeds.clone())).await
    }

    async fn add_deed(&self, law: Option<&KeptLaw>, act: Do<'_>) -> Result<Option<Deed>, StoreError> {
        self.call("add_deed", true, |world, now| {
            let now = world.tables.rules.deeds.iter().map(|deed| deed.at).fold(now, Ord::max);
            let deed = act(now, world.tables.rules.deeds.clone());
            if let Some(deed) = &deed {
                world.tables.add_deed(law, deed.clone())?;
            }
            Ok(deed)
        })
        .await
    }
    async fn decided_between(&self, since: Timestamp, before: Timestamp) -> Result<Vec<DetentionRef>, StoreError> {
        self.call("decided_between", false, |world, _| Ok(world.tables.decided_between(since, before))).await
    }

    async fn decided(&self, detentions: &[DetentionRef]) -> Result<Vec<Decided>, StoreError> {
        self.call("decided", false, |world, _| Ok(detentions.iter().map(|detention| world.tables.decided(detention)).collect())).await
    }

    async fn token_holder(&self, digest: &str) -> Result<Option<ParticipantId>, StoreError> {
        self.call("token_holder", false, |world, _| Ok(world.tables.tokens.get(digest).map(|(participant, _)| participant.clone()))).await
    }

    async fn token_holders(&self) -> Result<Vec<(ParticipantId, Timestamp)>, StoreError> {
        self.call("token_holders", false, |world, _| {
            let mut holders: Vec<_> = world.tables.tokens.values().cloned().collect();
            holders.sort();
            Ok(holders)
        })
        .await
    }

    async fn give_token(&self, participant: &ParticipantId, digest: &str, _by: &str) -> Result<(), StoreError> {
        self.call("give_token", true, |world, now| {
            if world.tables.tokens.get(digest).is_some_and(|(holder, _)| holder != participant) {
                return Err(StoreError::Data("a token stands for one participant".into()));
            }
            world.tables.tokens.retain(|_, (holder, _)| holder != participant);
            world.tables.tokens.insert(digest.to_owned(), (participant.clone(), now));
            Ok(())
        })
        .await
    }

    async fn cases_in(&self, prisons: &[ParticipantId]) -> Result<Vec<Case>, StoreError> {
        let named =
            |case: &Case| case.facts.iter().any(|fact| matches!(&fact.value, FactValue::Prison(prison) if prisons.contains(prison)));
        self.call("cases_in", false, |world, _| {
            Ok(world.tables.cases.values().map(|case| case.value.clone()).filter(|case| named(case)).collect())
        })
        .await
    }

    async fn note_accesses(&self, accesses: &[AccessRecord]) -> Result<(), StoreError> {
        self.call("note_accesses", true, |world, _| {
            world.tables.accesses.extend_from_slice(accesses);
            Ok(())
        })
        .await
    }

    async fn accesses(&self, detention: &DetentionRef) -> Result<Vec<AccessRecord>, StoreError> {
        self.call("accesses", false, |world, _| {
            Ok(world.tables.accesses.iter().filter(|access| access.detention == *detention).cloned().collect())
        })
        .await
    }

    async fn lease(&self, process: &ProcessId, wanted: &[LeaseName], life: Duration) -> Result<Vec<Lease>, StoreError> {
        self.call("lease", true, |world, now| {
            let held = world.tables.lease(process, wanted, life, now);
            world.note(format_args!("  holds {}", held.len()));
            Ok(held)
        })
        .await
    }

    async fn intake(&self, fence: &[Lease], keys: &SnapshotKeys, step: Step<'_>) -> Result<Option<Vec<Delivery>>, StoreError> {
        self.call("intake", true, |world, now| {
            self.fence(world, fence, now)?;
            let mut snapshot = world.tables.snapshot(keys, now);
            planted::snapshot(world, keys, &mut snapshot);
            let shown = Shown::of(&snapshot);
            let Some(mut actions) = step(snapshot) else { return Ok(None) };
            planted::actions(world, &mut actions);
            checks::refuses(world, &actions)?;
            let odds = world.weather.store;
            if world.chance(odds) {
                world.count("fault: a transaction rolled back at its commit");
                return Err(gone());
            }
            world.tables.check(&actions, &shown)?;
            checks::intake(world, &actions, now);
            let claimed = world.tables.write(actions);
            checks::claimed_at_once(world, self.process, &claimed, now);
            Ok(Some(claimed))
        })
        .await
    }

    async fn suspect(&self, digests: &[String], alone: bool) -> Result<Vec<u32>, StoreError> {
        self.call("suspect", true, |world, _| Ok(world.tables.suspect(digests, alone))).await
    }

    async fn unsuspect(&self, digests: &[String]) -> Result<(), StoreError> {
        self.call("unsuspect", true, |world, _| {
            world.tables.unsuspect(digests);
            Ok(())
        })
        .await
    }

    async fn due_recipients(&self) -> Result<Vec<Due>, StoreError> {
        self.call("due", false, |world, now| Ok(world.tables.due_recipients(now))).await
    }

    async fn claim(
        &self,
        fence: &[Lease],
        limit: usize,
        room: &BTreeMap<ParticipantId, Room>,
        decide: Decide<'_>,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.call("claim", true, |world, now| {
            self.fence(world, fence, now)?;
            let heads = if world.is(Mutant::LaneOvertaken) { Heads::Any } else { Heads::First };
            let mut ids = world.tables.heads(limit, room, heads, now);
            if ids.len() > 1 && world.chance(10) {
                // another process works on it
                let locked = world.rng.index(ids.len());
                ids.remove(locked);
                world.count("fault: a row is locked by another");
            }
            let mut context = world.tables.context(&ids, now);
            planted::context(world, &mut context);
            if context.candidates.is_empty() {
                return Ok(Vec::new());
            }
            let Some(verdicts) = decide(context) else { return Ok(Vec::new()) };
            let written = world.tables.judge(&ids, verdicts)?;
            checks::claimed(world, self.process, &written, now);
            let odds = world.weather.worst_moment;
            if written.iter().any(|one| one.claimed) && world.chance(odds) {
                actors::worst_moment(world, now);
            }
            Ok(written.into_iter().filter(|one| one.claimed).map(|one| one.delivery).collect())
        })
        .await
    }

    async fn settle(&self, results: &[HandOver]) -> Result<(), StoreError> {
        self.call("settle", true, |world, _| {
            let counted = world.tables.settle(results).into_iter().cloned().collect::<Vec<_>>();
            checks::settled(world, results, &counted);
            Ok(())
        })
        .await
    }

    async fn pull(&self, pull: &Pull, decide: Decide<'_>) -> Result<Pulled, StoreError> {
        self.call("pull", true, |world, now| fetching::pull(world, self.process, pull, decide, now)).await
    }

    async fn receipts(&self, limit: usize, of: ReceiptsOf<'_>) -> Result<Vec<Receipt>, StoreError> {
        self.call("receipts", false, |world, _| Ok(world.tables.receipts(limit, of))).await
    }

    async fn untold(&self, of: &[ParticipantId]) -> Result<BTreeSet<ParticipantId>, StoreError> {
        self.call("untold", false, |world, _| Ok(world.tables.untold(of))).await
    }

    async fn tell_once(&self, receipts: &[Receipt]) -> Result<(), StoreError> {
        self.call("tell_once", true, |world, _| {
            receipts.iter().for_each(|receipt| world.tables.tell_once(receipt));
            Ok(())
        })
        .await
    }

    async fn heads(&self) -> Result<BTreeMap<ParticipantId, u64>, StoreError> {
        self.call("heads", false, |world, _| Ok(world.tables.all_heads())).await
    }

    async fn receipts_told(&self, ids: &[MessageId]) -> Result<(), StoreError> {
        self.call("receipts_told", true, |world, _| {
            world.tables.receipts_told(ids);
            Ok(())
        })
        .await
    }

    async fn due_timers(&self, limit: usize) -> Result<Vec<Timer>, StoreError> {
        self.call("due_timers", false, |world, now| {
            if world.timers_wait() {
                return Ok(Vec::new());
            }
            Ok(planted::timers(world, limit, now))
        })
        .await
    }

    async fn trace(&self, id: &MessageId) -> Result<Vec<Trace>, StoreError> {
        self.call("trace", false, |world, _| Ok(world.tables.trace(id))).await
    }

    async fn case(&self, detention: &DetentionRef) -> Result<Option<Versioned<Case>>, StoreError> {
        self.call("case", false, |world, _| Ok(world.tables.cases.get(detention).cloned())).await
    }

    async fn message(&self, key: &MessageKey) -> Result<Option<StoredMessage>, StoreError> {
        self.call("message", false, |world, _| Ok(world.tables.messages.get(key).cloned())).await
    }

    async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<Delivery>, StoreError> {
        self.call("deliveries", false, |world, _| Ok(world.tables.list(filter))).await
    }

    async fn change_stage(&self, id: &DeliveryId, change: Change<'_>) -> Result<Option<Delivery>, StoreError> {
        self.call("change_stage", true, |world, _| Ok(world.tables.change_stage(*id, change))).await
    }

    async fn rejections(&self, limit: u32) -> Result<Vec<RejectionRecord>, StoreError> {
        self.call("rejections", false, |world, _| Ok(world.tables.rejections.iter().rev().take(limit as usize).cloned().collect())).await
    }

    async fn load(&self) -> Result<Load, StoreError> {
        self.call("load", false, |world, _| Ok(world.tables.load())).await
    }

    async fn forget(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.call("forget", true, |world, _| {
            let hasty = world.is(Mutant::PayloadPurgedTooEarly);
            let count = world.tables.forget(before, hasty);
            checks::forgotten(world);
            Ok(count)
        })
        .await
    }
}
