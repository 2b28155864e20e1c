//! Compares what happened in a step with what the scenario expects.

use anyhow::Context as _;
use jiff::Timestamp;
use schakelpunt_domain::{EventName, ParticipantId, registers::At};
use schakelpunt_engine::{
    explain::{self, By, Why},
    hub,
    model::{DecisionRecord, Delivery, StoredMessage},
    step::{Law, Reported},
};

use super::{
    check::{differences, event_of},
    desk,
    file::{Expect, Step},
    play::{Asked, Happened, Player, word},
    recording::HandedOver,
};

impl Player {
    pub(super) async fn compare(
        &self,
        step: &Step,
        happened: &Happened,
        decisions: &[DecisionRecord],
        failures: &mut Vec<String>,
    ) -> anyhow::Result<()> {
        let mut open: Vec<&HandedOver> = happened.handed_over.iter().collect();
        for expect in &step.expects {
            let Some(to) = &expect.to else {
                desk::compare(expect, happened, failures);
                continue;
            };
            let event = expect.event.as_ref().or(happened.event.as_ref());
            if let Some(asked) = &happened.asked {
                self.compare_asked(expect, to, asked, failures).await?;
            } else if let Some(code) = &expect.refused {
                let actual = self.refusal(to, happened, decisions, step.at).await?;
                if actual.as_deref() != Some(code) {
                    failures.push(format!("{to}: expected the refusal {code}, was {}", actual.unwrap_or_else(|| "no refusal".to_owned())));
                }
            } else if expect.cancelled || expect.waiting {
                let (what, among) = if expect.cancelled { ("cancelled", &happened.cancelled) } else { ("waiting", &happened.waiting) };
                // what is cancelled or waits is seldom of the step's own event
                let is_meant =
                    |delivery: &&Delivery| delivery.recipient == *to && expect.event.as_ref().is_none_or(|event| delivery.event == *event);
                if !among.iter().any(|delivery| is_meant(&delivery)) {
                    failures.push(format!("{to}: nothing {what}"));
                }
            } else {
                self.compare_deliveries(expect, to, event, &mut open, failures);
            }
        }
        if !step.allow_other {
            failures.extend(
                open.iter().map(|delivery| format!("{}: {} was delivered and not expected", delivery.to, event_of(&delivery.event))),
            );
        }
        Ok(())
    }

    fn compare_deliveries(
        &self,
        expect: &Expect,
        to: &ParticipantId,
        event: Option<&EventName>,
        open: &mut Vec<&HandedOver>,
        failures: &mut Vec<String>,
    ) {
        let is_meant = |delivery: &HandedOver| delivery.to == *to && event.is_none_or(|event| event_of(&delivery.event) == event.as_str());
        let name = event.map_or("something", EventName::as_str);
        if let Some(count) = expect.count {
            let actual = open.iter().filter(|delivery| is_meant(delivery)).count();
            open.retain(|delivery| !is_meant(delivery));
            if actual != count {
                failures.push(format!("{to}: {actual} deliveries of {name}, not {count}"));
            }
            return;
        }
        let rules = &self.hub.settings().rules;
        let found = open.iter().position(|delivery| is_meant(delivery) && differences(expect, delivery, rules).is_empty());
        if let Some(at) = found {
            open.remove(at);
            return;
        }
        match open.iter().position(|delivery| is_meant(delivery)) {
            Some(at) => {
                let delivery = open.remove(at);
                failures.push(format!("{to}: {name}: {}", differences(expect, delivery, rules).join("; ")));
            }
            None => failures.push(format!("{to}: {name} was not delivered")),
        }
    }

    /// The refusal for somebody: as decided in this step, else asked on the spot without recording anything.
    async fn refusal(
        &self,
        to: &ParticipantId,
        happened: &Happened,
        decisions: &[DecisionRecord],
        now: Timestamp,
    ) -> anyhow::Result<Option<String>> {
        if let Some(made) = decisions.iter().rev().find(|decision| decision.recipient == *to) {
            return Ok(made.decision.refusal().map(|code| code.to_string()));
        }
        let Some(key) = &happened.key else { return Ok(None) };
        let Some(message) = self.hub.store().message(key).await? else { return Ok(None) };
        Ok(self.explained(&message, to, At::now(now)).await?.and_then(|decision| decision.refusal()).map(|code| code.to_string()))
    }

    async fn explained(&self, message: &StoredMessage, to: &ParticipantId, at: At) -> anyhow::Result<Option<schakelpunt_rules::Decision>> {
        let Some(detention) = &message.detention else { return Ok(None) };
        let case = self.case(detention).await?;
        let registers = self.hub.registers().await;
        let in_force = self.hub.in_force().await?;
        let law = Law { settings: &in_force, registers: &registers };
        Ok(explain::explain(law, message, &case, to, at).map(|(_, decision)| decision))
    }

    async fn compare_asked(&self, expect: &Expect, to: &ParticipantId, asked: &Asked, failures: &mut Vec<String>) -> anyhow::Result<()> {
        let why = Why { message: &asked.message, source: None, to: Some(to), at: asked.at, known: asked.known };
        let decision = match hub::answer(self.hub.settings(), &**self.hub.store(), &why, By::Kept).await? {
            Err(why) if expect.refused.as_deref() == Some(why.code()) => return Ok(()),
            Err(why) => {
                failures.push(format!("{to}: {why} [{}]", why.code()));
                return Ok(());
            }
            Ok(records) => records.into_iter().next().context("one answer for one participant")?.decision,
        };
        let refused = decision.refusal().map(|code| code.to_string());
        if refused != expect.refused {
            failures.push(format!("{to}: the answer is {}", refused.unwrap_or_else(|| "a permit".to_owned())));
        }
        let Some(permit) = decision.permit() else { return Ok(()) };
        let bases: Vec<&str> = permit.granted.iter().map(|granted| granted.basis.as_str()).collect();
        if expect.basis.as_ref().is_some_and(|basis| !bases.contains(&basis.as_str()))
            || expect.bases.as_ref().is_some_and(|expected| bases != *expected)
        {
            failures.push(format!("{to}: the bases are {}", bases.join(",")));
        }
        let has = |pointer: &String| permit.leaves().any(|leaf| leaf.as_str() == pointer || leaf.is_below(pointer));
        failures.extend(expect.has.iter().filter(|pointer| !has(pointer)).map(|pointer| format!("{to}: {pointer} is missing")));
        failures.extend(expect.lacks.iter().filter(|pointer| has(pointer)).map(|pointer| format!("{to}: {pointer} is there")));
        Ok(())
    }
}

pub(super) fn compare_outcome(step: &Step, happened: &Happened, failures: &mut Vec<String>) {
    if let (Some(Err(code)), true) = (&happened.answer, step.expects.is_empty()) {
        failures.push(format!("the answer is {code}"));
    }
    let Some(report) = &happened.report else { return };
    let expected = step.outcome.as_deref().unwrap_or("accepted");
    let actual = word(&report.outcome);
    if let Reported::Rejected(why) = &report.outcome {
        if expected == actual {
            if step.code.as_deref().is_some_and(|code| code != why.code.code())
                || step.pointer.as_ref().is_some_and(|pointer| *pointer != why.pointer)
            {
                failures.push(format!("rejected with {why}"));
            }
        } else {
            failures.push(format!("outcome: rejected with {why}, not {expected}"));
        }
    } else if expected != actual {
        failures.push(format!("outcome: {actual}, not {expected}"));
    }
}
