//! The self-check of a night: what was decided on a day, asked again with the rules that made it.

use std::sync::Arc;

use schakelpunt_domain::LegalDay;

use super::{Hub, Replay, Rules};
use crate::{ports::StoreError, replay::Checked};

/// From this hour on the day before is checked: the night has little else to do.
const HOUR: i8 = 3;
/// Detentions of one question: the hub has other work beside.
const TOGETHER: usize = 16;

impl Hub {
    /// The day that is to be checked by now: the one before, from three o'clock on.
    pub async fn day_to_check(&self) -> Result<LegalDay, StoreError> {
        let now = self.store.now().await?;
        let today = LegalDay::of(now);
        Ok(if now < today.at_hour(HOUR) { today.yesterday().yesterday() } else { today.yesterday() })
    }

    /// Asks again what was decided on a day, and says in the log whether all answers are the same.
    pub async fn check_day(&self, day: LegalDay) -> Result<Checked, StoreError> {
        let replay = Replay::open(self.settings.clone(), Arc::clone(&self.store), day.begins(), day.ends()).await?;
        let mut checked = Checked::default();
        for detentions in replay.detentions().chunks(TOGETHER) {
            for again in replay.ask(detentions, &[Rules::Applied]).await?.iter().flatten() {
                again.answers.iter().for_each(|answer| checked.add(&again.record, answer));
            }
        }
        let Checked { decisions, differ, .. } = checked;
        let undecidable: u64 = checked.undecidable.values().sum();
        if differ > 0 {
            tracing::error!(
                code = "REPLAY_DIFFERS",
                %day,
                decisions,
                differ,
                undecidable,
                "recorded decisions are answered otherwise by the rules that made them; see `rules replay` for that day"
            );
        } else {
            tracing::info!(%day, decisions, undecidable, "recorded decisions are answered the same by the rules that made them");
        }
        Ok(checked)
    }
}
