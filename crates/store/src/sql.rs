//! What the two databases have in common: a statement in both dialects, values to bind, columns to read, a transaction.
//!
//! Everything above this module is written once. Below it, `postgres` sends the rows of a batch as arrays in one statement, and
//! `sqlite` runs one prepared statement per row, many in one call.

use std::{fmt, future::Future};

use jiff::Timestamp;
use schakelpunt_engine::ports::StoreError;

/// One statement in both dialects. Both use `$1`, `$2`, ... for values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sql {
    /// For PostgreSQL. In a batch the columns of the rows are arrays.
    pub(crate) postgres: &'static str,
    /// For SQLite. In a batch it runs once for each row.
    pub(crate) sqlite: &'static str,
    /// Whether a unique violation means that somebody else was first.
    pub(crate) races: bool,
}

impl Sql {
    /// Different words for each.
    pub(crate) const fn of(postgres: &'static str, sqlite: &'static str) -> Self {
        Self { postgres, sqlite, races: false }
    }

    /// The same words for both.
    pub(crate) const fn both(text: &'static str) -> Self {
        Self::of(text, text)
    }

    /// A unique violation means that somebody else was first: a conflict, not bad data.
    pub(crate) const fn racing(self) -> Self {
        Self { races: true, ..self }
    }
}

/// A value to bind. `None` is null, of the type of its variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Text.
    Text(Option<String>),
    /// A whole number; instants too, as microseconds.
    Int(Option<i64>),
    /// True or false.
    Bool(bool),
    /// Bytes.
    Bytes(Option<Vec<u8>>),
}

macro_rules! into_value {
    ($($from:ty => |$name:ident| $value:expr),* $(,)?) => {$(
        impl From<$from> for Value {
            fn from($name: $from) -> Self { $value }
        }
    )*};
}

into_value! {
    &str => |text| Self::Text(Some(text.to_owned())),
    String => |text| Self::Text(Some(text)),
    Option<&str> => |text| Self::Text(text.map(str::to_owned)),
    Option<String> => |text| Self::Text(text),
    i64 => |number| Self::Int(Some(number)),
    Option<i64> => |number| Self::Int(number),
    Timestamp => |instant| Self::Int(Some(instant.as_microsecond())),
    Option<Timestamp> => |instant| Self::Int(instant.map(Timestamp::as_microsecond)),
    bool => |flag| Self::Bool(flag),
    Option<Vec<u8>> => |bytes| Self::Bytes(bytes),
}

/// The values of one row.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::sql::Value::from($value)),*] };
}
pub(crate) use values;

/// Reads columns of one row, whatever the database.
pub(crate) trait Columns: Send {
    /// A text.
    fn text(&self, column: &str) -> Result<Option<String>, sqlx::Error>;
    /// A whole number.
    fn int(&self, column: &str) -> Result<Option<i64>, sqlx::Error>;
    /// Bytes.
    fn bytes(&self, column: &str) -> Result<Option<Vec<u8>>, sqlx::Error>;
}

/// Implements [`Columns`] for a row of sqlx.
macro_rules! columns {
    ($row:ty) => {
        impl $crate::sql::Columns for $row {
            fn text(&self, column: &str) -> Result<Option<String>, sqlx::Error> {
                sqlx::Row::try_get(self, column)
            }
            fn int(&self, column: &str) -> Result<Option<i64>, sqlx::Error> {
                sqlx::Row::try_get(self, column)
            }
            fn bytes(&self, column: &str) -> Result<Option<Vec<u8>>, sqlx::Error> {
                sqlx::Row::try_get(self, column)
            }
        }
    };
}
pub(crate) use columns;

/// One open transaction. Dropping it rolls back.
pub(crate) trait Session: Send {
    /// Its rows.
    type Row: Columns;

    /// The store's clock, in whole microseconds.
    fn clock(&mut self) -> impl Future<Output = Result<Timestamp, StoreError>> + Send;
    /// The clock, where it is not the database's own: then nothing has to be asked.
    fn given_clock(&self) -> Option<Timestamp>;
    /// Runs a statement; gives how many rows it touched.
    fn run(&mut self, sql: Sql, values: Vec<Value>) -> impl Future<Output = Result<u64, StoreError>> + Send;
    /// Runs a query.
    fn rows(&mut self, sql: Sql, values: Vec<Value>) -> impl Future<Output = Result<Vec<Self::Row>, StoreError>> + Send;
    /// Runs a statement for every row, with `fixed` after the columns; without rows nothing happens.
    fn run_each(&mut self, sql: Sql, rows: Vec<Vec<Value>>, fixed: Vec<Value>) -> impl Future<Output = Result<u64, StoreError>> + Send;
    /// Runs a statement for every row, but not yet: what is put off until the next `flush` goes to PostgreSQL in one statement, where
    /// each part sees nothing of the others.
    fn later(&mut self, sql: Sql, rows: Vec<Vec<Value>>);
    /// Runs what was put off, in order.
    fn flush(&mut self) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Runs a query for every row. SQLite answers row by row, in order; PostgreSQL as the statement orders.
    fn rows_each(
        &mut self,
        sql: Sql,
        rows: Vec<Vec<Value>>,
        fixed: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<Self::Row>, StoreError>> + Send;
    /// Makes it so.
    fn commit(self) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Ends it without a trace.
    fn rollback(self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// How a transaction that decides or provides ends.
#[derive(Debug)]
pub(crate) enum End<T> {
    /// It counts.
    Commit(T),
    /// It leaves nothing.
    Rollback(T),
}

/// Ends `session` as `result` says. After an error its locks are gone when the caller hears of it.
pub(crate) async fn end<S: Session, T: Send>(mut session: S, result: Result<End<T>, StoreError>) -> Result<T, StoreError> {
    let result = match result {
        Ok(End::Commit(value)) => session.flush().await.map(|()| End::Commit(value)),
        other => other,
    };
    match result {
        Ok(End::Commit(value)) => {
            // The ledger leaf and the processing-log record of this transaction: written here, last before the commit.
            session.commit().await?;
            Ok(value)
        }
        Ok(End::Rollback(value)) => {
            session.rollback().await?;
            Ok(value)
        }
        Err(error) => {
            // the first error is the one that matters: the connection may be gone
            session.rollback().await.ok();
            Err(error)
        }
    }
}

/// A database.
pub(crate) trait Backend: Send + Sync + fmt::Debug {
    /// Its transactions.
    type Session: Session;

    /// Brings the tables up to this version.
    fn migrate(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// The store's clock.
    fn clock(&self) -> impl Future<Output = Result<Timestamp, StoreError>> + Send;
    /// Begins a transaction that may write.
    fn writing(&self) -> impl Future<Output = Result<Self::Session, StoreError>> + Send;
    /// Begins a transaction that decides or provides: until it ends nobody changes the registers (lock 1) or gives a lease to another
    /// process (lock 2). These are locks of the database's memory: on the rows themselves each would have been written to disk.
    /// Where writing transactions are alone, it is simply one of those; so is the next.
    fn deciding(&self) -> impl Future<Output = Result<Self::Session, StoreError>> + Send {
        self.writing()
    }
    /// Begins a transaction that only marks what was done. A power cut may take it back: then it is done again, with the same bytes.
    fn marking(&self) -> impl Future<Output = Result<Self::Session, StoreError>> + Send {
        self.writing()
    }
    /// Begins a transaction that only reads.
    fn reading(&self) -> impl Future<Output = Result<Self::Session, StoreError>> + Send;
    /// Begins one whose statements all see the same instant. Where a transaction sees that anyway, it is simply one that reads.
    fn snapshot(&self) -> impl Future<Output = Result<Self::Session, StoreError>> + Send {
        self.reading()
    }
}

/// Appends `sql` with its `$1`, `$2`, ... counted on from what is bound before.
pub(crate) fn numbered_from(before: usize, sql: &str, text: &mut String) {
    let mut pieces = sql.split('$');
    text.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let digits = piece.len() - piece.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = piece.split_at(digits);
        text.push('$');
        match number.parse::<usize>() {
            Ok(number) => text.push_str(&(before + number).to_string()),
            Err(_) => text.push_str(number),
        }
        text.push_str(rest);
    }
}

/// An instant in the precision of the store.
pub(crate) fn whole_microseconds(instant: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(instant.as_microsecond()).unwrap_or(instant)
}
