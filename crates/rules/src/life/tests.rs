use std::collections::BTreeSet;

use schakelpunt_domain::ParticipantId;

use super::*;

const DAY: i64 = 86_400;

fn who(name: &str) -> ParticipantId {
    name.parse().unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn law(name: &str) -> String {
    name.to_owned()
}

fn owners(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A record that grows by what is allowed, a second a deed.
#[derive(Default)]
struct Office(Record);

impl Office {
    fn does(&mut self, by: &str, roles: &[Role], draft: Option<u32>, what: What) -> Result<(), &'static str> {
        let second = self.0.deeds().last().map_or(0, |deed| deed.at.as_second()) + 1;
        let deed = Deed { draft: draft.map(DraftId), at: at(second), by: who(by), why: "because".to_owned(), what };
        self.0.may(&deed, roles, SignedDuration::from_secs(10)).map_err(|why| why.code())?;
        self.0.0.push(deed);
        Ok(())
    }

    fn author(&mut self, draft: u32, what: What) -> Result<(), &'static str> {
        self.does("writer", &[Role::Author], Some(draft), what)
    }

    fn lawyer(&mut self, draft: u32, what: What) -> Result<(), &'static str> {
        self.does("lawyer", &[Role::LegalReviewer], Some(draft), what)
    }

    fn dji(&mut self, draft: u32, what: What) -> Result<(), &'static str> {
        self.does("dji", &[Role::Owner("DJI".to_owned())], Some(draft), what)
    }

    /// Up to being submitted, of concern to one owner.
    fn submitted(&mut self, draft: u32, text: &str) {
        if self.0.draft(DraftId(draft)).is_none() {
            self.author(draft, What::Drafted { title: "More dates".to_owned(), law: law(text) }).unwrap();
        }
        self.author(draft, What::Checked { law: law(text), cells: 9 }).unwrap();
        self.author(draft, self.submission(draft, text, &["DJI"])).unwrap();
    }

    /// Behind what it comes behind now.
    fn submission(&self, draft: u32, text: &str, names: &[&str]) -> What {
        let now = self.0.deeds().last().map_or(at(0), |deed| deed.at);
        let base = self.0.base(DraftId(draft), now).map(|(_, law, _)| law.to_owned());
        What::Submitted { law: law(text), base, owners: owners(names), expected: Vec::new(), accepted: BTreeSet::new() }
    }

    fn approved(&mut self, draft: u32, text: &str) {
        let last = self.0.draft(DraftId(draft)).unwrap().submission;
        self.lawyer(draft, approved(text, last, Role::LegalReviewer)).unwrap();
        self.dji(draft, approved(text, last, Role::Owner("DJI".to_owned()))).unwrap();
    }

    fn scheduled(&mut self, draft: u32, text: &str, from: i64) -> Result<(), &'static str> {
        let submission = self.0.draft(DraftId(draft)).unwrap().submission;
        self.author(draft, What::Scheduled { law: law(text), submission, from: at(from) })
    }

    /// All the way from being submitted to its day.
    fn begins(&mut self, draft: u32, text: &str, from: i64) {
        self.submitted(draft, text);
        self.approved(draft, text);
        self.scheduled(draft, text, from).unwrap();
    }

    fn state(&self, draft: u32, now: i64) -> State {
        let active = match self.0.in_force(at(now)) {
            InForce::Law(_, id) => Some(id),
            InForce::Nothing | InForce::Stopped => None,
        };
        self.0.draft(DraftId(draft)).unwrap().state(active, at(now))
    }
}

fn approved(text: &str, submission: u32, role: Role) -> What {
    What::Approved { law: law(text), submission, role }
}

#[test]
fn a_draft_becomes_what_is_in_force_on_its_day() {
    let mut office = Office::default();
    office.author(1, What::Drafted { title: "More dates".to_owned(), law: law("a") }).unwrap();
    assert_eq!((office.state(1, 1), office.0.in_force(at(1))), (State::Draft, InForce::Nothing));
    office.author(1, What::Edited { law: law("b") }).unwrap();
    office.author(1, What::Checked { law: law("b"), cells: 9 }).unwrap();
    assert_eq!(office.state(1, 3), State::Checked);
    office.author(1, office.submission(1, "b", &["DJI"])).unwrap();
    assert_eq!(office.state(1, 4), State::Submitted);
    office.lawyer(1, approved("b", 1, Role::LegalReviewer)).unwrap();
    assert_eq!(office.scheduled(1, "b", DAY), Err("NOT_APPROVED"), "the owner of the data has a say");
    office.dji(1, approved("b", 1, Role::Owner("DJI".to_owned()))).unwrap();
    assert_eq!(office.state(1, 6), State::Approved);
    assert_eq!(office.scheduled(1, "b", 16), Err("TOO_SOON"));
    office.scheduled(1, "b", DAY).unwrap();
    assert_eq!((office.state(1, DAY - 1), office.state(1, DAY)), (State::Scheduled, State::Active));
    office.begins(2, "c", 2 * DAY);
    assert_eq!(office.0.in_force(at(2 * DAY - 1)), InForce::Law("b", DraftId(1)));
    assert_eq!(office.0.in_force(at(2 * DAY)), InForce::Law("c", DraftId(2)));
    assert_eq!((office.state(1, 2 * DAY), office.state(2, 2 * DAY)), (State::Superseded, State::Active));
}

#[test]
fn nobody_approves_what_is_also_his() {
    let both = [Role::Author, Role::LegalReviewer];
    let mut office = Office::default();
    office.does("one", &both, Some(1), What::Drafted { title: "It".to_owned(), law: law("a") }).unwrap();
    office.does("two", &both, Some(1), What::Edited { law: law("b") }).unwrap();
    office.does("one", &both, Some(1), What::Checked { law: law("b"), cells: 9 }).unwrap();
    office.does("three", &both, Some(1), office.submission(1, "b", &[])).unwrap();
    for author in ["one", "two", "three"] {
        assert_eq!(office.does(author, &both, Some(1), approved("b", 1, Role::LegalReviewer)), Err("OWN_DRAFT"), "{author}");
    }
    office.does("four", &both, Some(1), approved("b", 1, Role::LegalReviewer)).unwrap();
    office.does("four", &both, Some(1), What::Edited { law: law("c") }).unwrap();
    assert_eq!(office.scheduled(1, "c", DAY), Err("NOT_SUBMITTED"), "what is edited has no approvals");
    assert_eq!(office.scheduled(1, "b", DAY), Err("OTHER_TEXT"));
    office.does("one", &both, Some(1), What::Checked { law: law("c"), cells: 9 }).unwrap();
    office.does("one", &both, Some(1), office.submission(1, "c", &[])).unwrap();
    assert_eq!(office.does("four", &both, Some(1), approved("c", 1, Role::LegalReviewer)), Err("OWN_DRAFT"), "it is also his by now");
}

#[test]
fn nobody_approves_in_another_draft_what_he_wrote() {
    let both = [Role::Author, Role::LegalReviewer];
    let mut office = Office::default();
    office.does("one", &both, Some(1), What::Drafted { title: "It".to_owned(), law: law("a") }).unwrap();
    office.does("two", &both, Some(1), What::Edited { law: law("b") }).unwrap();
    office.submitted(2, "b");
    assert_eq!(office.does("two", &both, Some(2), approved("b", 1, Role::LegalReviewer)), Err("OWN_DRAFT"), "he wrote b in draft 1");
    office.does("one", &both, Some(2), approved("b", 1, Role::LegalReviewer)).unwrap();
}

#[test]
fn each_step_wants_the_one_before_and_somebody_who_may() {
    let mut office = Office::default();
    assert_eq!(office.lawyer(1, What::Drafted { title: "It".to_owned(), law: law("a") }), Err("ROLE_MISSING"));
    assert_eq!(office.author(2, What::Drafted { title: "It".to_owned(), law: law("a") }), Err("TITLE_MISSING"), "the next number is 1");
    assert_eq!(office.author(1, What::Checked { law: law("a"), cells: 9 }), Err("NO_SUCH_DRAFT"));
    office.author(1, What::Drafted { title: "It".to_owned(), law: law("a") }).unwrap();
    assert_eq!(office.author(1, office.submission(1, "a", &[])), Err("NOT_CHECKED"));
    office.author(1, What::Checked { law: law("a"), cells: 9 }).unwrap();
    assert_eq!(office.lawyer(1, approved("a", 1, Role::LegalReviewer)), Err("NOT_SUBMITTED"));
    office.author(1, office.submission(1, "a", &[])).unwrap();
    assert_eq!(office.dji(1, approved("a", 1, Role::LegalReviewer)), Err("ROLE_MISSING"));
    assert_eq!(office.dji(1, approved("a", 1, Role::Owner("DJI".to_owned()))), Err("APPROVAL_NOT_NEEDED"));
    office.lawyer(1, approved("a", 1, Role::LegalReviewer)).unwrap();
    assert_eq!(office.lawyer(1, approved("a", 1, Role::LegalReviewer)), Err("ALREADY_APPROVED"));
    office.lawyer(1, What::Rejected { law: law("a") }).unwrap();
    assert_eq!(office.scheduled(1, "a", DAY), Err("NOT_SUBMITTED"), "a word that was taken back counts no more");
    let nothing = Deed { draft: None, at: at(99), by: who("writer"), why: " ".to_owned(), what: What::Stopped };
    assert_eq!(office.0.may(&nothing, &[], SignedDuration::ZERO), Err(Refused::NoReason));
}

#[test]
fn one_person_stops_everything_and_nobody_alone_starts_it_again() {
    let mut office = Office::default();
    office.begins(1, "a", 100);
    office.begins(2, "b", DAY);
    office.submitted(3, "c");
    office.approved(3, "c");
    office.does("anybody", &[], None, What::Stopped).unwrap();
    assert_eq!(office.0.in_force(at(2 * DAY)), InForce::Stopped, "what was scheduled does not begin");
    assert_eq!(office.scheduled(3, "c", 2 * DAY), Err("NOT_SUBMITTED"), "what was approved before is asked about again");
    office.author(3, office.submission(3, "c", &["DJI"])).unwrap();
    office.approved(3, "c");
    office.scheduled(3, "c", 2 * DAY).unwrap();
    assert_eq!(office.0.in_force(at(2 * DAY)), InForce::Law("c", DraftId(3)));
    assert_eq!(office.0.known(at(3)).in_force(at(2 * DAY)), InForce::Nothing, "what was known then stays so");
}

#[test]
fn what_is_scheduled_can_be_withdrawn_until_it_begins_and_an_older_one_can_come_again() {
    let mut office = Office::default();
    office.begins(1, "a", 20);
    office.begins(2, "b", DAY);
    assert_eq!(office.author(1, What::Edited { law: law("x") }), Err("DRAFT_CLOSED"));
    office.lawyer(2, What::Withdrawn).unwrap();
    assert_eq!(office.0.in_force(at(DAY)), InForce::Law("a", DraftId(1)));
    assert_eq!((office.state(2, DAY), office.lawyer(2, What::Withdrawn)), (State::Checked, Err("NOT_SCHEDULED")));
    for _ in 0..10 {
        office.author(2, What::Checked { law: law("b"), cells: 9 }).unwrap();
    }
    assert_eq!(office.lawyer(1, What::Withdrawn), Err("IN_FORCE"));
    office.author(2, office.submission(2, "b", &["DJI"])).unwrap();
    office.approved(2, "b");
    office.scheduled(2, "b", DAY).unwrap();
    office.author(1, What::Checked { law: law("a"), cells: 9 }).unwrap();
    office.author(1, office.submission(1, "a", &["DJI"])).unwrap();
    office.approved(1, "a");
    office.scheduled(1, "a", 2 * DAY).unwrap();
    let law_at = |days: i64| office.0.in_force(at(days * DAY));
    assert_eq!((law_at(1), law_at(2)), (InForce::Law("b", DraftId(2)), InForce::Law("a", DraftId(1))), "back, through the same gates");
}

#[test]
fn an_approval_names_the_submission_that_was_read() {
    let mut office = Office::default();
    office.submitted(1, "a");
    office.submitted(1, "a");
    assert_eq!(office.lawyer(1, approved("a", 1, Role::LegalReviewer)), Err("SUBMISSION_REPLACED"), "it may announce something else");
    office.approved(1, "a");
    let of_before = What::Scheduled { law: law("a"), submission: 1, from: at(DAY) };
    assert_eq!(office.author(1, of_before), Err("SUBMISSION_REPLACED"));
    office.scheduled(1, "a", DAY).unwrap();
}

#[test]
fn a_draft_that_is_moved_begins_once() {
    for (first, then) in [(2 * DAY, DAY), (DAY, 2 * DAY)] {
        let mut office = Office::default();
        office.begins(1, "a", 100);
        for from in [first, then] {
            office.begins(2, "b", from);
        }
        let turns: Vec<_> = office.0.turns().into_iter().map(|(from, of)| (from.as_second(), of.unwrap().1.0)).collect();
        assert_eq!(turns, [(100, 1), (then, 2)], "from {first} to {then}");
        office.lawyer(2, What::Withdrawn).unwrap();
        assert_eq!((office.0.turns().len(), office.0.draft(DraftId(2)).unwrap().from), (1, None));
    }
}

#[test]
fn a_draft_is_scheduled_behind_all_that_is_scheduled() {
    let mut office = Office::default();
    office.begins(1, "a", 100);
    office.submitted(2, "b");
    office.approved(2, "b");
    let against_one = office.submission(3, "c", &["DJI"]);
    office.submitted(3, "c");
    office.approved(3, "c");
    office.scheduled(2, "b", 2 * DAY).unwrap();
    assert_eq!(office.scheduled(3, "c", DAY), Err("OTHER_BASE"), "it was approved against draft 1, and would replace draft 2");
    assert_eq!(office.author(3, against_one), Err("OTHER_BASE"), "nor is it submitted so");
    office.submitted(3, "c");
    office.approved(3, "c");
    assert_eq!(office.scheduled(3, "c", DAY), Err("NOT_BEHIND"), "draft 2 begins later");
    assert_eq!(office.scheduled(3, "c", 2 * DAY), Err("NOT_BEHIND"));
    office.scheduled(3, "c", 3 * DAY).unwrap();
    assert_eq!(office.lawyer(2, What::Withdrawn), Err("OTHER_BEHIND"), "draft 3 was approved against it");
    office.submitted(2, "b");
    office.approved(2, "b");
    assert_eq!(office.scheduled(2, "b", 4 * DAY), Err("OTHER_BEHIND"), "nor does it move behind");
    office.lawyer(3, What::Withdrawn).unwrap();
    assert_eq!(office.scheduled(2, "b", DAY), Err("OTHER_BASE"), "it was submitted when draft 3 came before it");
    office.begins(2, "b", DAY);
    office.does("anybody", &[], None, What::Stopped).unwrap();
    assert_eq!(office.0.in_force(at(9 * DAY)), InForce::Stopped, "everything can be stopped at any time");
}

#[test]
fn after_a_stop_a_draft_comes_behind_the_rules_that_were_in_force() {
    let mut office = Office::default();
    office.does("hub", &[], Some(1), What::Seeded { law: law("a") }).unwrap();
    office.begins(2, "b", DAY);
    office.does("anybody", &[], None, What::Stopped).unwrap();
    let What::Submitted { base, .. } = office.submission(3, "c", &[]) else { unreachable!() };
    assert_eq!(base.as_deref(), Some("a"), "what was only scheduled never was");
}

#[test]
fn a_deed_is_told_in_one_object() {
    let deed = Deed {
        draft: Some(DraftId(7)),
        at: at(0),
        by: who("lawyer"),
        why: "It is so.".to_owned(),
        what: approved("a", 1, Role::Owner("DJI".to_owned())),
    };
    let told = serde_json::json!({
        "draft": 7, "at": "1970-01-01T00:00:00Z", "by": "lawyer", "why": "It is so.", "deed": "approved", "law": "a", "submission": 1, "role": {"owner": "DJI"},
    });
    assert_eq!(serde_json::to_value(&deed).unwrap(), told);
    assert_eq!(serde_json::from_value::<Deed>(told).unwrap(), deed);
}

#[test]
fn files_seed_an_empty_store_and_no_other() {
    let mut office = Office::default();
    office.does("hub", &[], Some(1), What::Seeded { law: law("a") }).unwrap();
    assert_eq!((office.0.in_force(at(0)), office.state(1, 1)), (InForce::Law("a", DraftId(1)), State::Active), "no time is without");
    assert_eq!(office.does("hub", &[], Some(2), What::Seeded { law: law("b") }), Err("DRAFT_CLOSED"));
    office.does("anybody", &[], None, What::Stopped).unwrap();
    assert_eq!(office.does("hub", &[], Some(2), What::Seeded { law: law("b") }), Err("DRAFT_CLOSED"), "nor does a start end a stop");
    assert_eq!(office.state(1, DAY), State::Superseded);
}
