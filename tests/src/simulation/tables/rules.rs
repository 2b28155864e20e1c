//! Which rules are in force when.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use schakelpunt_engine::{kept_law::KeptLaw, ports::StoreError};
use schakelpunt_rules::life::{Deed, DraftId, InForce, Record, What};

use super::Tables;
use crate::simulation::end;

/// The record, and the texts that it speaks of.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    pub(crate) deeds: Vec<Deed>,
    pub(crate) kept: BTreeMap<String, KeptLaw>,
}

impl Rules {
    /// The version by which is decided; `None`: nothing may be.
    pub(crate) fn in_force(&self, now: Timestamp) -> Option<&'static str> {
        let record = Record::new(self.deeds.clone());
        let InForce::Law(law, _) = record.in_force(now) else { return None };
        end::rule_sets().iter().find(|(kept, _)| kept.version == law).map(|(_, version)| version.as_str())
    }

    fn add(&mut self, draft: Option<usize>, at: Timestamp, what: What) {
        let draft = draft.map(|draft| DraftId(u32::try_from(draft).unwrap() + 2));
        self.deeds.push(Deed { draft, at, by: "beheer".parse().unwrap(), why: "the simulation".to_owned(), what });
    }
}

impl Tables {
    /// Somebody does something for the rules.
    pub(crate) fn add_deed(&mut self, law: Option<&KeptLaw>, deed: Deed) -> Result<(), StoreError> {
        let of_an_author = |done: &Deed| {
            let wrote = matches!(done.what, What::Drafted { .. } | What::Edited { .. } | What::Submitted { .. });
            let of_the_draft = wrote && done.draft == deed.draft;
            (of_the_draft || deed.what.law().is_some_and(|law| done.what.writes(law))) && done.by == deed.by
        };
        if matches!(deed.what, What::Approved { .. }) && self.rules.deeds.iter().any(of_an_author) {
            return Err(StoreError::Data("an author approves nothing of a draft".into()));
        }
        if let Some(law) = law {
            self.rules.kept.insert(law.version.clone(), law.clone());
        }
        self.epoch += u64::from(deed.what.moves());
        self.rules.deeds.push(deed);
        Ok(())
    }

    /// One of the rule sets comes into force at an instant; with `stop` nothing is until then. What was scheduled before does not begin.
    pub(crate) fn schedule(&mut self, set: usize, now: Timestamp, ahead: SignedDuration, stop: bool) {
        let (law, _) = &end::rule_sets()[set];
        self.rules.kept.insert(law.version.clone(), law.clone());
        for draft in 0..end::rule_sets().len() {
            self.rules.add(Some(draft), now, What::Withdrawn);
        }
        if stop {
            self.rules.add(None, now, What::Stopped);
        }
        self.rules.add(Some(set), now, What::Drafted { title: "rules".to_owned(), law: law.version.clone() });
        self.rules.add(Some(set), now, What::Scheduled { law: law.version.clone(), submission: 0, from: now + ahead });
        self.epoch += 1;
    }
}
