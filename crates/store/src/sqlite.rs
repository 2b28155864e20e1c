//! SQLite: one file, one writer, nothing to install.

use std::{path::Path, sync::Arc, time::Duration};

use jiff::Timestamp;
use schakelpunt_domain::Clock;
use schakelpunt_engine::ports::StoreError;
use sqlx::{
    AssertSqlSafe, SqlSafeStr, Sqlite as Database, SqlitePool, Transaction,
    query::Query,
    sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};

use crate::{
    SqlStore,
    errors::{migrate_error, store_error},
    migrations,
    sql::{Backend, Session, Sql, Value, columns, numbered_from, whole_microseconds},
};

/// How many connections read.
const READERS: u32 = 4;
/// Rows that the database's thread reads ahead: for each row that it waits with, two threads wait for each other.
const AHEAD: usize = 1024;
/// How long another process may hold the file.
const BUSY: Duration = Duration::from_secs(10);

/// One writing connection and some that read.
#[derive(Debug)]
pub struct Sqlite {
    pub(crate) writer: SqlitePool,
    readers: SqlitePool,
    clock: Arc<dyn Clock>,
}

/// The store on SQLite.
pub type SqliteStore = SqlStore<Sqlite>;

impl SqliteStore {
    /// Opens the file, which is made if there is none.
    pub async fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY).foreign_keys(true).row_buffer_size(AHEAD);
        // What was acknowledged must survive a power cut, so every commit is synced.
        let writing = options.clone().create_if_missing(true).journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
        let writer = pool(1).connect_with(writing).await.map_err(|error| store_error(error, false))?;
        let readers = pool(READERS).connect_with(options.read_only(true)).await.map_err(|error| store_error(error, false))?;
        Ok(Self { backend: Sqlite { writer, readers, clock } })
    }

    /// A store in memory that is gone with its value. Its one connection serves readers too.
    pub async fn in_memory(clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new().in_memory(true).foreign_keys(true);
        let writer = pool(1).connect_with(options).await.map_err(|error| store_error(error, false))?;
        Ok(Self { backend: Sqlite { readers: writer.clone(), writer, clock } })
    }

    /// Closes the file, after the transaction that runs.
    pub async fn close(&self) {
        self.backend.readers.close().await;
        self.backend.writer.close().await;
    }
}

/// A pool whose connections are never given up: a database in memory is its connection.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new().max_connections(connections).idle_timeout(None).max_lifetime(None).acquire_timeout(Duration::from_secs(60))
}

impl Backend for Sqlite {
    type Session = SqliteSession;

    async fn migrate(&self) -> Result<(), StoreError> {
        migrations::sqlite().run(&self.writer).await.map_err(migrate_error)
    }

    async fn clock(&self) -> Result<Timestamp, StoreError> {
        Ok(whole_microseconds(self.clock.now()))
    }

    /// A deferred transaction that reads and then writes fails at once with "database is locked": so it takes the lock first.
    async fn writing(&self) -> Result<SqliteSession, StoreError> {
        let transaction = self.writer.begin_with("begin immediate").await.map_err(|error| store_error(error, false))?;
        Ok(SqliteSession { transaction, clock: Arc::clone(&self.clock), later: Vec::new() })
    }

    async fn reading(&self) -> Result<SqliteSession, StoreError> {
        let transaction = self.readers.begin().await.map_err(|error| store_error(error, false))?;
        Ok(SqliteSession { transaction, clock: Arc::clone(&self.clock), later: Vec::new() })
    }
}

/// One transaction. A writing one is alone.
#[derive(Debug)]
pub(crate) struct SqliteSession {
    transaction: Transaction<'static, Database>,
    clock: Arc<dyn Clock>,
    later: Vec<(Sql, Vec<Vec<Value>>)>,
}

impl Session for SqliteSession {
    type Row = SqliteRow;

    async fn clock(&mut self) -> Result<Timestamp, StoreError> {
        Ok(whole_microseconds(self.clock.now()))
    }

    fn given_clock(&self) -> Option<Timestamp> {
        Some(whole_microseconds(self.clock.now()))
    }

    async fn run(&mut self, sql: Sql, values: Vec<Value>) -> Result<u64, StoreError> {
        let done = bind(sql.sqlite, values).execute(&mut *self.transaction).await.map_err(|error| store_error(error, sql.races))?;
        Ok(done.rows_affected())
    }

    async fn rows(&mut self, sql: Sql, values: Vec<Value>) -> Result<Vec<SqliteRow>, StoreError> {
        bind(sql.sqlite, values).fetch_all(&mut *self.transaction).await.map_err(|error| store_error(error, sql.races))
    }

    async fn run_each(&mut self, sql: Sql, rows: Vec<Vec<Value>>, fixed: Vec<Value>) -> Result<u64, StoreError> {
        let mut touched = 0;
        for (text, values) in together(sql.sqlite, rows, &fixed) {
            let done = bind(AssertSqlSafe(text), values).execute(&mut *self.transaction).await;
            touched += done.map_err(|error| store_error(error, sql.races))?.rows_affected();
        }
        Ok(touched)
    }

    fn later(&mut self, sql: Sql, rows: Vec<Vec<Value>>) {
        self.later.push((sql, rows));
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        for (sql, rows) in std::mem::take(&mut self.later) {
            self.run_each(sql, rows, Vec::new()).await?;
        }
        Ok(())
    }

    async fn rows_each(&mut self, sql: Sql, rows: Vec<Vec<Value>>, fixed: Vec<Value>) -> Result<Vec<SqliteRow>, StoreError> {
        let mut found = Vec::with_capacity(rows.len());
        for (text, values) in together(sql.sqlite, rows, &fixed) {
            let some = bind(AssertSqlSafe(text), values).fetch_all(&mut *self.transaction).await;
            found.append(&mut some.map_err(|error| store_error(error, sql.races))?);
        }
        Ok(found)
    }

    async fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit().await.map_err(|error| store_error(error, false))
    }

    async fn rollback(self) -> Result<(), StoreError> {
        self.transaction.rollback().await.map_err(|error| store_error(error, false))
    }
}

columns!(SqliteRow);

/// How many rows go to the database's thread at once. For each call two threads wait for each other; and each of these counts makes
/// a statement of its own that stays prepared.
const TOGETHER: [usize; 3] = [32, 8, 1];

/// One statement after another for some rows at a time, with the values of all of them.
fn together(sql: &str, rows: Vec<Vec<Value>>, fixed: &[Value]) -> Vec<(String, Vec<Value>)> {
    let mut left = rows.len();
    let mut rows = rows.into_iter();
    let mut calls = Vec::new();
    while let Some(count) = TOGETHER.into_iter().find(|count| *count <= left) {
        left -= count;
        let (mut text, mut values) = (String::new(), Vec::new());
        for row in rows.by_ref().take(count) {
            numbered_from(values.len(), sql, &mut text);
            text.push(';');
            values.extend(row.into_iter().chain(fixed.iter().cloned()));
        }
        calls.push((text, values));
    }
    calls
}

fn bind(sql: impl SqlSafeStr, values: Vec<Value>) -> Query<'static, Database, SqliteArguments> {
    values.into_iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Int(number) => query.bind(number),
        Value::Bool(flag) => query.bind(flag),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::values;

    #[test]
    fn rows_go_together_and_their_values_are_counted_on() {
        let rows = (0..9_i64).map(|number| values![number]).collect();
        let calls = together("select $1, $2", rows, &[Value::from("x")]);
        assert_eq!(calls.iter().map(|(_, values)| values.len()).collect::<Vec<_>>(), [16, 2], "eight, and one");
        assert!(calls.first().is_some_and(|(text, _)| text.starts_with("select $1, $2;select $3, $4;")));
        assert_eq!(calls.last(), Some(&("select $1, $2;".to_owned(), values![8_i64, "x"])));
    }
}
