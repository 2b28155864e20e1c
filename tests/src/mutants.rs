//! Planted bugs. The model or the simulation has to find each of them, by the name of an invariant that it breaks.

use std::fmt;

/// A planted bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Mutant {
    /// All messages of a batch are decided by the facts before the batch, instead of each by what the one before left.
    FactsLoadedOncePerBatch,
    /// A batch is acknowledged before its transaction has committed.
    AcknowledgedBeforeTheCommit,
    /// More is acknowledged than the prefix that was settled.
    AcknowledgedTooFar,
    /// A claim does not compare the stamp of its decision with case, registers and rules.
    ClaimWithoutStamp,
    /// An uncertain delivery is cut anew and leaves under the same id with other bytes.
    RetryWithOtherBytes,
    /// A due timer has its effect again when it is fired a second time.
    TimerFiredTwice,
    /// A due timer of a case is gone without an effect.
    TimerLost,
    /// A consent that comes after its withdrawal counts.
    TombstoneIgnored,
    /// A delivery is claimed while one before it in its lane is open.
    LaneOvertaken,
    /// A claim looks at the stamp only, not at the instant until which its decision holds.
    ExpiryWithoutAWriteMissed,
    /// An older value of a slot is delivered to who has the newer.
    StaleSlotDelivered,
    /// A correction goes to who is concerned, instead of to who had the original.
    CorrectionToTheWrongRecipient,
    /// A process goes on taking in and claiming under a lease that it has lost.
    LeaseNotFenced,
    /// A payload is forgotten while a delivery still needs it.
    PayloadPurgedTooEarly,
    /// A producer is told of an acceptance before its transaction has committed.
    ReceiptBeforeCommit,
    /// A store's clock that went back makes what was recorded later unknown again.
    ClockStepBack,
    /// That a running number is void is told to nobody.
    VoidNotTold,
}

impl Mutant {
    /// All of them.
    pub(crate) const ALL: [Self; 17] = [
        Self::FactsLoadedOncePerBatch,
        Self::AcknowledgedBeforeTheCommit,
        Self::AcknowledgedTooFar,
        Self::ClaimWithoutStamp,
        Self::RetryWithOtherBytes,
        Self::TimerFiredTwice,
        Self::TimerLost,
        Self::TombstoneIgnored,
        Self::LaneOvertaken,
        Self::ExpiryWithoutAWriteMissed,
        Self::StaleSlotDelivered,
        Self::CorrectionToTheWrongRecipient,
        Self::LeaseNotFenced,
        Self::PayloadPurgedTooEarly,
        Self::ReceiptBeforeCommit,
        Self::ClockStepBack,
        Self::VoidNotTold,
    ];

    /// The name, as in reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::FactsLoadedOncePerBatch => "facts-loaded-once-per-batch",
            Self::AcknowledgedBeforeTheCommit => "acknowledged-before-the-commit",
            Self::AcknowledgedTooFar => "acknowledged-too-far",
            Self::ClaimWithoutStamp => "claim-without-stamp",
            Self::RetryWithOtherBytes => "retry-with-other-bytes",
            Self::TimerFiredTwice => "timer-fired-twice",
            Self::TimerLost => "timer-lost",
            Self::TombstoneIgnored => "tombstone-ignored",
            Self::LaneOvertaken => "lane-overtaken",
            Self::ExpiryWithoutAWriteMissed => "expiry-without-a-write-missed",
            Self::StaleSlotDelivered => "stale-slot-delivered",
            Self::CorrectionToTheWrongRecipient => "correction-to-the-wrong-recipient",
            Self::LeaseNotFenced => "lease-not-fenced",
            Self::PayloadPurgedTooEarly => "payload-purged-too-early",
            Self::ReceiptBeforeCommit => "receipt-before-commit",
            Self::ClockStepBack => "clock-step-back",
            Self::VoidNotTold => "void-not-told",
        }
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
