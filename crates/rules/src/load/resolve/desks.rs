//! Desks: what each role sees of a case.

use std::collections::BTreeMap;

use super::{
    super::files::{RawDesk, Whole},
    EventSpec, Resolver, Source,
};
use crate::ruleset::Sees;

impl Resolver<'_> {
    /// All desks, by their role.
    pub(super) fn desks(&mut self, sources: &[Source<'_>]) -> BTreeMap<String, Sees> {
        let mut desks = BTreeMap::new();
        for source in sources {
            for raw in &source.parsed.desks {
                self.once(source, &raw.role, "desk");
                let sees = self.sees(source, raw);
                desks.extend(sees.map(|sees| (raw.role.get_ref().clone(), sees)));
            }
        }
        desks
    }

    fn sees(&mut self, source: &Source<'_>, raw: &RawDesk) -> Option<Sees> {
        let role = raw.role.get_ref();
        match (&raw.sees, raw.fields.as_slice()) {
            (Some(Whole::All), []) => Some(Sees::All),
            (None, [_, ..]) => {
                let all: Vec<&EventSpec> = self.catalogue.iter().collect();
                Some(Sees::Fields(self.leaves(source, &raw.fields, &all)))
            }
            (None, []) => {
                let message = format!("the desk of `{role}` sees nothing");
                self.fail(source, &raw.role, "NO_FIELD", message, "name its `fields`, or `sees = \"all\"`, or remove the desk");
                None
            }
            (Some(Whole::All), [_, ..]) => {
                let message = format!("the desk of `{role}` sees all, and fields");
                self.fail(source, &raw.role, "ALL_AND_FIELDS", message, "either `sees = \"all\"` or `fields`");
                None
            }
        }
    }
}
