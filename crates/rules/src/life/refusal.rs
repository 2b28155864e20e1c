//! Why a deed is not done.

use jiff::{SignedDuration, Timestamp};

use super::{DraftId, Role};

/// Why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nothing says why.
    #[error("say why, in one or two sentences")]
    NoReason,
    /// Nothing says what it is about.
    #[error("say in a title what the draft is about")]
    NoTitle,
    /// There is none of that number.
    #[error("there is no draft of this number; `rules list` has them all")]
    NoSuchDraft,
    /// It is not for everybody.
    #[error("that is for somebody with the role `{0}`")]
    RoleMissing(Role),
    /// One's own.
    #[error("who drafted, edited or submitted it, or wrote its text in another draft, does not approve it: that is for another person")]
    OwnDraft,
    /// Something else was looked at.
    #[error("the draft has another text by now: look at it again")]
    OtherText,
    /// Something else was submitted since.
    #[error("it has been submitted again: submission {0} counts, look at that one")]
    SubmissionReplaced(u32),
    /// Not looked at by the machine.
    #[error("this text has not been checked, or not without mistakes: `rules check` first")]
    NotChecked,
    /// Not submitted.
    #[error("nobody has submitted this text: `rules submit` first")]
    NotSubmitted,
    /// Nobody needs that role to approve it.
    #[error("no approval as `{0}` is needed")]
    NotNeeded(Role),
    /// Approvals are missing.
    #[error("an approval as `{0}` is missing")]
    NotApproved(Role),
    /// The same, with somebody's word already.
    #[error("it has been approved as `{0}` already")]
    AlreadyApproved(Role),
    /// It would begin before everybody knows.
    #[error("a version begins at the earliest {} s after it is scheduled: what was claimed on the one before has to end first", .0.as_secs())]
    TooSoon(SignedDuration),
    /// What it would come behind is something else than what it was submitted against.
    #[error("other rules come before it by now: submit it again, so that it is approved against those")]
    OtherBase,
    /// It would begin before something that is scheduled.
    #[error("draft {0} begins at {1}: begin later than that, or withdraw draft {0} first")]
    NotBehind(DraftId, Timestamp),
    /// Another one is scheduled behind it.
    #[error("draft {0} is scheduled behind it and was approved against it: withdraw draft {0} first")]
    OtherBehind(DraftId),
    /// It is too late for that.
    #[error("it is in force since {0}: another version, or `rules stop`, ends that")]
    InForce(Timestamp),
    /// Its text is what is, or will be, in force.
    #[error("it is scheduled or in force: begin a new draft")]
    Closed,
    /// There is nothing to take back.
    #[error("it is not scheduled")]
    NotScheduled,
}

impl Refused {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoReason => "REASON_MISSING",
            Self::NoTitle => "TITLE_MISSING",
            Self::NoSuchDraft => "NO_SUCH_DRAFT",
            Self::RoleMissing(_) => "ROLE_MISSING",
            Self::OwnDraft => "OWN_DRAFT",
            Self::OtherText => "OTHER_TEXT",
            Self::SubmissionReplaced(_) => "SUBMISSION_REPLACED",
            Self::NotChecked => "NOT_CHECKED",
            Self::NotSubmitted => "NOT_SUBMITTED",
            Self::NotNeeded(_) => "APPROVAL_NOT_NEEDED",
            Self::NotApproved(_) => "NOT_APPROVED",
            Self::AlreadyApproved(_) => "ALREADY_APPROVED",
            Self::TooSoon(_) => "TOO_SOON",
            Self::OtherBase => "OTHER_BASE",
            Self::NotBehind(..) => "NOT_BEHIND",
            Self::OtherBehind(_) => "OTHER_BEHIND",
            Self::InForce(_) => "IN_FORCE",
            Self::Closed => "DRAFT_CLOSED",
            Self::NotScheduled => "NOT_SCHEDULED",
        }
    }
}
