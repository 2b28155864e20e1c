//! The adapters, each with an empty file of its own.

use std::{
    fs,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use schakelpunt::clock::SetClock;
use schakelpunt_adapters::{
    alarm::Alarms,
    dji,
    folder::Folder,
    keep::{Keep, Kept},
    municipality, probation,
    push::{self, Answer},
    settings::{self, PushSettings},
};
use schakelpunt_domain::{Clock, EventName};
use serde::de::DeserializeOwned;
use tokio::runtime;

use super::super::{
    exchange::{self, Answered, Asked},
    folder,
    world::world,
};

/// How long a file must not have changed, in the examples.
const SETTLE: SignedDuration = SignedDuration::from_secs(10);

#[derive(Clone, Copy)]
pub(super) enum Adapter {
    Municipality,
    Probation,
    Dji,
}

/// The adapters, ready for use.
struct All {
    municipality: municipality::Ready,
    probation: probation::Ready,
    dji: dji::Ready,
}

/// An example configuration with its folders elsewhere.
fn example<T: DeserializeOwned>(text: &str, folder: &tempfile::TempDir) -> T {
    let folder = folder.path().display().to_string();
    settings::parse("example.toml", &text.replace("/srv/schakelpunt", &folder).replace("/var/lib/schakelpunt", &folder)).unwrap()
}

static ALL: LazyLock<All> = LazyLock::new(|| {
    let folder = folder();
    let clock: Arc<dyn Clock> = Arc::new(SetClock::new(world().now));
    let municipality: municipality::Config = example(include_str!("../../../../config/adapters/municipality.example.toml"), &folder);
    let probation: probation::Config = example(include_str!("../../../../config/adapters/probation.example.toml"), &folder);
    let dji: dji::Config = example(include_str!("../../../../config/adapters/dji.example.toml"), &folder);
    // what the hub says goes nowhere here: the folders are not needed any longer
    All { municipality: municipality.ready(&clock).unwrap(), probation: probation.ready(&clock).unwrap(), dji: dji.ready().unwrap() }
});

/// An empty file of an adapter; one that stayed empty serves again.
static EMPTY: Mutex<Option<Keep>> = Mutex::new(None);

fn empty() -> Keep {
    static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let folder = folder();
        let path = folder.path().join("adapter.redb");
        drop(Keep::open(&path).unwrap());
        fs::read(path).unwrap()
    });
    EMPTY.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_else(|| {
        let folder = folder();
        let path = folder.path().join("adapter.redb");
        fs::write(&path, &*FILE).unwrap();
        // it stays open without its name, so that nothing is left behind
        Keep::open(&path).unwrap()
    })
}

/// One adapter at work on one input.
pub(super) struct Stage {
    adapter: Adapter,
    keep: Option<Keep>,
    alarms: Alarms,
    is_touched: bool,
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !self.is_touched {
            *EMPTY.lock().unwrap_or_else(PoisonError::into_inner) = self.keep.take();
        }
    }
}

impl Stage {
    pub(super) fn new(adapter: Adapter) -> Self {
        // a doubt about a push is no answer to it; alarms about a file are read
        Self { adapter, keep: Some(empty()), alarms: Alarms::new("/dev/null".into()), is_touched: false }
    }

    fn keep(&self) -> &Keep {
        self.keep.as_ref().unwrap()
    }

    /// Everything that is kept, in order.
    pub(super) fn messages(&self) -> Vec<Kept> {
        self.keep().messages(|_| true).unwrap().into_iter().map(|(_, kept)| kept).collect()
    }

    /// Whether the adapter sends this event.
    pub(super) fn sends(&self, event: &EventName) -> bool {
        match self.adapter {
            Adapter::Municipality => ALL.municipality.events.contains(event),
            Adapter::Probation => ALL.probation.events.contains(event),
            // it says what it makes out itself
            Adapter::Dji => true,
        }
    }

    /// Pushes a body; `None`: it is no request.
    pub(super) fn push(&mut self, asked: &Asked<'_>, body: &[u8], now: Timestamp) -> Option<Answered> {
        static RUNTIME: LazyLock<runtime::Runtime> = LazyLock::new(|| runtime::Builder::new_current_thread().build().unwrap());
        let (settings, route) = self.pushed_to();
        let request = asked.request(body, |word| (word == "own").then(|| format!("Bearer {}", settings.token.reveal())))?;
        let answered = RUNTIME.block_on(async {
            let (routes, waiting) = push::routes(&settings.token, route);
            let taking = waiting.take_all(|to, body| Ok(self.take(to, body, now)));
            let (answered, taken) = tokio::join!(exchange::ask(routes, request), taking);
            taken.unwrap();
            answered
        });
        // what was refused was not even begun
        self.is_touched |= answered.status.is_success();
        Some(answered)
    }

    fn pushed_to(&self) -> (&'static PushSettings, &'static str) {
        let (settings, route) = match self.adapter {
            Adapter::Municipality => (&ALL.municipality.config.push, "/v1/participants/{id}/messages"),
            Adapter::Probation => (&ALL.probation.config.push, "/v1/participants/{id}/messages"),
            Adapter::Dji => (&ALL.dji.config.push, "/v1/prisons/{id}/records"),
        };
        (settings.as_ref().unwrap(), route)
    }

    fn take(&self, to: &str, body: &[u8], now: Timestamp) -> Answer {
        let (keep, alarms) = (self.keep(), &self.alarms);
        match self.adapter {
            Adapter::Municipality => municipality::Source { ready: &ALL.municipality, keep, alarms }.take(to, body, now),
            Adapter::Probation => probation::Source { ready: &ALL.probation, keep, alarms }.take(to, body, now),
            Adapter::Dji => dji::source::Source { ready: &ALL.dji, keep, alarms }.pushed(to, body, now),
        }
        .unwrap()
    }

    /// Drops a file in the folder of the adapter's first participant. Whether it was read, and the alarms.
    pub(super) fn drop_file(&mut self, bytes: &[u8], now: Timestamp) -> (bool, String) {
        let own = folder();
        let (path, alarms) = (own.path().join("in"), own.path().join("alarms.jsonl"));
        self.alarms = Alarms::new(alarms.clone());
        let folder = Folder::open(&path, SETTLE).unwrap();
        fs::write(path.join("file.json"), bytes).unwrap();
        assert_eq!(self.looks(folder, [now.checked_sub(SETTLE).unwrap(), now]), [false, true], "taken when it has settled");
        let is_done = path.join("done/file.json").exists();
        assert!(is_done != path.join("held/file.json").exists() && !path.join("file.json").exists(), "in one place");
        self.is_touched = is_done;
        (is_done, fs::read_to_string(alarms).unwrap_or_default())
    }

    /// Looks at the folder at these instants. Whether anything was taken.
    fn looks(&self, mut folder: Folder, at: [Timestamp; 2]) -> [bool; 2] {
        let (keep, alarms) = (self.keep(), &self.alarms);
        match self.adapter {
            Adapter::Municipality => {
                let source = municipality::Source { ready: &ALL.municipality, keep, alarms };
                at.map(|now| source.take_all(&mut folder, now).unwrap())
            }
            Adapter::Probation => {
                let source = probation::Source { ready: &ALL.probation, keep, alarms };
                let mut folders = [(&ALL.probation.config.units[0], folder)];
                at.map(|now| source.take_all(&mut folders, now).unwrap())
            }
            Adapter::Dji => panic!("lists have a target of their own"),
        }
    }
}
