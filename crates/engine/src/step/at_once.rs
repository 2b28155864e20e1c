//! The common way: a delivery whose lane is free is claimed in the very transaction that decided it (design 4).

use std::collections::{BTreeMap, HashMap};

use schakelpunt_domain::{DetentionRef, ParticipantId};

use super::{Law, world::World};
use crate::{
    claim,
    model::{Action, Delivery},
};

/// How many deliveries each recipient may be handed at once. Who is not in it waits for a claim.
pub type AtOnce = BTreeMap<ParticipantId, usize>;

type Lane<'a> = (Option<&'a DetentionRef>, &'a ParticipantId);

fn lane(delivery: &Delivery) -> Lane<'_> {
    (delivery.detention.as_ref(), &delivery.recipient)
}

/// Claims what this step added, waits, and has nothing open before it in its lane. What rests on consent waits for an empty inbox.
pub(super) fn claim_added(law: Law<'_>, world: &mut World<'_>, room: &AtOnce) {
    if room.is_empty() {
        return;
    }
    let mut room = room.clone();
    let mut heads: HashMap<Lane<'_>, &Delivery> = HashMap::new();
    for open in world.deliveries().iter().filter(|delivery| delivery.stage.is_open()) {
        let head = heads.entry(lane(open)).or_insert(open);
        if open.lane_sequence < head.lane_sequence {
            *head = open;
        }
    }
    let mut claimed: HashMap<_, Delivery> = HashMap::new();
    for action in world.actions() {
        let Action::AddDelivery(added) = action else { continue };
        // decided before its case was changed in this very step: the claim asks again
        let outdated = added.stamp.case_version == 0;
        if outdated || heads.get(&lane(added)).is_none_or(|head| head.id != added.id) {
            continue;
        }
        let Some(left) = room.get_mut(&added.recipient).filter(|left| **left > 0) else { continue };
        if let Some(delivery) = world.message(&added.key).and_then(|message| claim::at_once(law, added, message, world.now())) {
            *left -= 1;
            claimed.insert(delivery.id, delivery);
        }
    }
    for action in world.actions_mut() {
        if let Action::AddDelivery(added) = action
            && let Some(delivery) = claimed.remove(&added.id)
        {
            **added = delivery;
        }
    }
}
