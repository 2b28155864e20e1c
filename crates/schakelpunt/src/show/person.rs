//! "Who saw my data?" in plain Dutch (B1), for the person concerned (GDPR art. 15): organisations, roles, reasons and moments. Workers are
//! not named, and a look that was refused is told too.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schakelpunt_domain::{
    BasisId, EventName, ParticipantId,
    pointer::Leaf,
    registers::{At, Registers},
};
use schakelpunt_engine::{
    Settings,
    desk::{AccessRecord, Given, Reads},
    hub::Citations,
};

const MONTHS: [&str; 12] =
    ["januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december"];

/// What the view is made with.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// Names of events and fields.
    pub settings: &'a Settings,
    /// Where bases stand, by the rules that decided.
    pub citations: &'a Citations,
    /// Names of organisations.
    pub registers: &'a Registers,
    /// Now.
    pub at: At,
}

impl Person<'_> {
    /// The whole view.
    pub fn text(&self, given: &[Given], accesses: &[AccessRecord]) -> String {
        let mut lines = vec![
            "Wie heeft gegevens over u gekregen of bekeken?".to_owned(),
            String::new(),
            "Hieronder staat welke organisatie iets over u kreeg, wanneer en waarom.".to_owned(),
            "De namen van medewerkers staan er niet bij.".to_owned(),
            String::new(),
        ];
        if given.is_empty() && accesses.is_empty() {
            lines.push("Nog niemand heeft via het schakelpunt iets over u gekregen of bekeken.".to_owned());
        }
        let mut told: Vec<(Timestamp, String)> = given.iter().map(|one| (one.at, self.given(one))).collect();
        told.extend(accesses.iter().map(|one| (one.at, self.access(one))));
        told.sort();
        lines.extend(told.into_iter().map(|(_, line)| line));
        lines.push(String::new());
        lines.push("Klopt er iets niet, of hebt u een vraag? Vraag het aan de organisatie die erbij staat.".to_owned());
        lines.join("\n")
    }

    fn given(&self, one: &Given) -> String {
        let who = self.organisation(&one.recipient);
        let for_whom = one.on_behalf_of.as_ref().map(|mandator| format!(" namens {}", self.organisation(mandator))).unwrap_or_default();
        let mut lines = vec![format!("- {}: {who} kreeg{for_whom} het bericht ‘{}’.", moment(one.at), self.event(&one.event))];
        let fields = self.fields(&one.event, &one.fields);
        if !fields.is_empty() {
            lines.push(format!("  Daarin stond: {fields}."));
        }
        let why: Vec<String> = one.bases.iter().map(|basis| self.citation(&one.rules, basis)).collect();
        if !why.is_empty() {
            lines.push(format!("  Dit mag volgens: {}.", why.join("; ")));
        }
        lines.push("  Waarvoor: om u te helpen bij uw terugkeer in de samenleving.".to_owned());
        lines.join("\n")
    }

    fn citation(&self, rules: &str, basis: &BasisId) -> String {
        // what cannot be cited is not kept quiet
        let unknown = || format!("‘{basis}’ (de tekst daarvan is hier niet meer bekend)");
        self.citations.of(rules, basis).map_or_else(unknown, str::to_owned)
    }

    fn access(&self, one: &AccessRecord) -> String {
        let who = self.organisation(&one.acting_for);
        let for_whom = one.on_behalf_of.as_ref().map(|mandator| format!(" namens {}", self.organisation(mandator))).unwrap_or_default();
        let role = one.role.as_ref().map(|role| format!(" (functie: {role})")).unwrap_or_default();
        let when = moment(one.at);
        match (one.code, one.reads) {
            (Some(_), _) => format!("- {when}: iemand wilde voor {who} naar uw gegevens kijken. Dat mocht niet, en het is niet gebeurd."),
            (None, Reads::Case) => format!("- {when}: iemand van {who}{role} keek{for_whom} welke berichten er over u zijn."),
            (None, Reads::VisitList) => format!("- {when}: u stond{for_whom} op de bezoeklijst van {who}{role}."),
        }
    }

    fn organisation(&self, id: &ParticipantId) -> String {
        let known = self.registers.registered(id, self.at).map(|participant| participant.organisation.clone());
        known.filter(|name| !name.is_empty()).unwrap_or_else(|| id.to_string())
    }

    fn event(&self, event: &EventName) -> String {
        self.settings.catalogue.get(event).map_or_else(|| event.to_string(), |spec| spec.nl.clone())
    }

    /// The Dutch names of the fields, each once; one without a name by where it stands.
    fn fields(&self, event: &EventName, leaves: &[Leaf]) -> String {
        let spec = self.settings.catalogue.get(event);
        let name =
            |leaf: &'_ Leaf| spec.and_then(|spec| spec.leaves.get(leaf)).map_or_else(|| leaf.to_string(), |known| known.title.clone());
        let names: BTreeSet<String> = leaves.iter().map(name).collect();
        names.into_iter().collect::<Vec<_>>().join(", ")
    }
}

/// Day and time as people say them.
fn moment(at: Timestamp) -> String {
    let at = at.to_zoned(jiff::tz::get!("Europe/Amsterdam"));
    let month = usize::try_from(at.month() - 1).ok().and_then(|month| MONTHS.get(month)).copied().unwrap_or_default();
    format!("{} {month} {}, {:02}.{:02} uur", at.day(), at.year(), at.hour(), at.minute())
}

#[cfg(test)]
mod tests {
    use schakelpunt_domain::registers::{Entry, Kind, Recorded};
    use serde_json::json;

    use super::*;

    #[test]
    fn the_view_names_organisations_and_no_workers() {
        let settings = crate::wiring::embedded_settings(None).unwrap();
        let now: Timestamp = "2024-03-06T09:30:00Z".parse().unwrap();
        let breda = json!({"participant": {"id": "gemeente-breda", "kind": "municipality", "oin": "00000099GM0758001000", "organisation": "Gemeente Breda"}});
        let entry: Entry = serde_json::from_value(breda).unwrap();
        let registers = Registers::new(1, [Recorded { entry, recorded: now }]);
        let citations = Citations::default().with(&settings.rules);
        let person = Person { settings: &settings, citations: &citations, registers: &registers, at: At::now(now) };
        let given = Given {
            event: "detention-started".parse().unwrap(),
            recipient: "gemeente-breda".parse().unwrap(),
            kind: Kind::Municipality,
            on_behalf_of: Some("gemeente-oosterhout".parse().unwrap()),
            at: "2024-03-05T08:00:00Z".parse().unwrap(),
            bases: vec!["pm-20d-2".parse().unwrap()],
            purpose: "reintegration".to_owned(),
            fields: vec!["/person/identity/surname".parse().unwrap(), "/detention/start".parse().unwrap()],
            rules: settings.rules.version.clone(),
        };
        let by_others = Given { rules: "of-before".to_owned(), fields: vec!["/what/it/was".parse().unwrap()], ..given.clone() };
        let looked = AccessRecord {
            at: now,
            detention: "A-1".parse().unwrap(),
            worker: "worker-n".to_owned(),
            employer: Some("nk-reclassering-breda".parse().unwrap()),
            acting_for: "gemeente-breda".parse().unwrap(),
            role: Some("re-integratiemedewerker".to_owned()),
            on_behalf_of: None,
            reads: Reads::Case,
            purpose: "reintegration".to_owned(),
            fields: Vec::new(),
            code: None,
        };
        let refused = AccessRecord { code: Some(schakelpunt_domain::Refusal::WrongCapacity), ..looked.clone() };
        let text = person.text(&[given, by_others], &[looked, refused]);
        let said = [
            "5 maart 2024, 09.00 uur: Gemeente Breda kreeg namens gemeente-oosterhout het bericht ‘detentie gestart’.",
            "achternaam",
            "Penitentiaire maatregel art. 20d lid 2",
            "6 maart 2024, 10.30 uur: iemand van Gemeente Breda (functie: re-integratiemedewerker) keek",
            "Dat mocht niet",
            "Dit mag volgens: ‘pm-20d-2’ (de tekst daarvan is hier niet meer bekend).",
            "Daarin stond: /what/it/was.",
        ];
        assert!(said.iter().all(|part| text.contains(part)), "{text}");
        assert!(!text.contains("worker-n") && !text.contains("nk-reclassering"), "{text}");
    }

    #[test]
    fn of_whom_nothing_is_known_nothing_is_told() {
        let settings = crate::wiring::embedded_settings(None).unwrap();
        let (citations, registers) = (Citations::default(), Registers::default());
        let person = Person { settings: &settings, citations: &citations, registers: &registers, at: At::now(Timestamp::UNIX_EPOCH) };
        assert!(person.text(&[], &[]).contains("Nog niemand"));
    }
}
