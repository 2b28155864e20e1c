//! What `decide` answers: a permit with its reasons or a refusal with its code.

use jiff::Timestamp;
use schakelpunt_domain::{BasisId, Refusal, RuleId, pointer::Leaf};

/// The leaves that one basis gives.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Granted {
    /// The basis.
    pub basis: BasisId,
    /// Its leaves that the payload had.
    pub leaves: Vec<Leaf>,
    /// Whether the basis is a consent: then it waits for an empty inbox (design 4).
    pub by_consent: bool,
}

/// What a recipient may know, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Permit {
    /// In the order of the grants. Each leaf stands once, at the first basis that gives it.
    pub granted: Vec<Granted>,
    /// Objects that are delivered even when nothing is left in them: that all is in order is useful (decision 15).
    pub containers: Vec<String>,
    /// What for.
    pub purpose: String,
    /// Whether the giver has to tell: without a channel it waits with an alarm.
    pub must: bool,
}

impl Permit {
    /// All leaves.
    pub fn leaves(&self) -> impl Iterator<Item = &Leaf> {
        self.granted.iter().flat_map(|granted| &granted.leaves)
    }

    /// Whether any leaf rests on consent.
    pub fn by_consent(&self) -> bool {
        self.granted.iter().any(|granted| granted.by_consent)
    }
}

/// Permit or refusal.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It may go.
    Permit(Permit),
    /// It may not.
    Refuse(Refusal),
}

/// The answer for one candidate.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Decision {
    /// Permit or refusal.
    pub answer: Answer,
    /// The rule that spoke, if any did.
    pub rule: Option<RuleId>,
    /// Leaves that were present and do not go.
    pub withheld: Vec<Leaf>,
    /// The earliest instant at which something that this rests on ends, or something else begins.
    pub valid_until: Option<Timestamp>,
}

impl Decision {
    /// The permit, if it is one.
    pub fn permit(&self) -> Option<&Permit> {
        match &self.answer {
            Answer::Permit(permit) => Some(permit),
            Answer::Refuse(_) => None,
        }
    }

    /// The code, if it is a refusal.
    pub fn refusal(&self) -> Option<Refusal> {
        match &self.answer {
            Answer::Permit(_) => None,
            Answer::Refuse(code) => Some(*code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(basis: &str, leaf: &str, by_consent: bool) -> Granted {
        Granted { basis: basis.parse().unwrap(), leaves: vec![leaf.parse().unwrap()], by_consent }
    }

    fn decision(answer: Answer) -> Decision {
        Decision { answer, rule: None, withheld: Vec::new(), valid_until: None }
    }

    #[test]
    fn an_answer_is_a_permit_or_a_refusal() {
        let permit = Permit { granted: Vec::new(), containers: Vec::new(), purpose: "reintegration".to_owned(), must: false };
        let permitted = decision(Answer::Permit(permit.clone()));
        assert_eq!((permitted.permit(), permitted.refusal()), (Some(&permit), None));
        let refused = decision(Answer::Refuse(Refusal::Superseded));
        assert_eq!((refused.permit(), refused.refusal()), (None, Some(Refusal::Superseded)));
    }

    #[test]
    fn a_permit_rests_on_consent_as_soon_as_one_leaf_does() {
        let with = |granted| Permit { granted, containers: Vec::new(), purpose: String::new(), must: false };
        assert!(!with(Vec::new()).by_consent() && !with(vec![granted("law", "/a", false)]).by_consent());
        let both = with(vec![granted("law", "/a", false), granted("consent", "/b", true)]);
        assert!(both.by_consent());
        assert_eq!(both.leaves().map(Leaf::as_str).collect::<Vec<_>>(), ["/a", "/b"]);
    }
}
