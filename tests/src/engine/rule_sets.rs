//! Which rules are in force when, and what becomes of what waits.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use jiff::SignedDuration;
use schakelpunt_domain::registers::{Entry, Recorded};
use schakelpunt_engine::{
    hub::Doer,
    kept_law::KeptLaw,
    laws::Halt,
    life::{Deed, What},
    ports::{Do, Pull, Store, StoreError},
    step::Receipts,
};

use super::explaining::other_law;
use crate::harness::{
    Rig,
    around::{Around, Hooks},
    fetches,
    messages::admission,
    only, to, told, who,
};

const TOWN: &str = "gemeente-zwolle";
const NOTICE: &str = "d-1-detention-started";

async fn stop(rig: &Rig) {
    let beheer = who("beheer");
    let doer = Doer { name: &beheer, roles: &[], why: "a test" };
    rig.hub.do_for_rules(doer, None, What::Stopped).await.unwrap().unwrap();
}

/// The article on which somebody has it.
async fn basis(rig: &Rig, id: &str) -> String {
    rig.deliveries(id, TOWN).await[0].decision.permit().unwrap().granted[0].basis.to_string()
}

#[tokio::test]
async fn what_waits_is_decided_by_the_rules_of_its_claim() {
    let rig = Rig::new().await;
    rig.down(TOWN);
    rig.give(&admission("d-1")).await;
    assert_eq!(basis(&rig, NOTICE).await, "pm-20d-2");
    rig.activate(&other_law()).await;
    rig.up(TOWN);
    let sent = rig.settle().await;
    assert_eq!((to(&sent, TOWN).len(), basis(&rig, NOTICE).await), (1, "wjsg-51c-2-c".to_owned()));
    assert_eq!(rig.times_decided(NOTICE, TOWN).await, 2);
}

#[tokio::test]
async fn a_process_that_has_not_heard_of_them_decides_nothing_by_the_rules_of_before() {
    let rig = Rig::new().await;
    let other = rig.second_hub().await;
    other.activate(&other_law()).await;
    rig.give(&admission("d-1")).await;
    assert_eq!(basis(&rig, NOTICE).await, "wjsg-51c-2-c");
}

#[tokio::test]
async fn while_all_rules_are_stopped_nothing_leaves_and_nothing_is_lost() {
    let rig = Rig::new().await;
    rig.record(fetches("gemeente-kampen")).await;
    rig.down(TOWN);
    rig.give(&admission("d-1")).await;
    let other = rig.second_hub().await;
    stop(&other).await;
    rig.up(TOWN);
    let stopped = |error: StoreError| assert!(matches!(error, StoreError::NoRules(Halt::Stopped)), "{error}");
    assert_eq!(rig.hub.dispatch().await.unwrap(), 1, "it hears of it, and looks again");
    stopped(rig.hub.dispatch().await.unwrap_err());
    stopped(rig.hub.offer(&[admission("d-2").offer()], Receipts::Send).await.unwrap_err());
    stopped(rig.hub.pull(&Pull { participant: who("gemeente-kampen"), after: 0, limit: 9 }).await.unwrap_err());
    assert_eq!(rig.stages(NOTICE, TOWN).await, ["waiting"]);
    rig.activate(&other_law()).await;
    let sent = rig.settle().await;
    assert_eq!(only(&sent, TOWN).event, "detention-started");
    assert_eq!(told(&rig.give(&admission("d-2")).await), ["gemeente-zwolle < detention-started", "rn-zwolle < detention-started"]);
}

/// A store in which the first transactions for the rules lose to others, and that cannot be read once one of them counts.
#[derive(Debug)]
struct Busy {
    inner: Arc<dyn Store>,
    lose: AtomicU32,
}

#[async_trait]
impl Hooks for Busy {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    async fn add_deed(&self, law: Option<&KeptLaw>, act: Do<'_>) -> Result<Option<Deed>, StoreError> {
        if self.lose.load(Ordering::Relaxed) > 1 {
            self.lose.fetch_sub(1, Ordering::Relaxed);
            return Err(StoreError::Conflict);
        }
        let done = self.inner.add_deed(law, act).await;
        self.lose.store(0, Ordering::Relaxed);
        done
    }

    async fn registers(&self) -> Result<(u64, Vec<Recorded<Entry>>), StoreError> {
        match self.lose.load(Ordering::Relaxed) {
            0 => Err(StoreError::Unavailable("it is read by many".into())),
            _ => self.inner.registers().await,
        }
    }
}

#[tokio::test]
async fn a_stop_is_done_however_busy_the_store_is() {
    let rig = Rig::new().await;
    let busy = rig.around(|inner| Arc::new(Around(Busy { inner, lose: AtomicU32::new(3) }))).await;
    stop(&busy).await;
    assert!(matches!(rig.hub.in_force().await, Err(StoreError::NoRules(Halt::Stopped))), "every process hears of it");
}

#[tokio::test]
async fn a_process_that_only_answers_hears_of_others_rules_too() {
    let rig = Rig::new().await;
    let before = rig.hub.in_force().await.unwrap();
    rig.second_hub().await.activate(&other_law()).await;
    let (in_force, last) = (rig.hub.in_force().await.unwrap(), rig.hub.in_force_or_last().await.unwrap());
    assert_ne!(in_force.law.version, before.law.version);
    assert_eq!((&in_force.law, &last.law), (&Arc::new(other_law()), &Arc::new(other_law())));
}

#[tokio::test]
async fn a_version_begins_at_its_instant_and_not_before() {
    let rig = Rig::new().await;
    rig.activate(&other_law()).await;
    let begun = rig.now();
    rig.set(&(begun - SignedDuration::from_micros(1)).to_string());
    rig.give(&admission("d-1")).await;
    rig.set(&begun.to_string());
    rig.give(&admission("d-2")).await;
    assert_eq!([basis(&rig, NOTICE).await, basis(&rig, "d-2-detention-started").await], ["pm-20d-2", "wjsg-51c-2-c"]);
}
