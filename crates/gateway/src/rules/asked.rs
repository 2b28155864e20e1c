//! What is asked for the rules: drafts by their number, texts, deeds.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schakelpunt_domain::LegalDay;
use schakelpunt_engine::{
    kept_law::KeptLaw,
    life::{Draft, DraftId, ExpectedChange},
    replay::Undecidable,
};
use schakelpunt_rules::{RuleFile, RuleSet};

use super::{Deserialize, InForce, Problem, Record, Refused, Role, Shared, Value, What, json, refused, review, shadow};

/// What is to be done with a draft.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "deed", rename_all = "kebab-case")]
pub(super) enum Wanted {
    Checked {
        why: String,
        law: Option<String>,
    },
    Submitted {
        why: String,
        law: Option<String>,
        #[serde(default)]
        expected: Vec<ExpectedChange>,
        #[serde(default)]
        undecidable: BTreeSet<String>,
    },
    Approved {
        why: String,
        law: Option<String>,
        submission: u32,
        role: Role,
    },
    Rejected {
        why: String,
        law: Option<String>,
    },
    Scheduled {
        why: String,
        law: Option<String>,
        from: String,
    },
    Withdrawn {
        why: String,
    },
}

impl Wanted {
    /// The deed, and why, before anything is found out for it. `base`: what the draft comes behind.
    pub(super) fn what(self, draft: &Draft<'_>, base: Option<&str>) -> Result<(What, String), Problem> {
        // who does not say which text was looked at means the one that is there; whatever is found out is about that one
        let text = |law: Option<String>| match law {
            Some(law) if law != draft.law => Err(refused(&Refused::OtherText)),
            _ => Ok(draft.law.to_owned()),
        };
        Ok(match self {
            Self::Checked { why, law } => (What::Checked { law: text(law)?, cells: 0 }, why),
            Self::Submitted { why, law, expected, undecidable } => {
                let (law, base, accepted) = (text(law)?, base.map(str::to_owned), codes(undecidable)?);
                (What::Submitted { law, base, owners: BTreeSet::new(), expected, accepted }, why)
            }
            Self::Approved { why, law, submission, role } => (What::Approved { law: text(law)?, submission, role }, why),
            Self::Rejected { why, law } => (What::Rejected { law: text(law)? }, why),
            Self::Scheduled { why, law, from } => {
                (What::Scheduled { law: text(law)?, submission: draft.submission, from: begins(&from)? }, why)
            }
            Self::Withdrawn { why } => (What::Withdrawn, why),
        })
    }
}

/// The deed with what has to be found out for it. A proof is made again each time: invariants and program may be newer than the last one.
pub(super) async fn found_out(gateway: &Shared, draft: &Draft<'_>, what: What) -> Result<What, Problem> {
    Ok(match what {
        What::Checked { law, .. } => What::Checked { law, cells: review::checked(gateway, draft).await? },
        What::Submitted { law, base, expected, accepted, .. } => {
            review::checked(gateway, draft).await?;
            let owners = review::owners(gateway, draft, base.as_deref()).await?;
            What::Submitted { law, base, owners, expected, accepted }
        }
        What::Scheduled { .. } => {
            review::checked(gateway, draft).await?;
            shadow::holds(gateway, draft).await?;
            what
        }
        other => other,
    })
}

/// Codes of what cannot be decided again. One that does not exist is a mistake, and no consent to whatever comes.
fn codes(undecidable: BTreeSet<String>) -> Result<BTreeSet<String>, Problem> {
    let known = Undecidable::ALL.map(Undecidable::code);
    if undecidable.iter().all(|code| known.contains(&code.as_str())) {
        return Ok(undecidable);
    }
    Err(Problem::invalid(&format!("`undecidable`: of {}", known.join(", "))))
}

/// A legal day begins at midnight in Amsterdam; an instant is itself.
fn begins(from: &str) -> Result<Timestamp, Problem> {
    let day = from.parse::<LegalDay>().map(LegalDay::begins).ok();
    day.or_else(|| from.parse().ok()).ok_or_else(|| Problem::invalid("`from`: a day (2026-01-01), or an instant with an offset"))
}

/// The number in a path.
pub(super) fn number(id: &str) -> Result<DraftId, Problem> {
    id.parse().map_err(|_| refused(&Refused::NoSuchDraft))
}

/// The draft of that number.
pub(super) fn draft<'a>(record: &'a Record, id: &str) -> Result<Draft<'a>, Problem> {
    record.draft(number(id)?).ok_or_else(|| refused(&Refused::NoSuchDraft))
}

/// The text of a draft.
pub(super) async fn text(gateway: &Shared, draft: &Draft<'_>) -> Result<KeptLaw, Problem> {
    gateway.hub.law(draft.law).await?.ok_or_else(|| refused(&Refused::NoSuchDraft))
}

/// A text with the events of this program.
pub(super) fn law(gateway: &Shared, files: Vec<RuleFile>) -> Result<KeptLaw, Problem> {
    let is_name = |name: &str| {
        let stem = name.strip_suffix(".toml").unwrap_or_default();
        !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let mut names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    names.sort_unstable();
    let twice = names.windows(2).any(|pair| pair.first() == pair.last());
    if files.is_empty() || twice || !names.iter().all(|name| is_name(name)) {
        return Err(Problem::invalid(
            "`files`: at least one, each with a name of its own of letters, digits, `-` and `_` that ends with .toml",
        ));
    }
    Ok(KeptLaw::new(files, gateway.hub.settings().law.catalogue.clone()))
}

/// A draft as it is shown.
pub(super) fn shown(record: &Record, draft: &Draft<'_>, now: Timestamp) -> Value {
    let active = match record.in_force(now) {
        InForce::Law(_, id) => Some(id),
        InForce::Stopped | InForce::Nothing => None,
    };
    let approvals: Vec<Value> = draft.approvals.iter().map(|(role, by)| json!({"role": role, "by": by})).collect();
    let mut shown = json!({
        "draft": draft.id,
        "title": draft.title,
        "state": draft.state(active, now),
        "law": draft.law,
        "authors": draft.authors,
        "submission": draft.submission,
        "needed": draft.needed,
        "approvals": approvals,
    });
    if let Some((shown, from)) = shown.as_object_mut().zip(draft.from) {
        shown.insert("from".to_owned(), json!(from));
    }
    shown
}

/// Reads a text; every mistake with its place.
pub(super) fn rules(gateway: &Shared, law: &KeptLaw) -> Result<RuleSet, Problem> {
    let found = RuleSet::load(&law.rules, &gateway.hub.settings().catalogue);
    found.map_err(|mistakes| review::mistakes(&mistakes.0))
}
