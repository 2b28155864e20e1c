//! The suite on real brokers, of both versions, and what only a broker has.

mod broker;
mod faults;
mod rabbit_rig;
mod rights;

/// Everything that runs on one version.
macro_rules! on_broker {
    ($version:expr) => {
        crate::bus_contract::contract!(crate::bus_contract::real_parts::rabbit_rig::RabbitRig::fresh($version));

        on_broker!(@tests $version; broker:
            a_foreign_prefix_is_refused
            a_copy_to_a_foreign_prefix_changes_nothing
            a_wrong_user_is_refused
            a_participant_can_do_nothing_else
            unrouted_messages_are_told_apart
            dead_messages_are_told_apart
            what_nobody_collects_leaves_the_inbox
            a_full_inbox_is_not_for_now
            a_dropped_consumer_gives_back_before_newer_ones_go_on
            a_gathering_batch_that_is_given_up_loses_nothing
            provisioning_twice_changes_nothing
            a_check_sees_what_another_hand_has_changed
        );
        on_broker!(@tests $version; rights:
            each_participant_publishes_as_itself_and_reads_its_own_inbox
            a_check_sees_rights_that_somebody_else_has
            whoever_is_barred_is_thrown_out_and_stays_out
            who_has_a_key_keeps_it
            a_rehearsal_lets_nobody_send
        );
        on_broker!(@tests $version; faults:
            restarts_kills_and_alarms
            a_message_that_cannot_be_read_stops_nothing
            a_routing_key_that_is_no_text_stops_nothing
        );
    };
    (@tests $version:expr; $module:ident: $($test:ident)*) => {$(
        #[tokio::test]
        async fn $test() {
            crate::bus_contract::real_parts::$module::$test($version).await;
        }
    )*};
}

mod rabbitmq3 {
    on_broker!(crate::parts::rabbitmq::Version::Three);
}

mod rabbitmq4 {
    on_broker!(crate::parts::rabbitmq::Version::Four);
}
