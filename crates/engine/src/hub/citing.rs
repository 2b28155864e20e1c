//! Where the bases stand on which something was given, in the words of the rules that decided it: later rules may say it otherwise.

use std::collections::{BTreeMap, BTreeSet};

use schakelpunt_domain::BasisId;
use schakelpunt_rules::{RuleSet, life::Record};

use super::Hub;
use crate::{desk::Given, ports::StoreError};

/// Citations of bases, by the version of their rule set.
#[derive(Debug, Clone, Default)]
pub struct Citations(BTreeMap<String, BTreeMap<BasisId, String>>);

impl Citations {
    /// The same, with those of a rule set.
    #[must_use]
    pub fn with(mut self, rules: &RuleSet) -> Self {
        let citations = rules.bases().iter().map(|basis| (basis.id.clone(), basis.citation.clone()));
        self.0.insert(rules.version.clone(), citations.collect());
        self
    }

    /// Where a basis stands by the rules of that version; `None` if these are not kept, or know none of that id.
    pub fn of(&self, rules: &str, basis: &BasisId) -> Option<&str> {
        self.0.get(rules)?.get(basis).map(String::as_str)
    }
}

impl Hub {
    /// The citations of all rules by which these were given, as far as the store keeps them and this program can read them.
    pub async fn citations(&self, given: &[Given]) -> Result<Citations, StoreError> {
        let mut found = Citations::default().with(&self.settings.rules);
        let record = Record::new(self.store.deeds().await?);
        let versions: BTreeSet<&str> = record.turns().into_iter().filter_map(|(_, law)| law.map(|(version, _)| version)).collect();
        for version in versions {
            if let Some(Ok((_, rules))) = self.store.law(version).await?.map(|law| law.read()) {
                found = found.with(&rules);
            }
        }
        for one in given {
            // a hub of an earlier version: the files were the rules, and there is no deed
            if !found.0.contains_key(&one.rules)
                && let Some(Ok((_, rules))) = self.store.law_at(one.at).await?.map(|law| law.read())
            {
                found = found.with(&rules);
            }
        }
        Ok(found)
    }
}
