//! Running cases that pass to another municipality by the registers alone. Looked for when the registers have changed and on every new
//! legal day, from where they were looked at last: after an outage it is told late, once.

use jiff::Timestamp;
use schakelpunt_domain::{
    LegalDay, ParticipantId,
    registers::{At, Kind, Registers},
};
use schakelpunt_rules::{Then, may_have_passed, passed_on};

use super::Hub;
use crate::{
    model::Seen,
    ports::StoreError,
    step::{Input, Passing, Receipts},
};

/// Whether cases can have passed since the registers were looked at.
fn is_news(seen: Seen, now: Timestamp, registers: &Registers) -> bool {
    registers.count() > seen.entries || LegalDay::of(now) > LegalDay::of(seen.at)
}

impl Hub {
    /// Tells every municipality to which running cases have passed. Gives how many cases.
    pub async fn pass_cases_on(&self) -> Result<usize, StoreError> {
        // held: two looks at once would tell the same twice
        let mut known = self.passed.lock().await;
        let (now, registers) = (self.store.now().await?, self.registers().await);
        if known.is_some_and(|seen| !is_news(seen, now, &registers)) {
            return Ok(0);
        }
        let (epoch, entries) = self.store.registers().await?;
        let seen = self.store.registers_seen().await?;
        let registers = Registers::new(epoch, entries.iter().cloned());
        let now = now.max(registers.latest());
        let mut count = 0;
        if let Some(seen) = seen.filter(|seen| is_news(*seen, now, &registers)) {
            let earlier = Registers::new(epoch, entries.into_iter().take(seen.entries));
            let before = Then { registers: &earlier, at: At::now(seen.at) };
            count = self.pass_between(before, Then { registers: &registers, at: At::now(now) }).await?;
        }
        let seen = Seen { at: now, entries: registers.count() };
        self.store.see_registers(seen).await?;
        *known = Some(seen);
        Ok(count)
    }

    async fn pass_between(&self, before: Then<'_>, now: Then<'_>) -> Result<usize, StoreError> {
        if !may_have_passed(before, now) {
            return Ok(0);
        }
        let prisons: Vec<ParticipantId> =
            now.registers.participants(now.at).filter(|one| one.kind == Kind::Prison).map(|prison| prison.id.clone()).collect();
        let on = LegalDay::of(now.at.valid);
        let mut count = 0;
        // a case that was in two prisons is told once: its message has one id
        for prison in prisons {
            let cases = self.store.cases_in(&now.registers.predecessors(&prison, now.at)).await?;
            let passed = cases.iter().filter_map(|case| Some((case.detention.clone(), passed_on(case, before, now)?)));
            let inputs: Vec<Input> =
                passed.map(|(detention, passed)| Input::Passing(Passing::new(&self.settings, detention, passed, on))).collect();
            count += inputs.len();
            for some in inputs.chunks(self.settings.limits.batch) {
                self.run(some, Receipts::Answered).await?;
            }
        }
        Ok(count)
    }
}
