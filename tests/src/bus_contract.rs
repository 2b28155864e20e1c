//! One suite for every bus. A new implementation gets a [`rig::Rig`] and one line with `contract!`.

mod in_process;
mod real_parts;
pub(crate) mod rig;
mod semantics;

/// The semantic tier as tests. `$rig` gives a rig, or `None` if the machine cannot have it and that is known.
macro_rules! contract {
    ($rig:expr) => {
        crate::bus_contract::contract!(@tests $rig;
            order_is_kept_per_partition_key
            settling_takes_exactly_the_prefix
            what_was_not_handed_out_comes_again_too
            a_batch_that_is_given_up_loses_nothing
            a_tag_that_was_not_handed_out_settles_nothing
            the_older_of_two_consumers_reads_alone
            a_queue_that_is_not_there_is_refused
            stop_messages_come_twice
            the_sender_is_the_first_word
            a_confirmed_message_arrives_whole
            what_has_no_inbox_is_not_a_success
            an_unacknowledged_message_goes_to_the_next_consumer
            room_follows_the_inbox
        );
    };
    (@tests $rig:expr; $($test:ident)*) => {$(
        #[tokio::test]
        async fn $test() {
            if let Some(rig) = $rig.await {
                crate::bus_contract::semantics::$test(&rig).await;
            }
        }
    )*};
}
pub(crate) use contract;
