//! Rule sets over HTTP: from a text to its day, by several people; and the stop that one person may say.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    body::Body,
    http::{Method, header},
};
use schakelpunt_engine::{
    hub::Doer,
    life::{DraftId, Role, What},
    ports::Store,
};
use serde_json::{Value, json};

use super::rig::{Answer, Rig, request};
use crate::{harness::around::Around, replays::Altered};

/// From then on another article carries the notice of admission.
const DAY: &str = "2024-10-09";

/// As what a draft is approved that is of concern to all.
fn everybody() -> Value {
    json!(["legal-reviewer", {"owner": "3RO"}, {"owner": "DJI"}, {"owner": "gemeenten"}])
}

impl Rig {
    async fn say(&self, who: &str, method: Method, path: &str, body: Value) -> Answer {
        let request = request(method, Some(who), path).header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// Does something with a draft; gives the status and the code of a refusal.
    async fn act(&self, who: &str, draft: u32, deed: Value) -> (u16, String) {
        let mut deed = deed;
        deed["why"] = json!("because");
        let answer = self.say(who, Method::POST, &format!("/v1/rules/{draft}/deeds"), deed).await;
        (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
    }

    /// The rules of the files with a change in one of them: behind the first `mark`, `to` in the place of `from`.
    async fn with(&self, name: &str, mark: &str, from: &str, to: &str) -> Value {
        let mut files = self.get("beheer", "/v1/rules/1/files").await.json()["files"].take();
        let file = files.as_array_mut().unwrap().iter_mut().find(|file| file["name"] == name).unwrap();
        let text = file["text"].as_str().unwrap();
        let (before, behind) = text.split_at(text.find(mark).unwrap());
        file["text"] = json!(format!("{before}{}", behind.replacen(from, to, 1)));
        files
    }

    /// The rules of the files, with the article on the release plan from another day on.
    async fn changed(&self, commencement: &str) -> Value {
        self.with("legal-bases.toml", "\"pm-20d-2\"", "2021-07-01", commencement).await
    }

    async fn begin(&self, files: Value) -> u32 {
        let draft = json!({"title": "The article begins later", "why": "It was postponed.", "files": files});
        let begun = self.say("beheer", Method::POST, "/v1/rules", draft).await;
        assert_eq!(begun.status, 201, "{begun:?}");
        u32::try_from(begun.json()["draft"].as_u64().unwrap()).unwrap()
    }

    async fn submit(&self, draft: u32) {
        for deed in ["checked", "submitted"] {
            assert_eq!(self.act("beheer", draft, json!({"deed": deed})).await.0, 201, "{deed}");
        }
    }

    /// Approves what is submitted now.
    async fn approve(&self, who: &str, draft: u32, role: Value) -> (u16, String) {
        let submission = self.shown(draft, "submission").await;
        self.act(who, draft, json!({"deed": "approved", "submission": submission, "role": role})).await
    }

    /// Somebody does this at the hub itself, which takes the word of whoever has looked at the text.
    async fn directly(&self, who: &str, role: Role, draft: u32, what: What) {
        let name = who.parse().unwrap();
        let doer = Doer { name: &name, roles: &[role], why: "as a program of before did" };
        self.hub.do_for_rules(doer, Some(DraftId(draft)), what).await.unwrap().unwrap();
    }

    /// Checked, submitted and approved by programs and people of before.
    async fn approved_before(&self, draft: u32) -> String {
        let law = self.shown(draft, "law").await.as_str().unwrap().to_owned();
        let base = self.shown(1, "law").await.as_str().map(str::to_owned);
        self.directly("beheer", Role::Author, draft, What::Checked { law: law.clone(), cells: 1 }).await;
        let (owners, expected, accepted) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
        self.directly("beheer", Role::Author, draft, What::Submitted { law: law.clone(), base, owners, expected, accepted }).await;
        let approved = What::Approved { law: law.clone(), submission: 1, role: Role::LegalReviewer };
        self.directly("jurist", Role::LegalReviewer, draft, approved).await;
        law
    }

    /// The rules of the files, and one that gives what may never be given.
    async fn unlawful(&self) -> Value {
        let mut files = self.changed("2021-07-01").await;
        let rule = "\n[[rule]]\nid = \"too-much\"\nevents = [\"detention-started\"]\nsender = \"holding-prison\"\n\
                    to = [\"responsible-municipality\"]\npurpose = \"reintegration\"\nowner = \"DJI\"\nnote = \"x\"\n\
                    [[rule.grant]]\nbasis = \"pm-20d-2\"\nfields = [\"/person/identity/skn\"]\n";
        files[0]["text"] = json!(files[0]["text"].as_str().unwrap().to_owned() + rule);
        files
    }

    async fn shown(&self, draft: u32, key: &str) -> Value {
        self.get("jurist", &format!("/v1/rules/{draft}")).await.json()[key].take()
    }

    async fn state(&self, draft: u32) -> String {
        self.shown(draft, "state").await.as_str().unwrap().to_owned()
    }

    /// On which article the town hears of a new detention.
    async fn basis(&self, id: &str, detention: &str) -> String {
        self.admit(id, detention).await;
        let decisions = self.store.trace(&id.parse().unwrap()).await.unwrap().remove(0).decisions;
        let town = decisions.iter().find(|made| made.recipient.as_str() == "gemeente-zwolle").unwrap();
        town.decision.permit().unwrap().granted[0].basis.to_string()
    }
}

#[tokio::test]
async fn a_draft_is_in_force_from_its_day_when_others_have_approved_it() {
    let rig = Rig::new().await;
    let draft = rig.begin(rig.changed("2031-07-01").await).await;
    assert_eq!((draft, rig.state(draft).await), (2, "draft".to_owned()));
    let papers = request(Method::GET, Some("jurist"), "/v1/rules/2/diff").header(header::ACCEPT, "text/markdown");
    let paper = rig.send(papers.body(Body::empty()).unwrap()).await;
    assert!(String::from_utf8(paper.body).unwrap().contains("pm-20d-2"), "what it would change");
    assert_eq!(rig.act("beheer", draft, json!({"deed": "submitted"})).await, (409, "NOT_CHECKED".to_owned()));
    rig.submit(draft).await;
    let (owners, everybody) = (["3RO", "DJI", "gemeenten"], everybody());
    assert_eq!(rig.shown(draft, "needed").await, everybody, "whoever answers for it");
    assert_eq!(rig.approve("beheer", draft, json!("legal-reviewer")).await, (403, "ROLE_MISSING".to_owned()));
    assert_eq!(rig.act("beheer", draft, json!({"deed": "scheduled", "from": DAY})).await, (409, "NOT_APPROVED".to_owned()));
    let approved = json!({"deed": "approved", "submission": 1, "role": "legal-reviewer"});
    let but = |key: &str, value: Value| {
        let mut approved = approved.clone();
        approved[key] = value;
        approved
    };
    assert_eq!(rig.act("jurist", draft, but("law", json!("another"))).await.1, "OTHER_TEXT");
    assert_eq!(rig.act("jurist", draft, but("submission", json!(2))).await, (409, "SUBMISSION_REPLACED".to_owned()));
    assert_eq!(rig.act("jurist", draft, but("submission", Value::Null)).await.0, 400, "it says what was read");
    assert_eq!(rig.act("jurist", draft, approved).await.0, 201);
    for (who, owner) in ["beheer-3ro", "beheer-dji", "beheer-gemeenten"].iter().zip(owners) {
        assert_eq!(rig.approve(who, draft, json!({"owner": owner})).await.0, 201);
    }
    assert_eq!(rig.act("beheer", draft, json!({"deed": "scheduled", "from": "2024-10-08T08:00:05Z"})).await, (409, "TOO_SOON".to_owned()));
    assert_eq!(rig.act("beheer", draft, json!({"deed": "scheduled", "from": DAY})).await.0, 201);
    assert_eq!((rig.basis("m-1", "D-1").await, rig.state(draft).await), ("pm-20d-2".to_owned(), "scheduled".to_owned()));
    rig.pass("2024-10-08T22:00:00Z");
    assert_eq!(
        (rig.basis("m-2", "D-2").await, rig.state(draft).await),
        ("wjsg-51c-2-c".to_owned(), "active".to_owned()),
        "midnight in Amsterdam"
    );
    assert_eq!(rig.state(1).await, "superseded");
}

#[tokio::test]
async fn one_person_stops_everything_and_nothing_is_lost_until_two_others_start_it() {
    let rig = Rig::new().await;
    assert_eq!(rig.say("pi-zwolle", Method::POST, "/v1/rules/stop", json!({"why": "no"})).await.status, 403);
    assert_eq!(rig.say("jurist", Method::POST, "/v1/rules/stop", json!({"why": "A town got too much."})).await.status, 201);
    let refused = rig.offer("pi-zwolle", &rig.admission("m-1", "D-1").await).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (503, Some("RULES_STOPPED")), "it is offered again later");
    let fetched = rig.get("gemeente-zwolle", "/v1/subscriptions/gemeente-zwolle/events").await;
    assert_eq!((fetched.status, fetched.json()["code"].as_str()), (503, Some("RULES_STOPPED")), "and nobody is told that nothing is there");
    assert_eq!(rig.get("jurist", "/v1/rules").await.json()["inForce"], json!({"stopped": true}));
    let back = json!({"title": "As before", "why": "It was a mistake.", "of": 1});
    assert_eq!(rig.say("beheer", Method::POST, "/v1/rules", back).await.status, 201);
    rig.submit(2).await;
    assert_eq!(rig.approve("jurist", 2, json!("legal-reviewer")).await.0, 201, "nothing changes for any owner");
    assert_eq!(rig.act("beheer", 2, json!({"deed": "scheduled", "from": "2024-10-08T08:00:10Z"})).await.0, 201);
    rig.pass("2024-10-08T08:00:10Z");
    assert_eq!(rig.basis("m-1", "D-1").await, "pm-20d-2", "the same message again");
}

#[tokio::test]
async fn what_is_wrong_or_unlawful_goes_no_further() {
    let rig = Rig::new().await;
    let wrong = rig.begin(json!([{"name": "rules.toml", "text": "[[rule]]\nid = 7\n"}])).await;
    let answer = rig.say("beheer", Method::POST, &format!("/v1/rules/{wrong}/deeds"), json!({"deed": "checked", "why": "x"})).await;
    assert_eq!(
        (answer.status, answer.json()["code"].as_str(), &answer.json()["mistakes"][0]["line"]),
        (400, Some("RULES_WRONG"), &json!(2))
    );
    let another = json!({"deed": "checked", "law": "another"});
    assert_eq!(rig.act("beheer", wrong, another).await, (409, "OTHER_TEXT".to_owned()), "before anything is looked at");
    let unlawful = rig.begin(rig.unlawful().await).await;
    let (status, code) = rig.act("beheer", unlawful, json!({"deed": "checked"})).await;
    assert!(status == 400 && ["RULES_WRONG", "INVARIANT_BROKEN"].contains(&code.as_str()), "{status} {code}");
    assert_eq!(rig.act("beheer", unlawful, json!({"deed": "submitted"})).await.1, "NOT_CHECKED");
    assert_eq!(rig.act("beheer", 99, json!({"deed": "checked"})).await.1, "NOT_FOUND");
    for files in
        [json!([]), json!([{"name": "../rules.toml", "text": ""}]), json!([{"name": "a.toml", "text": ""}, {"name": "a.toml", "text": ""}])]
    {
        let begun = rig.say("beheer", Method::POST, "/v1/rules", json!({"title": "x", "why": "x", "files": files})).await;
        assert_eq!(begun.status, 400, "{begun:?}");
    }
}

#[tokio::test]
async fn what_a_draft_does_not_announce_keeps_it_from_beginning() {
    let rig = Rig::new().await;
    let (town, entry) = ("\"detention-started-to-municipality\"", "\"/detention/piEntry\"");
    let more = rig.with("detentions.toml", town, entry, "\"/detention/piEntry\", \"/residence/candidates/*/kind\"").await;
    let draft = rig.begin(more).await;
    assert_eq!(rig.get("jurist", "/v1/rules/2/shadow").await.status, 409, "nobody has submitted it");
    let approve = async || {
        assert_eq!(rig.approve("jurist", draft, json!("legal-reviewer")).await.0, 201);
        assert_eq!(rig.approve("beheer-dji", draft, json!({"owner": "DJI"})).await.0, 201);
    };
    rig.submit(draft).await;
    approve().await;
    rig.pass("2024-10-08T09:00:00Z");
    rig.admit("m-1", "D-1").await;
    let shadow = rig.get("jurist", "/v1/rules/2/shadow").await.json();
    let kind = json!({"relation": "responsible-municipality", "field": "/residence/candidates/*/kind", "basis": "pm-20d-2"});
    assert_eq!((&shadow["unannounced"], &shadow["recorded"]["changed"]), (&json!([kind]), &json!(1)), "{shadow}");
    let begins = json!({"deed": "scheduled", "from": DAY});
    assert_eq!(rig.act("beheer", draft, begins.clone()).await, (409, "NEW_DISCLOSURES".to_owned()));

    assert_eq!(rig.act("beheer", draft, json!({"deed": "submitted", "expected": [kind]})).await.0, 201);
    assert_eq!(rig.act("beheer", draft, begins.clone()).await, (409, "NOT_APPROVED".to_owned()), "what was approved was something else");
    approve().await;
    rig.admit("m-2", "D-2").await;
    assert_eq!(rig.get("jurist", "/v1/rules/2/shadow").await.json()["unannounced"], json!([]));
    assert_eq!(rig.act("beheer", draft, begins).await.0, 201);
    let trace = rig.store.trace(&"m-2".parse().unwrap()).await.unwrap().remove(0);
    assert!(trace.deliveries.iter().all(|delivery| delivery.stamp.rules != shadow["recorded"]["version"]), "a shadow delivers nothing");
}

#[tokio::test]
async fn one_replay_at_a_time_and_nobody_waits_for_it() {
    let rig = Rig::new().await;
    let draft = rig.begin(rig.changed("2031-07-01").await).await;
    rig.submit(draft).await;
    let shadow = || rig.get("jurist", "/v1/rules/2/shadow");
    let (one, other) = tokio::join!(shadow(), shadow());
    let told = if one.status == 200 { other } else { one };
    assert_eq!((told.status, told.header("retry-after")), (503, "5"));
    assert_eq!(shadow().await.status, 200, "the next one has its turn");
}

#[tokio::test]
async fn what_was_proved_before_is_proved_again() {
    let rig = Rig::new().await;
    let draft = rig.begin(rig.unlawful().await).await;
    rig.approved_before(draft).await;
    for deed in [json!({"deed": "scheduled", "from": DAY}), json!({"deed": "submitted"})] {
        let (status, code) = rig.act("beheer", draft, deed.clone()).await;
        assert!(status == 400 && ["RULES_WRONG", "INVARIANT_BROKEN"].contains(&code.as_str()), "{deed}: {status} {code}");
    }
    assert_eq!(rig.state(draft).await, "approved", "and nothing is written");
}

#[tokio::test]
async fn a_draft_is_looked_at_against_what_it_replaces() {
    let rig = Rig::new().await;
    let later = rig.begin(rig.changed("2031-07-01").await).await;
    rig.submit(later).await;
    for (who, role) in [
        ("jurist", json!("legal-reviewer")),
        ("beheer-3ro", json!({"owner": "3RO"})),
        ("beheer-dji", json!({"owner": "DJI"})),
        ("beheer-gemeenten", json!({"owner": "gemeenten"})),
    ] {
        assert_eq!(rig.approve(who, later, role).await.0, 201);
    }
    assert_eq!(rig.act("beheer", later, json!({"deed": "scheduled", "from": DAY})).await.0, 201);
    let back = json!({"title": "As before", "why": "It was a mistake.", "of": 1});
    assert_eq!(rig.say("beheer", Method::POST, "/v1/rules", back).await.status, 201);
    rig.submit(3).await;
    assert_eq!(rig.shown(3, "needed").await, everybody(), "what it changes is the draft that is scheduled");
    let differs = async |draft: u32| {
        let diff = rig.get("jurist", &format!("/v1/rules/{draft}/diff")).await.json();
        !diff["lines"].as_array().unwrap().is_empty()
    };
    assert!(differs(3).await && differs(later).await, "each against the one before it");
}

#[tokio::test]
async fn rules_that_this_program_cannot_read_are_replaced_with_the_word_of_everybody() {
    let rig = Rig::new().await;
    let unreadable = rig.begin(json!([{"name": "rules.toml", "text": "[[rule]]\nid = 7\n"}])).await;
    let law = rig.approved_before(unreadable).await;
    let begins = What::Scheduled { law, submission: 1, from: "2024-10-08T08:00:10Z".parse().unwrap() };
    rig.directly("beheer", Role::Author, unreadable, begins).await;
    rig.pass("2024-10-08T09:00:00Z");
    assert_eq!(rig.offer("pi-zwolle", &rig.admission("m-1", "D-1").await).await.status, 503, "nothing is decided by them");
    let back = json!({"title": "As before", "why": "Nothing goes any more.", "of": 1});
    assert_eq!(rig.say("beheer", Method::POST, "/v1/rules", back).await.status, 201);
    rig.submit(3).await;
    let owners = ["3RO", "DJI", "beheerder", "gemeenten", "zorgaanbieders"].map(|owner| json!({"owner": owner}));
    assert_eq!(rig.shown(3, "needed").await, json!([&[json!("legal-reviewer")], &owners[..]].concat()), "whom the rules name");
}

#[tokio::test]
async fn what_cannot_be_said_of_a_draft_keeps_it_from_beginning() {
    let no_case = |inner| Arc::new(Around(Altered { inner, alter: |decided| decided.case = None })) as Arc<dyn Store>;
    let rig = Rig::around("2024-10-08T08:00:00Z", no_case).await;
    let draft = rig.begin(rig.changed("2021-07-01").await).await;
    rig.submit(draft).await;
    assert_eq!(rig.approve("jurist", draft, json!("legal-reviewer")).await.0, 201, "it changes nothing");
    rig.admit("m-1", "D-1").await;
    let unknown = rig.get("jurist", "/v1/rules/2/shadow").await.json()["undecidable"].take();
    assert!(unknown["NO_CASE"].as_u64().unwrap() > 0, "{unknown}");
    let begins = json!({"deed": "scheduled", "from": DAY, "why": "because"});
    let refused = rig.say("beheer", Method::POST, "/v1/rules/2/deeds", begins.clone()).await.json();
    assert_eq!((refused["code"].as_str(), &refused["undecidable"]), (Some("UNDECIDABLE"), &unknown));

    let submitted = |codes: Value| json!({"deed": "submitted", "undecidable": codes});
    assert_eq!(rig.act("beheer", draft, submitted(json!(["NO_CASES"]))).await.0, 400, "a code that does not exist");
    assert_eq!(rig.act("beheer", draft, submitted(json!(["NO_CASE"]))).await.0, 201);
    assert_eq!(rig.approve("jurist", draft, json!("legal-reviewer")).await.0, 201);
    rig.admit("m-2", "D-2").await;
    assert_eq!(rig.get("jurist", "/v1/rules/2/shadow").await.json()["undecidable"], json!({}));
    assert_eq!(rig.act("beheer", draft, begins).await.0, 201);
}
