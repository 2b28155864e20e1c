//! What is wrong with a rule set although it can be read: what can never apply, what always is cut, what the order of the rules alone decides.
//!
//! A hub goes on with rules that it keeps, so none of this stops [`RuleSet::load`]: that names what makes a rule set unusable. Here a
//! mistake is what cannot be meant; a note is what can be meant, and is worth a look.

use schakelpunt_domain::catalogue::Catalogue;
use schakelpunt_rules::{LoadError, Place, Places, RuleFile, RuleSet};

use crate::walk::Walk;

mod gaps;
mod order;
mod reach;
mod words;

/// What was found, each with its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// What cannot be meant.
    pub mistakes: Vec<LoadError>,
    /// What is worth a look.
    pub notes: Vec<LoadError>,
}

impl Findings {
    fn mistake(&mut self, place: Option<Place<'_>>, code: &'static str, message: String, hint: &str) {
        self.mistakes.extend(place.map(|place| place.says(code, message, hint)));
    }

    fn note(&mut self, place: Option<Place<'_>>, code: &'static str, message: String, hint: &str) {
        self.notes.extend(place.map(|place| place.says(code, message, hint)));
    }
}

/// Looks a rule set through, with the files that it was loaded from.
/// `None` only if the fixed words of `space` were no words of the domain.
pub fn check(files: &[RuleFile], rules: &RuleSet, catalogue: &Catalogue) -> Option<Findings> {
    let (places, walk, mut findings) = (Places::of(files), Walk::new(&[rules])?, Findings::default());
    words::bases(rules, &places, &mut findings);
    let dead = words::grants(rules, &places, catalogue, &mut findings);
    reach::grants(rules, &places, &walk, catalogue, &dead, &mut findings);
    order::rules(rules, &places, &walk, catalogue, &mut findings);
    gaps::days(rules, &places, &walk, catalogue, &mut findings);
    for list in [&mut findings.mistakes, &mut findings.notes] {
        list.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    }
    Some(findings)
}

#[cfg(test)]
mod tests;
