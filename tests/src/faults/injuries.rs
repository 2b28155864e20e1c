//! What goes wrong. Every round has a kill, and beside it a disturbance; the kill comes in the middle of it.

use std::time::Duration;

use super::{
    plant::{Part, Plant},
    proxy::Line,
};

/// A process that is killed with signal 9.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kill {
    Hub(usize),
    BothHubs,
    Broker,
    Database,
}

/// What else is wrong for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disturbance {
    Nothing,
    /// SIGTERM, and a start.
    Terminated(usize),
    /// SIGSTOP for longer than a claim lives, and SIGCONT.
    Frozen(usize),
    BrokerStopped,
    /// `immediate` as after a failure, or in good order.
    DatabaseStopped {
        immediate: bool,
    },
    /// The broker's memory alarm blocks every connection that publishes.
    MemoryAlarm,
    /// Nothing can be written to the disk of the database.
    DiskFull,
    /// The lines of one hub, or of both, to a part.
    Line {
        hub: Option<usize>,
        part: Part,
        line: Line,
    },
}

/// A kill in the middle of a disturbance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Injury {
    pub(super) kill: Kill,
    pub(super) disturbance: Disturbance,
}

/// From the beginning of a disturbance to the kill, and from the kill to the end: a claim lives two seconds here.
const HALF: Duration = Duration::from_millis(1500);

/// Every kill, once.
pub(super) fn kills() -> Vec<Kill> {
    vec![Kill::Hub(0), Kill::Hub(1), Kill::BothHubs, Kill::Broker, Kill::Database]
}

/// Every disturbance, once.
pub(super) fn disturbances() -> Vec<Disturbance> {
    let mut all = vec![
        Disturbance::Nothing,
        Disturbance::Terminated(0),
        Disturbance::Frozen(1),
        Disturbance::Frozen(0),
        Disturbance::BrokerStopped,
        Disturbance::DatabaseStopped { immediate: true },
        Disturbance::DatabaseStopped { immediate: false },
        Disturbance::MemoryAlarm,
        Disturbance::DiskFull,
    ];
    let lines = [Line::Slow, Line::Stalled, Line::DeafPart, Line::DeafHub, Line::Cut, Line::Reset];
    for (index, line) in lines.into_iter().enumerate() {
        all.push(Disturbance::Line { hub: Some(index % 2), part: Part::Broker, line });
        all.push(Disturbance::Line { hub: Some((index + 1) % 2), part: Part::Database, line });
    }
    all.push(Disturbance::Line { hub: None, part: Part::Broker, line: Line::DeafPart });
    all.push(Disturbance::Line { hub: None, part: Part::Database, line: Line::Cut });
    all
}

impl Injury {
    /// A kill beside a disturbance. What has been taken away already cannot be killed as well: then a hub is.
    pub(super) fn new(kill: Kill, disturbance: Disturbance) -> Self {
        let kill = match (disturbance, kill) {
            (Disturbance::BrokerStopped | Disturbance::MemoryAlarm, Kill::Broker)
            | (Disturbance::DatabaseStopped { .. } | Disturbance::DiskFull, Kill::Database) => Kill::Hub(1),
            // who is frozen or ended stays so: the other one is killed
            (Disturbance::Frozen(hub) | Disturbance::Terminated(hub), Kill::Hub(_) | Kill::BothHubs) => Kill::Hub(1 - hub),
            (_, kill) => kill,
        };
        Self { kill, disturbance }
    }

    /// Carries it out, and brings everything back.
    pub(super) async fn inflict(self, plant: &mut Plant) {
        self.disturbance.begin(plant).await;
        tokio::time::sleep(HALF).await;
        // while one hub is frozen the other takes over what it had claimed, and dies only after it has been woken
        let later = matches!((self.disturbance, self.kill), (Disturbance::Frozen(_), Kill::Hub(_)));
        if !later {
            self.kill.carry_out(plant).await;
        }
        tokio::time::sleep(HALF).await;
        self.disturbance.end(plant).await;
        if later {
            self.kill.carry_out(plant).await;
        }
        match self.kill {
            Kill::Hub(_) | Kill::BothHubs => {}
            Kill::Broker => drop(plant.node.start().await),
            Kill::Database => drop(plant.cluster.start().await),
        }
        plant.restart().await;
    }
}

impl Kill {
    async fn carry_out(self, plant: &mut Plant) {
        match self {
            Self::Hub(which) => plant.kill_hub(which).await,
            Self::BothHubs => {
                plant.kill_hub(0).await;
                plant.kill_hub(1).await;
            }
            Self::Broker => plant.node.kill().await,
            Self::Database => plant.cluster.kill().await,
        }
    }
}

impl Disturbance {
    async fn begin(self, plant: &mut Plant) {
        match self {
            Self::Nothing => {}
            Self::Terminated(which) => plant.terminate_hub(which).await,
            Self::Frozen(which) => plant.signal_hub(which, "STOP").await,
            Self::BrokerStopped => plant.node.stop().await,
            Self::DatabaseStopped { immediate: true } => plant.cluster.stop_at_once().await,
            Self::DatabaseStopped { immediate: false } => plant.cluster.stop().await,
            Self::MemoryAlarm => plant.node.ctl(&["set_vm_memory_high_watermark", "absolute", "1MB"]).await,
            Self::DiskFull => plant.cluster.fill().await,
            Self::Line { hub, part, line } => plant.line(&hubs(hub), part, line),
        }
    }

    async fn end(self, plant: &Plant) {
        match self {
            Self::Nothing | Self::Terminated(_) => {}
            Self::Frozen(which) => plant.signal_hub(which, "CONT").await,
            Self::BrokerStopped => drop(plant.node.start().await),
            Self::DatabaseStopped { .. } => drop(plant.cluster.start().await),
            Self::MemoryAlarm => plant.node.ctl(&["set_vm_memory_high_watermark", "0.8"]).await,
            Self::DiskFull => plant.cluster.free().await,
            Self::Line { hub, part, .. } => plant.line(&hubs(hub), part, Line::Open),
        }
    }
}

fn hubs(one: Option<usize>) -> Vec<usize> {
    one.map_or_else(|| vec![0, 1], |which| vec![which])
}
