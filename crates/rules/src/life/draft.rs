//! What one draft is by its deeds.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use schakelpunt_domain::ParticipantId;

use super::{Deed, DraftId, ExpectedChange, Refused, Role, What, needs};

/// How far a draft has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It is worked on.
    Draft,
    /// The machine finds nothing wrong.
    Checked,
    /// It waits for approvals.
    Submitted,
    /// Everybody who has to has approved it.
    Approved,
    /// It comes into force.
    Scheduled,
    /// Its rules are those by which is decided.
    Active,
    /// Others are.
    Superseded,
}

/// A draft.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    /// Its number.
    pub id: DraftId,
    /// What it is about.
    pub title: &'a str,
    /// The version of its text.
    pub law: &'a str,
    /// Who drafted, edited or submitted it, or wrote its text in another draft: they approve nothing of it.
    pub authors: BTreeSet<&'a ParticipantId>,
    /// As what it has to be approved, since it was submitted last.
    pub needed: BTreeSet<Role>,
    /// How often it has been submitted: the number of its last submission.
    pub submission: u32,
    /// When it was, as long as that counts.
    pub submitted: Option<Timestamp>,
    /// The text that it comes behind, as it was when it was submitted; as long as that counts, and while it is scheduled or in force.
    pub base: Option<&'a str>,
    /// What it is meant to disclose.
    pub expected: &'a [ExpectedChange],
    /// The codes of recorded decisions that may stay undecidable.
    pub accepted: BTreeSet<&'a str>,
    /// Who has.
    pub approvals: BTreeMap<&'a Role, &'a ParticipantId>,
    /// From when it is in force, if it was scheduled.
    pub from: Option<Timestamp>,
    /// From when it was before, if it has been in force.
    before: Option<Timestamp>,
    checked: bool,
}

impl<'a> Draft<'a> {
    pub(super) fn of(id: DraftId, deeds: &'a [Deed]) -> Option<Self> {
        let mut draft: Option<Self> = None;
        for deed in deeds {
            match (&deed.what, &mut draft) {
                (What::Drafted { title, law }, None) if deed.draft == Some(id) => draft = Some(Self::new(id, title, law, &deed.by)),
                (What::Seeded { law }, None) if deed.draft == Some(id) => {
                    draft = Some(Self { from: Some(deed.at), ..Self::new(id, "the files of the first start", law, &deed.by) });
                }
                (What::Stopped, Some(draft)) => draft.stop(deed.at),
                (_, Some(draft)) if deed.draft == Some(id) => draft.take(deed),
                _ => {}
            }
        }
        let mut draft = draft?;
        draft.authors.extend(deeds.iter().filter(|deed| deed.what.writes(draft.law)).map(|deed| &deed.by));
        Some(draft)
    }

    fn new(id: DraftId, title: &'a str, law: &'a str, by: &'a ParticipantId) -> Self {
        Self {
            id,
            title,
            law,
            authors: BTreeSet::from([by]),
            needed: BTreeSet::new(),
            approvals: BTreeMap::new(),
            from: None,
            before: None,
            checked: false,
            submission: 0,
            submitted: None,
            base: None,
            expected: &[],
            accepted: BTreeSet::new(),
        }
    }

    fn take(&mut self, deed: &'a Deed) {
        match &deed.what {
            What::Drafted { .. } | What::Seeded { .. } | What::Stopped => {}
            What::Edited { law } => {
                self.law = law;
                self.authors.insert(&deed.by);
                self.checked = false;
                self.reopen();
            }
            What::Checked { .. } => self.checked = true,
            What::Submitted { owners, base, expected, accepted, .. } => {
                self.reopen();
                self.submission += 1;
                self.base = base.as_deref();
                self.authors.insert(&deed.by);
                self.submitted = Some(deed.at);
                self.expected = expected;
                self.accepted = accepted.iter().map(String::as_str).collect();
                self.needed = [Role::LegalReviewer].into_iter().chain(owners.iter().cloned().map(Role::Owner)).collect();
            }
            What::Approved { role, .. } => {
                self.approvals.insert(role, &deed.by);
            }
            What::Rejected { .. } => self.reopen(),
            // an approval is good for one beginning
            What::Scheduled { from, .. } => {
                let base = self.base;
                self.reopen();
                self.base = base;
                self.before = self.from.filter(|from| *from <= deed.at).or(self.before);
                self.from = Some(*from);
            }
            What::Withdrawn => {
                self.reopen();
                self.from = self.before;
            }
        }
    }

    fn reopen(&mut self) {
        self.submitted = None;
        self.base = None;
        self.expected = &[];
        self.accepted.clear();
        self.approvals.clear();
        self.needed.clear();
    }

    fn stop(&mut self, at: Timestamp) {
        self.reopen();
        self.from = self.from.filter(|from| *from <= at).or(self.before);
    }

    /// As what an approval is missing.
    pub fn missing(&self) -> Option<&Role> {
        self.needed.iter().find(|role| !self.approvals.contains_key(role))
    }

    /// Whether everybody who has to has approved it.
    pub fn is_approved(&self) -> bool {
        self.submitted.is_some() && self.missing().is_none()
    }

    /// How far it has come; `active`: the draft whose rules are in force now.
    pub fn state(&self, active: Option<DraftId>, now: Timestamp) -> State {
        match self.from {
            _ if self.is_approved() => State::Approved,
            _ if self.submitted.is_some() => State::Submitted,
            Some(from) if from > now => State::Scheduled,
            Some(_) if active == Some(self.id) => State::Active,
            Some(_) => State::Superseded,
            None if self.checked => State::Checked,
            None => State::Draft,
        }
    }

    pub(super) fn may(&self, what: &What, deed: &Deed, roles: &[Role], ahead: SignedDuration) -> Result<(), Refused> {
        // an edit brings its own text; everything else speaks of the one that is there
        let is_edit = matches!(what, What::Edited { .. });
        if !is_edit && what.law().is_some_and(|law| law != self.law) {
            return Err(Refused::OtherText);
        }
        match what {
            What::Drafted { .. } | What::Seeded { .. } | What::Stopped => Err(Refused::NoSuchDraft),
            What::Edited { .. } => {
                needs(roles, &Role::Author)?;
                if self.from.is_some() { Err(Refused::Closed) } else { Ok(()) }
            }
            What::Checked { .. } => needs(roles, &Role::Author),
            What::Submitted { .. } => {
                needs(roles, &Role::Author)?;
                if self.checked { Ok(()) } else { Err(Refused::NotChecked) }
            }
            What::Approved { role, submission, .. } => self.may_approve(role, *submission, deed, roles),
            What::Rejected { .. } => {
                let one_of_them = self.needed.iter().find(|role| roles.contains(role));
                match (self.submitted.is_some(), one_of_them) {
                    (false, _) => Err(Refused::NotSubmitted),
                    (true, None) => Err(Refused::RoleMissing(Role::LegalReviewer)),
                    (true, Some(_)) => Ok(()),
                }
            }
            What::Scheduled { from, submission, .. } => {
                self.may_begin(*from, deed, roles, ahead)?;
                self.is_current(*submission)
            }
            What::Withdrawn => match self.from {
                _ if roles.is_empty() => Err(Refused::RoleMissing(Role::Author)),
                None => Err(Refused::NotScheduled),
                Some(from) if from <= deed.at => Err(Refused::InForce(from)),
                Some(_) => Ok(()),
            },
        }
    }

    fn is_current(&self, submission: u32) -> Result<(), Refused> {
        if submission == self.submission { Ok(()) } else { Err(Refused::SubmissionReplaced(self.submission)) }
    }

    fn may_approve(&self, role: &Role, submission: u32, deed: &Deed, roles: &[Role]) -> Result<(), Refused> {
        needs(roles, role)?;
        if self.authors.contains(&deed.by) {
            return Err(Refused::OwnDraft);
        }
        match () {
            () if self.submitted.is_none() => Err(Refused::NotSubmitted),
            () if submission != self.submission => self.is_current(submission),
            () if !self.needed.contains(role) => Err(Refused::NotNeeded(role.clone())),
            () if self.approvals.contains_key(role) => Err(Refused::AlreadyApproved(role.clone())),
            () => Ok(()),
        }
    }

    fn may_begin(&self, from: Timestamp, deed: &Deed, roles: &[Role], ahead: SignedDuration) -> Result<(), Refused> {
        if roles.is_empty() {
            return Err(Refused::RoleMissing(Role::Author));
        }
        if self.submitted.is_none() {
            return Err(Refused::NotSubmitted);
        }
        if let Some(missing) = self.missing() {
            return Err(Refused::NotApproved(missing.clone()));
        }
        let earliest = deed.at.checked_add(ahead).unwrap_or(Timestamp::MAX);
        if from < earliest { Err(Refused::TooSoon(ahead)) } else { Ok(()) }
    }
}
