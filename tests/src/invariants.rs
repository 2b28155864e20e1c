//! What must hold whatever happens: names that the model, the simulation, the checker of the fault tests and comments in the code share.

/// What the broker confirmed to a producer stays in the intake queue until it is in the store, and what a producer was told is accepted is
/// in the store.
pub(crate) const NOTHING_ACCEPTED_IS_LOST: &str = "nothing-accepted-is-lost";
/// At the instant of every claim, by the store's clock, a ground in force permits it. By consent it also takes an inbox with nothing in it
/// and nothing under way to it.
pub(crate) const NO_CLAIM_WITHOUT_GROUND: &str = "no-claim-without-ground";
/// Whatever left the hub holds only leaves that the permit of its claim grants.
pub(crate) const NO_FIELD_OUTSIDE_THE_PERMIT: &str = "no-field-outside-the-permit";
/// A recipient meets the deliveries of one detention for the first time in the order of their lane, and no older value of a slot after a
/// newer one.
pub(crate) const ORDER_PER_LANE: &str = "order-per-lane";
/// However often a delivery leaves, it leaves with the same bytes.
pub(crate) const ONE_SET_OF_BYTES_PER_DELIVERY: &str = "one-set-of-bytes-per-delivery";
/// Every message on record has a decision for each candidate, and each permit its delivery with the payload that it still needs.
pub(crate) const EVERY_ACCEPTANCE_HAS_ITS_DECISIONS: &str = "every-acceptance-has-its-decisions";
/// What was withdrawn, before or after it was known, carries nothing any more, whatever comes later or a second time.
pub(crate) const A_TOMBSTONE_STAYS: &str = "a-tombstone-stays";
/// What the hub has to say of a deadline it says, once, whatever crashes or comes late.
pub(crate) const A_DEADLINE_IS_TOLD_ONCE: &str = "a-deadline-is-told-once";

/// A recipient that is told that it has everything up to a running number has met each of them, or was told that it is void.
pub(crate) const NO_NUMBER_IS_MISSING: &str = "no-number-is-missing";

/// All of them.
pub(crate) const ALL: [&str; 9] = [
    NOTHING_ACCEPTED_IS_LOST,
    NO_CLAIM_WITHOUT_GROUND,
    NO_FIELD_OUTSIDE_THE_PERMIT,
    ORDER_PER_LANE,
    ONE_SET_OF_BYTES_PER_DELIVERY,
    EVERY_ACCEPTANCE_HAS_ITS_DECISIONS,
    A_TOMBSTONE_STAYS,
    A_DEADLINE_IS_TOLD_ONCE,
    NO_NUMBER_IS_MISSING,
];
