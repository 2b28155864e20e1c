//! The tables, embedded. A file that has been released is never changed: add the next number to both lists.

use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

macro_rules! migrations {
    ($folder:literal: $($padded:literal $number:literal $name:literal),+ $(,)?) => {
        Migrator::with_migrations(vec![$(Migration::new(
            $number,
            $name.into(),
            MigrationType::Simple,
            include_str!(concat!("../migrations/", $folder, "/", $padded, "_", $name, ".sql")).into_sql_str(),
            false,
        )),+])
    };
}

/// For PostgreSQL.
pub(crate) fn postgres() -> Migrator {
    migrations!("postgres": "0001" 1 "registers", "0002" 2 "cases_and_messages", "0003" 3 "decisions_and_deliveries", "0004" 4 "receipts_and_timers", "0005" 5 "leases", "0006" 6 "rows_as_they_come", "0007" 7 "suspects", "0008" 8 "consent_claimed", "0009" 9 "stages", "0020" 20 "desks", "0021" 21 "consent_due", "0022" 22 "law", "0023" 23 "registers_seen", "0040" 40 "tokens", "0041" 41 "deeds", "0042" 42 "deeds_of_a_text")
}

/// For SQLite.
pub(crate) fn sqlite() -> Migrator {
    migrations!("sqlite": "0001" 1 "registers", "0002" 2 "cases_and_messages", "0003" 3 "decisions_and_deliveries", "0004" 4 "receipts_and_timers", "0005" 5 "leases", "0006" 6 "rows_as_they_come", "0007" 7 "suspects", "0008" 8 "consent_claimed", "0009" 9 "stages", "0020" 20 "desks", "0021" 21 "consent_due", "0022" 22 "law", "0023" 23 "registers_seen", "0040" 40 "tokens", "0041" 41 "deeds", "0042" 42 "deeds_of_a_text")
}
