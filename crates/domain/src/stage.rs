//! The life of one delivery (design 4). Provision is the commit of the claim, and no other moment.

use jiff::Timestamp;

/// Where a delivery stands. Each stage carries what only it has.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "stage", rename_all = "kebab-case")]
pub enum Stage {
    /// Decided, not yet provided; can still be cancelled.
    Waiting {
        /// Not claimed before this instant (backoff).
        not_before: Timestamp,
        /// Hand-overs that failed so far.
        attempts: u32,
    },
    /// Provided: the claim has committed, the bytes are frozen.
    Claimed {
        /// When, by the store's clock.
        at: Timestamp,
        /// After this instant without a confirmation the hand-over is uncertain.
        until: Timestamp,
        /// Hand-overs that failed so far.
        attempts: u32,
    },
    /// The recipient's channel confirmed it.
    HandedOver {
        /// When.
        at: Timestamp,
    },
    /// The recipient's adapter confirmed reception.
    Received {
        /// When.
        at: Timestamp,
    },
    /// A permanent failure: the lane stands still until a person acts.
    Blocked {
        /// Since when.
        at: Timestamp,
        /// What the channel answered, a code of ours.
        why: BlockReason,
    },
    /// Ended before anybody got it.
    Cancelled {
        /// When.
        at: Timestamp,
        /// Why.
        why: CancelReason,
    },
    /// Skipped by a person; the recipient is told that one is missing.
    Void {
        /// When.
        at: Timestamp,
    },
}

/// Why a lane is blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlockReason {
    /// The recipient has no such inbox: the broker returned the message.
    Unroutable,
    /// The channel refused the message for good.
    Refused,
}

/// Why a waiting delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CancelReason {
    /// At the claim the decision was a refusal.
    NoLongerLawful,
    /// The producer withdrew the message.
    Withdrawn,
    /// A newer value of the same slot took its place.
    Superseded,
    /// A corrected revision took its place.
    Replaced,
    /// The deadline that it is about was met, moved or ended.
    NoLongerDue,
}

/// The transition that was asked for does not start where the delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a delivery that is {from} cannot become {to}")]
pub struct InvalidTransition {
    from: &'static str,
    to: &'static str,
}

impl Stage {
    /// The stage of a delivery that was just decided.
    pub fn new(now: Timestamp) -> Self {
        Self::Waiting { not_before: now, attempts: 0 }
    }

    /// The word for this stage, as stored and shown.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Claimed { .. } => "claimed",
            Self::HandedOver { .. } => "handed-over",
            Self::Received { .. } => "received",
            Self::Blocked { .. } => "blocked",
            Self::Cancelled { .. } => "cancelled",
            Self::Void { .. } => "void",
        }
    }

    /// Whether the lane must wait for this delivery.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Waiting { .. } | Self::Claimed { .. } | Self::Blocked { .. })
    }

    /// Whether the recipient may have it: claimed counts, because that is the moment of provision.
    pub fn is_provided(&self) -> bool {
        matches!(self, Self::Claimed { .. } | Self::HandedOver { .. } | Self::Received { .. })
    }

    /// Claims it, for the first time or again after an uncertain hand-over.
    pub fn claim(self, at: Timestamp, until: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Waiting { attempts, .. } | Self::Claimed { attempts, .. } => Ok(Self::Claimed { at, until, attempts }),
            other => Err(InvalidTransition { from: other.word(), to: "claimed" }),
        }
    }

    /// The channel confirmed.
    pub fn hand_over(self, at: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Claimed { .. } => Ok(Self::HandedOver { at }),
            other => Err(InvalidTransition { from: other.word(), to: "handed-over" }),
        }
    }

    /// The recipient says that it has it, whether or not the channel has confirmed it yet.
    pub fn receive(self, at: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Claimed { .. } | Self::HandedOver { .. } => Ok(Self::Received { at }),
            other => Err(InvalidTransition { from: other.word(), to: "received" }),
        }
    }

    /// A transient failure that certainly left nothing at the recipient: it waits again.
    pub fn back_off(self, not_before: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Claimed { attempts, .. } => Ok(Self::Waiting { not_before, attempts: attempts.saturating_add(1) }),
            other => Err(InvalidTransition { from: other.word(), to: "waiting" }),
        }
    }

    /// A permanent failure.
    pub fn block(self, at: Timestamp, why: BlockReason) -> Result<Self, InvalidTransition> {
        match self {
            Self::Claimed { .. } => Ok(Self::Blocked { at, why }),
            other => Err(InvalidTransition { from: other.word(), to: "blocked" }),
        }
    }

    /// A ground fell away, or the message was withdrawn or replaced, before anybody got it.
    pub fn cancel(self, at: Timestamp, why: CancelReason) -> Result<Self, InvalidTransition> {
        match self {
            Self::Waiting { .. } | Self::Blocked { .. } => Ok(Self::Cancelled { at, why }),
            other => Err(InvalidTransition { from: other.word(), to: "cancelled" }),
        }
    }

    /// A person lets a blocked lane try again.
    pub fn retry(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Blocked { .. } => Ok(Self::new(now)),
            other => Err(InvalidTransition { from: other.word(), to: "waiting" }),
        }
    }

    /// A person skips a blocked delivery.
    pub fn skip(self, at: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Blocked { .. } => Ok(Self::Void { at }),
            other => Err(InvalidTransition { from: other.word(), to: "void" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_claim_leads_to_a_hand_over() {
        let now: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        assert!(Stage::new(now).hand_over(now).is_err());
        let claimed = Stage::new(now).claim(now, now).unwrap();
        assert_eq!(claimed.clone().hand_over(now).unwrap(), Stage::HandedOver { at: now });
        assert!(claimed.cancel(now, CancelReason::NoLongerLawful).is_err(), "what was provided is recalled, not cancelled");
    }

    #[test]
    fn a_blocked_lane_waits_for_a_person() {
        let now: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        let blocked = Stage::new(now).claim(now, now).unwrap().block(now, BlockReason::Unroutable).unwrap();
        assert!(blocked.is_open());
        assert!(blocked.clone().claim(now, now).is_err());
        assert_eq!(blocked.clone().retry(now).unwrap().word(), "waiting");
        assert_eq!(blocked.skip(now).unwrap().word(), "void");
    }
}
