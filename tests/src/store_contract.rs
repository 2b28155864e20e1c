//! The contract of the store: one suite, run against SQLite, PostgreSQL and the store of the simulation. A second tier, for PostgreSQL alone, is about two
//! connections at once.

pub(crate) mod build;
mod desks;
mod files;
mod intake;
mod lanes;
mod leases;
mod numbers;
mod pull;
mod rest;
mod rows;

use std::{
    any::Any,
    sync::{Arc, Mutex},
};

use jiff::{SignedDuration, Timestamp};
use schakelpunt_domain::Clock;
use schakelpunt_engine::ports::Store;
use schakelpunt_store::{PostgresStore, SqliteStore, TimeSource};

use crate::parts::postgres::Database;

/// A clock that the test moves.
#[derive(Debug)]
pub(crate) struct TestClock(Mutex<Timestamp>);

impl TestClock {
    /// Stands at an ordinary moment.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new("2024-09-03T10:00:00.123456Z".parse().unwrap())))
    }

    /// Goes on.
    pub(crate) fn pass(&self, seconds: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// A store under test.
pub(crate) struct Subject {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<TestClock>,
    _parts: Box<dyn Any + Send>,
}

impl Subject {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn of(store: impl Store + 'static, clock: Arc<TestClock>, parts: impl Any + Send) -> Self {
        store.migrate().await.unwrap();
        store.migrate().await.unwrap();
        Self { store: Arc::new(store), clock, _parts: Box::new(parts) }
    }

    async fn sqlite() -> Self {
        let (folder, clock) = (tempfile::tempdir().unwrap(), TestClock::new());
        let store = SqliteStore::open(&folder.path().join("hub.db"), Arc::clone(&clock) as _).await.unwrap();
        Self::of(store, clock, folder).await
    }

    async fn in_memory() -> Self {
        let clock = TestClock::new();
        Self::of(SqliteStore::in_memory(Arc::clone(&clock) as _).await.unwrap(), clock, ()).await
    }

    async fn simulated() -> Self {
        let clock = TestClock::new();
        Self::of(crate::simulation::store(Arc::clone(&clock) as _), clock, ()).await
    }

    async fn postgres() -> Self {
        let (database, clock) = (Database::fresh(), TestClock::new());
        let store = PostgresStore::connect(&database.url(), 4, TimeSource::Given(Arc::clone(&clock) as _)).await.unwrap();
        Self::of(store, clock, database).await
    }
}

/// One test for each name, against one kind of store.
macro_rules! suite {
    ($subject:ident, $($module:ident: $($test:ident),+;)+) => {
        $(mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                crate::store_contract::$module::$test(&crate::store_contract::Subject::$subject().await).await;
            })+
        })+
    };
}

/// The semantic tier: the same tests for every store.
macro_rules! semantic_tier {
    ($subject:ident) => {
        suite! {
            $subject,
            intake:
                everything_is_read_back, a_step_that_gives_nothing_writes_nothing, a_case_over_another_version_is_a_conflict,
                a_second_first_message_is_a_conflict, a_known_message_is_written_over, the_snapshot_shows_what_a_case_holds_back,
                a_batch_folds, a_stage_for_a_strange_delivery_is_refused, a_payload_comes_back_as_it_was, a_refused_row_leaves_nothing;
            lanes:
                one_at_a_time_and_in_order, a_claim_is_due_again_when_its_lease_has_passed, a_blocked_lane_stands_still, backoff_is_honoured,
                room_and_limit_hold, consent_waits_for_its_room, lanes_without_a_detention, numbers_have_no_gaps,
                a_claim_that_gives_nothing_writes_nothing, a_late_answer_is_left_alone, an_ended_delivery_frees_its_lane, a_recall_follows_at_once,
                the_candidate_has_case_message_and_bytes, many_lanes_drain_in_order;
            leases:
                leases_are_shared_taken_over_and_given_back, a_restarted_process_has_its_leases_at_once, a_lease_that_has_gone_writes_nothing,
                what_is_claimed_at_once_has_its_number;
            pull:
                a_whole_lane_in_order, the_cursor_marks_received, the_cursor_says_nothing_of_what_another_channel_claimed, an_old_cursor_gives_again, what_is_claimed_or_blocked_holds_its_lane,
                the_limit_goes_on, other_participants_are_not_touched;
            numbers:
                heads_stand_below_what_is_open_or_untold, what_ends_with_a_number_leaves_its_void, some_receipts_are_told_apart,
                a_full_fetch_reaches_no_further_than_it_took, a_pause_is_written;
            rest:
                registers_raise_the_epoch, receipts_are_told_once, receipts_of_who_fetches_are_not_told, timers_come_when_due, the_load_is_counted,
                forgetting_keeps_what_is_needed, stages_change_in_a_transaction, deliveries_are_listed, a_trace_tells_all,
                what_was_decided_is_read_detention_by_detention,
                the_law_of_an_instant_stays, a_deed_for_the_rules_stays_and_raises_the_epoch_where_it_moves_them, where_the_registers_were_seen_is_noted, a_token_is_known_by_its_digest;
            desks:
                what_is_entered_stands_behind_all_that_was_there, cases_are_found_by_prison, looks_are_kept;
            rows:
                any_message_comes_back, any_instant_comes_back;
        }
    };
}

mod real_parts;
mod sqlite {
    semantic_tier!(sqlite);
}
mod simulated {
    semantic_tier!(simulated);
}
mod sqlite_in_memory {
    semantic_tier!(in_memory);
}
