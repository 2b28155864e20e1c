//! Who else takes part in a rehearsal: a prison, a municipality and a probation unit that exist nowhere.

use anyhow::Context as _;
use jiff::Timestamp;
use schakelpunt_domain::{
    Environment, MunicipalityCode, ParticipantId,
    calendar::Period,
    registers::{Agreement, Channel, Entry, Kind, Participant, Territory},
};

/// The municipality around a participant stands for one of these, whichever the participant does not stand for.
const CODES: [&str; 3] = ["0599", "0363", "0518"];
/// The OIN of everybody in the cast.
const OIN: &str = "00000099OEFENING1000";
const PRISON: &str = "pi-oefening";
const ELSEWHERE: &str = "pi-oefening-elders";
const MUNICIPALITY: &str = "gemeente-oefening";
const UNIT: &str = "reclassering-oefening";

/// The participant and everybody around it.
#[derive(Debug)]
pub(super) struct Cast {
    participant: Participant,
    others: Vec<Participant>,
    agreements: Vec<Agreement>,
    prison: ParticipantId,
    /// The code of which the stream's residents are.
    code: MunicipalityCode,
    /// Another one, of the municipality in the cast.
    other_code: MunicipalityCode,
}

impl Cast {
    pub(super) fn around(real: &Participant, now: Timestamp) -> anyhow::Result<Self> {
        let stands_for = |code: &MunicipalityCode| real.municipalities.iter().any(|territory| territory.code == *code);
        let codes = CODES.iter().filter_map(|code| code.parse().ok());
        let other_code: MunicipalityCode = codes.into_iter().find(|code| !stands_for(code)).context("a municipality beside it")?;
        let own = real.municipalities.iter().find(|one| Period { from: one.from, until: one.until }.contains(now));
        let code = match real.kind {
            Kind::Municipality => own.context("municipalities: one that counts today")?.code.clone(),
            _ => other_code.clone(),
        };
        // a unit rehearses with a prison of its own
        let of_unit = real.intake_for.first().filter(|_| real.kind == Kind::Probation).cloned();
        let prison = of_unit.clone().map_or_else(|| PRISON.parse(), Ok)?;
        let elsewhere: ParticipantId = ELSEWHERE.parse()?;
        // where the unit names no prison, an agreement does; where it is somebody else's turn, the cast's unit takes every case in
        let by_unit =
            if real.kind == Kind::Probation { vec![elsewhere.clone()] } else { vec![prison.clone(), elsewhere.clone(), real.id.clone()] };
        let unit = Participant { intake_for: by_unit, ..extra(UNIT, Kind::Probation)? };
        let municipality = extra(MUNICIPALITY, Kind::Municipality)?;
        let territory = Territory { code: other_code.clone(), from: None, until: None };
        let municipality = Participant { municipalities: vec![territory], ..municipality };
        let needs_agreement = real.kind == Kind::Probation && of_unit.is_none();
        let agreement = Agreement {
            municipality: municipality.id.clone(),
            prison: prison.clone(),
            probation: Some(real.id.clone()),
            tbo_calendar_days: None,
            screening_working_days: None,
            first_visit_calendar_days: None,
            from: None,
            until: None,
        };
        let prisons = [extra(prison.as_str(), Kind::Prison)?, extra(ELSEWHERE, Kind::Prison)?];
        Ok(Self {
            // its deputies are no part of this, and a stream of its own kind of channel would test the channel, not the rules
            participant: Participant {
                environment: Environment::Rehearsal,
                channel: Channel::Amqp,
                webhook: None,
                deputies: Vec::new(),
                ..real.clone()
            },
            others: prisons.into_iter().chain([municipality, unit]).collect(),
            agreements: needs_agreement.then_some(agreement).into_iter().collect(),
            prison,
            code,
            other_code,
        })
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Participant> {
        std::iter::once(&self.participant).chain(&self.others)
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        let participants = self.all().cloned().map(Entry::Participant);
        participants.chain(self.agreements.iter().cloned().map(Entry::Agreement)).collect()
    }

    /// What stands in the text of a stream, and what for.
    pub(super) fn names(&self) -> Vec<(&'static str, String)> {
        let participant = &self.participant;
        let own = participant.sources.first().map(ToString::to_string);
        vec![
            ("id", participant.id.to_string()),
            ("source", own.unwrap_or_else(|| format!("urn:nld:oin:{}:systeem:oefening", participant.oin))),
            ("foreign", format!("urn:nld:oin:{OIN}:systeem:oefening")),
            ("prison", self.prison.to_string()),
            ("elsewhere", ELSEWHERE.to_owned()),
            ("municipality", MUNICIPALITY.to_owned()),
            ("unit", UNIT.to_owned()),
            ("code", self.code.to_string()),
            ("othercode", self.other_code.to_string()),
        ]
    }
}

fn extra(id: &str, kind: Kind) -> anyhow::Result<Participant> {
    Ok(Participant {
        id: id.parse()?,
        kind,
        oin: OIN.parse()?,
        organisation: "only in rehearsals".to_owned(),
        sources: Vec::new(),
        municipalities: Vec::new(),
        intake_for: Vec::new(),
        on_call: None,
        environment: Environment::Rehearsal,
        tells_health: false,
        channel: Channel::Amqp,
        webhook: None,
        deputies: Vec::new(),
    })
}
