//! Cedar as it would stand in the hub's place: entities and context from the case, one request, and the answer cut to leaves.

use std::collections::{HashMap, HashSet};

use anyhow::Context as _;
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, Policy, PolicyId, PolicySet, Request,
    RestrictedExpression,
};
use schakelpunt_domain::{case::FactValue, catalogue::Catalogue, consent::ConsentState, pointer::Leaf, registers::Stop};
use schakelpunt_rules::{Power, Relation, RuleSet, Signal};

use super::{
    cases::Asked,
    policies::{Gives, Piece, REFERENCE, gates, policies},
};

/// Cedar with the policies of a rule set.
pub(super) struct Cedar<'a> {
    rules: &'a RuleSet,
    authorizer: Authorizer,
    /// All of them, or those of each event.
    sets: HashMap<String, PolicySet>,
    sliced: bool,
    pieces: Vec<Piece>,
    by_id: HashMap<PolicyId, usize>,
    participant: EntityTypeName,
    action: EntityTypeName,
    detention: EntityTypeName,
}

impl<'a> Cedar<'a> {
    /// Parses the policies; `sliced` by event, or all in one set.
    pub(super) fn new(rules: &'a RuleSet, catalogue: &Catalogue, sliced: bool) -> anyhow::Result<Self> {
        let pieces = policies(rules, catalogue)?;
        let parse = |name: String, text: &str| anyhow::Ok(Policy::parse(Some(PolicyId::new(name)), text)?);
        let gates = gates().iter().enumerate().map(|(at, text)| parse(format!("gate-{at}"), text)).collect::<anyhow::Result<Vec<_>>>()?;
        let parsed = pieces.iter().enumerate().map(|(at, piece)| parse(format!("grant-{at}"), &piece.text));
        let parsed = parsed.collect::<anyhow::Result<Vec<_>>>()?;
        let mut sets = HashMap::new();
        let everything = gates.iter().chain(&parsed).cloned();
        if sliced {
            for event in catalogue.iter() {
                let is_about = |piece: &Piece| rules.rules().get(piece.rule).is_some_and(|rule| rule.events.contains(&event.name));
                let about = pieces.iter().zip(&parsed).filter(|(piece, _)| is_about(piece)).map(|(_, policy)| policy);
                sets.insert(event.name.to_string(), PolicySet::from_policies(gates.iter().chain(about).cloned())?);
            }
        } else {
            sets.insert(String::new(), PolicySet::from_policies(everything)?);
        }
        Ok(Self {
            rules,
            authorizer: Authorizer::new(),
            sets,
            sliced,
            by_id: (0..pieces.len()).map(|at| (PolicyId::new(format!("grant-{at}")), at)).collect(),
            pieces,
            participant: "Participant".parse()?,
            action: "Action".parse()?,
            detention: "Detention".parse()?,
        })
    }

    /// Which leaves may go; `None`: nothing at all.
    pub(super) fn answer<'b>(&self, asked: &'b Asked<'_>) -> anyhow::Result<Option<Vec<&'b Leaf>>> {
        let uid = |ty: &EntityTypeName, id: &str| EntityUid::from_type_name_and_id(ty.clone(), EntityId::new(id));
        let principal = uid(&self.participant, asked.recipient.as_str());
        let resource = uid(&self.detention, asked.case.detention.as_str());
        let action = uid(&self.action, asked.event.name.as_str());
        let entities = [
            Entity::new(principal.clone(), recipient(asked), HashSet::new())?,
            Entity::new(resource.clone(), detention(asked), HashSet::new())?,
        ];
        let entities = Entities::from_entities(entities, None)?;
        let request = Request::new(principal, action, resource, context(asked)?, None)?;
        let set = if self.sliced { self.sets.get(asked.event.name.as_str()) } else { self.sets.get("") };
        let response = self.authorizer.is_authorized(&request, set.context("no policies")?, &entities);
        if response.decision() == Decision::Deny {
            return Ok(None);
        }
        let mut holding: Vec<usize> = response.diagnostics().reason().filter_map(|id| self.by_id.get(id).copied()).collect();
        holding.sort_unstable();
        Ok(self.first_filled(asked, &holding))
    }

    /// The first rule whose needs are met, by the order of relations and rules.
    fn first_filled<'b>(&self, asked: &'b Asked<'_>, holding: &[usize]) -> Option<Vec<&'b Leaf>> {
        let holding: Vec<&Piece> = holding.iter().filter_map(|at| self.pieces.get(*at)).collect();
        for relation in &asked.relations {
            for pieces in holding.chunk_by(|one, next| one.rule == next.rule) {
                let Some(rule) = pieces.first().and_then(|piece| self.rules.rules().get(piece.rule)) else { continue };
                if !rule.to.contains(relation) {
                    continue;
                }
                let Some((leaves, must)) = self.fill(asked, pieces) else { continue };
                if !rule.needs.iter().all(|need| leaves.contains(&need)) {
                    continue;
                }
                let wanted = must || asked.registers.is_subscribed(&asked.recipient, &asked.event.name, &rule.owner, asked.at);
                return wanted.then_some(leaves);
            }
        }
        None
    }

    /// What the grants of one rule give together, and whether one of them is a duty.
    fn fill<'b>(&self, asked: &'b Asked<'_>, pieces: &[&Piece]) -> Option<(Vec<&'b Leaf>, bool)> {
        let (mut given, mut carried, mut must) = (Vec::<&Leaf>::new(), Vec::new(), false);
        for grant in pieces.chunk_by(|one, next| one.grant == next.grant) {
            let piece = grant.first()?;
            let basis = self.rules.basis(self.rules.rules().get(piece.rule)?.grants.get(piece.grant)?)?;
            if basis.yields_to.iter().any(|other| carried.contains(&other)) {
                continue;
            }
            let (mut more, mut told) = (Vec::new(), false);
            for leaf in asked.leaves.iter().filter(|leaf| !given.contains(leaf)) {
                let of = |piece: &&&Piece| match &piece.gives {
                    Gives::Leaves(leaves) => leaves.binary_search(leaf).is_ok(),
                    Gives::AsDelivered => self.was_had(asked, leaf),
                };
                told |= grant.iter().filter(|piece| piece.tells).any(|piece| of(&piece));
                if grant.iter().filter(|piece| !piece.only_tells).any(|piece| of(&piece)) {
                    more.push(leaf);
                }
            }
            if !more.is_empty() || told {
                carried.push(&basis.id);
                must |= basis.power == Power::Must;
                given.extend(more);
            }
        }
        (!carried.is_empty()).then_some((given, must))
    }

    fn was_had(&self, asked: &Asked<'_>, leaf: &Leaf) -> bool {
        let had = asked.had.as_deref().unwrap_or_default();
        let never = self.rules.never().iter().any(|never| never.to.contains(&asked.kind) && never.fields.contains(leaf));
        (had.contains(leaf) || REFERENCE.contains(&leaf.as_str())) && !never
    }
}

type Attributes = HashMap<String, RestrictedExpression>;

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

fn set<'b>(values: impl IntoIterator<Item = &'b str>) -> RestrictedExpression {
    RestrictedExpression::new_set(values.into_iter().map(text))
}

fn is_stopped(asked: &Asked<'_>, stop: &Stop) -> bool {
    asked.registers.stops(asked.at).any(|stopped| stopped == stop)
}

fn died(asked: &Asked<'_>) -> bool {
    asked.case.facts.iter().any(|fact| fact.value == FactValue::Deceased && fact.recorded <= asked.at.known && fact.from <= asked.at.valid)
}

/// The recipient with its relations and the consents that count for it now.
fn recipient(asked: &Asked<'_>) -> Attributes {
    let lapses = !["detention-ended", "deceased"].contains(&asked.event.name.as_str());
    let mut consents: Vec<String> = Vec::new();
    if !(lapses && died(asked)) {
        let purposes: HashSet<&str> = asked
            .case
            .consents
            .iter()
            .filter(|consent| consent.recipient == asked.recipient)
            .map(|consent| consent.purpose.as_str())
            .collect();
        for purpose in purposes {
            let (state, valid) = asked.case.consent_for(&asked.recipient, Some(purpose), asked.at, lapses);
            if state == ConsentState::Valid {
                consents.push(purpose.to_owned());
                consents.extend(valid.iter().flat_map(|consent| &consent.categories).map(|category| format!("{purpose}/{category}")));
            }
        }
    }
    let stands = asked.case.consent_for(&asked.recipient, None, asked.at, true).0 == ConsentState::Valid && !died(asked);
    HashMap::from([
        ("kind".to_owned(), text(asked.kind.word())),
        ("relations".to_owned(), set(asked.relations.iter().map(|relation| Relation::word(*relation)))),
        ("closed".to_owned(), RestrictedExpression::new_bool(asked.closed.is_some())),
        ("stopped".to_owned(), RestrictedExpression::new_bool(is_stopped(asked, &Stop::Participant(asked.recipient.clone())))),
        ("tellsHealth".to_owned(), RestrictedExpression::new_bool(asked.tells_health)),
        ("consentStands".to_owned(), RestrictedExpression::new_bool(stands)),
        ("consents".to_owned(), set(consents.iter().map(String::as_str))),
    ])
}

fn detention(asked: &Asked<'_>) -> Attributes {
    let title = asked.case.title(asked.at).and_then(|title| serde_json::to_value(title).ok());
    let title = title.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    let mut attributes = HashMap::from([
        ("title".to_owned(), text(title)),
        ("leftScope".to_owned(), RestrictedExpression::new_bool(asked.case.left_scope(asked.at))),
        ("stopped".to_owned(), RestrictedExpression::new_bool(is_stopped(asked, &Stop::Detention(asked.case.detention.clone())))),
    ]);
    if let Some(end) = asked.case.plan_ends(asked.at) {
        attributes.insert("planEnds".to_owned(), RestrictedExpression::new_long(end.as_microsecond()));
    }
    attributes
}

fn context(asked: &Asked<'_>) -> anyhow::Result<Context> {
    let missing = asked.signals.entries.iter().filter(|(_, signals)| signals.contains(&Signal::EntryNotInOrder));
    Ok(Context::from_pairs([
        ("pair".to_owned(), RestrictedExpression::new_string(format!("{}>{}", asked.giver.word(), asked.kind.word()))),
        ("sender".to_owned(), set(asked.sender.iter().map(|relation| Relation::word(*relation)))),
        ("now".to_owned(), RestrictedExpression::new_long(asked.at.valid.as_microsecond())),
        ("careNeeded".to_owned(), RestrictedExpression::new_bool(asked.signals.whole.contains(&Signal::CareNeeded))),
        ("consulting".to_owned(), RestrictedExpression::new_bool(asked.signals.whole.contains(&Signal::Consulting))),
        ("missing".to_owned(), set(missing.map(|(entry, _)| entry.as_str()))),
    ])?)
}
