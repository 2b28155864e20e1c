//! Questions by chance, the same for the same number: most of them near to what happens, some of them odd.

use std::collections::BTreeSet;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use schakelpunt_domain::{
    LegalDay, ParticipantId, Refusal,
    case::{Case, FactValue, Title},
    catalogue::{Catalogue, EventSpec},
    consent::Consent,
    pointer::Leaf,
    registers::{At, Entry, Kind, Recorded, Registers, Stop, Subscription, SubscriptionState},
};
use schakelpunt_rules::{Candidate, Decision, Question, Relation, RuleSet, Signal, Signals, decide};

use super::files;

const RECIPIENT: &str = "recipient";
const DETENTION: &str = "pi-zwolle.bench-1";
/// What a party is in law and to the case.
type Role = (Kind, Relation);
const SENDERS: [Role; 6] = [
    (Kind::Prison, Relation::HoldingPrison),
    (Kind::Prison, Relation::HoldingPrison),
    (Kind::Municipality, Relation::ResponsibleMunicipality),
    (Kind::Probation, Relation::ResponsibleProbationUnit),
    (Kind::Triage, Relation::Triage),
    (Kind::Hub, Relation::Hub),
];
const RECIPIENTS: [Role; 12] = [
    (Kind::Municipality, Relation::ResponsibleMunicipality),
    (Kind::Municipality, Relation::ResponsibleMunicipality),
    (Kind::Municipality, Relation::SettlementMunicipality),
    (Kind::Municipality, Relation::EarlierRecipient),
    (Kind::Probation, Relation::ResponsibleProbationUnit),
    (Kind::Probation, Relation::ResponsibleProbationUnit),
    (Kind::Prison, Relation::HoldingPrison),
    (Kind::Prison, Relation::ReceivingPrison),
    (Kind::CarePartner, Relation::CarePartner),
    (Kind::CarePartner, Relation::InformedPartner),
    (Kind::CarePartner, Relation::EarlierRecipient),
    (Kind::Triage, Relation::Triage),
];
const TITLES: [Title; 6] = [Title::Sentence, Title::PreTrial, Title::Isd, Title::Vris, Title::Aliens, Title::TbsPasser];
const CATEGORIES: [&str; 8] =
    ["class:ID", "class:FIN", "class:HEALTH", "class:SOC", "class:JUST", "condition:HOUSING", "condition:CARE", "condition:DEBT"];
/// Before and after the law of July 2021, and on its edge.
const INSTANTS: [&str; 5] =
    ["2024-09-10T10:00:00Z", "2024-09-10T10:00:00Z", "2021-06-30T21:59:59Z", "2021-06-30T22:00:00Z", "2020-03-01T10:00:00Z"];

/// What all questions share.
pub(super) struct World<'a> {
    catalogue: &'a Catalogue,
    /// The demo's registers; then with a subscription to nothing, a stopped recipient, a stopped detention.
    registers: Vec<Registers>,
}

/// One question with everything that it rests on.
pub(super) struct Asked<'a> {
    pub(super) event: &'a EventSpec,
    pub(super) leaves: Vec<Leaf>,
    pub(super) signals: Signals,
    pub(super) giver: Kind,
    pub(super) sender: Vec<Relation>,
    pub(super) case: Case,
    pub(super) registers: &'a Registers,
    pub(super) recipient: ParticipantId,
    pub(super) kind: Kind,
    pub(super) relations: Vec<Relation>,
    pub(super) closed: Option<Refusal>,
    pub(super) tells_health: bool,
    pub(super) had: Option<Vec<Leaf>>,
    pub(super) at: At,
}

/// Numbers that look like chance (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Once in so many times.
    fn once_in(&mut self, times: u64) -> bool {
        self.next().is_multiple_of(times)
    }

    fn pick<'b, T>(&mut self, from: &'b [T]) -> anyhow::Result<&'b T> {
        let at = self.next() % u64::try_from(from.len().max(1))?;
        from.get(usize::try_from(at)?).context("nothing to pick from")
    }
}

impl<'a> World<'a> {
    /// The demo's world.
    pub(super) fn load(catalogue: &'a Catalogue) -> anyhow::Result<Self> {
        let entries = files::registers()?;
        let nothing = Subscription {
            participant: RECIPIENT.parse()?,
            events: vec!["no-such-event".to_owned()],
            filter: None,
            channel: None,
            state: SubscriptionState::Active,
            from: None,
            until: None,
        };
        let stops = [Stop::Participant(RECIPIENT.parse()?), Stop::Detention(DETENTION.parse()?)];
        let more = [None, Some(Entry::Subscription(nothing))].into_iter().chain(stops.map(|stop| Some(Entry::Stop(stop))));
        let registers = more.map(|more| {
            let more = more.map(|entry| Recorded { entry, recorded: Timestamp::MIN });
            Registers::new(1, entries.iter().cloned().chain(more))
        });
        Ok(Self { catalogue, registers: registers.collect() })
    }

    /// So many questions, about any event or about one.
    pub(super) fn ask(&'a self, count: u32, about: Option<&str>) -> anyhow::Result<Vec<Asked<'a>>> {
        let events: Vec<&EventSpec> = self.catalogue.iter().filter(|event| about.is_none_or(|name| event.name.as_str() == name)).collect();
        let mut dice = Dice(7);
        (0..count).map(|_| self.question(&mut dice, &events)).collect()
    }

    fn question(&'a self, dice: &mut Dice, events: &[&'a EventSpec]) -> anyhow::Result<Asked<'a>> {
        let event = *dice.pick(events)?;
        let now: Timestamp = dice.pick(&INSTANTS)?.parse()?;
        let all: Vec<Leaf> = event.leaves.keys().cloned().collect();
        // a message has most of its fields
        let leaves: Vec<Leaf> = all.iter().filter(|_| !dice.once_in(5)).cloned().collect();
        let had = all.iter().filter(|_| !dice.once_in(3)).cloned().collect();
        let ((giver, sender), (kind, relation)) = (*dice.pick(&SENDERS)?, *dice.pick(&RECIPIENTS)?);
        let mut relations = vec![relation];
        if dice.once_in(10) && relation != Relation::EarlierRecipient {
            relations.push(Relation::EarlierRecipient);
        }
        if dice.once_in(30) {
            relations.clear();
        }
        let registers = if dice.once_in(8) { dice.pick(&self.registers)? } else { self.registers.first().context("registers")? };
        Ok(Asked {
            signals: signals(dice, event),
            case: case(dice, now)?,
            event,
            leaves,
            giver,
            sender: vec![sender],
            registers,
            recipient: RECIPIENT.parse()?,
            kind,
            relations,
            closed: dice.once_in(40).then_some(Refusal::MandateMissing),
            tells_health: kind == Kind::CarePartner && dice.once_in(3),
            had: Some(had),
            at: At::now(now),
        })
    }
}

fn signals(dice: &mut Dice, event: &EventSpec) -> Signals {
    let mut signals = Signals::default();
    if !dice.once_in(3) {
        signals.whole.insert(Signal::CareNeeded);
    }
    if !dice.once_in(3) {
        signals.whole.insert(Signal::Consulting);
    }
    for leaf in event.leaves.keys() {
        for container in ["/conditions", "/plan/conditions"] {
            let key = leaf.as_str().strip_prefix(container).and_then(|rest| rest.split('/').nth(1));
            if let Some(key) = key {
                let missing = if dice.once_in(2) { BTreeSet::from([Signal::EntryNotInOrder]) } else { BTreeSet::new() };
                signals.entries.insert(format!("{container}/{key}"), missing);
            }
        }
    }
    signals
}

/// A detention of some weeks, with what is recorded of most of them.
fn case(dice: &mut Dice, now: Timestamp) -> anyhow::Result<Case> {
    let hours = |hours: i64| now.checked_add(SignedDuration::from_hours(hours));
    let began = hours(-480)?;
    let mut case = Case::new(DETENTION.parse()?);
    let title = if dice.once_in(4) { *dice.pick(&TITLES)? } else { Title::Sentence };
    let facts = [
        FactValue::Prison("pi-zwolle".parse()?),
        FactValue::Start(LegalDay::of(began)),
        FactValue::Title(title),
        FactValue::CareNeeded(true),
    ];
    facts.into_iter().for_each(|fact| case.record(fact, began, began));
    if dice.once_in(6) {
        let arrived = hours(-72)?;
        case.record(FactValue::LegalEnd(LegalDay::of(arrived)), arrived, arrived);
        case.record(FactValue::Ended, arrived, arrived);
    }
    if dice.once_in(25) {
        case.record(FactValue::Deceased, hours(-2)?, hours(-2)?);
    }
    if dice.once_in(12) {
        case.record(FactValue::LeftScope, hours(-2)?, hours(-2)?);
    }
    for number in 0..dice.next() % 3 {
        let given = hours(-240)?;
        let withdrawn = if dice.once_in(5) { Some(hours(-1)?) } else { None };
        let yesterday = LegalDay(LegalDay::of(now).0.yesterday()?);
        let categories = CATEGORIES.iter().filter(|_| dice.once_in(2)).map(|text| text.parse()).collect::<Result<_, _>>()?;
        case.consents.push(Consent {
            id: format!("c-{number}"),
            recipient: if dice.once_in(6) { "another".parse()? } else { RECIPIENT.parse()? },
            categories,
            purpose: if dice.once_in(12) { "administration".to_owned() } else { "reintegration".to_owned() },
            given_at: Some(given),
            until: dice.once_in(5).then_some(yesterday),
            withdrawn_at: withdrawn,
            recorded: given,
            withdrawal_recorded: withdrawn,
            message: None,
        });
    }
    Ok(case)
}

impl Asked<'_> {
    /// What the routing core answers, the candidate built for the question as the hub does.
    pub(super) fn decide(&self, rules: &RuleSet) -> Decision {
        let candidate = Candidate {
            participant: self.recipient.clone(),
            kind: self.kind,
            relations: self.relations.clone(),
            on_behalf_of: None,
            closed: self.closed,
            tells_health: self.tells_health,
            had: self.had.clone(),
        };
        decide(&Question {
            rules,
            event: self.event,
            giver: self.giver,
            sender: &self.sender,
            case: &self.case,
            registers: self.registers,
            signals: &self.signals,
            leaves: &self.leaves,
            candidate: &candidate,
            at: self.at,
        })
    }
}
