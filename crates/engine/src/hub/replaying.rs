//! Reads recorded decisions, detention by detention, and has them asked again.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use schakelpunt_domain::{DetentionRef, ParticipantId, catalogue::Catalogue};
use schakelpunt_rules::{Decision, RuleSet};

use super::explaining::kept_at;
use crate::{
    Settings,
    model::{Decided, DecisionRecord},
    ports::{Store, StoreError},
    replay::{Book, Made, Undecidable, decide_again},
};

/// By which rules a decision is asked again.
#[derive(Debug, Clone)]
pub enum Rules {
    /// Those that made it.
    Applied,
    /// These.
    These(Box<Settings>),
}

impl Rules {
    /// These, and everything else as in `settings`.
    pub fn these(settings: &Settings, rules: Arc<RuleSet>, catalogue: Arc<Catalogue>) -> Self {
        Self::These(Box::new(Settings { catalogue, rules, ..settings.clone() }))
    }
}

/// A recorded decision, and what it is under some rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Again {
    /// As it was recorded.
    pub record: DecisionRecord,
    /// For whom the recipient would have received, or else the recipient itself.
    pub organisation: ParticipantId,
    /// What it is under each of the rules that were asked about, in their order.
    pub answers: Vec<Result<Decision, Undecidable>>,
}

/// Recorded decisions of a period, to be asked again.
#[derive(Debug)]
pub struct Replay {
    settings: Settings,
    store: Arc<dyn Store>,
    book: Book,
    period: (Timestamp, Timestamp),
    detentions: Vec<DetentionRef>,
    /// The rules that were applied, by their version.
    applied: Mutex<BTreeMap<String, Result<Arc<Settings>, Undecidable>>>,
}

impl Replay {
    /// What was decided since one instant and before another.
    pub async fn open(settings: Settings, store: Arc<dyn Store>, since: Timestamp, before: Timestamp) -> Result<Self, StoreError> {
        // first what was decided: registers are only added to
        let detentions = store.decided_between(since, before).await?;
        let (epoch, entries) = store.registers().await?;
        let book = Book::new(epoch, entries);
        Ok(Self { settings, store, book, period: (since, before), detentions, applied: Mutex::default() })
    }

    /// The settings of the hub that asks.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The detentions about which something was decided; some may turn out to have nothing in the period.
    pub fn detentions(&self) -> &[DetentionRef] {
        &self.detentions
    }

    /// All decisions of the period about each of these detentions, asked again under each of these rules.
    pub async fn ask(&self, detentions: &[DetentionRef], under: &[Rules]) -> Result<Vec<Vec<Again>>, StoreError> {
        let mut asked = Vec::with_capacity(detentions.len());
        for decided in self.store.decided(detentions).await? {
            asked.push(self.ask_case(decided, under).await?);
        }
        Ok(asked)
    }

    async fn ask_case(&self, decided: Decided, under: &[Rules]) -> Result<Vec<Again>, StoreError> {
        let Decided { case, messages, decisions } = decided;
        let (since, before) = self.period;
        let mut asked = Vec::with_capacity(decisions.len());
        for record in decisions.into_iter().filter(|record| record.at >= since && record.at < before) {
            let mut answers = Vec::with_capacity(under.len());
            for rules in under {
                let made = match (&case, messages.get(&record.message)) {
                    (Some(case), Some(message)) => Ok(Made { record: &record, message, case }),
                    (None, _) => Err(Undecidable::NoCase),
                    (_, None) => Err(Undecidable::NoMessage),
                };
                let answer = match (made, rules) {
                    (Err(why), _) => Err(why),
                    (Ok(made), Rules::These(settings)) => decide_again(settings, &self.book, made),
                    (Ok(made), Rules::Applied) => match self.applied_to(&record).await? {
                        Ok(settings) => decide_again(&settings, &self.book, made),
                        Err(why) => Err(why),
                    },
                };
                answers.push(answer);
            }
            let organisation = record.on_behalf_of.as_ref().unwrap_or(&record.recipient).clone();
            asked.push(Again { record, organisation, answers });
        }
        Ok(asked)
    }

    /// The settings with the rules that made a decision.
    async fn applied_to(&self, record: &DecisionRecord) -> Result<Result<Arc<Settings>, Undecidable>, StoreError> {
        let known = self.applied.lock().unwrap_or_else(PoisonError::into_inner).get(&record.version).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let found = self.find(record).await?;
        self.applied.lock().unwrap_or_else(PoisonError::into_inner).insert(record.version.clone(), found.clone());
        Ok(found)
    }

    /// Reads them from what the store keeps: applied at that instant, or, where others came in the same one, right before it.
    async fn find(&self, record: &DecisionRecord) -> Result<Result<Arc<Settings>, Undecidable>, StoreError> {
        let moment = SignedDuration::from_micros(1);
        let mut why = Undecidable::RulesNotKept;
        for known in [Some(record.at), record.at.checked_sub(moment).ok()].into_iter().flatten() {
            let Ok(kept) = kept_at(&*self.store, known).await? else { continue };
            let Ok((catalogue, rules)) = kept.read() else {
                why = Undecidable::RulesUnreadable;
                continue;
            };
            if rules.version == record.version {
                let (catalogue, rules, law) = (Arc::new(catalogue), Arc::new(rules), Arc::new(kept));
                return Ok(Ok(Arc::new(Settings { catalogue, rules, law, ..self.settings.clone() })));
            }
        }
        Ok(Err(why))
    }
}
