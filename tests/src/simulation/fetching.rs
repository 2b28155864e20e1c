//! A fetch over the shared rows.

use jiff::Timestamp;
use schakelpunt_engine::{
    model::{Pulled, Receipt, Verdict},
    ports::{Decide, Pull, StoreError},
};

use super::{checks, planted, world::World};

/// Gives what a participant fetches at `now`, decided by one process.
pub(super) fn pull(world: &mut World, process: usize, pull: &Pull, decide: Decide<'_>, now: Timestamp) -> Result<Pulled, StoreError> {
    let ids = world.tables.fetchable(pull, now);
    let (full, last) = (ids.len() >= pull.limit as usize, world.tables.last_numbered(&ids));
    let mut context = world.tables.context(&ids, now);
    planted::context(world, &mut context);
    let (mut verdicts, mut passed) = (Vec::new(), Vec::new());
    if !ids.is_empty() {
        let Some(decided) = decide(context) else { return Ok(Pulled::default()) };
        verdicts = decided;
        for verdict in &mut verdicts {
            if let Verdict::Claim(delivery, _) = verdict {
                passed.extend(delivery.number.take_if(|number| *number <= pull.after));
            }
        }
    }
    world.tables.received(pull, now);
    let written = world.tables.judge(&ids, verdicts)?;
    let voids = passed.into_iter().filter_map(|number| Receipt::void_range(&pull.participant, (number, number), now));
    voids.for_each(|void| world.tables.add_receipt(void));
    checks::claimed(world, process, &written, now);
    let given = written.into_iter().filter(|one| one.claimed).map(|one| one.delivery).collect();
    Ok(world.tables.pulled(pull, full, last, given))
}
