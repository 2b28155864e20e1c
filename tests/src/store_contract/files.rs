//! What a SQLite file owes: it stays, and who reads does not wait for who writes.

use std::sync::{Arc, mpsc};

use schakelpunt_engine::{model::SnapshotKeys, ports::Store};
use schakelpunt_store::SqliteStore;
use tokio::task::JoinSet;

use super::{
    TestClock,
    build::{claim, ids, key, message, put, sent},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_committed_is_there_after_a_restart() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), TestClock::new());
    let path = folder.path().join("hub.db");
    let now = schakelpunt_domain::Clock::now(&*clock);
    let first = SqliteStore::open(&path, Arc::clone(&clock) as _).await.unwrap();
    first.migrate().await.unwrap();
    put(&first, sent(&message("m-1", None, now), &[("gemeente-zwolle", 1)])).await.unwrap();
    first.close().await;
    let second = SqliteStore::open(&path, clock).await.unwrap();
    second.migrate().await.unwrap();
    assert_eq!(ids(&claim(&second, &["gemeente-zwolle"]).await), ["m-1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_do_not_wait_and_a_second_writer_does() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), TestClock::new());
    let path = folder.path().join("hub.db");
    let now = schakelpunt_domain::Clock::now(&*clock);
    let one = Arc::new(SqliteStore::open(&path, Arc::clone(&clock) as _).await.unwrap());
    one.migrate().await.unwrap();
    let other = Arc::new(SqliteStore::open(&path, clock).await.unwrap());
    let (go, wait) = mpsc::channel::<()>();
    let (tell, told) = tokio::sync::oneshot::channel();
    let (store, mut tasks) = (Arc::clone(&one), JoinSet::new());
    tasks.spawn(async move {
        let (mut tell, mut actions) = (Some(tell), Some(sent(&message("m-1", None, now), &[])));
        let mut step = move |_| {
            tell.take().unwrap().send(()).unwrap();
            tokio::task::block_in_place(|| wait.recv()).unwrap();
            actions.take()
        };
        store.intake(&[], &SnapshotKeys::default(), &mut step).await.unwrap().is_some()
    });
    told.await.unwrap();
    assert_eq!(one.message(&key("m-1")).await.unwrap(), None, "not committed, not seen, not waited for");
    let store = Arc::clone(&other);
    tasks.spawn(async move { put(&*store, sent(&message("m-2", None, now), &[])).await.unwrap() });
    go.send(()).unwrap();
    assert_eq!(tasks.join_all().await, [true, true]);
    for id in ["m-1", "m-2"] {
        assert!(other.message(&key(id)).await.unwrap().is_some(), "{id}");
    }
}
