//! What a hub is told at its start. Every limit with its reason.

use std::{sync::Arc, time::Duration};

use schakelpunt_domain::{
    Environment, ParticipantId, Source, SourceFile,
    catalogue::{Catalogue, EventSpec},
    digest::DigestKey,
};
use schakelpunt_rules::RuleSet;

use crate::kept_law::KeptLaw;

/// The settings of one hub.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The hub as a sender.
    pub hub: ParticipantId,
    /// The `source` of everything that the hub emits.
    pub source: Source,
    /// Where others reach the hub's HTTP side, without a slash at the end: `dataschema` points there.
    pub public_url: String,
    /// Stands on every delivered event; only participants of the same one are given anything.
    pub environment: Environment,
    /// For keyed digests.
    pub key: DigestKey,
    /// The events.
    pub catalogue: Arc<Catalogue>,
    /// The rules.
    pub rules: Arc<RuleSet>,
    /// Rules and events as files, for the store to keep.
    pub law: Arc<KeptLaw>,
    /// What every rule set has to keep to, a file.
    pub invariants: Arc<SourceFile>,
    /// Limits.
    pub limits: Limits,
}

impl Settings {
    /// Where this hub serves the recipient schema of an event.
    pub fn schema_of(&self, event: &EventSpec) -> String {
        format!("{}/v1/schemas/recipients/{}", self.public_url, event.name)
    }
}

/// The limits of a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a claim lives: long enough for a slow confirm, short enough that a crashed process does not hold a lane for minutes.
    pub claim: Duration,
    /// The most that may lie in one inbox: what lies there can no longer be cancelled.
    pub window: usize,
    /// Messages of one intake transaction: above some hundreds a batch gains little and holds locks longer.
    pub batch: usize,
    /// Deliveries of one claim.
    pub claims: usize,
    /// First pause after a transient failure; doubles up to `backoff_max`.
    pub backoff_min: Duration,
    /// Longest pause after a transient failure.
    pub backoff_max: Duration,
    /// How long a message waits for its detention (decision 19).
    pub park: Duration,
    /// How long after a recall who has not confirmed the deletion is reminded.
    pub deletion_reminder: Duration,
    /// How long after a recall the producer hears that not everybody has: within it a controller has to report a breach (AVG art. 33).
    pub deletion_term: Duration,
    /// How long the triage desk has for an answer before it and the prison hear that it is late.
    pub triage: Duration,
    /// Recalculated dates of release of one recipient's cases within an hour, above which it gets a digest too.
    pub digest: usize,
    /// How long payloads and frozen bytes stay after the last delivery, for whoever fetches again.
    pub retention: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            claim: Duration::from_secs(10),
            window: 1000,
            batch: 128,
            claims: 256,
            backoff_min: Duration::from_millis(200),
            backoff_max: Duration::from_secs(60),
            park: Duration::from_secs(24 * 3600),
            deletion_reminder: Duration::from_secs(24 * 3600),
            deletion_term: Duration::from_secs(72 * 3600),
            triage: Duration::from_secs(24 * 3600),
            digest: 20,
            retention: Duration::from_secs(7 * 24 * 3600),
        }
    }
}

impl Limits {
    /// How long one call of somebody's address may take: the claim outlives it.
    pub fn call(&self) -> Duration {
        self.claim * 2 / 5
    }

    /// The pause after `attempts` transient failures.
    pub fn backoff(&self, attempts: u32) -> Duration {
        self.backoff_min.saturating_mul(1_u32.checked_shl(attempts.min(16)).unwrap_or(u32::MAX)).min(self.backoff_max)
    }
}
