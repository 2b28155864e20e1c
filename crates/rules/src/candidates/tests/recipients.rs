//! Who hears of a message.

use super::*;

fn heard(who: &Who<'_>, case: &Case, more: Vec<Value>, now: &str) -> Vec<String> {
    told(&candidates(who, case, &registers(more), At::now(at(now))))
}

#[test]
fn the_triad_of_a_case_hears_of_it() {
    let case = case("T-1", "pi-vught", "0855");
    let triad = ["pi-vught: holding-prison", "gemeente-tilburg: responsible-municipality", "rn-brabant: responsible-probation-unit"];
    assert_eq!(heard(&event("release-date-set"), &case, Vec::new(), NOW), triad);
    let sender = who("pi-vught");
    assert_eq!(heard(&Who { sender: Some(&sender), ..event("release-date-set") }, &case, Vec::new(), NOW), triad[1..], "not the sender");
}

#[test]
fn a_transfer_is_told_to_the_prisons_before_and_after() {
    let prisons = |event_name, now| {
        let mut all = heard(&event(event_name), &moving(), Vec::new(), now);
        all.retain(|one| one.starts_with("pi-"));
        all
    };
    assert_eq!(prisons("transferred", NOW), ["pi-vught: holding-prison", "pi-grave: receiving-prison"]);
    assert_eq!(prisons("transferred", AFTER), ["pi-grave: holding-prison", "pi-vught: former-prison"]);
    assert_eq!(prisons("release-date-set", NOW), ["pi-vught: holding-prison"]);
    assert_eq!(prisons("release-date-set", AFTER), ["pi-grave: holding-prison"]);
}

#[test]
fn that_a_case_leaves_is_told_to_who_had_it_and_who_gets_it() {
    let case = with(case("T-1", "pi-grave", "0855"), FactValue::Settlement("0758".parse().unwrap()));
    let municipalities = |event_name, more| {
        let mut all = heard(&event(event_name), &case, more, NOW);
        all.retain(|one| one.starts_with("gemeente-"));
        all
    };
    let both = ["gemeente-breda: responsible-municipality + settlement-municipality", "gemeente-tilburg: responsible-municipality"];
    assert_eq!(municipalities("settlement-municipality-set", Vec::new()), both);
    assert_eq!(municipalities("case-transferred-to-municipality", Vec::new()), both);
    assert_eq!(municipalities("release-date-set", Vec::new()), ["gemeente-breda: responsible-municipality"]);
    let acts = json!({"mandate": {"mandator": "gemeente-breda", "mandatary": "gemeente-helmond", "scope": "all", "from": "2024-01-01"}});
    let acting = ["gemeente-helmond: responsible-municipality + settlement-municipality", "gemeente-tilburg: responsible-municipality"];
    assert_eq!(municipalities("settlement-municipality-set", vec![acts]), acting, "who acts for the new one");
}

#[test]
fn the_desk_hears_of_disputes_and_of_cases_of_nobody() {
    let hears = |event_name, case: &Case| {
        let desk = vec![participant("desk", "triage", None)];
        heard(&event(event_name), case, desk, NOW).contains(&"desk: triage".to_owned())
    };
    let known = case("T-1", "pi-vught", "0855");
    assert!(hears("municipality-disputed", &known));
    assert!(!hears("release-date-set", &known));
    assert!(hears("release-date-set", &homeless("T-1")));
    assert!(hears("release-date-set", &case("X-1", "pi-vught", "0363")), "a municipality that is not connected");
    assert!(hears("release-date-set", &with(known, FactValue::Disputed)));
}

#[test]
fn a_message_that_names_a_partner_is_for_that_one() {
    let case = consenting("opvang");
    let partners = |partner: Option<&str>| {
        let (partner, more) = (partner.map(who), vec![participant("ggz", "care-partner", None)]);
        let mut all = heard(&Who { partner: partner.as_ref(), ..event("care-partner-invited") }, &case, more, NOW);
        all.retain(|one| one.contains("care-partner"));
        all
    };
    assert_eq!(partners(None), ["opvang: care-partner"], "those whom a consent names");
    assert_eq!(partners(Some("ggz")), ["ggz: care-partner"]);
    assert_eq!(partners(Some("rn-brabant")), Vec::<String>::new(), "the triad is never a care partner");
}

#[test]
fn whoever_had_something_hears_of_it_as_what_it_was() {
    let (ggz, grave) = (who("ggz"), who("pi-grave"));
    let leaves: Vec<Leaf> = vec!["/release/date".parse().unwrap()];
    let asked = Who { informed: vec![&ggz], earlier: vec![(&grave, leaves.clone())], ..event("message-corrected") };
    let registers = registers(vec![participant("ggz", "care-partner", None)]);
    let found = candidates(&asked, &case("T-1", "pi-vught", "0855"), &registers, now());
    let told = told(&found);
    assert!(told.contains(&"ggz: informed-partner".to_owned()) && told.contains(&"pi-grave: earlier-recipient".to_owned()), "{told:?}");
    for candidate in &found {
        let had = (candidate.participant == grave).then(|| leaves.clone());
        assert_eq!(candidate.had, had, "{}", candidate.participant);
    }
}

#[test]
fn a_relation_stands_once_and_in_order() {
    let vught = who("pi-vught");
    let asked = Who { earlier: vec![(&vught, Vec::new()), (&vught, Vec::new())], ..event("message-corrected") };
    let all = heard(&asked, &case("T-1", "pi-vught", "0855"), Vec::new(), NOW);
    assert_eq!(all[0], "pi-vught: holding-prison + earlier-recipient");
}

#[test]
fn who_took_the_place_of_a_unit_hears_in_its_stead() {
    let more = vec![participant("pi-nieuw", "prison", None), succession("pi-vught", "pi-nieuw")];
    let all = heard(&event("release-date-set"), &case("T-1", "pi-vught", "0855"), more, NOW);
    assert_eq!(all[0], "pi-nieuw: holding-prison");
}

/// Decision 23: the mandator gets no copy, and a mandate reaches as far as its words.
#[test]
fn a_mandate_covers_the_events_of_its_scope() {
    let events = ["release-date-set", "tbo-scheduled", "first-visit-planned", "condition-status-updated", "aftercare-offered"];
    let acts = |scope: &str, name: &str| {
        let mandate =
            json!({"mandate": {"mandator": "gemeente-breda", "mandatary": "gemeente-tilburg", "scope": scope, "from": "2024-01-01"}});
        let found = candidates(&event(name), &case("B-1", "pi-vught", "0758"), &registers(vec![mandate]), now());
        let mut acting = found.into_iter().filter(|candidate| candidate.relations == [Relation::ResponsibleMunicipality]);
        let (one, other) = (acting.next().unwrap(), acting.next());
        assert_eq!(other, None, "{name}: no copy");
        let is_mandatary = one.participant == who("gemeente-tilburg");
        assert_eq!(one.on_behalf_of, is_mandatary.then(|| who("gemeente-breda")), "{name}");
        is_mandatary
    };
    let covered = |scope| events.into_iter().filter(|name| acts(scope, name)).collect::<Vec<_>>();
    assert_eq!(covered("all"), events);
    assert_eq!(covered("tbo"), ["tbo-scheduled"]);
    assert_eq!(covered("visit"), ["first-visit-planned", "condition-status-updated"]);
    assert_eq!(covered("aftercare"), ["aftercare-offered"]);
}

#[test]
fn a_mandate_for_some_prisons_holds_there_only() {
    let acting = |prison, name| {
        let all = heard(&event(name), &case("H-1", prison, "0794"), Vec::new(), NOW);
        all.into_iter().find(|one| one.ends_with(": responsible-municipality")).unwrap()
    };
    assert_eq!(acting("pi-vught", "first-visit-planned"), "gemeente-tilburg: responsible-municipality");
    assert_eq!(acting("pi-grave", "first-visit-planned"), "gemeente-helmond: responsible-municipality");
    assert_eq!(acting("pi-vught", "release-date-set"), "gemeente-helmond: responsible-municipality");
}

/// What a scenario or an explanation asks about somebody who is no candidate.
#[test]
fn somebody_without_a_relation_is_told_why() {
    let registers = registers(vec![participant("ggz", "care-partner", None)]);
    let case = case("H-1", "pi-grave", "0794");
    let asked = |id: &str, partner: Option<&str>| {
        let partner = partner.map(who);
        let about = Who { partner: partner.as_ref(), ..event("release-date-set") };
        let candidate = candidate_for(&who(id), &about, &case, &registers, now())?;
        assert_eq!(candidate.participant, who(id));
        Some((candidate.relations, candidate.closed))
    };
    assert_eq!(asked("pi-grave", None), Some((vec![Relation::HoldingPrison], None)));
    assert_eq!(asked("gemeente-breda", None), Some((Vec::new(), Some(Refusal::NotResponsible))));
    assert_eq!(asked("gemeente-tilburg", None), Some((Vec::new(), Some(Refusal::MandateMissing))), "a mandate that does not reach here");
    assert_eq!(asked("opvang", None), Some((vec![Relation::CarePartner], None)), "anybody may be asked for consent");
    assert_eq!(asked("opvang", Some("opvang")), Some((vec![Relation::CarePartner], None)));
    assert_eq!(asked("opvang", Some("ggz")), Some((Vec::new(), Some(Refusal::NotResponsible))), "another one is named");
    assert_eq!(asked("nobody", None), None);
}

#[test]
fn who_takes_part_no_more_is_nobodys_partner() {
    let case = case("T-1", "pi-vught", "0855");
    let closed = |more| candidate_for(&who("opvang"), &event("release-date-set"), &case, &registers(more), now()).unwrap().closed;
    let ended = json!({"ending": {"what": {"participant": {"id": "opvang"}}, "from": "2024-03-01"}});
    assert_eq!(closed(vec![ended]), Some(Refusal::NotResponsible));
    assert_eq!(closed(vec![participant("ggz", "care-partner", None), succession("opvang", "ggz")]), Some(Refusal::NotResponsible));
    assert_eq!(closed(Vec::new()), None);
}
