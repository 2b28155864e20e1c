//! The worlds that are explored. Each is small, and goes wrong in the ways that its question is about.

use super::world::{
    Budget,
    Kind::{Consent, Move, Newer, Notice, Retraction, Withdrawal},
    Scope,
};

const QUIET: Budget = Budget { crashes: 0, cuts: 0, lost_confirms: 0, refused: 0, unroutable: 0, registers: 0, steps_back: 0 };
const PLAIN: Scope = Scope {
    name: "",
    messages: &[],
    known: &[],
    hubs: 1,
    at_once: false,
    batch: 2,
    last: 2,
    claim: 1,
    consent_until: None,
    receipts: false,
    forgets: false,
    claims_at_intake: false,
    budget: QUIET,
    reaches: &[],
};

/// Nothing gets lost between broker and store, whichever hub has it.
pub(super) const ACCEPT: Scope = Scope {
    name: "accept and record",
    messages: &[(Notice, 0), (Newer, 0)],
    known: &[(Withdrawal, 0)],
    hubs: 2,
    at_once: true,
    batch: 1,
    last: 1,
    receipts: true,
    claims_at_intake: true,
    budget: Budget { crashes: 1, cuts: 1, ..QUIET },
    reaches: &[
        "redelivered after commit",
        "one message with two hubs",
        "lease lost with a batch taken",
        "lease lost with a claim open",
        "claimed in the transaction that decided it",
        "the older value comes after the newer",
    ],
    ..PLAIN
};

/// A consent is given, ends by itself, and is withdrawn, once or twice, before or after.
pub(super) const CONSENT: Scope = Scope {
    name: "consent and withdrawal",
    messages: &[(Consent, 0), (Notice, 0), (Withdrawal, 0)],
    known: &[(Move, 0)],
    last: 2,
    consent_until: Some(1),
    forgets: true,
    budget: Budget { crashes: 1, lost_confirms: 1, ..QUIET },
    reaches: &[
        "withdrawal between claim and confirm",
        "withdrawn after it was handed over",
        "waiting and withdrawn by nobody, but expired",
        "claim uncertain and no longer lawful",
        "claim uncertain and still lawful",
        "recalled",
        "payload forgotten",
    ],
    ..PLAIN
};

/// The withdrawal comes before what it withdraws.
pub(super) const TOMBSTONE: Scope = Scope {
    name: "withdrawal before the consent",
    messages: &[(Withdrawal, 0), (Consent, 0), (Notice, 0), (Consent, 0), (Withdrawal, 0)],
    budget: Budget { crashes: 1, steps_back: 1, ..QUIET },
    reaches: &["withdrawal before its consent", "redelivered after commit"],
    ..PLAIN
};

/// The registers change, and the hand-over fails in every way.
pub(super) const HAND_OVER: Scope = Scope {
    name: "hand over",
    messages: &[(Notice, 0), (Newer, 0)],
    known: &[(Withdrawal, 0)],
    at_once: true,
    last: 2,
    budget: Budget { lost_confirms: 1, refused: 1, unroutable: 1, registers: 1, ..QUIET },
    reaches: &["claim uncertain and no longer lawful", "claim uncertain and still lawful", "recalled"],
    ..PLAIN
};

/// A batch whose later messages end the ground of its earlier ones.
pub(super) const BATCH: Scope = Scope {
    name: "one batch",
    messages: &[(Notice, 0), (Move, 0), (Retraction, 0)],
    at_once: true,
    batch: 3,
    claims_at_intake: true,
    budget: Budget { crashes: 1, lost_confirms: 1, ..QUIET },
    reaches: &["claimed in the transaction that decided it", "claim uncertain and no longer lawful", "recalled"],
    ..PLAIN
};

/// Two detentions of which the partner may know, two hubs, one inbox that has to be empty.
pub(super) const WINDOW: Scope = Scope {
    name: "an empty inbox",
    messages: &[(Notice, 0), (Notice, 1)],
    known: &[(Consent, 0), (Consent, 1), (Move, 0), (Move, 1)],
    hubs: 2,
    at_once: true,
    claim: 2,
    reaches: &["lease lost with a claim open"],
    ..PLAIN
};

/// A withdrawal, and in the same batch what rests on the consent.
pub(super) const FOLD: Scope = Scope {
    name: "withdrawn in the same batch",
    messages: &[(Notice, 0), (Withdrawal, 0), (Newer, 0)],
    known: &[(Consent, 0)],
    at_once: true,
    batch: 3,
    last: 1,
    claims_at_intake: true,
    budget: Budget { crashes: 1, ..QUIET },
    reaches: &["withdrawal between claim and confirm", "claimed in the transaction that decided it", "redelivered after commit"],
    ..PLAIN
};
