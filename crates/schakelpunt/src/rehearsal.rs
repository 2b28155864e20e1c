//! A dry run for one participant: its own register entry and subscriptions, the hub's own rules, a synthetic stream of fictitious
//! persons, and a report of checks.
//!
//! Everything around the participant is made up (`cast`), so that the run depends on nobody else. The hub is an embedded one of the
//! environment `rehearsal` that lives for as long as it takes: its store is memory, and what it delivers says `rehearsal` and can be made
//! out to nobody of another environment (the engine's `Permitted` does not exist for these). The stream of each kind is a scenario beside
//! this file; each of its steps is one check.

mod beside;
mod cast;

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, bail};
use jiff::{SignedDuration, Timestamp, ToSpan as _, tz};
use schakelpunt_domain::{
    Environment, EventName, ParticipantId,
    registers::{At, Entry, Kind, Participant, Recorded, Registers, SubscriptionState},
};
use schakelpunt_engine::ports::Bus;
use schakelpunt_store::SqliteStore;

use self::{beside::Beside, cast::Cast};
use crate::{
    clock::SetClock,
    scenario::{Expect, Player, Scenario, StepResult, attended},
    wiring,
};

/// The clock begins so long ago, a second a step, so that nothing of the run lies in the future.
const BEFORE: SignedDuration = SignedDuration::from_mins(1);

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// What was looked at.
    pub check: String,
    /// Whether it is as it should be.
    pub holds: bool,
    /// What is not, or what there is to know.
    pub why: String,
}

impl Check {
    /// A check with what was found to be wrong; nothing is good.
    pub fn of(check: &str, wrong: &[String]) -> Self {
        Self { check: check.to_owned(), holds: wrong.is_empty(), why: wrong.join("; ") }
    }
}

/// What is rehearsed.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    participant: Participant,
    /// Its subscriptions, what the owners said to these, and their ends, in the order of recording.
    entries: Vec<Recorded<Entry>>,
    now: Timestamp,
}

impl Rehearsal {
    /// Of a participant, with those of the entries that are about its subscriptions.
    pub fn new(participant: Participant, entries: Vec<Recorded<Entry>>, now: Timestamp) -> Self {
        let is_its = |entry: &Entry| match entry {
            Entry::Subscription(one) => one.participant == participant.id,
            Entry::Approval(one) => one.participant == participant.id,
            Entry::Ending(one) => {
                matches!(&one.what, schakelpunt_domain::registers::Ended::Subscription { participant: whose } if *whose == participant.id)
            }
            _ => false,
        };
        let mut entries: Vec<_> = entries.into_iter().filter(|recorded| is_its(&recorded.entry)).collect();
        entries.sort_by_key(|recorded| recorded.recorded);
        Self { participant, entries, now }
    }

    /// Plays the stream under the rules of a folder, the shipped ones without it. What is delivered to the participant goes to `inbox`, too,
    /// where there is one.
    pub async fn run(&self, rules: Option<&Path>, inbox: Option<Arc<dyn Bus>>) -> anyhow::Result<Vec<Check>> {
        let cast = Cast::around(&self.participant, self.now)?;
        let began = self.now.checked_sub(BEFORE)?;
        let (names, mut scenario) = self.stream(&cast, began)?;
        let settings = schakelpunt_engine::Settings { environment: Environment::Rehearsal, ..wiring::embedded_settings(rules)? };
        let clock = SetClock::new(began);
        let store = Arc::new(SqliteStore::in_memory(Arc::new(clock.clone())).await?);
        let everybody: Vec<ParticipantId> = cast.all().map(|participant| participant.id.clone()).collect();
        let attended: Arc<dyn Bus> = Arc::new(attended(&everybody));
        let bus: Arc<dyn Bus> = match inbox {
            Some(inbox) => Arc::new(Beside::new(self.participant.id.clone(), inbox, attended)),
            None => attended,
        };
        let entries = self.registers(&cast, began);
        let unwanted = self.leave_out_unwanted(&mut scenario, &Registers::new(0, entries.clone()));
        let mut player = Player::on_stage(settings, entries, clock, store, bus).await?;
        let played = player.play(&scenario, |_, _| {}).await?;
        let checks = names.into_iter().zip(unwanted).zip(&played.steps).map(|((name, unwanted), step)| self.check(name, unwanted, step));
        Ok(checks.collect())
    }

    /// The stream of its kind: the names of the checks, and the scenario.
    fn stream(&self, cast: &Cast, began: Timestamp) -> anyhow::Result<(Vec<String>, Scenario)> {
        let text = match self.participant.kind {
            Kind::Municipality => include_str!("rehearsal/municipality.toml"),
            Kind::Prison => include_str!("rehearsal/prison.toml"),
            Kind::Probation => include_str!("rehearsal/probation.toml"),
            Kind::CarePartner => include_str!("rehearsal/care-partner.toml"),
            Kind::Triage | Kind::Hub => bail!("a {} has nothing to rehearse", self.participant.kind.word()),
        };
        let mut stream: toml::Table = toml::from_str(&self.filled(text, cast, began)?)?;
        let steps = stream.get_mut("step").and_then(toml::Value::as_array_mut).context("a stream has steps")?;
        let mut names = Vec::new();
        for step in steps.iter_mut().filter_map(toml::Value::as_table_mut) {
            let name = step.remove("check");
            names.push(name.as_ref().and_then(toml::Value::as_str).context("every step of a stream is a check")?.to_owned());
        }
        stream.insert("title".to_owned(), format!("rehearsal of {}", self.participant.id).into());
        stream.insert("clock".to_owned(), began.to_string().into());
        Ok((names, Scenario::parse("the rehearsal's stream", &toml::to_string(&stream)?)?))
    }

    /// Puts persons, dates and parties into the text of a stream.
    fn filled(&self, text: &str, cast: &Cast, began: Timestamp) -> anyhow::Result<String> {
        let today = self.now.to_zoned(tz::get!("Europe/Amsterdam")).date();
        let day = |days: i64| anyhow::Ok(today.checked_add(days.days())?.to_string());
        let mut filled = text
            .replace("{run}", &format!("rehearsal-{}", began.strftime("%Y%m%dt%H%M%S")))
            .replace("{today}", &day(0)?)
            .replace("{yesterday}", &day(-1)?)
            // far enough that nothing falls due before the stream ends
            .replace("{later}", &day(60)?)
            .replace("{latest}", &day(90)?)
            .replace("{meeting}", &format!("{}T10:00:00Z", day(5)?));
        for second in 0..10_i64 {
            let at = began.checked_add(SignedDuration::from_secs(second + 1))?;
            filled = filled.replace(&format!("{{t{second}}}"), &at.to_string());
        }
        for (name, value) in cast.names() {
            filled = filled.replace(&format!("{{{name}}}"), &value);
        }
        Ok(filled)
    }

    /// The cast, and what the real registers say of the participant's subscriptions: known from the beginning.
    fn registers(&self, cast: &Cast, began: Timestamp) -> Vec<Recorded<Entry>> {
        let cast = cast.entries().into_iter().map(|entry| Recorded { entry, recorded: began });
        let own = self.entries.iter().cloned().map(|one| Recorded { recorded: began, ..one });
        cast.chain(own).collect()
    }

    /// Where the participant does not want an event, it should get nothing of it. Gives for each step whether it is so.
    fn leave_out_unwanted(&self, scenario: &mut Scenario, registers: &Registers) -> Vec<bool> {
        let id = &self.participant.id;
        let at = At::now(self.now);
        let wanted: Vec<_> = registers
            .in_force("subscription", at)
            .into_iter()
            .filter_map(|recorded| match recorded.entry {
                Entry::Subscription(one) if one.state != SubscriptionState::Paused => Some(one.events),
                _ => None,
            })
            .collect();
        let has_said = !registers.in_force("subscription", at).is_empty();
        let wants = |event: &EventName| !has_said || wanted.iter().flatten().any(|name| name == "*" || name == event.as_str());
        let mut left_out = Vec::new();
        for step in &mut scenario.steps {
            let mut unwanted = false;
            let event = step.event.clone();
            for expect in &mut step.expects {
                let of = expect.event.as_ref().or(event.as_ref());
                let told = expect.refused.is_none() && expect.count != Some(0);
                if expect.to.as_ref() == Some(id) && told && of.is_some_and(|event| !wants(event)) {
                    *expect = Expect { to: expect.to.take(), count: Some(0), event: expect.event.take(), ..Expect::default() };
                    unwanted = true;
                }
            }
            left_out.push(unwanted);
        }
        left_out
    }

    fn check(&self, name: String, unwanted: bool, step: &StepResult) -> Check {
        let mut wrong = step.failures.clone();
        let own = step.decisions.iter().rfind(|decision| decision.recipient == self.participant.id);
        // the code says more than that nothing came
        if let (false, Some(code)) = (wrong.is_empty(), own.and_then(|decision| decision.decision.refusal())) {
            wrong.push(format!("{code}: {}", code.en()));
        }
        let said = if unwanted && wrong.is_empty() { vec!["it does not subscribe to this, and gets nothing".to_owned()] } else { wrong };
        Check { check: name, holds: step.failures.is_empty(), why: said.join("; ") }
    }
}
