//! SQLite: one file, one writer, nothing to install.

use std::{path::Path, sync::Arc, time::Duration};

use jiff::Timestamp;
use schakelpunt_domain::Clock;
use schakelpunt_engine::ports::StoreError;
use sqlx::{
    Sqlite as Database, SqlitePool, Transaction,
    query::Query,
    sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};

use crate::{
    SqlStore,
    errors::{migrate_error, store_error},
    migrations,
    sql::{Backend, Session, Sql, Value, columns, whole_microseconds},
};

/// How many connections read.
const READERS: u32 = 4;
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
        let options = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY).foreign_keys(true);
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
        Ok(SqliteSession { transaction, clock: Arc::clone(&self.clock) })
    }

    async fn reading(&self) -> Result<SqliteSession, StoreError> {
        let transaction = self.readers.begin().await.map_err(|error| store_error(error, false))?;
        Ok(SqliteSession { transaction, clock: Arc::clone(&self.clock) })
    }
}

/// One transaction. A writing one is alone.
#[derive(Debug)]
pub(crate) struct SqliteSession {
    transaction: Transaction<'static, Database>,
    clock: Arc<dyn Clock>,
}

impl Session for SqliteSession {
    type Row = SqliteRow;

    async fn clock(&mut self) -> Result<Timestamp, StoreError> {
        Ok(whole_microseconds(self.clock.now()))
    }

    async fn run(&mut self, sql: Sql, values: Vec<Value>) -> Result<u64, StoreError> {
        let done = bind(sql, values).execute(&mut *self.transaction).await.map_err(|error| store_error(error, sql.races))?;
        Ok(done.rows_affected())
    }

    async fn rows(&mut self, sql: Sql, values: Vec<Value>) -> Result<Vec<SqliteRow>, StoreError> {
        bind(sql, values).fetch_all(&mut *self.transaction).await.map_err(|error| store_error(error, sql.races))
    }

    async fn run_each(&mut self, sql: Sql, rows: Vec<Vec<Value>>, fixed: Vec<Value>) -> Result<u64, StoreError> {
        let mut touched = 0;
        for mut row in rows {
            row.extend(fixed.iter().cloned());
            touched += self.run(sql, row).await?;
        }
        Ok(touched)
    }

    async fn rows_each(&mut self, sql: Sql, rows: Vec<Vec<Value>>, fixed: Vec<Value>) -> Result<Vec<SqliteRow>, StoreError> {
        let mut found = Vec::with_capacity(rows.len());
        for mut row in rows {
            row.extend(fixed.iter().cloned());
            found.append(&mut self.rows(sql, row).await?);
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

fn bind(sql: Sql, values: Vec<Value>) -> Query<'static, Database, SqliteArguments> {
    values.into_iter().fold(sqlx::query(sql.sqlite), |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Int(number) => query.bind(number),
        Value::Bool(flag) => query.bind(flag),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}
