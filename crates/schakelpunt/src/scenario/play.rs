//! Plays a scenario against the real engine, with a clock that it sets.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use anyhow::{Context as _, ensure};
use jiff::Timestamp;
use schakelpunt_bus::{in_process::InProcessBus, provision::Roster};
use schakelpunt_domain::{
    DetentionRef, EventName, MessageId, ParticipantId,
    case::Case,
    registers::{Entry, Recorded},
    stage::Stage,
};
use schakelpunt_engine::{
    Hub, Settings,
    inspect::Offer,
    model::{DecisionRecord, Delivery},
    ports::{Bus, DeliveryFilter, Store},
    spawn,
    step::{Receipts, Report, Reported},
};
use schakelpunt_store::SqliteStore;
use serde_json::{Map, Value, json};

use super::{
    check::to_json,
    compare::compare_outcome,
    desk::Seen,
    file::{Ask, Does, Scenario, Step},
    recording::{HandedOver, RecordingBus},
    sending::{decode_base64, offer_of},
};
use crate::{assets, clock::SetClock, config::Config, registers::Tables, wiring};

/// What one step came to.
#[derive(Debug, Clone)]
pub struct StepResult {
    /// What the message became, in the scenario's word.
    pub outcome: Option<String>,
    /// Every decision that the step led to.
    pub decisions: Vec<DecisionRecord>,
    /// What was handed over: recipient and event.
    pub deliveries: Vec<(ParticipantId, Value)>,
    /// What did not come as expected.
    pub failures: Vec<String>,
}

/// What a scenario came to.
#[derive(Debug, Clone)]
pub struct Played {
    /// Its title.
    pub title: String,
    /// Its steps.
    pub steps: Vec<StepResult>,
}

impl Played {
    /// Whether every expectation held and nothing else was delivered.
    pub fn holds(&self) -> bool {
        self.steps.iter().all(|step| step.failures.is_empty())
    }
}

/// A hub with a clock that stands still, and what the player remembers.
#[derive(Debug)]
pub struct Player {
    pub(super) hub: Arc<Hub>,
    clock: SetClock,
    bus: Arc<RecordingBus>,
    pub(super) sequences: BTreeMap<(String, DetentionRef), u64>,
    offers: BTreeMap<String, (Offer, Option<EventName>)>,
    seen: BTreeMap<String, &'static str>,
}

/// Why a message went to somebody, or did not: which, and the two instants that the step names.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) message: MessageId,
    pub(super) at: Option<Timestamp>,
    pub(super) known: Option<Timestamp>,
}

/// What happened in a step, before it is compared.
#[derive(Debug, Default)]
pub(super) struct Happened {
    pub(super) report: Option<Report>,
    pub(super) answer: Option<Result<Seen, String>>,
    pub(super) asked: Option<Asked>,
    pub(super) event: Option<EventName>,
    pub(super) key: Option<schakelpunt_domain::ids::MessageKey>,
    pub(super) handed_over: Vec<HandedOver>,
    pub(super) cancelled: Vec<Delivery>,
    pub(super) waiting: Vec<Delivery>,
}

impl Player {
    /// Sets the stage: an embedded hub in memory, or the store and bus of a configuration.
    pub async fn open(scenario: &Scenario, config: Option<&Config>) -> anyhow::Result<Self> {
        let settings = wiring::embedded_settings(scenario.rules.as_deref())?;
        let Some(configured) = config else { return Self::open_under(scenario, settings).await };
        let clock = SetClock::new(scenario.clock);
        let store = wiring::store(configured, Some(Arc::new(clock.clone()))).await?;
        Self::set(scenario, settings, config, clock, store).await
    }

    /// Sets the stage of an embedded hub whose rules are read already, whatever rules the scenario names.
    pub async fn open_under(scenario: &Scenario, settings: Settings) -> anyhow::Result<Self> {
        let clock = SetClock::new(scenario.clock);
        let store = SqliteStore::in_memory(Arc::new(clock.clone())).await?;
        Self::set(scenario, settings, None, clock, Arc::new(store)).await
    }

    /// Sets the stage of an embedded hub that keeps its store in a folder.
    pub async fn open_in(scenario: &Scenario, folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let file = folder.join("schakelpunt.db");
        // the same messages again would be recognised, and the scenario would not go as its file says
        ensure!(!file.exists(), "{} is there already: choose another folder, or remove it", file.display());
        let clock = SetClock::new(scenario.clock);
        let store = SqliteStore::open(&file, Arc::new(clock.clone())).await?;
        Self::set(scenario, wiring::embedded_settings(scenario.rules.as_deref())?, None, clock, Arc::new(store)).await
    }

    async fn set(
        scenario: &Scenario,
        mut settings: Settings,
        config: Option<&Config>,
        clock: SetClock,
        store: Arc<dyn Store>,
    ) -> anyhow::Result<Self> {
        store.migrate().await?;
        store.record(entries(scenario)?).await?;
        let participants = all_participants(&store).await?;
        let inner: Arc<dyn Bus> = match config {
            Some(config) => {
                settings.key = config.key()?;
                wiring::bus(config, &Roster { active: participants, ..Roster::default() }).await?
            }
            None => Arc::new(attended(&participants)),
        };
        let bus = Arc::new(RecordingBus::new(inner));
        let hub = Arc::new(Hub::open(settings, store, Arc::clone(&bus) as Arc<dyn Bus>).await?);
        for (detention, consent) in scenario.registers.consents(scenario.clock) {
            hub.record_consent(detention, consent).await?;
        }
        Ok(Self { hub, clock, bus, sequences: BTreeMap::new(), offers: BTreeMap::new(), seen: BTreeMap::new() })
    }

    /// A hub with settings, registers and a bus of the caller's own, for a rehearsal.
    pub(crate) async fn on_stage(
        settings: Settings,
        entries: Vec<Recorded<Entry>>,
        clock: SetClock,
        store: Arc<dyn Store>,
        bus: Arc<dyn Bus>,
    ) -> anyhow::Result<Self> {
        store.migrate().await?;
        store.record(entries).await?;
        let bus = Arc::new(RecordingBus::new(bus));
        let hub = Arc::new(Hub::open(settings, store, Arc::clone(&bus) as Arc<dyn Bus>).await?);
        Ok(Self { hub, clock, bus, sequences: BTreeMap::new(), offers: BTreeMap::new(), seen: BTreeMap::new() })
    }

    /// The hub, for a demo that stays open.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// From now on time goes on from the last step: what was delivered then can still be fetched.
    pub fn run_on(&self) {
        self.clock.run_on();
    }

    /// Plays all steps.
    pub async fn play(&mut self, scenario: &Scenario, mut each: impl FnMut(&Step, &StepResult)) -> anyhow::Result<Played> {
        let mut steps = Vec::new();
        for (number, step) in (1..).zip(&scenario.steps) {
            let result = self.step(number, step).await.with_context(|| format!("step {number}"))?;
            each(step, &result);
            steps.push(result);
        }
        Ok(Played { title: scenario.title.clone(), steps })
    }

    async fn step(&mut self, number: usize, step: &Step) -> anyhow::Result<StepResult> {
        self.clock.set(step.at);
        let began = step.at;
        self.hub.settle().await?;
        let mut happened = self.perform(number, step).await?;
        self.hub.settle().await?;
        happened.handed_over = self.bus.take();
        self.moved(&mut happened).await?;
        let decisions = self.decisions(&happened, began).await?;
        let mut failures = Vec::new();
        compare_outcome(step, &happened, &mut failures);
        self.compare(step, &happened, &decisions, &mut failures).await?;
        Ok(StepResult {
            outcome: happened.report.as_ref().map(|report| word(&report.outcome).to_owned()),
            deliveries: happened.handed_over.iter().map(|delivery| (delivery.to.clone(), delivery.event.clone())).collect(),
            decisions,
            failures,
        })
    }

    async fn perform(&mut self, number: usize, step: &Step) -> anyhow::Result<Happened> {
        let mut happened = Happened::default();
        match step.does()? {
            Does::Nothing => {}
            Does::Event(from, event) => {
                let (id, offer) = self.event(number, step, from, event).await?;
                self.offers.insert(id, (offer.clone(), Some(event.clone())));
                happened.event = Some(event.clone());
                self.offer(offer, &mut happened).await?;
            }
            Does::Raw(from, raw) => self.offer(offer_of(from, raw.as_bytes().to_vec()), &mut happened).await?,
            Does::RawBase64(from, raw) => self.offer(offer_of(from, decode_base64(raw)?), &mut happened).await?,
            Does::Again(id) => {
                let (offer, event) = self.offers.get(id).cloned().with_context(|| format!("`{id}` was not sent before"))?;
                happened.event = event;
                self.offer(offer, &mut happened).await?;
            }
            Does::Register(table) => self.register(table, step.at).await?,
            Does::Access(access) => happened.answer = Some(self.access(access).await?),
            Does::Ask(ask) => match &ask.who_saw {
                Some(detention) => happened.answer = Some(Ok(self.who_saw(detention).await?)),
                None => happened.asked = Some(asked(ask)?),
            },
            Does::Link(link) => self.hub.link(&link.to, link.up),
            Does::Stop(stop) => self.hub.record(vec![Entry::Stop(stop.clone())]).await?,
        }
        Ok(happened)
    }

    async fn offer(&mut self, offer: Offer, happened: &mut Happened) -> anyhow::Result<()> {
        let report = self.hub.offer(&[offer], Receipts::Send).await?.pop().context("one report for one message")?;
        happened.key.clone_from(&report.key);
        happened.report = Some(report);
        Ok(())
    }

    async fn register(&self, table: &toml::Table, now: Timestamp) -> anyhow::Result<()> {
        let tables: Map<String, Value> = table.iter().map(|(kind, entry)| (kind.clone(), json!([to_json(entry)]))).collect();
        let tables: Tables = serde_json::from_value(Value::Object(tables)).context("`register`")?;
        let entries = tables.entries(now)?.into_iter().map(|recorded| recorded.entry).collect::<Vec<_>>();
        if !entries.is_empty() {
            self.hub.record(entries).await?;
        }
        for (detention, consent) in tables.consents(now) {
            self.hub.record_consent(detention, consent).await?;
        }
        Ok(())
    }

    pub(super) async fn case(&self, detention: &DetentionRef) -> anyhow::Result<Case> {
        let known = self.hub.store().case(detention).await?;
        Ok(known.map_or_else(|| Case::new(detention.clone()), |case| case.value))
    }

    /// Deliveries that came to wait or were cancelled in this step.
    async fn moved(&mut self, happened: &mut Happened) -> anyhow::Result<()> {
        for delivery in self.hub.store().deliveries(&DeliveryFilter { limit: 100_000, ..DeliveryFilter::default() }).await? {
            let before = self.seen.insert(delivery.id.to_string(), delivery.stage.word());
            match delivery.stage {
                Stage::Cancelled { .. } if before != Some("cancelled") => happened.cancelled.push(delivery),
                Stage::Waiting { .. } | Stage::Blocked { .. } => happened.waiting.push(delivery),
                _ => {}
            }
        }
        Ok(())
    }

    /// Decisions of this step: those reported at intake, and those of the same instant that a claim made.
    async fn decisions(&self, happened: &Happened, began: Timestamp) -> anyhow::Result<Vec<DecisionRecord>> {
        let mut decisions: Vec<DecisionRecord> = happened.report.iter().flat_map(|report| report.decisions.clone()).collect();
        let moved = happened.cancelled.iter().map(|delivery| delivery.key.clone());
        let handed = happened.handed_over.iter().filter_map(|delivery| {
            let text = |name: &str| delivery.event.get(name).and_then(Value::as_str);
            Some(schakelpunt_domain::ids::MessageKey { source: text("producer")?.parse().ok()?, id: text("causationid")?.parse().ok()? })
        });
        let keys: std::collections::BTreeSet<_> = moved.chain(handed).chain(happened.key.clone()).collect();
        for key in keys {
            for trace in self.hub.store().trace(&key.id).await? {
                let new = trace.decisions.into_iter().filter(|decision| decision.message == key && decision.at >= began);
                for decision in new {
                    if !decisions.contains(&decision) {
                        decisions.push(decision);
                    }
                }
            }
        }
        Ok(decisions)
    }
}

fn asked(ask: &Ask) -> anyhow::Result<Asked> {
    let id = ask.explain.as_ref().context("`ask` names a message by `explain`, or a detention by `who-saw`")?;
    Ok(Asked { message: id.parse()?, at: ask.at, known: ask.known })
}

pub(super) fn word(outcome: &Reported) -> &'static str {
    match outcome {
        Reported::Accepted => "accepted",
        Reported::Refused => "refused",
        Reported::Parked => "parked",
        Reported::SeenBefore => "seen-before",
        Reported::Rejected(_) => "rejected",
        Reported::Done => "done",
    }
}

/// All register entries that a scenario starts with.
fn entries(scenario: &Scenario) -> anyhow::Result<Vec<Recorded<Entry>>> {
    let mut entries = Vec::new();
    if let Some(path) = &scenario.participants {
        entries.extend(Tables::parse(&path.display().to_string(), &assets::text(Path::new(path))?)?.entries(scenario.clock)?);
    }
    let inline: toml::Table =
        [("participant".to_owned(), scenario.participant.iter().cloned().map(toml::Value::Table).collect::<Vec<_>>().into())]
            .into_iter()
            .collect();
    let inline: Tables = serde::Deserialize::deserialize(toml::Value::Table(inline)).context("[[participant]]")?;
    entries.extend(inline.entries(scenario.clock)?);
    entries.extend(scenario.registers.entries(scenario.clock)?);
    Ok(entries)
}

pub(super) async fn all_participants(store: &Arc<dyn Store>) -> anyhow::Result<Vec<ParticipantId>> {
    let (_, entries) = store.registers().await?;
    let ids = entries
        .into_iter()
        .filter_map(|recorded| if let Entry::Participant(participant) = recorded.entry { Some(participant.id) } else { None });
    Ok(ids.collect())
}

/// A bus in this process where everybody reads and acknowledges at once.
pub(crate) fn attended(participants: &[ParticipantId]) -> InProcessBus {
    let bus = InProcessBus::default();
    for participant in participants {
        let mut inbox = bus.subscribe(participant);
        let read = async move {
            loop {
                inbox.next().await;
                inbox.ack();
            }
        };
        drop(spawn::named("inbox", read));
    }
    bus
}
