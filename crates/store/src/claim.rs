//! The claim: the one transaction in which something is provided. A fetch is a claim too.

use std::collections::{BTreeMap, BTreeSet};

use schakelpunt_domain::{DetentionRef, ParticipantId, case::Case};
use schakelpunt_engine::{
    leases::Lease,
    model::{ClaimCandidate, ClaimContext, DecisionRecord, Delivery, Pulled, Receipt, Room, StoredMessage, Verdict, Versioned},
    ports::{Decide, Pull, StoreError},
};

use crate::{
    cases::{self, Lock},
    deliveries,
    errors::unwritable,
    lanes::{self, Again, Picked},
    leases, messages, numbers, registers,
    sql::{End, Session},
    stages, trails,
};

/// Claims due heads of lanes.
pub(crate) async fn run<S: Session>(
    session: &mut S,
    fence: &[Lease],
    limit: usize,
    room: &BTreeMap<ParticipantId, Room>,
    decide: Decide<'_>,
) -> Result<End<Vec<Delivery>>, StoreError> {
    let picked = lanes::pick_heads(session, limit, room.iter()).await?;
    let (epoch, cases, locked) = lock(session, picked, Again::Heads).await?;
    let context = look(session, fence, epoch, cases, &locked, Again::Heads).await?;
    if context.candidates.is_empty() {
        return Ok(End::Rollback(Vec::new()));
    }
    provide(session, context, decide).await
}

/// Claims what a participant fetches.
pub(crate) async fn pull<S: Session>(session: &mut S, pull: &Pull, decide: Decide<'_>) -> Result<End<Pulled>, StoreError> {
    let again = Again::Reached { after: lanes::cursor(pull) };
    // one fetch of a participant after the other: what one gives is no void to the next
    numbers::in_turn(session, &pull.participant).await?;
    let picked = lanes::pick_for(session, pull).await?;
    // a fetch that is full of what was numbered before reaches to the last of it
    let full = picked.len() >= pull.limit as usize;
    let last = picked.iter().filter(|_| full).filter_map(|picked| picked.number).max();
    let (epoch, cases, locked) = lock(session, picked, again).await?;
    stages::receive(session, &pull.participant, lanes::cursor(pull)).await?;
    let context = look(session, &[], epoch, cases, &locked, again).await?;
    let (mut given, mut voids) = (Vec::new(), Vec::new());
    if !context.candidates.is_empty() {
        let mut decide = |context: ClaimContext| {
            let now = context.now;
            let mut verdicts = decide(context)?;
            let passed = unnumber(&mut verdicts, pull.after);
            voids = passed.into_iter().filter_map(|number| Receipt::void_range(&pull.participant, (number, number), now)).collect();
            Some(verdicts)
        };
        match provide(session, context, &mut decide).await? {
            End::Commit(provided) => given = provided,
            End::Rollback(_) => return Ok(End::Rollback(Pulled::default())),
        }
        trails::add_receipts(session, &voids)?;
    }
    given.sort_by_key(|delivery| delivery.number);
    let (head, mut open) = numbers::open(session, &pull.participant).await?;
    let first_new = given.iter().filter_map(|delivery| delivery.number).max();
    let reached = last.map_or(head, |last| first_new.map_or(last, |new| new.max(last)));
    // what a full fetch did not look at, it says nothing of
    let head = open.first().map_or(head, |first| first.saturating_sub(1)).min(reached);
    open.retain(|number| *number > pull.after && *number <= reached);
    Ok(End::Commit(Pulled { given, reached, open, full, head }))
}

/// Takes the numbers from what was claimed with one that the cursor has passed: it would confirm what never came. Gives them.
fn unnumber(verdicts: &mut [Verdict], after: u64) -> Vec<u64> {
    let claimed = verdicts.iter_mut().filter_map(|verdict| if let Verdict::Claim(delivery, _) = verdict { Some(delivery) } else { None });
    claimed.filter_map(|delivery| delivery.number.take_if(|number| *number <= after)).collect()
}

/// Locks the cases, then where the deliveries stand.
async fn lock<S: Session>(
    session: &mut S,
    picked: Vec<Picked>,
    again: Again,
) -> Result<(u64, BTreeMap<DetentionRef, Versioned<Case>>, Vec<Picked>), StoreError> {
    if picked.is_empty() {
        return Ok((0, BTreeMap::new(), picked));
    }
    let epoch = registers::epoch(session).await?;
    let detentions = picked.iter().filter_map(|picked| picked.detention.clone()).collect();
    let cases = cases::read(session, &detentions, Lock::Share).await?;
    let cases = cases.into_iter().map(|case| (case.value.detention.clone(), case)).collect();
    Ok((epoch, cases, lanes::lock(session, picked, again).await?))
}

/// What the decision needs, read after everything is locked.
async fn look<S: Session>(
    session: &mut S,
    fence: &[Lease],
    epoch: u64,
    cases: BTreeMap<DetentionRef, Versioned<Case>>,
    locked: &[Picked],
    again: Again,
) -> Result<ClaimContext, StoreError> {
    if locked.is_empty() {
        return Ok(ClaimContext::default());
    }
    let now = leases::check(session, fence).await?;
    let deliveries = lanes::reread(session, locked, again, now).await?;
    let keys: BTreeSet<_> = deliveries.iter().map(|delivery| delivery.key.clone()).collect();
    let messages = messages::read(session, &keys, false).await?;
    let messages: BTreeMap<_, StoredMessage> = messages.into_iter().map(|message| (message.key.clone(), message)).collect();
    let candidates = deliveries.into_iter().map(|delivery| {
        let missing = || StoreError::Inconsistent { table: "deliveries", column: "message_id", source: "there is no such message".into() };
        let message = messages.get(&delivery.key).ok_or_else(missing)?.clone();
        let case = delivery.detention.as_ref().and_then(|detention| cases.get(detention)).cloned();
        Ok(ClaimCandidate { delivery, case, message })
    });
    Ok(ClaimContext { now, epoch, candidates: candidates.collect::<Result<_, StoreError>>()? })
}

/// Asks, writes the verdicts, commits: the moment of provision.
async fn provide<S: Session>(session: &mut S, context: ClaimContext, decide: Decide<'_>) -> Result<End<Vec<Delivery>>, StoreError> {
    let count = context.candidates.len();
    let Some(verdicts) = decide(context) else { return Ok(End::Rollback(Vec::new())) };
    if verdicts.len() != count {
        return Err(unwritable("not one verdict for each candidate"));
    }
    let Judged { mut claimed, ended, decisions, messages, recalls, voids } = Judged::of(verdicts);
    numbers::give(session, claimed.iter_mut().collect()).await?;
    deliveries::judge(session, claimed.iter().chain(&ended).collect()).await?;
    messages::save(session, messages, &BTreeSet::new()).await?;
    trails::add_decisions(session, &decisions)?;
    trails::add_receipts(session, &voids)?;
    deliveries::add(session, recalls).await?;
    Ok(End::Commit(claimed))
}

/// The verdicts, by what is written.
#[derive(Default)]
struct Judged {
    claimed: Vec<Delivery>,
    ended: Vec<Delivery>,
    decisions: Vec<DecisionRecord>,
    messages: Vec<StoredMessage>,
    recalls: Vec<Delivery>,
    voids: Vec<Receipt>,
}

impl Judged {
    fn of(verdicts: Vec<Verdict>) -> Self {
        let mut judged = Self::default();
        for verdict in verdicts {
            match verdict {
                Verdict::Claim(delivery, decision) => {
                    judged.claimed.push(*delivery);
                    judged.decisions.extend(decision);
                }
                Verdict::Wait(delivery, decision) => {
                    judged.ended.push(*delivery);
                    judged.decisions.extend(decision);
                }
                Verdict::End(delivery, decision) => {
                    judged.voids.extend(Receipt::void(&delivery, decision.at));
                    judged.ended.push(*delivery);
                    judged.decisions.push(decision);
                }
                Verdict::Recall(delivery, decision, message, recall) => {
                    judged.voids.extend(Receipt::void(&delivery, decision.at));
                    judged.ended.push(*delivery);
                    judged.decisions.push(decision);
                    judged.messages.push(*message);
                    judged.recalls.push(*recall);
                }
                Verdict::Leave => {}
            }
        }
        judged
    }
}
