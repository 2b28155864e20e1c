//! A running case passed to another municipality by the registers alone: it hears of the case, and the producers are asked for the current
//! set (decision 7; design 3).

use schakelpunt_domain::{
    DetentionRef, LegalDay,
    ids::{MessageKey, hub_message_id},
};
use schakelpunt_rules::{PASSED_ON, Passed, Relation, Who, candidate_for};
use serde_json::json;

use super::{hub_says, world::World};
use crate::Settings;

/// What was found: the step looks again, because the case may have changed since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passing {
    /// The message that tells it: one for each case, recipient and day.
    pub(super) key: MessageKey,
    detention: DetentionRef,
    passed: Passed,
    on: LegalDay,
}

impl Passing {
    /// A case that passed on a legal day.
    pub fn new(settings: &Settings, detention: DetentionRef, passed: Passed, on: LegalDay) -> Self {
        let id = hub_message_id(&[PASSED_ON, detention.as_str(), passed.to.as_str(), &on.to_string()]);
        Self { key: MessageKey { source: settings.source.clone(), id }, detention, passed, on }
    }

    /// The case.
    pub fn detention(&self) -> &DetentionRef {
        &self.detention
    }
}

/// Tells it, if it is still so and was not told.
pub(super) fn tell(world: &mut World<'_>, passing: &Passing) {
    let Passing { key, detention, passed, on } = passing;
    let who = Who { event: PASSED_ON, ..Who::default() };
    let Some(case) = world.known_case(detention) else { return };
    let candidate = candidate_for(&passed.to, &who, case, world.registers(), world.at());
    let answers = candidate.is_some_and(|candidate| candidate.relations.contains(&Relation::ResponsibleMunicipality));
    if !answers || world.message(key).is_some() {
        return;
    }
    let data = json!({"passedOn": {"reason": passed.by.code(), "on": on}});
    let to = [(passed.to.clone(), vec![Relation::ResponsibleMunicipality])];
    hub_says::to(world, PASSED_ON, detention, key.clone(), data, &to);
    hub_says::request_current_set(world, detention, key);
}
