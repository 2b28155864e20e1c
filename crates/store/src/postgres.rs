//! PostgreSQL 15 and later.

use std::{str::FromStr, sync::Arc, time::Duration};

use jiff::Timestamp;
use schakelpunt_domain::Clock;
use schakelpunt_engine::ports::StoreError;
use sqlx::{
    AssertSqlSafe, PgPool, Postgres as Database, Transaction,
    postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow},
    query::Query,
};

use crate::{
    SqlStore,
    errors::{migrate_error, store_error, unwritable},
    migrations,
    sql::{Backend, Columns, Session, Sql, Value, columns, numbered_from, whole_microseconds},
};

/// A process that hangs must not hold its locks, nor wait for others, for ever.
const BOUNDS: [(&str, &str); 2] = [("lock_timeout", "10s"), ("idle_in_transaction_session_timeout", "60s")];

/// Every statement is short and has an index made for it. Statistics of a store at rest, or of an empty one, must not lead it elsewhere
/// when thousands wait; compiling alone took a sixth of the database's time.
const PLANS: [(&str, &str); 3] = [("plan_cache_mode", "force_generic_plan"), ("jit", "off"), ("enable_seqscan", "off")];

/// Where the store's time comes from.
#[derive(Debug, Clone)]
pub enum TimeSource {
    /// The database's own clock: one for all processes.
    Database,
    /// A given clock, for scenarios.
    Given(Arc<dyn Clock>),
}

/// A pool of connections to PostgreSQL.
#[derive(Debug)]
pub struct Postgres {
    pool: PgPool,
    time: TimeSource,
}

const BEGIN: &str = "begin";
const SHARED: Sql = Sql::both("select pg_advisory_xact_lock_shared(1), pg_advisory_xact_lock_shared(2)");
const CLOCK: Sql = Sql::both("select (extract(epoch from clock_timestamp()) * 1000000)::bigint as now");

/// The store on PostgreSQL.
pub type PostgresStore = SqlStore<Postgres>;

impl PostgresStore {
    /// Connects with at most `connections` connections.
    pub async fn connect(url: &str, connections: u32, time: TimeSource) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url).map_err(|error| store_error(error, false))?;
        let options = options.application_name("schakelpunt").options(BOUNDS).options(PLANS);
        let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(Duration::from_secs(5));
        let pool = pool.connect_with(options).await.map_err(|error| store_error(error, false))?;
        Ok(Self { backend: Postgres { pool, time } })
    }

    /// Closes all connections, after the transactions that run.
    pub async fn close(&self) {
        self.backend.pool.close().await;
    }
}

impl Postgres {
    async fn begin(&self, words: &'static str) -> Result<PostgresSession, StoreError> {
        let transaction = self.pool.begin_with(words).await.map_err(|error| store_error(error, false))?;
        Ok(PostgresSession { transaction, time: self.time.clone(), later: Vec::new() })
    }
}

impl Backend for Postgres {
    type Session = PostgresSession;

    async fn migrate(&self) -> Result<(), StoreError> {
        migrations::postgres().run(&self.pool).await.map_err(migrate_error)
    }

    async fn clock(&self) -> Result<Timestamp, StoreError> {
        match &self.time {
            TimeSource::Given(clock) => Ok(whole_microseconds(clock.now())),
            TimeSource::Database => {
                instant_of(&bind(CLOCK, Vec::new()).fetch_all(&self.pool).await.map_err(|error| store_error(error, false))?)
            }
        }
    }

    async fn writing(&self) -> Result<PostgresSession, StoreError> {
        self.begin(BEGIN).await
    }

    async fn deciding(&self) -> Result<PostgresSession, StoreError> {
        let mut session = self.begin(BEGIN).await?;
        // not with the `begin`: a transaction that failed there would stay open
        session.rows(SHARED, Vec::new()).await?;
        Ok(session)
    }

    async fn marking(&self) -> Result<PostgresSession, StoreError> {
        self.begin("begin; set local synchronous_commit = off").await
    }

    async fn reading(&self) -> Result<PostgresSession, StoreError> {
        self.begin(BEGIN).await
    }

    async fn snapshot(&self) -> Result<PostgresSession, StoreError> {
        self.begin("begin isolation level repeatable read read only").await
    }
}

/// One transaction, but for snapshots read committed: each statement sees what was committed before it, locks do the rest.
#[derive(Debug)]
pub(crate) struct PostgresSession {
    transaction: Transaction<'static, Database>,
    time: TimeSource,
    later: Vec<(Sql, Vec<Vec<Value>>)>,
}

impl Session for PostgresSession {
    type Row = PgRow;

    async fn clock(&mut self) -> Result<Timestamp, StoreError> {
        match &self.time {
            TimeSource::Given(clock) => Ok(whole_microseconds(clock.now())),
            TimeSource::Database => instant_of(&self.rows(CLOCK, Vec::new()).await?),
        }
    }

    fn given_clock(&self) -> Option<Timestamp> {
        match &self.time {
            TimeSource::Given(clock) => Some(whole_microseconds(clock.now())),
            TimeSource::Database => None,
        }
    }

    async fn run(&mut self, sql: Sql, values: Vec<Value>) -> Result<u64, StoreError> {
        let done = bind(sql, values).execute(&mut *self.transaction).await.map_err(|error| store_error(error, sql.races))?;
        Ok(done.rows_affected())
    }

    async fn rows(&mut self, sql: Sql, values: Vec<Value>) -> Result<Vec<PgRow>, StoreError> {
        bind(sql, values).fetch_all(&mut *self.transaction).await.map_err(|error| store_error(error, sql.races))
    }

    async fn run_each(&mut self, sql: Sql, rows: Vec<Vec<Value>>, fixed: Vec<Value>) -> Result<u64, StoreError> {
        if rows.is_empty() {
            return Ok(0);
        }
        let query = bind_arrays(sqlx::query(sql.postgres), rows)?;
        let query = fixed.into_iter().fold(query, bind_one);
        let done = query.execute(&mut *self.transaction).await.map_err(|error| store_error(error, sql.races))?;
        Ok(done.rows_affected())
    }

    fn later(&mut self, sql: Sql, rows: Vec<Vec<Value>>) {
        if !rows.is_empty() {
            self.later.push((sql, rows));
        }
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        let mut parts = std::mem::take(&mut self.later);
        if parts.len() < 2 {
            let Some((sql, rows)) = parts.pop() else { return Ok(()) };
            return self.run_each(sql, rows, Vec::new()).await.map(|_| ());
        }
        // which part runs first is not said: who was first with a message was first with its deliveries too
        let races = parts.iter().any(|(sql, _)| sql.races);
        let mut query = sqlx::query(AssertSqlSafe(in_one(&parts)));
        for (_, rows) in parts {
            query = bind_arrays(query, rows)?;
        }
        query.execute(&mut *self.transaction).await.map_err(|error| store_error(error, races))?;
        Ok(())
    }

    async fn rows_each(&mut self, sql: Sql, rows: Vec<Vec<Value>>, fixed: Vec<Value>) -> Result<Vec<PgRow>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let query = bind_arrays(sqlx::query(sql.postgres), rows)?;
        let query = fixed.into_iter().fold(query, bind_one);
        query.fetch_all(&mut *self.transaction).await.map_err(|error| store_error(error, sql.races))
    }

    async fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit().await.map_err(|error| store_error(error, false))
    }

    async fn rollback(self) -> Result<(), StoreError> {
        self.transaction.rollback().await.map_err(|error| store_error(error, false))
    }
}

fn instant_of(rows: &[PgRow]) -> Result<Timestamp, StoreError> {
    let microseconds = rows.first().map(|row| row.int("now")).transpose().map_err(|error| store_error(error, false))?.flatten();
    Timestamp::from_microsecond(microseconds.unwrap_or_default()).map_err(unwritable)
}

columns!(PgRow);

type Bound = Query<'static, Database, PgArguments>;

fn bind(sql: Sql, values: Vec<Value>) -> Bound {
    values.into_iter().fold(sqlx::query(sql.postgres), bind_one)
}

fn bind_one(query: Bound, value: Value) -> Bound {
    match value {
        Value::Text(text) => query.bind(text),
        Value::Int(number) => query.bind(number),
        Value::Bool(flag) => query.bind(flag),
        Value::Bytes(bytes) => query.bind(bytes),
    }
}

/// One column of a batch.
enum Array {
    Text(Vec<Option<String>>),
    Int(Vec<Option<i64>>),
    Bool(Vec<bool>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Array {
    fn like(value: &Value, rows: usize) -> Self {
        match value {
            Value::Text(_) => Self::Text(Vec::with_capacity(rows)),
            Value::Int(_) => Self::Int(Vec::with_capacity(rows)),
            Value::Bool(_) => Self::Bool(Vec::with_capacity(rows)),
            Value::Bytes(_) => Self::Bytes(Vec::with_capacity(rows)),
        }
    }

    fn push(&mut self, value: Value) -> Result<(), StoreError> {
        match (self, value) {
            (Self::Text(array), Value::Text(value)) => array.push(value),
            (Self::Int(array), Value::Int(value)) => array.push(value),
            (Self::Bool(array), Value::Bool(value)) => array.push(value),
            (Self::Bytes(array), Value::Bytes(value)) => array.push(value),
            _ => return Err(unwritable("the rows of a batch differ in type")),
        }
        Ok(())
    }
}

/// All parts as one statement, with the values of each counted on from those before.
fn in_one(parts: &[(Sql, Vec<Vec<Value>>)]) -> String {
    let (mut text, mut bound) = (String::new(), 0);
    for (place, (sql, rows)) in parts.iter().enumerate() {
        text.push_str(if place == 0 { "with part" } else { ", part" });
        text.push_str(&place.to_string());
        text.push_str(" as (");
        numbered_from(bound, sql.postgres, &mut text);
        text.push(')');
        bound += rows.first().map_or(0, Vec::len);
    }
    text.push_str(" select 1");
    text
}

/// Turns the rows into one array per column.
fn bind_arrays(query: Bound, rows: Vec<Vec<Value>>) -> Result<Bound, StoreError> {
    let count = rows.len();
    let mut arrays: Vec<Array> = rows.first().into_iter().flatten().map(|value| Array::like(value, count)).collect();
    for row in rows {
        for (array, value) in arrays.iter_mut().zip(row) {
            array.push(value)?;
        }
    }
    Ok(arrays.into_iter().fold(query, |query, array| match array {
        Array::Text(array) => query.bind(array),
        Array::Int(array) => query.bind(array),
        Array::Bool(array) => query.bind(array),
        Array::Bytes(array) => query.bind(array),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::values;

    #[test]
    fn parts_are_one_statement_and_their_values_are_counted_on() {
        let first = Sql::both("insert into a (x, y) select * from unnest($1, $2)");
        let second = Sql::both("insert into b (x) select * from unnest($1) on conflict do nothing");
        let parts = [(first, vec![values![1_i64, "x"], values![2_i64, "y"]]), (second, vec![values!["z"]])];
        assert_eq!(
            in_one(&parts),
            "with part0 as (insert into a (x, y) select * from unnest($1, $2)), \
             part1 as (insert into b (x) select * from unnest($3) on conflict do nothing) select 1"
        );
    }
}
