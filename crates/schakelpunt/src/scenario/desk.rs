//! What a scenario asks of a desk's screen: a worker who looks, and who saw what.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use schakelpunt_domain::{DetentionRef, EventName, pointer::Leaf};
use schakelpunt_engine::desk::{Given, Look, PURPOSE};
use serde_json::Value;

use super::{
    file::{Access, Expect},
    play::{Happened, Player},
};

/// What somebody saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Messages of a case, with the fields that were given.
    given: Vec<Given>,
    /// Detentions of a list of visits, other detentions of the same person, or organisations.
    lists: Option<Vec<String>>,
    /// Statistics.
    counts: Value,
}

impl Player {
    pub(super) async fn access(&self, access: &Access) -> anyhow::Result<Result<Seen, String>> {
        let look = Look {
            worker: access.worker.clone(),
            capacity: access.capacity.clone(),
            role: access.role.clone(),
            purpose: access.purpose.clone().unwrap_or_else(|| PURPOSE.to_owned()),
        };
        let seen = match access.reads.as_deref() {
            None | Some("case") => {
                let detention = access.detention.as_ref().context("`access` to a case names its `detention`")?;
                self.hub.look(&look, detention).await?.map(|seen| Seen {
                    given: seen.given,
                    lists: Some(seen.same_person.into_iter().map(|detention| detention.to_string()).collect()),
                    ..Seen::default()
                })
            }
            Some("visit-list") => {
                let prison = access.prison.as_ref().context("`access` to a list of visits names its `prison`")?;
                let visits = self.hub.visit_list(&look, prison, access.day).await?;
                visits.map(|visits| Seen {
                    lists: Some(visits.into_iter().map(|visit| visit.detention.to_string()).collect()),
                    ..Seen::default()
                })
            }
            Some("statistics") => {
                let counts = self.hub.statistics(&look).await?;
                counts.map(|counts| Seen { counts: serde_json::to_value(counts).unwrap_or_default(), ..Seen::default() })
            }
            Some(_) => bail!("`reads` is `case`, `visit-list` or `statistics`"),
        };
        Ok(seen.map_err(|code| code.to_string()))
    }

    /// The organisations that were given something of a case, or looked at it.
    pub(super) async fn who_saw(&self, detention: &DetentionRef) -> anyhow::Result<Seen> {
        let (given, accesses) = self.hub.who_saw(detention).await?;
        let recipients = given.iter().map(|one| one.recipient.to_string());
        let lookers = accesses.iter().filter(|one| one.code.is_none()).map(|one| one.acting_for.to_string());
        let all: BTreeSet<String> = recipients.chain(lookers).collect();
        Ok(Seen { given, lists: Some(all.into_iter().collect()), ..Seen::default() })
    }
}

/// Compares what was seen with one expectation.
pub(super) fn compare(expect: &Expect, happened: &Happened, failures: &mut Vec<String>) {
    let seen = match (&happened.answer, &expect.refused) {
        (None, _) => return failures.push("an expectation needs `to`".to_owned()),
        (Some(Err(code)), Some(expected)) if code == expected => return,
        (Some(Err(code)), _) => return failures.push(format!("the answer is {code}")),
        (Some(Ok(_)), Some(_)) => return failures.push("the answer is yes".to_owned()),
        (Some(Ok(seen)), None) => seen,
    };
    let of_event = |given: &&Given| expect.event.as_ref().is_none_or(|event: &EventName| given.event == *event);
    let messages: Vec<&Given> = seen.given.iter().filter(of_event).collect();
    let leaf = |pointer: &String, leaf: &Leaf| leaf.as_str() == pointer || leaf.is_below(pointer);
    let has = |pointer: &String| {
        messages.iter().any(|given| given.fields.iter().any(|one| leaf(pointer, one)))
            || seen.counts.pointer(pointer).is_some_and(|value| !value.is_null())
    };
    failures.extend(expect.has.iter().filter(|pointer| !has(pointer)).map(|pointer| format!("{pointer} is not seen")));
    failures.extend(expect.lacks.iter().filter(|pointer| has(pointer)).map(|pointer| format!("{pointer} is seen")));
    let is_equal = |pointer: &str, value: &toml::Value| seen.counts.pointer(pointer) == Some(&super::to_json(value));
    failures.extend(
        expect.equals.iter().filter(|(pointer, value)| !is_equal(pointer, value)).map(|(pointer, _)| format!("{pointer} is another value")),
    );
    if let Some(count) = expect.count.filter(|count| *count != messages.len()) {
        failures.push(format!("{} messages are seen, not {count}", messages.len()));
    }
    let mut expected = expect.lists.clone();
    expected.iter_mut().for_each(|expected| expected.sort());
    if expected.is_some() && expected != seen.lists {
        failures.push(format!("the list is {:?}", seen.lists.clone().unwrap_or_default()));
    }
}
