//! What people do for the rules: each deed is checked in the transaction that writes it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use schakelpunt_domain::ParticipantId;
use schakelpunt_rules::life::{Deed, DraftId, Record, Refused, Role, What};

use super::{CONFLICTS_MAX, Hub, chain};
use crate::{Settings, kept_law::KeptLaw, laws, ports::StoreError};

/// Who does something for the rules, and why.
#[derive(Debug, Clone, Copy)]
pub struct Doer<'a> {
    /// Under which name it is written.
    pub name: &'a ParticipantId,
    /// What this person may do.
    pub roles: &'a [Role],
    /// Why, in a sentence.
    pub why: &'a str,
}

impl Doer<'_> {
    fn deed(self, at: Timestamp, draft: Option<DraftId>, what: What) -> Deed {
        Deed { draft, at, by: self.name.clone(), why: self.why.to_owned(), what }
    }
}

impl Hub {
    /// What was done for the rules.
    pub async fn deeds(&self) -> Result<Record, StoreError> {
        Ok(Record::new(self.store.deeds().await?))
    }

    /// The settings with the rules that are in force; while all are stopped, those that were before.
    pub async fn in_force_or_last(&self) -> Result<Arc<Settings>, StoreError> {
        let halt = match self.in_force().await {
            Err(StoreError::NoRules(halt)) => halt,
            other => return other,
        };
        let (now, record) = (self.store.now().await?, self.deeds().await?);
        let turns = record.turns();
        let last = turns.iter().rfind(|(from, law)| law.is_some() && *from <= now).map(|(_, law)| *law);
        let Some(law) = last else { return Err(halt.into()) };
        Ok(laws::load(&self.settings, &*self.store, None, law).await??)
    }

    /// A draft's text by its version.
    pub async fn law(&self, version: &str) -> Result<Option<KeptLaw>, StoreError> {
        self.store.law(version).await
    }

    /// Begins a draft with this text.
    pub async fn draft(&self, doer: Doer<'_>, title: &str, law: &KeptLaw) -> Result<Result<Deed, Refused>, StoreError> {
        let what = What::Drafted { title: title.to_owned(), law: law.version.clone() };
        self.act(doer, Some(law), |record| (Some(record.next()), what.clone())).await
    }

    /// Gives a draft another text.
    pub async fn edit(&self, doer: Doer<'_>, draft: DraftId, law: &KeptLaw) -> Result<Result<Deed, Refused>, StoreError> {
        let what = What::Edited { law: law.version.clone() };
        self.act(doer, Some(law), |_| (Some(draft), what.clone())).await
    }

    /// Does something with a draft, or with all rules. Whoever finds out whether a text may be called checked is the caller.
    pub async fn do_for_rules(&self, doer: Doer<'_>, draft: Option<DraftId>, what: What) -> Result<Result<Deed, Refused>, StoreError> {
        self.act(doer, None, |_| (draft, what.clone())).await
    }

    /// Whether somebody may do that by this record, as far as can be said before the transaction that writes it, which asks again.
    pub async fn may(
        &self,
        record: &Record,
        doer: Doer<'_>,
        draft: Option<DraftId>,
        what: What,
    ) -> Result<Result<(), Refused>, StoreError> {
        let deed = doer.deed(self.store.now().await?, draft, what);
        Ok(record.may(&deed, doer.roles, self.ahead()))
    }

    /// How long before it begins a version is scheduled: whatever was claimed on the rules of before has ended then.
    fn ahead(&self) -> SignedDuration {
        SignedDuration::try_from(self.settings.limits.claim).unwrap_or(SignedDuration::MAX)
    }

    async fn act(
        &self,
        doer: Doer<'_>,
        law: Option<&KeptLaw>,
        mut what: impl FnMut(&Record) -> (Option<DraftId>, What) + Send,
    ) -> Result<Result<Deed, Refused>, StoreError> {
        let mut refused = Refused::NoSuchDraft;
        let mut act = |at, deeds| {
            let record = Record::new(deeds);
            let (draft, what) = what(&record);
            let deed = doer.deed(at, draft, what);
            match record.may(&deed, doer.roles, self.ahead()) {
                Ok(()) => Some(deed),
                Err(why) => {
                    refused = why;
                    None
                }
            }
        };
        let mut tries = 0;
        let done = loop {
            match self.store.add_deed(law, &mut act).await {
                Err(StoreError::Conflict) if tries < CONFLICTS_MAX => tries += 1,
                done => break done?,
            }
            tokio::task::yield_now().await;
        };
        let Some(deed) = done else { return Ok(Err(refused)) };
        if deed.what.moves() {
            // it is done: the epoch has every process read it before it decides again, this one too
            if let Err(error) = self.reload().await {
                tracing::error!(error = %chain(&error), "what was done for the rules is not read yet");
            }
            self.look_again();
        }
        Ok(Ok(deed))
    }
}
