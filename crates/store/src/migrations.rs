//! The tables, embedded. A file that has been released is never changed: add the next number to both lists.

use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

macro_rules! migrations {
    ($folder:literal: $($number:literal $name:literal),+ $(,)?) => {
        Migrator::with_migrations(vec![$(Migration::new(
            $number,
            $name.into(),
            MigrationType::Simple,
            include_str!(concat!("../migrations/", $folder, "/000", $number, "_", $name, ".sql")).into_sql_str(),
            false,
        )),+])
    };
}

/// For PostgreSQL.
pub(crate) fn postgres() -> Migrator {
    migrations!("postgres": 1 "registers", 2 "cases_and_messages", 3 "decisions_and_deliveries", 4 "receipts_and_timers", 5 "leases", 6 "rows_as_they_come", 7 "suspects", 8 "consent_claimed", 9 "stages")
}

/// For SQLite.
pub(crate) fn sqlite() -> Migrator {
    migrations!("sqlite": 1 "registers", 2 "cases_and_messages", 3 "decisions_and_deliveries", 4 "receipts_and_timers", 5 "leases", 6 "rows_as_they_come", 7 "suspects", 8 "consent_claimed", 9 "stages")
}
