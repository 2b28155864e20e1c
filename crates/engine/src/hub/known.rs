//! What a process knows of registers and rules, read together.

use std::sync::Arc;

use jiff::Timestamp;
use schakelpunt_domain::registers::Registers;
use schakelpunt_rules::life::{Deed, Record, What};

use crate::{
    Settings,
    laws::{Halt, Laws},
    ports::{Store, StoreError},
    step::Law,
};

/// Registers and rules. Both belong to an epoch: whatever changes either raises it, and every claim and every batch compares it.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) registers: Arc<Registers>,
    pub(crate) laws: Laws,
}

impl Known {
    /// Reads them; `before`: what was read the last time.
    pub(crate) async fn read(settings: &Settings, store: &dyn Store, before: Option<&Self>) -> Result<Self, StoreError> {
        // the epoch first: what is done between the two is found to be newer
        let (epoch, entries) = store.registers().await?;
        let laws = Laws::read(settings, store, before.map(|before| &before.laws)).await?;
        Ok(Self { registers: Arc::new(Registers::new(epoch, entries)), laws })
    }

    /// The law by which is decided at an instant of the store's clock.
    pub(crate) fn law(&self, now: Timestamp) -> Result<Law<'_>, Halt> {
        Ok(Law { settings: self.laws.at(now)?, registers: &self.registers })
    }
}

/// Puts the rules of the files in force where none ever were. Later files change nothing by themselves.
pub(crate) async fn seed(settings: &Settings, store: &dyn Store) -> Result<(), StoreError> {
    let deeds = store.deeds().await?;
    if !deeds.is_empty() {
        let record = Record::new(deeds);
        if !record.drafts().any(|draft| draft.law == settings.law.version) {
            tracing::warn!("the files with rules are no version of this store, and change nothing: `rules import` makes them a draft");
        }
        return Ok(());
    }
    let mut first = |at: Timestamp, deeds: Vec<Deed>| {
        let record = Record::new(deeds);
        record.turns().is_empty().then(|| Deed {
            draft: Some(record.next()),
            at,
            by: settings.hub.clone(),
            why: "The store was empty when the hub was started.".to_owned(),
            what: What::Seeded { law: settings.law.version.clone() },
        })
    };
    store.add_deed(Some(&settings.law), &mut first).await.map(drop)
}
