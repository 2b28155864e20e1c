//! The one walk: every cell of the finite space of some rule sets together, each decided by [`decide()`].

use std::collections::{BTreeMap, BTreeSet};

use schakelpunt_domain::{
    case::{Case, Title},
    catalogue::EventSpec,
    pointer::Leaf,
    registers::At,
};
use schakelpunt_rules::{Candidate, Decision, Question, Relation, RuleSet, decide};

use crate::{
    signals,
    space::{ENDED, MORE_STANDINGS, ROLES, Role, STANDINGS, Span, Standing, TITLES, World, spans},
};

/// The space of some rule sets together: the periods are those between the dates of all of them.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    sets: Vec<&'a RuleSet>,
    world: World,
    spans: Vec<Span>,
    cases: BTreeMap<CaseKey, Case>,
}

/// Period, consent, ended, title.
type CaseKey = (usize, Standing, bool, Option<Title>);

/// When, and under which conditions. Numbers are places in the walk and its part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) span: usize,
    pub(crate) ended: bool,
    pub(crate) standing: Standing,
    pub(crate) signals: usize,
    /// Which field is missing; the first is none.
    pub(crate) lack: usize,
    pub(crate) title: Option<Title>,
}

/// The part of the space that belongs to one event.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    pub(crate) event: &'a EventSpec,
    /// Whoever some rule lets produce it.
    pub(crate) senders: Vec<Role>,
    /// Every combination of the signals that matter.
    pub(crate) sets: Vec<signals::Set>,
    /// Each signal that matters: how it reads when it is not so, and when it is.
    pub(crate) signals: Vec<(&'static str, &'static str)>,
    /// What the message lacks: nothing, then each field without which some rule gives nothing. So a rule behind another one is seen, too.
    pub(crate) lacks: Vec<Option<Leaf>>,
    /// The fields that it then has.
    present: Vec<Vec<Leaf>>,
}

impl Part<'_> {
    /// The fields of a message that lacks one.
    pub(crate) fn present(&self, lack: usize) -> Option<&[Leaf]> {
        self.present.get(lack).map(Vec::as_slice)
    }
}

impl<'a> Walk<'a> {
    /// `None` only if the fixed words of `space` were no words of the domain.
    pub(crate) fn new(sets: &[&'a RuleSet]) -> Option<Self> {
        let (world, spans) = (World::new()?, spans(sets));
        let mut cases = BTreeMap::new();
        for (index, span) in spans.iter().enumerate() {
            for standing in MORE_STANDINGS.map(|(standing, _)| standing) {
                for title in [None, Some(Title::Isd)].into_iter().chain(TITLES.map(|(title, _)| Some(title))) {
                    cases.extend([false, true].map(|ended| ((index, standing, ended, title), world.case(span.at, standing, ended, title))));
                }
            }
        }
        Some(Self { sets: sets.to_vec(), world, spans, cases })
    }

    pub(crate) fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// What is asked about one event.
    pub(crate) fn part<'e>(&self, event: &'e EventSpec) -> Part<'e> {
        // what somebody had, or was told, makes nobody a sender
        let one_each =
            |role: &&Role| !matches!(role.relation, Relation::EarlierRecipient | Relation::InformedPartner) && !role.tells_health;
        let produces = |role: &&Role| self.sets.iter().any(|rules| rules.may_produce(&event.name, &[role.relation]));
        let needs: BTreeSet<&Leaf> = self.sets.iter().flat_map(|rules| rules.rules_for(&event.name)).flat_map(|rule| &rule.needs).collect();
        let lacks: Vec<Option<Leaf>> = [None].into_iter().chain(needs.into_iter().cloned().map(Some)).collect();
        let without = |lack: &Option<Leaf>| event.leaves.keys().filter(|leaf| Some(*leaf) != lack.as_ref()).cloned().collect();
        Part {
            event,
            senders: ROLES.iter().filter(one_each).filter(produces).copied().collect(),
            sets: signals::sets(&self.sets, event),
            signals: signals::words(&self.sets, event),
            present: lacks.iter().map(without).collect(),
            lacks,
        }
    }

    /// The cells with these states of consent, in the order period, detention, consent, signals, what the message lacks.
    pub(crate) fn cells(&self, part: &Part<'_>, standings: &[(Standing, &str)], lacks: usize) -> impl Iterator<Item = Cell> + use<> {
        let mut cells = Vec::new();
        for span in 0..self.spans.len() {
            for (ended, _) in ENDED {
                for (standing, _) in standings {
                    for signals in 0..part.sets.len() {
                        cells.extend((0..lacks).map(|lack| Cell { span, ended, standing: *standing, signals, lack, title: None }));
                    }
                }
            }
        }
        cells.into_iter()
    }

    /// The cells of a title: of the first two consents, in the order period, consent, with all signals.
    pub(crate) fn titled(&self, part: &Part<'_>, title: Title) -> impl Iterator<Item = Cell> + use<> {
        let signals = part.sets.len().saturating_sub(1);
        let cell = move |span, standing| Cell { span, ended: false, standing, signals, lack: 0, title: Some(title) };
        (0..self.spans.len()).flat_map(move |span| STANDINGS.iter().take(2).map(move |(standing, _)| cell(span, *standing)))
    }

    /// Who is asked about.
    pub(crate) fn candidate(&self, part: &Part<'_>, to: Role) -> Candidate {
        Candidate {
            participant: self.world.recipient.clone(),
            kind: to.kind,
            relations: vec![to.relation],
            on_behalf_of: None,
            closed: None,
            tells_health: to.tells_health,
            had: (to.relation == Relation::EarlierRecipient).then(|| part.event.leaves.keys().cloned().collect()),
        }
    }

    /// What a rule set says of a cell. `None` where there is no such cell.
    pub(crate) fn decide(&self, rules: &RuleSet, part: &Part<'_>, from: Role, candidate: &Candidate, cell: Cell) -> Option<Decision> {
        self.decide_of(rules, part, from, candidate, cell, part.present(cell.lack)?)
    }

    /// The same of a message that has these leaves, sorted.
    pub(crate) fn decide_of(
        &self,
        rules: &RuleSet,
        part: &Part<'_>,
        from: Role,
        candidate: &Candidate,
        cell: Cell,
        leaves: &[Leaf],
    ) -> Option<Decision> {
        let (span, set) = (self.spans.get(cell.span)?, part.sets.get(cell.signals)?);
        let lack = part.lacks.get(cell.lack)?.as_ref();
        let case = self.cases.get(&(cell.span, cell.standing, cell.ended, cell.title.or(set.title())))?;
        Some(decide(&Question {
            rules,
            event: part.event,
            giver: from.kind,
            sender: &[from.relation],
            case,
            registers: &self.world.registers,
            signals: &set.without(lack),
            leaves,
            candidate,
            at: At::now(span.at),
        }))
    }
}
