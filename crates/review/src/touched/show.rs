//! A tally to read: for a terminal, as Markdown for a decision paper, and for programs.

use serde_json::{Value, json};

use super::{Key, Numbers, On, Touched, Turn};

impl On {
    fn text(&self) -> String {
        format!("{}, for {}, {}", self.basis, self.purpose, if self.must { "must" } else { "may" })
    }
}

impl Turn {
    /// In a word or two.
    fn word(&self) -> &'static str {
        match (&self.was, &self.is) {
            (None, _) => "newly visible",
            (_, None) => "stops",
            (Some(was), Some(is)) if was.basis == is.basis => "other purpose or duty",
            _ => "other basis",
        }
    }

    /// The ground, or both.
    fn grounds(&self) -> String {
        match (&self.was, &self.is) {
            (Some(was), Some(is)) => format!("{} (was {})", is.text(), was.text()),
            (one, other) => one.iter().chain(other).map(On::text).collect(),
        }
    }
}

impl Numbers {
    pub(super) fn text(&self) -> String {
        let count = |number: u64, one: &str| format!("{number} {one}{}", if number == 1 { "" } else { "s" });
        let organisations = count(self.organisations.len() as u64, "organisation");
        format!("{}, {}, {organisations}", count(self.messages, "message"), count(self.detentions, "detention"))
    }

    fn json(&self) -> Value {
        json!({"messages": self.messages, "detentions": self.detentions, "organisations": self.organisations.len()})
    }
}

impl Touched {
    /// What would have changed, and how much cannot be said.
    pub fn sentence(&self) -> String {
        let Self { decisions, detentions, changed, other_refusals, .. } = self;
        let mut text = format!("{decisions} decisions about {detentions} detentions: {changed} would have been others");
        if !self.is_empty() {
            text.extend([format!(" ({})", self.touched.text())]);
        }
        if *other_refusals > 0 {
            text.extend([format!("; {other_refusals} refused with another code")]);
        }
        let unknown: u64 = self.undecidable.values().sum();
        if unknown > 0 {
            let codes: Vec<String> = self.undecidable.iter().map(|(code, count)| format!("{code} {count}")).collect();
            text.extend([format!("; {unknown} undecidable ({})", codes.join(", "))]);
        }
        text
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut last = None;
        for (Key { event, to, field, turn }, numbers) in &self.lines {
            if last != Some((event, to)) {
                text.extend([format!("{event} to {to}\n")]);
                last = Some((event, to));
            }
            text.extend([format!("    {} {field}: {}; {}\n", turn.word(), turn.grounds(), numbers.text())]);
        }
        text.push_str(&self.sentence());
        text.push('\n');
        text
    }

    /// For a decision paper.
    pub fn markdown(&self) -> String {
        let mut text = format!("{}.\n", self.sentence());
        if self.is_empty() {
            return text;
        }
        text.push_str(
            "\n| event | to | field | change | ground | messages | detentions | organisations |\n|---|---|---|---|---|---:|---:|---:|\n",
        );
        for (Key { event, to, field, turn }, Numbers { messages, detentions, organisations }) in &self.lines {
            let (change, ground, organisations) = (turn.word(), turn.grounds(), organisations.len());
            text.extend([format!("| {event} | {to} | `{field}` | {change} | {ground} | {messages} | {detentions} | {organisations} |\n")]);
        }
        text
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let lines = self.lines.iter().map(|(Key { event, to, field, turn }, numbers)| {
            json!({"event": event, "to": to, "field": field, "was": turn.was, "is": turn.is, "touched": numbers.json()})
        });
        json!({
            "decisions": self.decisions, "detentions": self.detentions, "changed": self.changed,
            "otherRefusals": self.other_refusals, "undecidable": self.undecidable,
            "touched": self.touched.json(), "lines": lines.collect::<Vec<_>>(),
        })
    }
}
