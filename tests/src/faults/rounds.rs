//! Rounds: an injury under load, and the recovery from it up to a fence.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{task::JoinSet, time::Instant};

use super::{
    checker::{Expected, Verdict, judge},
    injuries::{Injury, disturbances, kills},
    parties::Parties,
    plant::{Plant, Registrar, keep_logs},
    report::Column,
    seeded::{Deck, Seeded},
    stories::{OTHER_PRISON, Outcome, Plot, Story},
};
use crate::{
    end_to_end::messages::{PARTNER, PRISON, TOWN, TRIAGE, UNIT, now},
    parts::rabbitmq::Version,
};

/// Municipalities that leave their cases to Zwolle one after the other, each in a round of its own.
const MANDATORS: [(&str, &str); 5] = [
    ("gemeente-heerde", "0246"),
    ("gemeente-epe", "0232"),
    ("gemeente-apeldoorn", "0200"),
    ("gemeente-kampen", "0166"),
    ("gemeente-steenwijkerland", "1708"),
];
/// So many rounds from one mandate to the next.
const BETWEEN_MANDATES: usize = 8;
/// Who has an inbox beside them. The last two are to get nothing, ever.
const PARTIES: [&str; 7] = [PRISON, TOWN, UNIT, PARTNER, OTHER_PRISON, TRIAGE, "woonstichting-zwolle"];
/// Something has to come within this.
const BOUND: Duration = Duration::from_secs(150);
/// Nothing may be under way so long after every message has its receipt.
const REST: Duration = Duration::from_secs(90);

/// While something is wrong a detention begins so often: whenever the kill comes, messages are under way.
const PACE: Duration = Duration::from_millis(100);

/// The detentions of a round: once before, twice during and once after the injury.
const PLOTS: [Plot; 14] = [
    Plot::Dates,
    Plot::Consent,
    Plot::ConsentWithdrawn { http: false },
    Plot::Dates,
    Plot::MessageWithdrawn,
    Plot::Stopped,
    Plot::Dates,
    Plot::ConsentWithdrawn { http: true },
    Plot::LateChange,
    Plot::Dates,
    Plot::Transfer,
    Plot::Corrected,
    Plot::MessageWithdrawn,
    Plot::Dates,
];

/// The rounds on one version of the broker.
pub(super) struct Rounds {
    plant: Plant,
    parties: Arc<Parties>,
    registrar: Registrar,
    /// Everybody outside the hub.
    tasks: JoinSet<()>,
    expected: Vec<Expected>,
    mistold: Vec<String>,
    silent: Vec<String>,
    messages: usize,
}

/// Stories that are being told.
type Wave = JoinSet<Outcome>;

/// Plays so many rounds; `None` if the machine cannot have this version of the broker.
pub(super) async fn play(version: Version, seed: u64, count: usize) -> Option<Column> {
    let mandators = MANDATORS.iter().map(|(name, _)| *name);
    let everybody: Vec<&'static str> = PARTIES.into_iter().chain(mandators).collect();
    let plant = Plant::build(version, &everybody).await?;
    let broker = plant.broker_version().await;
    let mut tasks = JoinSet::new();
    let parties = Parties::start(&plant.site, &everybody, &[PRISON, TOWN], &mut tasks);
    let registrar = plant.registrar();
    let mut rounds =
        Rounds { plant, parties, registrar, tasks, expected: Vec::new(), mistold: Vec::new(), silent: Vec::new(), messages: 0 };
    let mut seeded = Seeded::new(seed);
    let (mut kills, mut disturbances) = (Deck::new(kills()), Deck::new(disturbances()));
    for round in 0..count {
        let injury = Injury::new(kills.draw(&mut seeded), disturbances.draw(&mut seeded));
        println!("RabbitMQ {broker}, round {round}: {injury:?}");
        let began = Instant::now();
        rounds.round(round, injury).await;
        let verdict = rounds.verdict();
        let Verdict { delivered, duplicated, recovered, .. } = verdict;
        println!(
            "RabbitMQ {broker}, round {round}: so far {delivered} deliveries, {duplicated} repeats, {recovered} recovered; {} ms",
            began.elapsed().as_millis()
        );
        let faults = verdict.faults();
        if !faults.is_empty() {
            let folder = keep_logs(&rounds.plant, &format!("{seed}-{broker}"));
            println!("{} faults in round {round}, the hubs' logs are in {}:\n{}", faults.len(), folder.display(), faults.join("\n"));
            return Some(rounds.column(broker, round + 1, verdict).await);
        }
    }
    let verdict = rounds.verdict();
    Some(rounds.column(broker, count, verdict).await)
}

impl Rounds {
    async fn round(&mut self, round: usize, injury: Injury) {
        self.parties.doors(self.plant.doors());
        let plots = plots(round);
        let (before, rest) = plots.split_at(PLOTS.len());
        let (during, after) = rest.split_at(rest.len() - PLOTS.len());
        let mut wave = Wave::new();
        let began = self.parties.noted();
        self.begin(&mut wave, round, 0, before, Duration::ZERO);
        // in the middle of it: something has come, and more is under way
        assert!(self.parties.come(began + before.len(), BOUND).await, "nothing comes in round {round}");
        self.begin(&mut wave, round, before.len(), during, PACE);
        injury.inflict(&mut self.plant).await;
        let over = now();
        self.parties.doors(self.plant.doors());
        self.begin(&mut wave, round, plots.len() - after.len(), after, Duration::ZERO);
        while let Some(outcome) = wave.join_next().await {
            self.keep(outcome.unwrap(), over);
        }
        self.plant.site.at_rest(REST).await;
        let dead = self.plant.dead();
        assert!(dead.is_empty(), "ended by themselves: {dead:?}\n{:?}", self.plant.logs());
        self.all_has_come().await;
        // an inbox that nobody reads any more would look like one to which nothing comes
        assert!(self.tasks.try_join_next().is_none(), "a party outside the hub has ended in round {round}");
    }

    /// Begins to tell them, one every `pace`.
    fn begin(&self, wave: &mut Wave, round: usize, first: usize, plots: &[Plot], pace: Duration) {
        let mut wait = Duration::ZERO;
        for (index, plot) in plots.iter().copied().enumerate() {
            let detention = format!("{PRISON}.r{round:03}-{:03}", first + index);
            let story = Story::new(Arc::clone(&self.parties), self.registrar.clone(), detention);
            wave.spawn(async move {
                tokio::time::sleep(wait).await;
                story.tell(plot).await
            });
            wait += pace;
        }
    }

    fn keep(&mut self, outcome: Outcome, over: Timestamp) {
        let Outcome { mut expected, offered, mistold, silent } = outcome;
        for one in &mut expected {
            let before = offered.iter().any(|(id, at)| *id == one.cause && *at < over);
            one.recovered_after = before.then_some(over);
        }
        self.expected.extend(expected);
        self.mistold.extend(mistold);
        self.silent.extend(silent);
        self.messages += offered.len();
    }

    /// What has been handed over lies in an inbox and is read: waits until nothing is missing, or nothing comes any more.
    async fn all_has_come(&self) {
        loop {
            let noted = self.parties.noted();
            if self.verdict().lost.is_empty() || !self.parties.come(noted + 1, Duration::from_secs(20)).await {
                break;
            }
        }
    }

    fn verdict(&self) -> Verdict {
        let mut verdict = judge(&self.expected, &self.parties.arrivals());
        verdict.lost.extend(self.silent.iter().cloned());
        // a wrong word to a sender is as bad as a wrong delivery
        verdict.unexpected.extend(self.mistold.iter().cloned());
        verdict
    }

    /// Everybody goes before their broker does.
    async fn column(mut self, broker: String, rounds: usize, verdict: Verdict) -> Column {
        self.tasks.shutdown().await;
        Column { broker, rounds, messages: self.messages, verdict }
    }
}

/// What happens in the detentions of a round: four times everything, and sometimes a mandate in the middle.
fn plots(round: usize) -> Vec<Plot> {
    let mut plots = [PLOTS, PLOTS, PLOTS, PLOTS].concat();
    if let Some((mandator, code)) = MANDATORS.get(round / BETWEEN_MANDATES).filter(|_| round % BETWEEN_MANDATES == 1) {
        let mandated = Plot::Mandated { mandator, code };
        plots.insert(PLOTS.len(), mandated);
        plots.insert(PLOTS.len() + 8, mandated);
    }
    plots
}
