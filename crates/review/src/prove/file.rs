//! `invariants.toml`: its shape, and what its words name. A word that names nothing is a mistake with its place.

use schakelpunt_domain::{
    catalogue::{Catalogue, Class},
    registers::Kind,
};
use schakelpunt_rules::{BasisKind, FILE_MAX, LoadError, LoadErrors, Relation, RuleFile, RuleSet, Signal};
use toml::Spanned;

use super::invariant::{Basis, Consent, Except, Invariant, Party, Requirement, Structure};

type Word = Spanned<String>;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Parsed {
    #[serde(default, rename = "invariant")]
    invariants: Vec<RawInvariant>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInvariant {
    id: Word,
    sentence: Word,
    #[serde(default)]
    events: Vec<Word>,
    #[serde(default)]
    from: Vec<Word>,
    #[serde(default)]
    to: Vec<Word>,
    #[serde(default)]
    fields: Vec<Word>,
    #[serde(default)]
    class: Vec<Word>,
    #[serde(default)]
    basis: Vec<Word>,
    #[serde(default)]
    never: Option<bool>,
    #[serde(default)]
    requires: Vec<RawRequirement>,
    #[serde(default)]
    except: Vec<RawExcept>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRequirement {
    #[serde(default)]
    basis: Vec<Word>,
    #[serde(default)]
    to: Vec<Word>,
    #[serde(default)]
    signals: Vec<Word>,
    #[serde(default)]
    structure: Vec<Word>,
    consent: Option<Consent>,
    #[serde(default)]
    detained: bool,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExcept {
    event: Option<Word>,
    rule: Option<Word>,
    basis: Option<Word>,
    consent: Option<Consent>,
    why: Word,
}

const KINDS: [Kind; 6] = [Kind::Prison, Kind::Probation, Kind::Municipality, Kind::CarePartner, Kind::Triage, Kind::Hub];
const BASIS_KINDS: [(BasisKind, &str); 5] = [
    (BasisKind::Statute, "statute"),
    (BasisKind::Consent, "consent"),
    (BasisKind::OwnTask, "own-task"),
    (BasisKind::Administrative, "administrative"),
    (BasisKind::Rectification, "rectification"),
];
const CLASSES: [(Class, &str); 7] = [
    (Class::Id, "ID"),
    (Class::Soc, "SOC"),
    (Class::Fin, "FIN"),
    (Class::Health, "HEALTH"),
    (Class::Just, "JUST"),
    (Class::Third, "THIRD"),
    (Class::Adm, "ADM"),
];

/// Reads invariants, for a rule set whose names they use.
pub(super) fn read(file: &RuleFile, rules: &RuleSet, catalogue: &Catalogue) -> Result<Vec<Invariant>, LoadErrors> {
    let whole = |span, code, message, hint: &str| LoadErrors(vec![LoadError::at(file, span, code, message, hint)]);
    if file.text.len() > FILE_MAX {
        return Err(whole(0..0, "TOO_LARGE", format!("at most {FILE_MAX} bytes"), ""));
    }
    let parsed: Parsed = toml::from_str(&file.text).map_err(|error| {
        whole(
            error.span().unwrap_or(0..0),
            "SHAPE",
            error.message().to_owned(),
            "see the shipped invariants.toml and the README, chapter Reviewing rules",
        )
    })?;
    let mut reader = Reader { file, rules, catalogue, errors: Vec::new(), ids: Vec::new() };
    let invariants = parsed.invariants.iter().map(|raw| reader.invariant(raw)).collect();
    let errors = reader.errors;
    if errors.is_empty() { Ok(invariants) } else { Err(LoadErrors(errors)) }
}

struct Reader<'a> {
    file: &'a RuleFile,
    rules: &'a RuleSet,
    catalogue: &'a Catalogue,
    errors: Vec<LoadError>,
    ids: Vec<String>,
}

impl Reader<'_> {
    fn fail(&mut self, word: &Word, code: &'static str, message: String, hint: &str) {
        self.errors.push(LoadError::at(self.file, word.span(), code, message, hint));
    }

    fn invariant(&mut self, raw: &RawInvariant) -> Invariant {
        let id = raw.id.get_ref();
        if self.ids.contains(id) {
            self.fail(&raw.id, "TWICE", format!("the invariant `{id}` stands twice"), "ids are unique");
        }
        self.ids.push(id.clone());
        if raw.sentence.get_ref().trim().is_empty() {
            self.fail(
                &raw.sentence,
                "NO_SENTENCE",
                "an invariant needs its sentence".to_owned(),
                "say what always holds, in words of the law",
            );
        }
        if raw.requires.is_empty() != (raw.never == Some(true)) {
            let message = format!("the invariant `{id}` asks for nothing, or for two things");
            self.fail(&raw.id, "NO_REQUIREMENT", message, "either `requires`, each of which is enough, or `never = true`");
        }
        Invariant {
            id: id.clone(),
            sentence: raw.sentence.get_ref().clone(),
            events: self.all(&raw.events, Self::event),
            from: self.all(&raw.from, Self::party),
            to: self.all(&raw.to, Self::party),
            fields: self.all(&raw.fields, Self::field),
            classes: self.all(&raw.class, Self::class),
            on: self.all(&raw.basis, Self::basis),
            requires: raw.requires.iter().map(|raw| self.requirement(raw)).collect(),
            except: raw.except.iter().map(|raw| self.except(raw)).collect(),
        }
    }

    fn requirement(&mut self, raw: &RawRequirement) -> Requirement {
        Requirement {
            on: self.all(&raw.basis, Self::basis),
            to: self.all(&raw.to, Self::party),
            signals: self.all(&raw.signals, Self::signal),
            structure: self.all(&raw.structure, Self::structure),
            consent: raw.consent,
            detained: raw.detained,
        }
    }

    fn except(&mut self, raw: &RawExcept) -> Except {
        if raw.why.get_ref().trim().is_empty() {
            self.fail(&raw.why, "NO_REASON", "an exception needs its reason".to_owned(), "name the article or the decision");
        }
        if raw.event.is_none() && raw.rule.is_none() && raw.basis.is_none() {
            let message = "an exception for everything".to_owned();
            self.fail(&raw.why, "NO_SCOPE", message, "name the `event`, `rule` or `basis` that it is about");
        }
        let mut one = |word: &Option<Word>, read: fn(&mut Self, &Word) -> Option<String>| word.as_ref().and_then(|word| read(self, word));
        let (event, rule) = (one(&raw.event, Self::event), one(&raw.rule, Self::rule));
        let on = raw.basis.as_ref().and_then(|word| self.basis(word));
        Except { event, rule, on, consent: raw.consent, why: raw.why.get_ref().clone() }
    }

    fn all<T>(&mut self, words: &[Word], read: fn(&mut Self, &Word) -> Option<T>) -> Vec<T> {
        words.iter().filter_map(|word| read(self, word)).collect()
    }

    fn event(&mut self, word: &Word) -> Option<String> {
        let found = self.catalogue.named(word.get_ref()).map(|event| event.name.to_string());
        self.known(word, found, "UNKNOWN_EVENT", "event", "see schemas/events")
    }

    fn rule(&mut self, word: &Word) -> Option<String> {
        let found = self.rules.rules().iter().map(|rule| rule.id.to_string()).find(|id| id == word.get_ref());
        self.known(word, found, "UNKNOWN_RULE", "rule", "name a rule of the set that is proved")
    }

    fn party(&mut self, word: &Word) -> Option<Party> {
        let kind = KINDS.into_iter().find(|kind| kind.word() == word.get_ref()).map(Party::Kind);
        // `care-partner`, `triage` and `hub` are both: the kind is the wider one
        let found = kind.or_else(|| word.get_ref().parse().ok().map(Party::Relation));
        let known = KINDS.map(Kind::word).into_iter().chain(Relation::words()).collect::<Vec<_>>().join(", ");
        self.known(word, found, "UNKNOWN_PARTY", "kind or relation", &format!("known: {known}"))
    }

    fn field(&mut self, word: &Word) -> Option<String> {
        let leaves = || self.catalogue.iter().flat_map(|event| event.leaves.keys());
        let found = leaves().any(|leaf| leaf.as_str() == word.get_ref() || leaf.is_below(word.get_ref()));
        let found = found.then(|| word.get_ref().clone());
        self.known(word, found, "NO_SUCH_FIELD", "field", "a pointer to a field, or to an object for all that it holds")
    }

    fn class(&mut self, word: &Word) -> Option<Class> {
        let found = CLASSES.iter().find(|(_, name)| name == word.get_ref()).map(|(class, _)| *class);
        self.known(word, found, "UNKNOWN_CLASS", "class", &format!("known: {}", CLASSES.map(|(_, name)| name).join(", ")))
    }

    fn basis(&mut self, word: &Word) -> Option<Basis> {
        let kind = BASIS_KINDS.iter().find(|(_, name)| name == word.get_ref()).map(|(kind, _)| Basis::Kind(*kind));
        let one = || self.rules.bases().iter().find(|basis| basis.id.as_str() == word.get_ref()).map(|basis| Basis::One(basis.id.clone()));
        let found = kind.or_else(one);
        let kinds = BASIS_KINDS.map(|(_, name)| name).join(", ");
        self.known(word, found, "UNKNOWN_BASIS", "basis", &format!("a basis of the set that is proved, or a kind: {kinds}"))
    }

    fn signal(&mut self, word: &Word) -> Option<Signal> {
        let found = Signal::WORDS.iter().find(|(_, name)| name == word.get_ref()).map(|(signal, _)| *signal);
        self.known(word, found, "UNKNOWN_SIGNAL", "signal", &format!("known: {}", Signal::WORDS.map(|(_, name)| name).join(", ")))
    }

    fn structure(&mut self, word: &Word) -> Option<Structure> {
        let found = Structure::WORDS.iter().find(|(_, name)| name == word.get_ref()).map(|(structure, _)| *structure);
        let known = Structure::WORDS.map(|(_, name)| name).join(", ");
        self.known(word, found, "UNKNOWN_STRUCTURE", "structure", &format!("known: {known}"))
    }

    fn known<T>(&mut self, word: &Word, found: Option<T>, code: &'static str, what: &str, hint: &str) -> Option<T> {
        if found.is_none() {
            self.fail(word, code, format!("unknown {what} `{}`", word.get_ref()), hint);
        }
        found
    }
}
