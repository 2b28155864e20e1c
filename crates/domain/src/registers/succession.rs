//! Who took whose place (decision 22), and which municipality stands for a code on a day.

use super::{At, Kind, Participant, Registers, Row, Succession, known};
use crate::{
    calendar::{LegalDay, Period},
    ids::{MunicipalityCode, ParticipantId},
    reorganisation::{self, Current},
};

/// Longest chain of successions that is followed: a circle can hold nobody.
const STEPS_MAX: usize = 16;

impl Registers {
    /// Who stands in the place of `id` on the legal day: itself, if nobody took it.
    pub fn successor<'a>(&'a self, id: &'a ParticipantId, at: At) -> &'a ParticipantId {
        let mut id = id;
        for _ in 0..STEPS_MAX {
            match self.next(id, at) {
                Some(next) if next != id => id = next,
                _ => break,
            }
        }
        id
    }

    fn next<'a>(&'a self, id: &'a ParticipantId, at: At) -> Option<&'a ParticipantId> {
        let mut passed = known(&self.successions, at).filter(|row| row.entry.predecessor == *id && row.entry.from.begins() <= at.valid);
        if let Some(row) = passed.next_back() {
            return Some(&row.entry.successor);
        }
        let municipality = self.registered(id, at).filter(|participant| participant.kind == Kind::Municipality)?;
        // a municipality that merged is succeeded by the one that stands for its code now
        let now = |code: &MunicipalityCode| self.current_code(code, None, at);
        let codes = || municipality.municipalities.iter().map(|territory| &territory.code);
        if codes().any(|code| now(code) == Current::One(code.clone())) {
            return None;
        }
        let mut heirs = codes().map(now).map(|current| match current {
            Current::One(code) => self.holder(&code, at).map(|holder| &holder.id),
            Current::Split => None,
        });
        let first = heirs.next()??;
        heirs.all(|heir| heir == Some(first)).then_some(first)
    }

    /// Everybody whose place `id` took, with itself.
    pub fn predecessors(&self, id: &ParticipantId, at: At) -> Vec<ParticipantId> {
        let mut all = vec![id.clone()];
        let mut looked = 0;
        while let Some(one) = all.get(looked).cloned().filter(|_| looked < STEPS_MAX) {
            looked += 1;
            let passed = known(&self.successions, at).filter(|row| row.entry.successor == one && row.entry.from.begins() <= at.valid);
            let merged = self.merged_into(&one, at);
            for predecessor in passed.map(|row| &row.entry.predecessor).chain(merged) {
                if !all.contains(predecessor) && self.successor(predecessor, at) == id {
                    all.push(predecessor.clone());
                }
            }
        }
        all
    }

    /// Whether `id` ever took the place of somebody.
    pub(super) fn took_a_place(&self, id: &ParticipantId, at: At) -> bool {
        let passed = |row: &Row<Succession>| row.entry.successor == *id && row.entry.from.begins() <= at.valid;
        known(&self.successions, at).any(passed) || !self.merged_into(id, at).is_empty()
    }

    /// The municipalities that merged into this one.
    fn merged_into(&self, id: &ParticipantId, at: At) -> Vec<&ParticipantId> {
        let Some(heir) = self.registered(id, at).filter(|participant| participant.kind == Kind::Municipality) else { return Vec::new() };
        let day = LegalDay::of(at.valid);
        let own = |codes: &[MunicipalityCode]| matches!(codes, [one] if heir.municipalities.iter().any(|territory| territory.code == *one));
        let entered = known(&self.reorganisations, at).map(|row| &row.entry).filter(|one| one.from <= day && own(&one.into));
        let table = reorganisation::ended(day).filter(|one| own(one.into));
        let codes = entered.map(|one| (&one.code, one.from)).chain(table.map(|one| (one.code, one.on)));
        let ever = |code: &MunicipalityCode| {
            self.participants.values().filter_map(|versions| known(versions, at).last()).map(|row| &row.entry).find(|participant| {
                participant.kind == Kind::Municipality && participant.municipalities.iter().any(|territory| territory.code == *code)
            })
        };
        codes.filter_map(|(code, _)| ever(code)).map(|participant| &participant.id).filter(|other| *other != id).collect()
    }

    /// What a code stands for on the legal day: the reference table, and what was entered since. A split is told apart by a postal code.
    pub fn current_code(&self, code: &MunicipalityCode, postal_code: Option<&str>, at: At) -> Current {
        let day = LegalDay::of(at.valid);
        let mut code = code.clone();
        for _ in 0..STEPS_MAX {
            let entered = known(&self.reorganisations, at).map(|row| &row.entry).rfind(|one| one.code == code && one.from <= day);
            let split = entered.filter(|one| one.into.len() != 1);
            let part = postal_code.and_then(|postal| split?.parts.iter().find(|part| postal.starts_with(&part.postal_code)));
            match (entered.map(|one| one.into.as_slice()), part) {
                (_, Some(part)) => code = part.code.clone(),
                (Some([one]), None) => code = one.clone(),
                (Some(_), None) => return Current::Split,
                (None, None) => match reorganisation::current(&code, day) {
                    Current::One(next) if next == code => break,
                    Current::One(next) => code = next,
                    Current::Split => return Current::Split,
                },
            }
        }
        Current::One(code)
    }

    /// The municipality that stands for `code` on the legal day, or who took its place.
    pub fn municipality(&self, code: &MunicipalityCode, at: At) -> Option<&Participant> {
        let holder = self.holder(code, at)?;
        self.participant(self.successor(&holder.id, at), at)
    }

    fn holder(&self, code: &MunicipalityCode, at: At) -> Option<&Participant> {
        self.participants.values().filter_map(|versions| known(versions, at).last()).map(|row| &row.entry).find(|participant| {
            participant.kind == Kind::Municipality
                && participant.municipalities.iter().any(|t| t.code == *code && Period { from: t.from, until: t.until }.contains(at.valid))
        })
    }
}
