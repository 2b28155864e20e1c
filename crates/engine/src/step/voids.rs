//! Running numbers under which nothing comes any more: a delivery that had one and ended before it was handed over.

use schakelpunt_domain::stage::Stage;

use super::world::World;
use crate::model::{Action, Receipt};

/// At the end of a step: whoever waits for such a number hears that it is void, and nothing of what it was.
pub(super) fn tell(world: &mut World<'_>) {
    let ended = world.actions().iter().filter_map(|action| match action {
        Action::SetStage(id, Stage::Cancelled { .. } | Stage::Void { .. }) => Some(*id),
        _ => None,
    });
    let voids: Vec<Receipt> = ended
        .filter_map(|id| world.deliveries().iter().find(|delivery| delivery.id == id))
        .filter_map(|delivery| Receipt::void(delivery, world.now()))
        .collect();
    voids.into_iter().for_each(|void| world.act(Action::AddReceipt(void)));
}
