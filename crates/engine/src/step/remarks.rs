//! What a sender is told beside that its message was accepted.

use schakelpunt_domain::{codes::Remark, facts, registers::Kind};
use schakelpunt_rules::{Relation, Who, candidates};

use super::{Input, Reported, world::World};

/// The kinds that tell each other by law since the Wet straffen en beschermen.
const TRIAD: [Kind; 3] = [Kind::Prison, Kind::Municipality, Kind::Probation];
/// What one of them is to a case in which it is told by law.
const TOLD_BY_LAW: [Relation; 3] = [Relation::HoldingPrison, Relation::ResponsibleMunicipality, Relation::ResponsibleProbationUnit];

/// A withdrawn consent changes nothing for who is told by law: the person and the clerk must not believe that it does.
pub(super) fn of(world: &World<'_>, input: &Input, outcome: &Reported) -> Option<Remark> {
    let Input::Offer(Ok(message)) = input else { return None };
    let taken = matches!(outcome, Reported::Accepted | Reported::SeenBefore);
    if !taken || message.envelope.event.as_str() != "consent-withdrawn" {
        return None;
    }
    let (data, now) = (&message.envelope.data, world.at());
    let case = world.known_case(message.envelope.subject.as_ref()?)?;
    let (id, _) = facts::consent_withdrawn(data, world.now())?;
    let recorded = case.consents.iter().find(|consent| consent.id == id).map(|consent| consent.recipient.clone());
    let recipient = recorded.or_else(|| facts::withdrawn_for(data))?;
    let kind = world.registers().participant(&recipient, now)?.kind;
    let rests_on_consent = |from: &Kind| *from != kind && world.settings().rules.may_rest_on_consent(*from, kind, now.valid);
    if !TRIAD.contains(&kind) || TRIAD.iter().any(rests_on_consent) {
        return None;
    }
    let is_meant = |participant, on_behalf_of: Option<_>| participant == recipient || on_behalf_of == Some(recipient.clone());
    let mut all = candidates(&Who::default(), case, world.registers(), now).into_iter();
    let told =
        all.any(|one| one.relations.iter().any(|relation| TOLD_BY_LAW.contains(relation)) && is_meant(one.participant, one.on_behalf_of));
    told.then_some(Remark::RecordedNotTheBasis)
}
