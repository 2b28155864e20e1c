//! From what a database says to what the engine can act on.

use std::error::Error as StdError;

use schakelpunt_engine::ports::StoreError;
use sqlx::{migrate::MigrateError, postgres::PgDatabaseError};

/// What the engine should do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// The same again, at once.
    Conflict,
    /// The same again, later.
    Unavailable,
    /// Never the same again: halve the batch.
    Data,
}

/// Maps every error of a statement. `races`: a unique violation of this statement means that somebody else was first.
pub(crate) fn store_error(error: sqlx::Error, races: bool) -> StoreError {
    match class_of(&error, races) {
        Class::Conflict => StoreError::Conflict,
        Class::Unavailable => StoreError::Unavailable(Box::new(error)),
        Class::Data => StoreError::Data(Box::new(error)),
    }
}

/// Maps an error of a migration.
pub(crate) fn migrate_error(error: MigrateError) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

/// What was asked cannot be written as a row.
pub(crate) fn unwritable(error: impl Into<Box<dyn StdError + Send + Sync>>) -> StoreError {
    StoreError::Data(error.into())
}

fn class_of(error: &sqlx::Error, races: bool) -> Class {
    match error {
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            if database.try_downcast_ref::<PgDatabaseError>().is_some() { postgres_class(&code, races) } else { sqlite_class(&code, races) }
        }
        sqlx::Error::Encode(_) => Class::Data,
        // The connection, the pool, TLS, a server that speaks nonsense while it dies: nothing is known to be wrong with the data.
        _ => Class::Unavailable,
    }
}

/// By SQLSTATE (PostgreSQL 15, appendix A).
fn postgres_class(code: &str, races: bool) -> Class {
    match code {
        // serialization failure, deadlock, lock not available
        "40001" | "40P01" | "55P03" => Class::Conflict,
        "23505" if races => Class::Conflict,
        // data exceptions, integrity violations, limits of the server (an index row that is too large)
        _ if code.starts_with("22") || code.starts_with("23") || code.starts_with("54") => Class::Data,
        // 08 connection, 53 resources, 57 shutdown or cancelled, and what nobody foresaw: a lost message is worse than a late one
        _ => Class::Unavailable,
    }
}

/// By SQLite's extended result code; its lowest byte is the primary one.
fn sqlite_class(code: &str, races: bool) -> Class {
    const PRIMARY_KEY: u32 = 1555;
    const UNIQUE: u32 = 2067;
    let code: u32 = code.parse().unwrap_or_default();
    match (code, code & 0xff) {
        (PRIMARY_KEY | UNIQUE, _) if races => Class::Conflict,
        // too big, constraint, mismatch, range
        (_, 18 | 19 | 20 | 25) => Class::Data,
        // busy, locked, input or output, full, read only, and what nobody foresaw
        _ => Class::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sqlstate_has_its_consequence() {
        for code in ["40001", "40P01", "55P03"] {
            assert_eq!(postgres_class(code, false), Class::Conflict, "{code}");
        }
        for code in ["57P01", "57P02", "57P03", "57014", "08006", "53300", "25006", "42P01", ""] {
            assert_eq!(postgres_class(code, true), Class::Unavailable, "{code}");
        }
        for code in ["22021", "22P05", "23502", "23503", "23514", "54000"] {
            assert_eq!(postgres_class(code, true), Class::Data, "{code}");
        }
        assert_eq!((postgres_class("23505", true), postgres_class("23505", false)), (Class::Conflict, Class::Data));
    }

    #[test]
    fn each_code_of_sqlite_has_its_consequence() {
        assert_eq!((sqlite_class("1555", true), sqlite_class("2067", true)), (Class::Conflict, Class::Conflict));
        for code in ["2067", "787", "1299", "275", "18", "20"] {
            assert_eq!(sqlite_class(code, false), Class::Data, "{code}");
        }
        for code in ["5", "517", "6", "10", "13", "8", "1", "not a number"] {
            assert_eq!(sqlite_class(code, true), Class::Unavailable, "{code}");
        }
    }

    #[test]
    fn a_connection_that_is_gone_is_unavailable() {
        assert!(matches!(store_error(sqlx::Error::PoolTimedOut, true), StoreError::Unavailable(_)));
        assert!(matches!(store_error(sqlx::Error::WorkerCrashed, true), StoreError::Unavailable(_)));
    }
}
