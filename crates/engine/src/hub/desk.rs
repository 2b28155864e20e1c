//! What people do at the desks and at the registers: each look is kept, and each entry is checked in the transaction that writes it.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use schakelpunt_domain::{
    DetentionRef, LegalDay, ParticipantId, Refusal,
    case::Case,
    consent::{Consent, ConsentEntry},
    registers::{At, Entry, Improper, Kind, Lift, Recorded, Registers, Stop},
};
use schakelpunt_rules::{self as rules, Admission, Statistics, Visit};

use super::Hub;
use crate::{
    Settings,
    desk::{self, AccessRecord, Given, Look, Reads, Seen},
    model::Delivery,
    ports::{DeliveryFilter, StoreError},
    step::{Input, Receipts, desks},
};

/// All that was given of one case fits.
const DELIVERIES_MAX: u32 = 100_000;

impl Hub {
    /// Enters register entries, if they can stand beside what is there. What rests on them is decided again at the claim.
    pub async fn enter(&self, entries: &[Entry], by: &ParticipantId) -> Result<Result<u64, Improper>, StoreError> {
        let (mut improper, mut recorded) = (Improper::Nothing, Timestamp::UNIX_EPOCH);
        let entries: Vec<Entry> = entries.iter().cloned().map(|entry| signed(entry, by)).collect();
        let in_force = self.rules_for(&entries).await?;
        let epoch = self
            .store
            .enter(by.as_str(), &mut |now, held| {
                let mut registers = Registers::new(0, held);
                recorded = now;
                for entry in &entries {
                    let fits = entry
                        .check(&registers, now)
                        .and_then(|()| stands_in_rules(in_force.as_deref(), entry))
                        .and_then(|()| self.is_of_here(entry));
                    if let Err(why) = fits {
                        improper = why;
                        return None;
                    }
                    registers.add(Recorded { entry: entry.clone(), recorded: now });
                }
                Some(entries.clone())
            })
            .await?;
        let Some(epoch) = epoch else { return Ok(Err(improper)) };
        self.refresh().await?;
        self.look_again();
        self.say_of_capacities(&entries, recorded).await?;
        Ok(Ok(epoch))
    }

    /// Records a consent in a case that is known.
    pub async fn enter_consent(&self, entry: &ConsentEntry) -> Result<Result<(), Improper>, StoreError> {
        self.refresh().await?;
        let (registers, now) = self.as_of_now().await?;
        if registers.participant(entry.recipient(), At::now(now)).is_none() {
            return Ok(Err(Improper::Unknown(entry.recipient().clone())));
        }
        let (detention, consent) = entry.consent(now);
        if self.known_case(&detention).await?.is_none() {
            return Ok(Err(Improper::Nothing));
        }
        // when it was recorded is not for whoever enters it to say
        let withdrawal_recorded = consent.withdrawn_at.map(|_| now);
        self.record_consent(detention, Consent { recorded: now, withdrawal_recorded, ..consent }).await.map(Ok)
    }

    /// Takes a consent back: what waits and rests on it is cancelled in the same transaction.
    pub async fn withdraw_consent(&self, detention: &DetentionRef, id: &str) -> Result<Result<(), Improper>, StoreError> {
        let now = self.store.now().await?;
        let case = self.known_case(detention).await?;
        let known = case.as_ref().and_then(|case| case.consents.iter().find(|consent| consent.id == id));
        let Some(consent) = known else { return Ok(Err(Improper::Nothing)) };
        let ended = Consent { withdrawn_at: Some(now), withdrawal_recorded: Some(now), ..consent.clone() };
        self.run(&[Input::Consent(detention.clone(), ended)], Receipts::Answered).await.map(|_| Ok(()))
    }

    /// The consents of a case, with their ends.
    pub async fn consents(&self, detention: &DetentionRef) -> Result<Vec<Consent>, StoreError> {
        Ok(self.known_case(detention).await?.map(|case| case.consents).unwrap_or_default())
    }

    /// What a worker may see of a case, in one capacity, and of which other detentions of that person it may see something too.
    pub async fn look(&self, look: &Look, detention: &DetentionRef) -> Result<Result<Seen, Refusal>, StoreError> {
        self.refresh().await?;
        let (registers, now) = self.as_of_now().await?;
        let at = At::now(now);
        let known = self.known_case(detention).await?;
        let case = known.clone().unwrap_or_else(|| Case::new(detention.clone()));
        let seen = match look.check() {
            Ok(()) => self.view(look, &registers, &case, at).await?,
            Err(code) => Err(code),
        };
        let looked = |detention: &DetentionRef, seen: &Result<(Admission, Vec<Given>), Refusal>| {
            let blank = record(look, detention.clone(), Reads::Case, now);
            match seen {
                Err(code) => AccessRecord { code: Some(*code), ..blank },
                Ok((admission, given)) => blank.admitted(admission, given),
            }
        };
        let mut records = vec![looked(detention, &seen)];
        let mut same_person = Vec::new();
        if seen.is_ok() {
            for other in self.same_person(&case).await? {
                let seen = self.view(look, &registers, &other, at).await?;
                if seen.as_ref().is_ok_and(|(_, given)| !given.is_empty()) {
                    records.push(AccessRecord { fields: Vec::new(), ..looked(&other.detention, &seen) });
                    same_person.push(other.detention);
                }
            }
        }
        // of a case that is not known there is nothing to keep
        if known.is_some() {
            self.store.note_accesses(&records).await?;
            if let Some(refused) = records.into_iter().find(|record| record.code.is_some()) {
                let key = desks::key_of_refusal(&self.settings.source, &refused);
                self.run(&[Input::Refused(key, refused)], Receipts::Answered).await?;
            }
        }
        Ok(seen.map(|(_, given)| Seen { given, same_person }))
    }

    /// What a worker who is admitted to a case sees of it.
    async fn view(
        &self,
        look: &Look,
        registers: &Registers,
        case: &Case,
        at: At,
    ) -> Result<Result<(Admission, Vec<Given>), Refusal>, StoreError> {
        let admission = match rules::access(&self.in_force().await?.rules, registers, look.looker(), case, at) {
            Ok(admission) => admission,
            Err(code) => return Ok(Err(code)),
        };
        let deliveries = self.all_deliveries(&case.detention).await?;
        let given = desk::view(registers, &admission, &look.capacity, case, &deliveries, at);
        Ok(Ok((admission, given)))
    }

    /// The cases of the other detentions of the same person, as far as both cases say that it is the same.
    async fn same_person(&self, case: &Case) -> Result<Vec<Case>, StoreError> {
        let Some(person) = &case.follow_up.person else { return Ok(Vec::new()) };
        let stays = self.store.case(person).await?.map(|row| row.value.follow_up.stays).unwrap_or_default();
        let mut cases = Vec::new();
        for other in stays.keys().filter(|other| **other != case.detention) {
            cases.extend(self.known_case(other).await?.filter(|other| other.follow_up.person.as_ref() == Some(person)));
        }
        Ok(cases)
    }

    /// Whom a worker may visit in a prison, now or on a later day. Every name on the list counts as a look.
    pub async fn visit_list(
        &self,
        look: &Look,
        prison: &ParticipantId,
        day: Option<LegalDay>,
    ) -> Result<Result<Vec<Visit>, Refusal>, StoreError> {
        self.refresh().await?;
        let (registers, now) = self.as_of_now().await?;
        let at = At { valid: day.map_or(now, |day| day.begins().max(now)), known: now };
        let cases = self.store.cases_in(&registers.predecessors(prison, at)).await?;
        let in_force = self.in_force().await?;
        let visits = look.check().and_then(|()| rules::visit_list(&in_force.rules, &registers, look.looker(), prison, &cases, at));
        let Ok(visits) = visits else { return Ok(visits) };
        let own = rules::seat(&in_force.rules, &registers, look.looker(), None, at).ok().map(|(own, _)| own);
        let records = visits.iter().map(|visit| AccessRecord {
            employer: own.map(|own| own.employer.clone()),
            role: own.map(|own| own.role.clone()),
            on_behalf_of: visit.on_behalf_of.clone(),
            ..record(look, visit.detention.clone(), Reads::VisitList, now)
        });
        self.store.note_accesses(&records.collect::<Vec<_>>()).await?;
        Ok(Ok(visits))
    }

    /// How many people there are, without small numbers and without anybody.
    pub async fn statistics(&self, look: &Look) -> Result<Result<Statistics, Refusal>, StoreError> {
        self.refresh().await?;
        let (registers, now) = self.as_of_now().await?;
        let at = At::now(now);
        let prisons: Vec<_> = registers.participants(at).filter(|one| one.kind == Kind::Prison).collect();
        let prisons: BTreeSet<_> = prisons.into_iter().flat_map(|prison| registers.predecessors(&prison.id, at)).collect();
        let cases = self.store.cases_in(&prisons.into_iter().collect::<Vec<_>>()).await?;
        let in_force = self.in_force().await?;
        Ok(look.check().and_then(|()| rules::statistics(&in_force.rules, &registers, look.looker(), &cases, at)))
    }

    /// What was given of a case, and who looked at it.
    pub async fn who_saw(&self, detention: &DetentionRef) -> Result<(Vec<Given>, Vec<AccessRecord>), StoreError> {
        let given = desk::given(&self.all_deliveries(detention).await?);
        Ok((given, self.store.accesses(detention).await?))
    }

    /// The rules by which entries are judged that name a role or a rule; others need none. Where no rules can be had, a stop is still
    /// entered: it is for emergencies.
    async fn rules_for(&self, entries: &[Entry]) -> Result<Option<Arc<Settings>>, StoreError> {
        if entries.iter().any(|entry| matches!(entry, Entry::Capacity(_))) {
            return self.in_force().await.map(Some);
        }
        let stops = entries.iter().any(|entry| matches!(entry, Entry::Stop(Stop::Rule(_))));
        if !stops {
            return Ok(None);
        }
        match self.in_force_or_last().await {
            Ok(settings) => Ok(Some(settings)),
            Err(StoreError::NoRules(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The registers of one hub hold one environment: its own.
    fn is_of_here(&self, entry: &Entry) -> Result<(), Improper> {
        match entry {
            Entry::Participant(one) if one.environment != self.settings.environment => Err(Improper::Environment),
            _ => Ok(()),
        }
    }

    /// The units hear of a capacity that was entered or ended.
    pub(super) async fn say_of_capacities(&self, entries: &[Entry], recorded: Timestamp) -> Result<(), StoreError> {
        let about = entries.iter().filter(|entry| desks::row_of(entry).is_some());
        let inputs: Vec<Input> = about.map(|entry| Input::Entered(Recorded { entry: entry.clone(), recorded })).collect();
        if inputs.is_empty() {
            return Ok(());
        }
        self.run(&inputs, Receipts::Answered).await.map(|_| ())
    }

    async fn as_of_now(&self) -> Result<(Arc<Registers>, Timestamp), StoreError> {
        let registers = self.registers().await;
        // time never runs back: what was entered counts
        let now = self.store.now().await?.max(registers.latest());
        Ok((registers, now))
    }

    async fn known_case(&self, detention: &DetentionRef) -> Result<Option<Case>, StoreError> {
        Ok(self.store.case(detention).await?.map(|case| case.value).filter(|case| case.opened.is_some()))
    }

    async fn all_deliveries(&self, detention: &DetentionRef) -> Result<Vec<Delivery>, StoreError> {
        let filter = DeliveryFilter { detention: Some(detention.clone()), limit: DELIVERIES_MAX, ..DeliveryFilter::default() };
        self.store.deliveries(&filter).await
    }
}

/// Whoever lifts is who enters it.
fn signed(entry: Entry, by: &ParticipantId) -> Entry {
    match entry {
        Entry::Lift(Lift { what, .. }) => Entry::Lift(Lift { what, by: Some(by.clone()) }),
        other => other,
    }
}

/// A capacity in a role without a desk, and the stop of a rule that is none, are slips of the pen: a worker would see nothing and not know
/// why, and what was to be stopped would go on.
fn stands_in_rules(settings: Option<&Settings>, entry: &Entry) -> Result<(), Improper> {
    match entry {
        Entry::Stop(Stop::Rule(id)) if settings.is_some_and(|settings| settings.rules.rules().iter().all(|rule| rule.id != *id)) => {
            Err(Improper::Rule)
        }
        Entry::Capacity(own) if settings.is_none_or(|settings| settings.rules.desk(&own.role).is_none()) => Err(Improper::Role),
        _ => Ok(()),
    }
}

fn record(look: &Look, detention: DetentionRef, reads: Reads, at: Timestamp) -> AccessRecord {
    AccessRecord {
        at,
        detention,
        worker: look.worker.clone(),
        employer: None,
        acting_for: look.capacity.clone(),
        role: None,
        on_behalf_of: None,
        reads,
        purpose: look.purpose.clone(),
        fields: Vec::new(),
        code: None,
    }
}
