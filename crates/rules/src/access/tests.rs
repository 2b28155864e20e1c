use std::sync::LazyLock;

use jiff::Timestamp;
use schakelpunt_domain::{
    case::{FactValue, Opened, Title},
    registers::{Entry, Recorded},
};
use serde_json::{Value, json};

use super::*;
use crate::{RuleFile, load::tests::CATALOGUE};

/// Desks of a town hall: `r` has the whole case, the two others a part of it each.
pub(crate) static DESKS: LazyLock<RuleSet> = LazyLock::new(|| {
    let text = r#"
        [[desk]]
        role = "r"
        sees = "all"
        [[desk]]
        role = "income"
        fields = ["@who", "/detention/start", "/conditions/INCOME/status"]
        [[desk]]
        role = "debt"
        fields = ["@who", "/conditions/DEBT/status"]
        [[field-set]]
        id = "who"
        fields = ["/person/identity/surname"]
    "#;
    RuleSet::load(&[RuleFile { name: "desks.toml".to_owned(), text: text.to_owned() }], &CATALOGUE).unwrap()
});

pub(crate) fn who(id: &str) -> ParticipantId {
    id.parse().unwrap()
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn participant(id: &str, kind: &str, code: Option<&str>) -> Value {
    let municipalities: Vec<_> = code.into_iter().map(|code| json!({"code": code})).collect();
    json!({"participant": {"id": id, "kind": kind, "oin": "00000099PI0000008000", "municipalities": municipalities}})
}

/// Tilburg visits PI Vught for Helmond; Breda has given no mandate; N. works for Tilburg and for the probation unit.
pub(crate) fn registers(more: Vec<Value>) -> Registers {
    let capacity = |worker: &str, acting_for: &str| json!({"capacity": {"worker": worker, "employer": "rn-brabant", "acting-for": acting_for, "role": "r", "from": "2024-01-01", "until": "2024-07-01"}});
    let mut entries = vec![
        participant("gemeente-tilburg", "municipality", Some("0855")),
        participant("gemeente-helmond", "municipality", Some("0794")),
        participant("gemeente-breda", "municipality", Some("0758")),
        participant("pi-vught", "prison", None),
        participant("pi-grave", "prison", None),
        participant("rn-brabant", "probation", None),
        participant("opvang", "care-partner", None),
        json!({"mandate": {"mandator": "gemeente-helmond", "mandatary": "gemeente-tilburg", "scope": "visit", "from": "2024-01-01", "prisons": ["pi-vught"]}}),
        capacity("n", "gemeente-tilburg"),
        capacity("n", "rn-brabant"),
        capacity("h", "gemeente-helmond"),
        capacity("o", "opvang"),
    ];
    entries.extend(more);
    let recorded = at("2024-01-01T00:00:00Z");
    let entry = |json: Value| Recorded { entry: serde_json::from_value::<Entry>(json).unwrap(), recorded };
    Registers::new(1, entries.into_iter().map(entry))
}

/// A detention of somebody from the municipality of that code.
pub(crate) fn case(detention: &str, prison: &str, code: &str) -> Case {
    let mut case = Case::new(detention.parse().unwrap());
    let began = at("2024-02-01T09:00:00Z");
    case.opened = Some(Opened { by: who(prison), person: "digest".to_owned(), at: began });
    case.record(FactValue::Prison(who(prison)), began, began);
    case.record(FactValue::Start("2024-02-01".parse().unwrap()), began, began);
    let residence = json!([{"source": "BRP_AT_START", "municipality": code, "kind": "HOME"}]);
    case.record(FactValue::Residence(serde_json::from_value(residence).unwrap()), began, began);
    case
}

/// A worker without a word about the role.
pub(crate) fn looker<'a>(worker: &'a str, acting_for: &'a ParticipantId) -> Looker<'a> {
    Looker { worker, acting_for, role: None }
}

fn now() -> At {
    At::now(at("2024-03-05T09:00:00Z"))
}

fn looks(worker: &str, capacity: &str, case: &Case, now: At) -> Result<(Scope, Option<ParticipantId>), Refusal> {
    access(&DESKS, &registers(Vec::new()), looker(worker, &who(capacity)), case, now)
        .map(|admission| (admission.scope, admission.on_behalf_of))
}

#[test]
fn one_capacity_at_a_time() {
    let tilburg = case("T-1", "pi-vught", "0855");
    assert_eq!(looks("n", "gemeente-tilburg", &tilburg, now()), Ok((Scope::All, None)));
    assert_eq!(looks("n", "rn-brabant", &tilburg, now()), Ok((Scope::All, None)));
    assert_eq!(looks("n", "gemeente-helmond", &tilburg, now()), Err(Refusal::WrongCapacity), "a hat that N. does not have");
    assert_eq!(looks("h", "gemeente-helmond", &tilburg, now()), Err(Refusal::NotResponsible));
    assert_eq!(looks("o", "opvang", &tilburg, now()), Err(Refusal::ConsentMissing));
}

#[test]
fn a_secondment_ends_at_midnight() {
    let tilburg = case("T-1", "pi-vught", "0855");
    assert!(looks("n", "gemeente-tilburg", &tilburg, At::now(at("2024-06-30T21:59:59Z"))).is_ok());
    assert_eq!(looks("n", "gemeente-tilburg", &tilburg, At::now(at("2024-06-30T22:00:00Z"))), Err(Refusal::WrongCapacity));
}

#[test]
fn a_mandate_to_visit_reaches_as_far_as_its_prisons() {
    let (vught, grave) = (case("H-1", "pi-vught", "0794"), case("H-2", "pi-grave", "0794"));
    assert_eq!(looks("n", "gemeente-tilburg", &vught, now()), Ok((Scope::Visit, Some(who("gemeente-helmond")))));
    assert_eq!(looks("n", "gemeente-tilburg", &grave, now()), Err(Refusal::MandateMissing));
    assert_eq!(looks("n", "gemeente-tilburg", &case("B-1", "pi-vught", "0758"), now()), Err(Refusal::NotResponsible));
    assert_eq!(looks("h", "gemeente-helmond", &vught, now()), Ok((Scope::All, None)), "the mandator stays responsible");
}

#[test]
fn to_work_together_is_no_mandate() {
    let joint = json!({"mandate": {"mandator": "gemeente-breda", "mandatary": "gemeente-tilburg", "scope": "all", "from": "2024-01-01", "form": "joint-controllers"}});
    let answer = access(&DESKS, &registers(vec![joint]), looker("n", &who("gemeente-tilburg")), &case("B-1", "pi-vught", "0758"), now());
    assert_eq!(answer, Err(Refusal::MandateMissing));
}

#[test]
fn a_mandator_whose_mandatary_gets_everything_still_sees_its_cases() {
    let all = json!({"mandate": {"mandator": "gemeente-helmond", "mandatary": "gemeente-tilburg", "scope": "all", "from": "2024-01-01"}});
    let registers = registers(vec![all]);
    let helmond = case("H-1", "pi-grave", "0794");
    let admission = access(&DESKS, &registers, looker("h", &who("gemeente-helmond")), &helmond, now()).unwrap();
    assert_eq!((admission.scope, admission.on_behalf_of), (Scope::All, None));
    let admission = access(&DESKS, &registers, looker("n", &who("gemeente-tilburg")), &helmond, now()).unwrap();
    assert_eq!((admission.scope, admission.on_behalf_of), (Scope::All, Some(who("gemeente-helmond"))));
}

#[test]
fn a_former_client_of_ones_own_is_out_of_sight_in_that_capacity() {
    let conflict = json!({"conflict": {"worker": "n", "detention": "T-1", "acting-for": "gemeente-tilburg"}});
    let registers = registers(vec![conflict]);
    let (own, other) = (case("T-1", "pi-vught", "0855"), case("T-2", "pi-vught", "0855"));
    assert_eq!(access(&DESKS, &registers, looker("n", &who("gemeente-tilburg")), &own, now()).map(|_| ()), Err(Refusal::WrongCapacity));
    assert!(access(&DESKS, &registers, looker("n", &who("gemeente-tilburg")), &other, now()).is_ok());
    assert!(access(&DESKS, &registers, looker("n", &who("rn-brabant")), &own, now()).is_ok());
}

#[test]
fn a_case_scope_admits_to_its_cases_only() {
    let scoped = json!({"capacity": {"worker": "s", "employer": "gemeente-tilburg", "acting-for": "gemeente-tilburg", "role": "r", "case-scope": "T-1 T-3", "from": "2024-01-01"}});
    let registers = registers(vec![scoped]);
    let look = |detention: &str| {
        access(&DESKS, &registers, looker("s", &who("gemeente-tilburg")), &case(detention, "pi-vught", "0855"), now()).map(|_| ())
    };
    assert_eq!((look("T-1"), look("T-2"), look("T-3")), (Ok(()), Err(Refusal::WrongCapacity), Ok(())));
}

/// Somebody of Tilburg in these roles, the first entered first.
fn in_roles(roles: &[&str]) -> Registers {
    let capacity = |role: &&str| json!({"capacity": {"worker": "d", "employer": "gemeente-tilburg", "acting-for": "gemeente-tilburg", "role": role, "from": "2024-01-01"}});
    registers(roles.iter().map(capacity).collect())
}

#[test]
fn a_desk_sees_its_own_part_and_no_other() {
    let leaf = |text: &str| text.parse::<Leaf>().unwrap();
    let sees = |role: &str| {
        let admission =
            access(&DESKS, &in_roles(&[role]), looker("d", &who("gemeente-tilburg")), &case("T-1", "pi-vught", "0855"), now()).unwrap();
        ["/person/identity/surname", "/conditions/INCOME/status", "/conditions/DEBT/status"].map(|field| admission.shows(&leaf(field)))
    };
    assert_eq!(sees("r"), [true, true, true]);
    assert_eq!(sees("income"), [true, true, false]);
    assert_eq!(sees("debt"), [true, false, true]);
}

#[test]
fn a_role_without_a_desk_sees_nothing() {
    let looks = |roles: &[&str]| {
        access(&DESKS, &in_roles(roles), looker("d", &who("gemeente-tilburg")), &case("T-1", "pi-vught", "0855"), now()).map(|it| it.role)
    };
    assert_eq!(looks(&["parking"]), Err(Refusal::WrongCapacity));
    assert_eq!(looks(&["parking", "debt", "income"]), Ok("debt".to_owned()), "one at a time, and never two together");
}

#[test]
fn who_has_several_roles_chooses_one_of_them() {
    let tilburg = who("gemeente-tilburg");
    let looks = |role| {
        let looker = Looker { role, ..looker("d", &tilburg) };
        access(&DESKS, &in_roles(&["debt", "income", "parking"]), looker, &case("T-1", "pi-vught", "0855"), now()).map(|it| it.role)
    };
    assert_eq!(looks(Some("income")), Ok("income".to_owned()));
    assert_eq!(looks(Some("debt")), Ok("debt".to_owned()));
    assert_eq!(looks(Some("parking")), Err(Refusal::WrongCapacity), "a role of the worker without a desk");
    assert_eq!(looks(Some("r")), Err(Refusal::WrongCapacity), "a desk that is not the worker's");
}

#[test]
fn who_sends_acts_for_the_sender_in_that_case_now() {
    let more = [
        json!({"capacity": {"worker": "s", "employer": "gemeente-tilburg", "acting-for": "gemeente-tilburg", "role": "parking", "case-scope": "T-1", "from": "2024-01-01"}}),
        json!({"conflict": {"worker": "n", "detention": "T-2", "acting-for": "gemeente-tilburg"}}),
    ];
    let registers = registers(more.to_vec());
    let acts = |worker: &str, sender: &str, detention: &str, now: &str| {
        acts_for(&registers, worker, &who(sender), Some(&detention.parse().unwrap()), At::now(at(now)))
    };
    let (before, after) = ("2024-06-30T21:59:59Z", "2024-06-30T22:00:00Z");
    assert!(acts("n", "gemeente-tilburg", "T-1", before) && !acts("n", "gemeente-tilburg", "T-1", after), "at midnight");
    assert!(!acts("n", "gemeente-helmond", "T-1", before) && !acts("nobody", "gemeente-tilburg", "T-1", before));
    assert!(!acts("n", "gemeente-tilburg", "T-2", before) && acts("n", "rn-brabant", "T-2", before), "a conflict in one capacity");
    assert!(acts("s", "gemeente-tilburg", "T-1", before), "a role without a desk may send");
    assert!(!acts("s", "gemeente-tilburg", "T-2", before), "outside the case scope");
    assert!(acts_for(&registers, "n", &who("gemeente-tilburg"), None, now()), "what is about no case");
}

#[test]
fn a_mandate_does_not_widen_a_desk_nor_a_desk_a_mandate() {
    let admission =
        access(&DESKS, &in_roles(&["income"]), looker("d", &who("gemeente-tilburg")), &case("H-1", "pi-vught", "0794"), now()).unwrap();
    let shows = |field: &str| admission.shows(&field.parse().unwrap());
    assert_eq!(admission.scope, Scope::Visit);
    assert!(shows("/conditions/INCOME/status") && !shows("/conditions/DEBT/status") && !shows("/detention/start"));
}

#[test]
fn a_title_outside_the_hub_is_told_to_nobody_but_who_is_concerned() {
    let mut case = case("T-1", "pi-vught", "0855");
    let began = at("2024-02-01T09:00:00Z");
    case.record(FactValue::Title(Title::Vris), began, began);
    assert_eq!(looks("n", "gemeente-tilburg", &case, now()), Err(Refusal::OutOfScopeTitle));
    assert!(looks("n", "rn-brabant", &case, now()).is_ok());
    assert_eq!(looks("h", "gemeente-helmond", &case, now()), Err(Refusal::NotResponsible));
}

#[test]
fn a_stop_holds_at_the_desk_too() {
    let stopped = registers(vec![json!({"stop": {"detention": "T-1"}})]);
    let answer = access(&DESKS, &stopped, looker("n", &who("gemeente-tilburg")), &case("T-1", "pi-vught", "0855"), now());
    assert_eq!(answer, Err(Refusal::Stopped));
}

#[test]
fn who_visits_sees_conditions_and_no_aftercare() {
    let leaf = |text: &str| text.parse().unwrap();
    assert!(within(Scope::Visit, &leaf("/conditions/HOUSING/status")) && within(Scope::Visit, &leaf("/person/identity/surname")));
    assert!(!within(Scope::Visit, &leaf("/person/identity/bsn")) && !within(Scope::Visit, &leaf("/aftercare/date")));
    assert!(!within(Scope::Visit, &leaf("/conditionsAndMore/x")), "a name that begins alike is another one");
    assert!(within(Scope::Tbo, &leaf("/tbo/at")) && !within(Scope::Tbo, &leaf("/conditions/HOUSING/status")));
    assert!(within(Scope::Aftercare, &leaf("/aftercare/date")) && within(Scope::All, &leaf("/plan/version")));
}

#[test]
fn a_care_partner_sees_as_long_as_the_consent_carries() {
    let given = at("2024-02-01T12:00:00Z");
    let consent = |until: Option<&str>, withdrawn| schakelpunt_domain::consent::Consent {
        id: "c-1".to_owned(),
        recipient: who("opvang"),
        categories: Vec::new(),
        purpose: "reintegration".to_owned(),
        given_at: Some(given),
        until: until.map(|day| day.parse().unwrap()),
        withdrawn_at: withdrawn,
        recorded: given,
        withdrawal_recorded: withdrawn,
        message: None,
    };
    let sees = |consent| {
        let mut case = case("T-1", "pi-vught", "0855");
        case.consents.push(consent);
        access(&DESKS, &registers(Vec::new()), looker("o", &who("opvang")), &case, now()).map(|admission| admission.relations)
    };
    assert_eq!(sees(consent(None, None)), Ok(vec![Relation::CarePartner]));
    assert_eq!(sees(consent(Some("2024-03-04"), None)), Err(Refusal::ConsentExpired));
    assert_eq!(sees(consent(None, Some(given))), Err(Refusal::ConsentWithdrawn));
}

#[test]
fn the_widest_mandate_counts() {
    let mandate = |scope: &str| json!({"mandate": {"mandator": "gemeente-breda", "mandatary": "gemeente-tilburg", "scope": scope, "from": "2024-01-01"}});
    let scope = |scopes: &[&str]| {
        let registers = registers(scopes.iter().map(|scope| mandate(scope)).collect());
        mandated(&registers, &who("gemeente-breda"), &who("gemeente-tilburg"), &case("B-1", "pi-vught", "0758"), now())
    };
    assert_eq!(scope(&["aftercare", "tbo", "visit", "all"]), Some(Scope::All));
    assert_eq!(scope(&["aftercare", "tbo", "visit"]), Some(Scope::Visit));
    assert_eq!(scope(&["aftercare", "tbo"]), Some(Scope::Tbo));
    assert_eq!(scope(&["aftercare"]), Some(Scope::Aftercare));
    assert_eq!(scope(&[]), None);
}
