//! Which rules are in force when, as this process has loaded them.

use std::sync::Arc;

use jiff::Timestamp;
use schakelpunt_rules::{
    RuleSet,
    life::{DraftId, Record},
};

use crate::{
    Settings,
    ports::{Store, StoreError},
};

/// Why nothing can be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// Somebody has stopped all rules (`rules stop`).
    #[error("all rules are stopped: `rules list` says by whom and why")]
    Stopped,
    /// The version in force cannot be read by this program.
    #[error("the rules that are in force cannot be read by this program: it decides nothing")]
    NotLoaded,
}

type Loaded = Result<Arc<Settings>, Halt>;

/// What is in force, and what will be.
#[derive(Debug, Clone)]
pub struct Laws(Vec<(Timestamp, Loaded)>);

impl Laws {
    /// The settings with the rules that are in force at an instant of the store's clock.
    pub fn at(&self, now: Timestamp) -> Result<&Arc<Settings>, Halt> {
        match self.0.iter().rfind(|(from, _)| *from <= now).or_else(|| self.0.first()) {
            Some((_, loaded)) => loaded.as_ref().map_err(|halt| *halt),
            None => Err(Halt::NotLoaded),
        }
    }

    /// Reads what is in force now and what is scheduled; `before`: what was read the last time.
    pub async fn read(settings: &Settings, store: &dyn Store, before: Option<&Self>) -> Result<Self, StoreError> {
        let (now, record) = (store.now().await?, Record::new(store.deeds().await?));
        let turns = record.turns();
        let current = turns.iter().rposition(|(from, _)| *from <= now).unwrap_or_default();
        let mut laws = Vec::new();
        for (from, law) in turns.into_iter().skip(current) {
            laws.push((from, load(settings, store, before, law).await?));
        }
        Ok(Self(laws))
    }

    fn version(&self, version: &str) -> Option<&Arc<Settings>> {
        self.0.iter().filter_map(|(_, loaded)| loaded.as_ref().ok()).find(|settings| settings.law.version == version)
    }
}

/// The settings with the rules that come into force at a turn.
pub(crate) async fn load(
    settings: &Settings,
    store: &dyn Store,
    before: Option<&Laws>,
    turn: Option<(&str, DraftId)>,
) -> Result<Loaded, StoreError> {
    let Some((version, draft)) = turn else { return Ok(Err(Halt::Stopped)) };
    if version == settings.law.version {
        return Ok(Ok(Arc::new(settings.clone())));
    }
    if let Some(loaded) = before.and_then(|before| before.version(version)) {
        return Ok(Ok(Arc::clone(loaded)));
    }
    let Some(law) = store.law(version).await? else { return Ok(Err(Halt::NotLoaded)) };
    Ok(match RuleSet::load(&law.rules, &settings.catalogue) {
        Ok(rules) => Ok(Arc::new(Settings { rules: Arc::new(rules), law: Arc::new(law), ..settings.clone() })),
        Err(mistakes) => {
            tracing::error!(%draft, version, mistakes = mistakes.0.len(), "rules that are scheduled cannot be read by this program");
            Err(Halt::NotLoaded)
        }
    })
}
