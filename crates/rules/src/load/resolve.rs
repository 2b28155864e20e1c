//! From words to what they name. An unknown name, a pointer to an object or to nothing is a mistake with its place.

use std::collections::{BTreeMap, BTreeSet};

use schakelpunt_domain::{
    BasisId, EventName,
    calendar::Period,
    catalogue::{Catalogue, EventSpec},
    pointer::Leaf,
    registers::Kind,
};

use super::{
    LoadError,
    files::{RawBasis, RawGrant, RawNever, RawPeriod, RawRule, Source, Word, words},
};
use crate::{
    Relation,
    ruleset::{Basis, BasisKind, Fields, Grant, Never, Rule, RuleSet},
    signals::Signal,
};

mod desks;

const KINDS: [Kind; 6] = [Kind::Prison, Kind::Probation, Kind::Municipality, Kind::CarePartner, Kind::Triage, Kind::Hub];

struct Resolver<'a> {
    catalogue: &'a Catalogue,
    bases: Vec<Basis>,
    sets: BTreeMap<String, Vec<Leaf>>,
    ids: BTreeSet<String>,
    errors: &'a mut Vec<LoadError>,
}

/// Resolves all files together: names may stand in any of them.
pub(super) fn resolve(sources: &[Source<'_>], catalogue: &Catalogue, errors: &mut Vec<LoadError>) -> RuleSet {
    let mut resolver = Resolver { catalogue, bases: Vec::new(), sets: BTreeMap::new(), ids: BTreeSet::new(), errors };
    for source in sources {
        for raw in &source.parsed.bases {
            resolver.basis(source, raw);
        }
        for raw in &source.parsed.field_sets {
            let fields = raw.fields.iter().filter_map(|word| resolver.known_leaf(source, word)).collect();
            resolver.once(source, &raw.id, "field set");
            resolver.sets.insert(raw.id.get_ref().clone(), fields);
        }
    }
    resolver.yields(sources);
    let mut rules = Vec::new();
    let mut never = Vec::new();
    for source in sources {
        rules.extend(source.parsed.rules.iter().filter_map(|raw| resolver.rule(source, raw)));
        never.extend(source.parsed.never.iter().map(|raw| resolver.never(source, raw)));
    }
    let mut by_event: BTreeMap<EventName, Vec<usize>> = BTreeMap::new();
    for (index, rule) in rules.iter().enumerate() {
        for event in &rule.events {
            by_event.entry(event.clone()).or_default().push(index);
        }
    }
    let desks = resolver.desks(sources);
    RuleSet { version: String::new(), bases: resolver.bases, rules, never, desks, by_event }
}

impl<'a> Resolver<'a> {
    fn fail(&mut self, source: &Source<'_>, word: &Word, code: &'static str, message: String, hint: &str) {
        self.errors.push(LoadError::at(source.file, word.span(), code, message, hint));
    }

    fn once(&mut self, source: &Source<'_>, id: &Word, what: &str) {
        if id.get_ref().parse::<BasisId>().is_err() {
            self.fail(source, id, "BAD_ID", format!("`{}` is no id", id.get_ref()), "lower-case letters, digits and hyphens");
        }
        if !self.ids.insert(format!("{what} {}", id.get_ref())) {
            self.fail(source, id, "TWICE", format!("the {what} `{}` stands twice", id.get_ref()), "ids are unique in all files together");
        }
    }

    fn basis(&mut self, source: &Source<'_>, raw: &RawBasis) {
        self.once(source, &raw.id, "basis");
        if raw.citation.get_ref().trim().is_empty() {
            self.fail(source, &raw.citation, "NO_CITATION", "a basis needs its citation".to_owned(), "name the article and paragraph");
        }
        let in_force = self.period(source, raw.in_force.get_ref());
        let between =
            raw.between.iter().filter_map(|(giver, receiver)| Some((self.kind(source, giver)?, self.kind(source, receiver)?))).collect();
        let while_ = raw.while_.iter().filter_map(|word| self.signal(source, word)).collect();
        let Ok(id) = raw.id.get_ref().parse() else { return };
        self.bases.push(Basis {
            id,
            citation: raw.citation.get_ref().clone(),
            kind: *raw.kind.get_ref(),
            in_force,
            yields_to: Vec::new(),
            between,
            purposes: raw.purposes.iter().map(|word| word.get_ref().clone()).collect(),
            power: *raw.power.get_ref(),
            while_,
        });
    }

    /// Bases that yield to others, once all are known.
    fn yields(&mut self, sources: &[Source<'_>]) {
        for source in sources {
            for raw in &source.parsed.bases {
                let others: Vec<BasisId> = raw.yields_to.iter().filter_map(|word| Some(self.basis_index(source, word)?.1)).collect();
                if let Some(basis) = self.bases.iter_mut().find(|basis| basis.id.as_str() == raw.id.get_ref()) {
                    basis.yields_to = others;
                }
            }
        }
    }

    fn basis_index(&mut self, source: &Source<'_>, word: &Word) -> Option<(usize, BasisId)> {
        let found = self
            .bases
            .iter()
            .enumerate()
            .find(|(_, basis)| basis.id.as_str() == word.get_ref())
            .map(|(index, basis)| (index, basis.id.clone()));
        if found.is_none() {
            let known = self.bases.iter().map(|basis| basis.id.to_string()).collect::<Vec<_>>().join(", ");
            self.fail(source, word, "UNKNOWN_BASIS", format!("unknown basis `{}`", word.get_ref()), &format!("known: {known}"));
        }
        found
    }

    fn period(&mut self, source: &Source<'_>, raw: &RawPeriod) -> Period {
        let mut day = |word: &Option<Word>| {
            let word = word.as_ref()?;
            let day = word.get_ref().parse().ok();
            if day.is_none() {
                self.fail(source, word, "BAD_DAY", format!("`{}` is no day", word.get_ref()), "write YYYY-MM-DD");
            }
            day
        };
        Period { from: day(&raw.from), until: day(&raw.until) }
    }

    fn kind(&mut self, source: &Source<'_>, word: &Word) -> Option<Kind> {
        let kind = KINDS.into_iter().find(|kind| kind.word() == word.get_ref());
        if kind.is_none() {
            self.fail(
                source,
                word,
                "UNKNOWN_KIND",
                format!("unknown kind `{}`", word.get_ref()),
                "prison, probation, municipality, care-partner, triage or hub",
            );
        }
        kind
    }

    fn signal(&mut self, source: &Source<'_>, word: &Word) -> Option<Signal> {
        let signal = Signal::WORDS.iter().find(|(_, name)| name == word.get_ref()).map(|(signal, _)| *signal);
        if signal.is_none() {
            let known = Signal::WORDS.map(|(_, name)| name).join(", ");
            self.fail(source, word, "UNKNOWN_SIGNAL", format!("unknown signal `{}`", word.get_ref()), &format!("known: {known}"));
        }
        signal
    }

    fn relations(&mut self, source: &Source<'_>, words: &[Word]) -> Vec<Relation> {
        let mut relations = Vec::new();
        for word in words {
            match word.get_ref().parse() {
                Ok(relation) => relations.push(relation),
                Err(_) => {
                    let known = Relation::words().collect::<Vec<_>>().join(", ");
                    self.fail(
                        source,
                        word,
                        "UNKNOWN_RELATION",
                        format!("unknown relation `{}`", word.get_ref()),
                        &format!("known: {known}"),
                    );
                }
            }
        }
        relations
    }

    /// A leaf that some event of the catalogue has.
    fn known_leaf(&mut self, source: &Source<'_>, word: &Word) -> Option<Leaf> {
        let all: Vec<&EventSpec> = self.catalogue.iter().collect();
        self.leaf(source, word, word.get_ref(), &all)
    }

    fn leaf(&mut self, source: &Source<'_>, word: &Word, pointer: &str, events: &[&EventSpec]) -> Option<Leaf> {
        let leaf: Option<Leaf> = pointer.parse().ok();
        match leaf {
            None => {
                self.fail(source, word, "BAD_POINTER", format!("`{pointer}` is no pointer"), "a pointer begins with `/`, as /release/date");
            }
            Some(leaf) if events.iter().any(|event| event.leaves.contains_key(&leaf)) => return Some(leaf),
            Some(leaf) if events.iter().any(|event| event.leaves.keys().any(|other| other.is_below(leaf.as_str()))) => {
                self.fail(
                    source,
                    word,
                    "NOT_A_LEAF",
                    format!("`{pointer}` is an object"),
                    "name its leaves: what an object holds may grow",
                );
            }
            Some(_) => self.fail(
                source,
                word,
                "NO_SUCH_FIELD",
                format!("no event here has the field `{pointer}`"),
                "see schemas/events for the fields of an event",
            ),
        }
        None
    }

    fn rule(&mut self, source: &Source<'_>, raw: &RawRule) -> Option<Rule> {
        self.once(source, &raw.id, "rule");
        let events = self.events(source, raw);
        let sender = self.relations(source, &words(&raw.sender));
        let to = self.relations(source, &raw.to);
        let needs = raw.needs.iter().filter_map(|word| self.leaf(source, word, word.get_ref(), &events)).collect();
        if raw.owner.get_ref().trim().is_empty() {
            self.fail(source, &raw.owner, "NO_OWNER", "a rule needs an owner".to_owned(), "name who answers for the data");
        }
        let grants = raw.grants.iter().filter_map(|grant| self.grant(source, raw, grant, &events)).collect::<Vec<_>>();
        if raw.grants.is_empty() {
            self.fail(
                source,
                &raw.id,
                "NO_GRANT",
                format!("the rule `{}` grants nothing", raw.id.get_ref()),
                "add a [[rule.grant]] or remove the rule",
            );
        }
        Some(Rule {
            id: raw.id.get_ref().parse().ok()?,
            events: events.iter().map(|event| event.name.clone()).collect(),
            sender,
            to,
            purpose: raw.purpose.get_ref().clone(),
            owner: raw.owner.get_ref().clone(),
            needs,
            grants,
            note: raw.note.clone(),
        })
    }

    fn events(&mut self, source: &Source<'_>, raw: &RawRule) -> Vec<&'a EventSpec> {
        let catalogue = self.catalogue;
        let mut events = Vec::new();
        for word in &raw.events {
            match catalogue.named(word.get_ref()) {
                Some(event) => events.push(event),
                None => self.fail(source, word, "UNKNOWN_EVENT", format!("unknown event `{}`", word.get_ref()), "see schemas/events"),
            }
        }
        events
    }

    fn grant(&mut self, source: &Source<'_>, rule: &RawRule, raw: &RawGrant, events: &[&EventSpec]) -> Option<Grant> {
        let (basis, id) = self.basis_index(source, &raw.basis)?;
        let when: Vec<Signal> = raw.when.iter().filter_map(|word| self.signal(source, word)).collect();
        let (kind, serves) = self.bases.get(basis).map(|basis| (basis.kind, basis.purposes.contains(rule.purpose.get_ref())))?;
        if !serves {
            let message = format!("the basis `{id}` does not serve the purpose `{}`", rule.purpose.get_ref());
            self.fail(source, &raw.basis, "WRONG_PURPOSE", message, "see `purposes` of the basis");
        }
        if when.contains(&Signal::EntryNotInOrder) && raw.each.is_none() {
            self.fail(
                source,
                &raw.basis,
                "SIGNAL_OF_ENTRIES",
                "`entry-not-in-order` is said of entries".to_owned(),
                "add `each = \"/...\"`",
            );
        }
        let fields = match (&raw.each, raw.fields.as_slice()) {
            (Some(each), words) => self.each(source, each, words, events),
            (None, [word]) if word.get_ref() == "as-delivered" => self.rectifying(source, word, kind, Fields::AsDelivered)?,
            (None, [word]) if word.get_ref() == "reference-only" => self.rectifying(source, word, kind, Fields::ReferenceOnly)?,
            (None, words) => Fields::Leaves(self.leaves(source, words, events)),
        };
        Some(Grant { basis, when, fields })
    }

    fn rectifying(&mut self, source: &Source<'_>, word: &Word, kind: BasisKind, fields: Fields) -> Option<Fields> {
        if kind == BasisKind::Rectification {
            return Some(fields);
        }
        let message = format!("`{}` needs a basis of the kind rectification", word.get_ref());
        self.fail(source, word, "NOT_RECTIFICATION", message, "name the leaves instead");
        None
    }

    fn leaves(&mut self, source: &Source<'_>, words: &[Word], events: &[&EventSpec]) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        for word in words {
            match word.get_ref().strip_prefix('@') {
                Some(set) => leaves.extend(self.set(source, word, set, events)),
                None => leaves.extend(self.leaf(source, word, word.get_ref(), events)),
            }
        }
        leaves.sort_unstable();
        leaves.dedup();
        leaves
    }

    fn set(&mut self, source: &Source<'_>, word: &Word, name: &str, events: &[&EventSpec]) -> Vec<Leaf> {
        let Some(set) = self.sets.get(name).cloned() else {
            let known = self.sets.keys().cloned().collect::<Vec<_>>().join(", ");
            self.fail(source, word, "UNKNOWN_FIELD_SET", format!("unknown field set `@{name}`"), &format!("known: {known}"));
            return Vec::new();
        };
        let here: Vec<Leaf> = set.into_iter().filter(|leaf| events.iter().any(|event| event.leaves.contains_key(leaf))).collect();
        if here.is_empty() && !events.is_empty() {
            self.fail(
                source,
                word,
                "NO_SUCH_FIELD",
                format!("no event here has a field of `@{name}`"),
                "see schemas/events for the fields of an event",
            );
        }
        here
    }

    fn each(&mut self, source: &Source<'_>, each: &Word, words: &[Word], events: &[&EventSpec]) -> Fields {
        let container = each.get_ref().clone();
        let below = |field: &str, leaf: &Leaf| {
            let rest = leaf.as_str().strip_prefix(&container).and_then(|rest| rest.strip_prefix('/'));
            rest.and_then(|rest| rest.find('/').and_then(|at| rest.get(at..))) == Some(field)
        };
        for word in words {
            if !events.iter().any(|event| event.leaves.keys().any(|leaf| below(word.get_ref(), leaf))) {
                let message = format!("no entry of `{container}` has the field `{}`", word.get_ref());
                self.fail(source, word, "NO_SUCH_FIELD", message, "see schemas/events for the fields of an event");
            }
        }
        Fields::Each { container, fields: words.iter().map(|word| word.get_ref().clone()).collect() }
    }

    fn never(&mut self, source: &Source<'_>, raw: &RawNever) -> Never {
        self.once(source, &raw.id, "never");
        let to = raw.to.iter().filter_map(|word| self.kind(source, word)).collect();
        let fields = raw.fields.iter().filter_map(|word| self.known_leaf(source, word)).collect();
        Never { id: raw.id.get_ref().clone(), to, fields }
    }
}
