//! From rows to the model and back: JSON, words, instants. What cannot be read back names its table and column.

use std::{error::Error as StdError, str::FromStr};

use jiff::Timestamp;
use schakelpunt_engine::ports::StoreError;
use serde::{Serialize, de::DeserializeOwned};

use crate::{errors::unwritable, sql::Columns};

/// Why a column that must be there is not.
#[derive(Debug, thiserror::Error)]
#[error("there is no value")]
struct Missing;

/// Reads one row of `table`.
#[derive(Debug)]
pub(crate) struct Reader<'r, R> {
    /// For errors.
    pub(crate) table: &'static str,
    /// The row.
    pub(crate) row: &'r R,
}

impl<'r, R: Columns> Reader<'r, R> {
    /// Reads `row` as one of `table`.
    pub(crate) fn of(table: &'static str, row: &'r R) -> Self {
        Self { table, row }
    }

    /// The error of one column.
    pub(crate) fn inconsistent(&self, column: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> StoreError {
        StoreError::Inconsistent { table: self.table, column, source: source.into() }
    }

    fn found<T>(&self, column: &'static str, value: Result<Option<T>, sqlx::Error>) -> Result<Option<T>, StoreError> {
        value.map_err(|error| self.inconsistent(column, error))
    }

    fn present<T>(&self, column: &'static str, value: Option<T>) -> Result<T, StoreError> {
        value.ok_or_else(|| self.inconsistent(column, Missing))
    }

    /// A text that may be null.
    pub(crate) fn opt_text(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        self.found(column, self.row.text(column))
    }

    /// A text.
    pub(crate) fn text(&self, column: &'static str) -> Result<String, StoreError> {
        self.present(column, self.opt_text(column)?)
    }

    /// A whole number that may be null.
    pub(crate) fn opt_int(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
        self.found(column, self.row.int(column))
    }

    /// Bytes that may be null.
    pub(crate) fn opt_bytes(&self, column: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
        self.found(column, self.row.bytes(column))
    }

    /// A number from 0 that may be null.
    pub(crate) fn opt_number(&self, column: &'static str) -> Result<Option<u64>, StoreError> {
        self.opt_int(column)?.map(|number| u64::try_from(number).map_err(|error| self.inconsistent(column, error))).transpose()
    }

    /// A number from 0.
    pub(crate) fn number(&self, column: &'static str) -> Result<u64, StoreError> {
        self.present(column, self.opt_number(column)?)
    }

    /// An instant.
    pub(crate) fn instant(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        let microseconds = self.present(column, self.opt_int(column)?)?;
        Timestamp::from_microsecond(microseconds).map_err(|error| self.inconsistent(column, error))
    }

    /// An identifier that may be null.
    pub(crate) fn opt_parsed<T>(&self, column: &'static str) -> Result<Option<T>, StoreError>
    where
        T: FromStr,
        T::Err: StdError + Send + Sync + 'static,
    {
        self.opt_text(column)?.map(|text| text.parse().map_err(|error: T::Err| self.inconsistent(column, error))).transpose()
    }

    /// An identifier.
    pub(crate) fn parsed<T>(&self, column: &'static str) -> Result<T, StoreError>
    where
        T: FromStr,
        T::Err: StdError + Send + Sync + 'static,
    {
        self.present(column, self.opt_parsed(column)?)
    }

    /// A word of a closed list.
    pub(crate) fn word<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        let word = serde_json::Value::String(self.text(column)?);
        serde_json::from_value(word).map_err(|error| self.inconsistent(column, error))
    }

    /// JSON that may be null.
    pub(crate) fn opt_json<T: DeserializeOwned>(&self, column: &'static str) -> Result<Option<T>, StoreError> {
        let text = self.opt_text(column)?;
        text.map(|text| serde_json::from_str(&text).map_err(|error| self.inconsistent(column, error))).transpose()
    }

    /// JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        self.present(column, self.opt_json(column)?)
    }
}

/// As JSON text.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(unwritable)
}

/// A variant of a closed list as its word.
pub(crate) fn word<T: Serialize>(value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value).map_err(unwritable)? {
        serde_json::Value::String(word) => Ok(word),
        _ => Err(unwritable("a word was expected")),
    }
}

/// As the databases hold numbers.
pub(crate) fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(unwritable)
}
