//! Recorded decisions asked again: by the rules that made them the answers are the same to the byte, in every scenario and in a piece of
//! the fictitious year. What was not recorded is undecidable, and what was recorded otherwise is found.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use schakelpunt::{
    clock::SystemClock,
    replaying,
    scenario::{Player, Scenario},
    wiring,
};
use schakelpunt_domain::{DetentionRef, LegalDay};
use schakelpunt_engine::{
    Settings,
    hub::Replay,
    model::Decided,
    ports::{Store, StoreError},
    replay::Checked,
};
use schakelpunt_rules::Answer;
use schakelpunt_store::SqliteStore;
use tokio::sync::Notify;

use crate::{
    harness::around::{Around, Hooks},
    scenarios,
};

/// Everything that a store holds, asked again with the rules that made it.
async fn check(settings: &Settings, store: &Arc<dyn Store>) -> Checked {
    let replay = Replay::open(settings.clone(), Arc::clone(store), Timestamp::MIN, Timestamp::MAX).await.unwrap();
    replaying::check(&Arc::new(replay), 2, |_| {}).await.unwrap()
}

/// Plays a scenario; its hub keeps everything.
async fn played(file: &Path) -> Player {
    let name = file.file_name().unwrap().to_string_lossy();
    let scenario = Scenario::parse(&name, &std::fs::read_to_string(file).unwrap()).unwrap().below(scenarios::root());
    let mut player = Player::open(&scenario, None).await.unwrap();
    player.play(&scenario, |_, _| {}).await.unwrap();
    player
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_checks_the_day_before_from_three_o_clock_on() {
    let player = played(&scenarios::root().join("tests/scenarios/zwolle-a.toml")).await;
    let hub = player.hub();
    let (now, day) = (hub.store().now().await.unwrap(), hub.day_to_check().await.unwrap());
    assert_eq!(day, LegalDay::of(now - jiff::SignedDuration::from_hours(3)).yesterday());
    let all = check(hub.settings(), hub.store()).await;
    let (mut day, mut decisions) = (LegalDay::of(now), 0);
    for _ in 0..60 {
        let checked = hub.check_day(day).await.unwrap();
        assert!(checked.differ == 0 && checked.undecidable.is_empty(), "{day}: {}", checked.sentence());
        decisions += checked.decisions;
        day = day.yesterday();
    }
    assert_eq!(decisions, all.decisions, "each decision on one day");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scenario_is_replayed_to_the_byte() {
    scenarios::make_other_rules();
    let (mut wrong, mut decisions) = (Vec::new(), 0);
    for file in scenarios::all_files() {
        let player = played(&file).await;
        let checked = check(player.hub().settings(), player.hub().store()).await;
        decisions += checked.decisions;
        if checked.differ > 0 || !checked.undecidable.is_empty() {
            wrong.push(format!("{}: {}\n{}", file.display(), checked.sentence(), checked.first.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(decisions > 1000, "{decisions}");
}

/// A store that shows what was decided otherwise than it was recorded.
#[derive(Debug)]
pub(crate) struct Altered {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) alter: fn(&mut Decided),
}

#[async_trait]
impl Hooks for Altered {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    async fn decided(&self, detentions: &[DetentionRef]) -> Result<Vec<Decided>, StoreError> {
        let mut decided = self.inner.decided(detentions).await?;
        decided.iter_mut().for_each(self.alter);
        Ok(decided)
    }
}

/// A store that never answers what was decided, and says when it is asked and when nobody waits any more.
#[derive(Debug)]
struct Silent {
    inner: Arc<dyn Store>,
    asked: Notify,
    left: Arc<Notify>,
}

/// Says when it is gone.
struct Waiting(Arc<Notify>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[async_trait]
impl Hooks for Arc<Silent> {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    async fn decided(&self, _: &[DetentionRef]) -> Result<Vec<Decided>, StoreError> {
        let _waiting = Waiting(Arc::clone(&self.left));
        self.asked.notify_one();
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_replay_ends_with_whoever_waits_for_it() {
    let player = played(&scenarios::root().join("tests/scenarios/zwolle-a.toml")).await;
    let inner = Arc::clone(player.hub().store());
    let silent = Arc::new(Silent { inner, asked: Notify::new(), left: Arc::new(Notify::new()) });
    let store: Arc<dyn Store> = Arc::new(Around(Arc::clone(&silent)));
    tokio::select! {
        checked = check(player.hub().settings(), &store) => panic!("{}", checked.sentence()),
        () = silent.asked.notified() => {}
    }
    tokio::time::timeout(Duration::from_secs(60), silent.left.notified()).await.expect("its tasks are still there");
}

/// The first permit names a leaf that was withheld.
fn forge(decided: &mut Decided) {
    for record in &mut decided.decisions {
        let Answer::Permit(permit) = &mut record.decision.answer else { continue };
        if let Some(leaf) = record.decision.withheld.pop() {
            permit.granted.first_mut().unwrap().leaves.push(leaf);
            return;
        }
    }
}

/// As a hub recorded it that did not keep yet what a decision saw.
fn of_before(decided: &mut Decided) {
    decided.decisions.iter_mut().for_each(|record| record.saw = None);
}

/// As a hub took messages in that looked for no signal yet.
pub(crate) fn without_signals(decided: &mut Decided) {
    for message in decided.messages.values_mut() {
        message.signals.vocabulary = 0;
        message.signals.whole.clear();
        message.earlier.iter_mut().for_each(|earlier| earlier.signals.vocabulary = 0);
    }
}

#[test]
fn a_piece_of_the_year_is_replayed_to_the_byte() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("year");
    crate::year::play(&folder, "0.001");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(of_year(&folder.join("schakelpunt.db")));
}

async fn of_year(file: &Path) {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(file, Arc::new(SystemClock)).await.unwrap());
    let settings = wiring::embedded_settings(None).unwrap();
    let checked = check(&settings, &store).await;
    assert!(checked.decisions > 1000, "{}", checked.sentence());
    assert!(checked.differ == 0 && checked.undecidable.is_empty(), "{}\n{}", checked.sentence(), checked.first.join("\n"));

    let altered = async |alter| {
        let store: Arc<dyn Store> = Arc::new(Around(Altered { inner: Arc::clone(&store), alter }));
        check(&settings, &store).await
    };
    let detentions = store.decided_between(Timestamp::MIN, Timestamp::MAX).await.unwrap().len() as u64;
    let forged = altered(forge).await;
    assert!(forged.differ > detentions / 2 && forged.differ <= detentions, "one of most detentions: {}", forged.sentence());
    assert!(forged.first[0].contains("recorded") && forged.undecidable.is_empty());

    let before = altered(of_before).await;
    assert_eq!(before.differ, 0, "{}\n{}", before.sentence(), before.first.join("\n"));
    let codes: Vec<_> = before.undecidable.keys().copied().collect();
    assert!(codes.iter().all(|code| ["HAD_NOT_RECORDED", "NEWER_NOT_RECORDED"].contains(code)), "{}", before.sentence());

    let blind = altered(without_signals).await;
    assert_eq!(blind.differ, 0, "never a refusal: {}\n{}", blind.sentence(), blind.first.join("\n"));
    let unknown: BTreeMap<_, _> = blind.undecidable;
    assert!(unknown.len() == 1 && unknown["SIGNAL_NOT_RECORDED"] > 0, "{unknown:?}");
}
