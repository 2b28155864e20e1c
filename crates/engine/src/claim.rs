//! The moment of provision: the claim (design 4). Pure: a context in, verdicts out.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use schakelpunt_domain::{
    DetentionRef, ParticipantId, Refusal,
    case::Case,
    ids::{MessageKey, hub_message_id},
    registers::{At, Registers},
    stage::{CancelReason, Stage},
};
use schakelpunt_rules::{Answer, Candidate, Decision, Permit, Relation, Who, candidate_for};

use crate::{
    asking, event,
    model::{ClaimCandidate, ClaimContext, DecisionRecord, Delivery, Saw, Stamp, StoredMessage, Verdict},
    step::Law,
};

mod permitted;
mod recall;

use permitted::Addressee;
pub use permitted::Permitted;
use recall::recall;

/// How long what a recipient paused waits before it is looked at again: so long after the pause it goes on at the latest.
pub const PAUSE: SignedDuration = SignedDuration::from_secs(60);

/// Claims a delivery in the step that decided it, so that nothing can have changed since. `None`: it waits for its turn.
pub(crate) fn at_once(law: Law<'_>, delivery: &Delivery, message: &StoredMessage, now: Timestamp) -> Option<Delivery> {
    if !matches!(delivery.stage, Stage::Waiting { .. }) || is_by_consent(delivery) {
        return None;
    }
    match provide(law, delivery.clone(), message, None, now) {
        Verdict::Claim(claimed, _) => Some(*claimed),
        Verdict::End(..) | Verdict::Recall(..) | Verdict::Wait(..) | Verdict::Leave => None,
    }
}

/// What a claim leaves to do: messages whose recipients have to be found anew.
pub type Reconsider = Vec<(MessageKey, DetentionRef)>;

/// One verdict per candidate, in order. A lane in which one has to wait waits as a whole.
pub fn judge(law: Law<'_>, context: &ClaimContext, reconsider: &mut Reconsider) -> Vec<Verdict> {
    let mut stalled: BTreeSet<(Option<&str>, &str)> = BTreeSet::new();
    let mut claimed_for: BTreeSet<&ParticipantId> = BTreeSet::new();
    let mut verdicts = Vec::with_capacity(context.candidates.len());
    for candidate in &context.candidates {
        let delivery = &candidate.delivery;
        let lane = (delivery.detention.as_ref().map(DetentionRef::as_str), delivery.recipient.as_str());
        // what was handed over before and is fetched again holds nothing up: only what waits has an order to keep
        let waits = !matches!(delivery.stage, Stage::HandedOver { .. } | Stage::Received { .. });
        let verdict = if waits && stalled.contains(&lane) { Verdict::Leave } else { judge_one(law, context, candidate, reconsider) };
        let verdict = match verdict {
            // alone: what lies in the inbox, or behind something in it, can no longer be cancelled
            Verdict::Claim(claimed, _) if waits && is_by_consent(&claimed) && claimed_for.contains(&delivery.recipient) => Verdict::Leave,
            other => other,
        };
        if matches!(verdict, Verdict::Claim(..)) {
            claimed_for.insert(&delivery.recipient);
        }
        if waits && matches!(verdict, Verdict::Leave | Verdict::Wait(..)) {
            stalled.insert(lane);
        }
        verdicts.push(verdict);
    }
    verdicts
}

fn is_by_consent(delivery: &Delivery) -> bool {
    delivery.decision.permit().is_some_and(Permit::by_consent)
}

fn judge_one(
    law: Law<'_>,
    context: &ClaimContext,
    ClaimCandidate { delivery, case, message }: &ClaimCandidate,
    reconsider: &mut Reconsider,
) -> Verdict {
    // as in a step: time never runs back
    let written = case.as_ref().and_then(|case| case.value.written).unwrap_or(context.now);
    let now = context.now.max(written).max(law.registers.latest());
    let empty = delivery.detention.as_ref().map(|detention| Case::new(detention.clone()));
    let Some(known) = case.as_ref().map(|case| &case.value).or(empty.as_ref()) else { return Verdict::Leave };
    let stamp = Stamp {
        case_version: case.as_ref().map_or(0, |case| case.version),
        epoch: context.epoch,
        rules: law.settings.rules.version.clone(),
    };
    let fresh = delivery.stamp == stamp && delivery.decision.valid_until.is_none_or(|until| now < until);
    let certain = matches!(delivery.stage, Stage::Waiting { .. });
    if fresh && certain {
        return provide(law, delivery.clone(), message, None, now);
    }
    let Some((candidate, decision)) = ask(law, delivery, message, known, At::now(now)) else { return Verdict::Leave };
    let record = DecisionRecord {
        message: delivery.key.clone(),
        event: delivery.event.clone(),
        detention: delivery.detention.clone(),
        recipient: delivery.recipient.clone(),
        on_behalf_of: candidate.on_behalf_of.clone(),
        relations: candidate.relations.clone(),
        decision: decision.clone(),
        version: stamp.rules.clone(),
        at: now,
        saw: Some(asking::saw(law, message, Some(message), known, &candidate, now)),
    };
    let moved = matches!(decision.answer, Answer::Refuse(Refusal::NotResponsible | Refusal::MandateMissing));
    if moved {
        // somebody else is concerned
        reconsider.extend(delivery.detention.clone().map(|detention| (delivery.key.clone(), detention)));
    }
    match (&decision.answer, &delivery.stage) {
        (Answer::Permit(permit), Stage::Waiting { .. }) => {
            // nobody has it: what was frozen under another permit is cut anew
            let same = delivery.decision.permit() == Some(permit) && delivery.on_behalf_of == candidate.on_behalf_of;
            let bytes = delivery.bytes.clone().filter(|_| same);
            let again = Delivery {
                decision,
                stamp,
                relations: candidate.relations,
                on_behalf_of: candidate.on_behalf_of,
                bytes,
                ..delivery.clone()
            };
            provide(law, again, message, Some(record), now)
        }
        // the recipient may have it: the same bytes, with the decision that cut them
        (Answer::Permit(permit), _) if covers(permit, delivery) => provide(law, delivery.clone(), message, Some(record), now),
        // ended and decided anew in one transaction of its own, so that nothing is lost between
        (Answer::Refuse(_), Stage::Waiting { .. }) if moved => Verdict::Leave,
        (Answer::Refuse(_), Stage::Waiting { .. }) => match delivery.stage.clone().cancel(now, CancelReason::NoLongerLawful) {
            Ok(stage) => Verdict::End(Box::new(Delivery { decision, stamp, stage, ..delivery.clone() }), record),
            Err(_) => Verdict::Leave,
        },
        (Answer::Permit(_), Stage::Claimed { .. }) => {
            let frozen = || delivery.decision.permit().map(|frozen| frozen.leaves().cloned().collect());
            let saw = record.saw.map(|saw| Box::new(Saw { frozen: frozen(), ..*saw }));
            let too_much = Decision { answer: Answer::Refuse(Refusal::FieldNotAllowed), ..decision };
            recall(law, delivery, message, known, DecisionRecord { decision: too_much, saw, ..record }, stamp, now)
        }
        (Answer::Refuse(_), Stage::Claimed { .. }) => recall(law, delivery, message, known, record, stamp, now),
        // it was handed over and is fetched again: that would be a new provision
        _ => Verdict::Leave,
    }
}

/// Whether everything that was frozen may still be known.
fn covers(permit: &Permit, delivery: &Delivery) -> bool {
    delivery.decision.permit().is_some_and(|frozen| frozen.leaves().all(|leaf| permit.leaves().any(|given| given == leaf)))
}

/// Freezes the bytes, once, and claims.
fn provide(law: Law<'_>, mut delivery: Delivery, message: &StoredMessage, record: Option<DecisionRecord>, now: Timestamp) -> Verdict {
    // to whoever fetches, too: nothing is provided outside the hub's own environment
    if Addressee::of(delivery.recipient.clone(), law.settings.environment, law.registers).is_none() {
        return Verdict::Leave;
    }
    // what may have arrived is seen to its end; everything else waits where it can be cancelled
    if let Stage::Waiting { attempts, .. } = delivery.stage
        && law.registers.is_paused(&delivery.recipient, &delivery.event, At::now(now))
    {
        // as one that was tried: since when it waits is read from its decision
        let stage = Stage::Waiting { not_before: now.checked_add(PAUSE).unwrap_or(now), attempts: attempts.max(1) };
        return Verdict::Wait(Box::new(Delivery { stage, ..delivery }), record);
    }
    if delivery.bytes.is_none() {
        let (Some(spec), Some(permit)) = (law.settings.catalogue.get(&delivery.event), delivery.decision.permit()) else {
            return Verdict::Leave;
        };
        let receipt = reference(&delivery, record.as_ref());
        delivery.bytes = event::delivered(law.settings, spec, &delivery, message, permit, &receipt, now);
        if delivery.bytes.is_none() {
            return Verdict::Leave;
        }
    }
    // a claim is known by its instant: no two of one delivery share it
    let now = match &delivery.stage {
        Stage::Claimed { at, .. } => now.max(at.checked_add(SignedDuration::from_micros(1)).unwrap_or(now)),
        _ => now,
    };
    let until = SignedDuration::try_from(law.settings.limits.claim).ok().and_then(|life| now.checked_add(life).ok()).unwrap_or(now);
    let stage = match delivery.stage.clone() {
        // a new provision of the same bytes, to somebody who fetches
        Stage::HandedOver { .. } | Stage::Received { .. } => Stage::HandedOver { at: now },
        other => match other.claim(now, until) {
            Ok(stage) => stage,
            Err(_) => return Verdict::Leave,
        },
    };
    Verdict::Claim(Box::new(Delivery { stage, ..delivery }), record)
}

fn reference(delivery: &Delivery, record: Option<&DecisionRecord>) -> String {
    match record {
        Some(record) => event::reference(record),
        None => hub_message_id(&[
            "decision",
            delivery.key.source.as_str(),
            delivery.key.id.as_str(),
            delivery.recipient.as_str(),
            &delivery.stamp.rules,
        ])
        .to_string(),
    }
}

/// What the hub says about a message, a worker, a look, an inbox or several cases, to whom that is, whatever it is to the case by now. Everything else
/// that it says goes to who is concerned at the claim.
const TO_ITS_RECIPIENT: [&str; 8] = [
    "access-refused",
    "capacity-granted",
    "capacity-revoked",
    "current-set-requested",
    "delivery-failed",
    "inbox-unread",
    "message-withdrawn",
    "release-dates-digest",
];

/// The recipient of a delivery as a candidate now. Relations that rest on the message itself stay; those that rest on the case must hold.
pub fn candidate_of(
    delivery: &Delivery,
    message: &StoredMessage,
    case: &Case,
    registers: &Registers,
    at: At,
    hub: &ParticipantId,
) -> Option<Candidate> {
    let had = || delivery.decision.permit().map(|permit| permit.leaves().cloned().collect()).unwrap_or_default();
    let kept = |relation| delivery.relations.contains(&relation);
    let who = Who {
        event: delivery.event.as_str(),
        sender: None,
        partner: message.partner.as_ref(),
        earlier: if kept(Relation::EarlierRecipient) { vec![(&delivery.recipient, had())] } else { Vec::new() },
        informed: if kept(Relation::InformedPartner) { vec![&delivery.recipient] } else { Vec::new() },
    };
    let mut candidate = candidate_for(&delivery.recipient, &who, case, registers, at)?;
    if message.sender == *hub && TO_ITS_RECIPIENT.contains(&delivery.event.as_str()) {
        candidate.closed = None;
        candidate.relations.clone_from(&delivery.relations);
    }
    Some(candidate)
}

fn ask(law: Law<'_>, delivery: &Delivery, message: &StoredMessage, case: &Case, at: At) -> Option<(Candidate, Decision)> {
    let candidate = candidate_of(delivery, message, case, law.registers, at, &law.settings.hub)?;
    let decision = asking::for_delivery(law, message, case, &candidate, at)?;
    Some((candidate, decision))
}
