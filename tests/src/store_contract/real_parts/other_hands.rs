//! What somebody else does at the same database, with statements of his own.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
};

use schakelpunt_domain::SourceFile;
use schakelpunt_engine::{
    kept_law::KeptLaw,
    life::{Deed, DraftId, Role, What},
    model::Action,
    ports::{Store, StoreError},
};
use tokio::task::JoinSet;

use super::concurrency::{Two, two};
use crate::{
    parts::postgres::Database,
    store_contract::build::{case, delivery, message, put, record, version, who},
};

/// One connection that does what it is told, statement by statement.
struct Hands {
    psql: Child,
    says: BufReader<ChildStdout>,
}

impl Hands {
    fn at(database: &Database) -> Self {
        let arguments = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--dbname", &database.url()];
        let mut psql = Command::new("psql").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let says = BufReader::new(psql.stdout.take().unwrap());
        Self { psql, says }
    }

    /// Does it, and is done with it.
    fn run(&mut self, sql: &str) {
        writeln!(self.psql.stdin.as_mut().unwrap(), "{sql};\n\\echo done").unwrap();
        let mut said = String::new();
        while said.trim_end() != "done" {
            said.clear();
            assert!(self.says.read_line(&mut said).unwrap() > 0, "{sql}: the connection has ended");
        }
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        self.psql.kill().ok();
        self.psql.wait().ok();
    }
}

fn deed(by: &str, draft: u32, what: What) -> Deed {
    Deed { draft: Some(DraftId(draft)), at: "2024-09-03T10:00:00Z".parse().unwrap(), by: who(by), why: "because".to_owned(), what }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_approval_waits_for_what_is_written_without_a_lock() {
    let Two { one, database, .. } = two().await;
    let kept = KeptLaw::new(vec![SourceFile { name: "rules.toml".to_owned(), text: "# one".to_owned() }], Vec::new());
    let law = || kept.version.clone();
    let drafted = deed("writer", 1, What::Drafted { title: "It".to_owned(), law: law() });
    one.add_deed(Some(&kept), &mut |_, _| Some(drafted.clone())).await.unwrap();
    let mut hands = Hands::at(&database);
    let body = serde_json::to_string(&deed("lawyer", 1, What::Edited { law: law() })).unwrap();
    let row = format!("(1, 'edited', 'lawyer', '{}', '{body}')", law());
    hands.run(&format!("begin; insert into deeds (draft, deed, by_whom, law, body) values {row}"));
    let (store, mut approving) = (Arc::clone(&one), JoinSet::new());
    let approved = deed("lawyer", 1, What::Approved { law: law(), submission: 1, role: Role::LegalReviewer });
    approving.spawn(async move { store.add_deed(None, &mut |_, _| Some(approved.clone())).await });
    database.until_waiting(1).await;
    hands.run("commit");
    let refused = approving.join_next().await.unwrap().unwrap();
    assert!(matches!(refused, Err(StoreError::Data(_))), "{refused:?}");
    assert_eq!(database.sql("select count(*) from deeds where deed = 'approved'"), "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_decided_is_read_as_of_one_instant() {
    let Two { one, database, .. } = two().await;
    let now = one.now().await.unwrap();
    let message = message("m-1", Some("d-1"), now);
    let made = record(&delivery(&message, "gemeente-zwolle", 1), now);
    put(&*one, vec![version(case("d-1"), 0), Action::SaveMessage(message), Action::AddDecision(made)]).await.unwrap();
    let mut hands = Hands::at(&database);
    hands.run("begin; lock table decisions");
    let (store, mut reading) = (Arc::clone(&one), JoinSet::new());
    reading.spawn(async move { store.decided(&["d-1".parse().unwrap()]).await });
    // it has read the case by now
    database.until_waiting(1).await;
    hands.run("delete from decisions; commit");
    let read = reading.join_next().await.unwrap().unwrap().unwrap().remove(0);
    assert_eq!((read.case.is_some(), read.messages.len(), read.decisions.len()), (true, 1, 1));
}
