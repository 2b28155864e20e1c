//! The concurrency tier: what only a database with many writers can get wrong.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use schakelpunt_domain::{
    case::FactValue,
    registers::Recorded,
    stage::{CancelReason, Stage},
};
use schakelpunt_engine::{
    model::{Action, ClaimContext, Delivery, Snapshot, SnapshotKeys, Versioned},
    ports::{Pull, Store, StoreError},
};
use schakelpunt_store::{PostgresStore, TimeSource};
use tokio::task::JoinSet;

use crate::parts::postgres::Database;
use crate::store_contract::build::{case, claim, claim_all, delivery, ids, key, keys_of, look, message, put, room, sent, version};

const ZWOLLE: &str = "gemeente-zwolle";

/// Two processes of one hub, by the database's own clock.
pub(super) struct Two {
    pub(super) one: Arc<PostgresStore>,
    pub(super) other: Arc<PostgresStore>,
    pub(super) database: Database,
}

pub(super) async fn two() -> Two {
    let database = Database::fresh();
    let connect = || async { Arc::new(PostgresStore::connect(&database.url(), 8, TimeSource::Database).await.unwrap()) };
    let (one, other) = (connect().await, connect().await);
    // both at once, as two processes that start together
    let (first, second) = tokio::join!(one.migrate(), other.migrate());
    first.and(second).unwrap();
    Two { one, other, database }
}

/// A case with one delivery that waits.
async fn one_waits(store: &PostgresStore) -> Delivery {
    let message = message("m-1", Some("d-1"), store.now().await.unwrap());
    put(store, [vec![version(case("d-1"), 0)], sent(&message, &[(ZWOLLE, 1)])].concat()).await.unwrap();
    delivery(&message, ZWOLLE, 1)
}

/// An intake of `d-1` that stands open until it is told to go on.
struct Open {
    task: JoinSet<Result<bool, StoreError>>,
    go: mpsc::Sender<()>,
}

async fn open(store: &Arc<PostgresStore>, mut step: impl FnMut(Snapshot) -> Vec<Action> + Send + 'static) -> Open {
    let (go, wait) = mpsc::channel();
    let (tell, told) = tokio::sync::oneshot::channel();
    let (store, mut tell, mut task) = (Arc::clone(store), Some(tell), JoinSet::new());
    task.spawn(async move {
        let keys = SnapshotKeys { detentions: ["d-1".parse().unwrap()].into(), ..SnapshotKeys::default() };
        let mut step = move |snapshot| {
            tell.take().unwrap().send(()).unwrap();
            stand(&wait);
            Some(step(snapshot))
        };
        store.intake(&[], &keys, &mut step).await.map(|written| written.is_some())
    });
    told.await.unwrap();
    Open { task, go }
}

/// Stands still inside a transaction, without stopping the runtime.
fn stand(until: &mpsc::Receiver<()>) {
    tokio::task::block_in_place(|| until.recv()).unwrap();
}

impl Open {
    async fn finish(mut self) -> Result<bool, StoreError> {
        self.go.send(()).unwrap();
        self.task.join_next().await.unwrap().unwrap()
    }
}

/// Ends the consent: raises the version of the case and cancels what waits.
fn withdraw(snapshot: Snapshot) -> Vec<Action> {
    let Versioned { mut value, version: read } = snapshot.cases[0].clone();
    value.record(FactValue::LeftScope, snapshot.now, snapshot.now);
    let waiting = snapshot.deliveries.into_iter().filter(|delivery| matches!(delivery.stage, Stage::Waiting { .. }));
    let cancel = waiting.map(|delivery| {
        let stage = delivery.stage.cancel(snapshot.now, CancelReason::NoLongerLawful).unwrap();
        Action::SetStage(delivery.id, stage)
    });
    std::iter::once(version(value, read)).chain(cancel).collect()
}

fn claiming(store: &Arc<PostgresStore>) -> JoinSet<Vec<Delivery>> {
    let (store, mut task) = (Arc::clone(store), JoinSet::new());
    task.spawn(async move { claim(&*store, &[ZWOLLE]).await });
    task
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_claim_waits_for_an_open_withdrawal_and_takes_none() {
    let Two { one, other, database } = two().await;
    one_waits(&one).await;
    let open = open(&one, withdraw).await;
    let mut claims = claiming(&other);
    database.until_waiting(1).await;
    assert!(open.finish().await.unwrap());
    assert!(claims.join_next().await.unwrap().unwrap().is_empty(), "after that commit no hand-over begins");
    assert_eq!(look(&*one, &["d-1"], &[]).await.deliveries[0].stage.word(), "cancelled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_claim_that_waited_is_decided_on_the_new_version() {
    let Two { one, other, database } = two().await;
    one_waits(&one).await;
    let open = open(&one, |snapshot| withdraw(snapshot).into_iter().take(1).collect()).await;
    let mut claims: JoinSet<_> = JoinSet::new();
    let (tell, seen) = mpsc::channel();
    claims.spawn(async move {
        let mut decide = move |context: ClaimContext| {
            let case = context.candidates[0].case.clone().unwrap();
            tell.send((case.version, case.value.facts.len(), context.now)).unwrap();
            claim_all(context)
        };
        other.claim(&[], 9, &room(&[(ZWOLLE, 9, true)]), &mut decide).await.unwrap()
    });
    database.until_waiting(1).await;
    let before = one.now().await.unwrap();
    open.finish().await.unwrap();
    assert_eq!(claims.join_next().await.unwrap().unwrap().len(), 1);
    let (version, facts, now) = seen.recv().unwrap();
    assert_eq!((version, facts), (2, 1));
    assert!(now > before, "the clock is read when the locks are had");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_withdrawal_waits_for_an_open_claim_and_sees_it() {
    let Two { one, other, database } = two().await;
    one_waits(&one).await;
    let (go, wait) = mpsc::channel::<()>();
    let (tell, told) = tokio::sync::oneshot::channel();
    let mut claims = JoinSet::new();
    claims.spawn(async move {
        let mut tell = Some(tell);
        let mut decide = move |context| {
            tell.take().unwrap().send(()).unwrap();
            stand(&wait);
            claim_all(context)
        };
        other.claim(&[], 9, &room(&[(ZWOLLE, 9, true)]), &mut decide).await.unwrap()
    });
    told.await.unwrap();
    let (store, mut withdrawal) = (Arc::clone(&one), JoinSet::new());
    withdrawal.spawn(async move {
        let keys = SnapshotKeys { detentions: ["d-1".parse().unwrap()].into(), ..SnapshotKeys::default() };
        let mut seen = Vec::new();
        let mut step = |snapshot: Snapshot| {
            seen.clone_from(&snapshot.deliveries);
            Some(withdraw(snapshot))
        };
        store.intake(&[], &keys, &mut step).await.unwrap();
        seen
    });
    database.until_waiting(1).await;
    go.send(()).unwrap();
    let claimed = claims.join_next().await.unwrap().unwrap();
    let seen = withdrawal.join_next().await.unwrap().unwrap();
    assert_eq!(seen[0].stage, claimed[0].stage, "what began before is listed, to be recalled");
    assert_eq!(look(&*one, &["d-1"], &[]).await.deliveries[0].stage.word(), "claimed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_fetches_of_one_participant_come_one_after_the_other() {
    let Two { one, other, database } = two().await;
    one_waits(&one).await;
    let pull = Pull { participant: ZWOLLE.parse().unwrap(), after: 0, limit: 9 };
    let (go, wait) = mpsc::channel::<()>();
    let (tell, told) = tokio::sync::oneshot::channel();
    let (mut first, mut second) = (JoinSet::new(), JoinSet::new());
    let fetch = pull.clone();
    first.spawn(async move {
        let mut tell = Some(tell);
        let mut decide = move |context| {
            tell.take().unwrap().send(()).unwrap();
            stand(&wait);
            claim_all(context)
        };
        one.pull(&fetch, &mut decide).await.unwrap()
    });
    told.await.unwrap();
    second.spawn(async move { other.pull(&pull, &mut claim_all).await.unwrap() });
    database.until_waiting(1).await;
    go.send(()).unwrap();
    let (first, second) = (first.join_next().await.unwrap().unwrap(), second.join_next().await.unwrap().unwrap());
    assert_eq!(ids(&first.given), ["m-1"]);
    assert_eq!((ids(&second.given), second.given[0].number, second.voids(0)), (vec!["m-1"], Some(1), vec![]), "again, and no void");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_of_the_registers_waits_for_what_runs() {
    let Two { one, other, database } = two().await;
    one_waits(&one).await;
    let open = open(&one, |_| Vec::new()).await;
    let (store, mut change) = (Arc::clone(&other), JoinSet::new());
    let entry = serde_json::from_str(r#"{"stop": {"participant": "gemeente-zwolle"}}"#).unwrap();
    let recorded = one.now().await.unwrap();
    change.spawn(async move { store.record(vec![Recorded { entry, recorded }]).await.unwrap() });
    database.until_waiting(1).await;
    open.finish().await.unwrap();
    assert_eq!(change.join_next().await.unwrap().unwrap(), 1);
    assert_eq!(look(&*one, &["d-1"], &[]).await.epoch, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_first_writers_one_has_a_conflict() {
    let Two { one, other, database: _kept } = two().await;
    let now = one.now().await.unwrap();
    for round in 0..20 {
        let (detention, id) = (format!("d-{round}"), format!("m-{round}"));
        for actions in [vec![version(case(&detention), 0)], sent(&message(&id, None, now), &[(ZWOLLE, 1)])] {
            let barrier = std::sync::Barrier::new(2);
            let keys = keys_of(&actions);
            let write = |store: Arc<PostgresStore>| {
                let (actions, barrier, keys) = (actions.clone(), &barrier, &keys);
                async move {
                    let mut actions = Some(actions);
                    let mut step = |_| {
                        barrier.wait();
                        actions.take()
                    };
                    store.intake(&[], keys, &mut step).await
                }
            };
            let results = both(write(Arc::clone(&one)), write(Arc::clone(&other)));
            let conflicts = results.iter().filter(|result| matches!(result, Err(StoreError::Conflict))).count();
            let written = results.iter().filter(|result| matches!(result, Ok(Some(_)))).count();
            assert_eq!((written, conflicts), (1, 1), "{results:?}");
        }
    }
}

/// Runs both, each on a thread of its own, so that a step of one may wait for the other.
fn both<T: Send>(one: impl Future<Output = T> + Send, other: impl Future<Output = T> + Send) -> [T; 2] {
    let handle = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let second = scope.spawn(|| handle.block_on(other));
            let first = handle.block_on(one);
            [first, second.join().unwrap()]
        })
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn forgetting_leaves_what_an_open_intake_needs() {
    let Two { one, other, database: _kept } = two().await;
    let received = one.now().await.unwrap();
    put(&*one, [vec![version(case("d-1"), 0)], sent(&message("m-1", Some("d-1"), received), &[])].concat()).await.unwrap();
    let (go, wait) = mpsc::channel::<()>();
    let (tell, told) = tokio::sync::oneshot::channel();
    let (store, mut intake) = (Arc::clone(&one), JoinSet::new());
    intake.spawn(async move {
        let actions = sent(&message("m-1", Some("d-1"), received), &[(ZWOLLE, 1)]);
        let (keys, mut actions, mut tell) = (keys_of(&actions), Some(actions), Some(tell));
        let mut step = move |_| {
            tell.take().unwrap().send(()).unwrap();
            stand(&wait);
            actions.take()
        };
        store.intake(&[], &keys, &mut step).await.unwrap()
    });
    told.await.unwrap();
    let forgotten = other.forget(other.now().await.unwrap()).await.unwrap();
    go.send(()).unwrap();
    intake.join_next().await.unwrap().unwrap();
    assert_eq!(forgotten, 0, "what another transaction works on is left to the next time");
    assert_eq!(other.forget(other.now().await.unwrap()).await.unwrap(), 0);
    assert!(other.message(&key("m-1")).await.unwrap().unwrap().payload.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_row_that_the_database_refuses_is_data() {
    let Two { one, database: _kept, .. } = two().await;
    let now = one.now().await.unwrap();
    let mut poison = message("m-1", None, now);
    poison.digest = "no text in PostgreSQL has this: \0".to_owned();
    let result = put(&*one, [sent(&message("m-2", None, now), &[]), sent(&poison, &[])].concat()).await;
    assert!(matches!(result, Err(StoreError::Data(_))), "{result:?}");
    put(&*one, sent(&message("m-2", None, now), &[])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_goes_is_unavailable_and_comes_back() {
    let Two { one, database, .. } = two().await;
    one_waits(&one).await;
    let open = open(&one, withdraw).await;
    database.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");
    let result = open.finish().await;
    assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
    let mut tries = 0;
    while one.load().await.is_err() {
        tries += 1;
        assert!(tries < 20, "one try for each connection that is gone");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(ids(&claim(&*one, &[ZWOLLE]).await), ["m-1"], "nothing of the intake is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_clock_is_the_database_s_own() {
    let Two { one, other, database: _kept } = two().await;
    let (first, second) = (one.now().await.unwrap(), other.now().await.unwrap());
    let third = look(&*one, &[], &[]).await.now;
    assert!(first < second && second < third, "{first} {second} {third}");
}
