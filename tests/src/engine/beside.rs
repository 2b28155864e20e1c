//! A command beside the hub: it goes by the rules that are in force, whatever its files say, and changes nothing of them.

use std::sync::Arc;

use schakelpunt::clock::SetClock;
use schakelpunt_bus::in_process::InProcessBus;
use schakelpunt_domain::{BasisId, catalogue::Catalogue};
use schakelpunt_engine::{
    Hub, Settings,
    kept_law::KeptLaw,
    laws::Halt,
    ports::{Store, StoreError},
};
use schakelpunt_store::SqliteStore;

use super::explaining::other_law;
use crate::harness::{MORNING, Rig, instant, messages::admission, settings, who};

/// The settings of somebody whose files say something else than the hub's.
fn with_other_files() -> Settings {
    let law = other_law();
    let (catalogue, rules) = law.read().unwrap();
    Settings { catalogue: Arc::new(catalogue), rules: Arc::new(rules), law: Arc::new(law), ..settings() }
}

async fn beside(rig: &Rig) -> Hub {
    Hub::beside(with_other_files(), Arc::clone(&rig.store), Arc::new(InProcessBus::default())).await.unwrap()
}

#[tokio::test]
async fn it_decides_by_the_rules_in_force_and_keeps_no_law() {
    let rig = Rig::new().await;
    let before = (rig.store.deeds().await.unwrap(), rig.store.law_at(rig.now()).await.unwrap());
    rig.pass(60);
    let command = beside(&rig).await;
    assert_eq!(command.in_force().await.unwrap().rules.version, settings().rules.version);
    assert_eq!((rig.store.deeds().await.unwrap(), rig.store.law_at(rig.now()).await.unwrap()), before);
}

#[tokio::test]
async fn over_a_store_whose_hub_never_ran_it_brings_no_rules_into_force() {
    let clock = SetClock::new(instant(MORNING));
    let store: Arc<dyn Store> = Arc::new(SqliteStore::in_memory(Arc::new(clock)).await.unwrap());
    store.migrate().await.unwrap();
    let command = Hub::beside(settings(), Arc::clone(&store), Arc::new(InProcessBus::default())).await.unwrap();
    let halted = command.in_force().await.unwrap_err();
    assert!(matches!(halted, StoreError::NoRules(Halt::NotLoaded)), "{halted}");
    assert_eq!((store.deeds().await.unwrap(), store.law_at(store.now().await.unwrap()).await.unwrap()), (Vec::new(), None));
}

/// The shipped rules, with another place for one article.
fn renumbered() -> KeptLaw {
    let mut law = KeptLaw::new(settings().law.rules.clone(), Catalogue::shipped());
    for file in &mut law.rules {
        file.text = file.text.replace("Penitentiaire maatregel art. 20d lid 2,", "Penitentiaire maatregel art. 21 lid 2,");
    }
    KeptLaw::new(law.rules, law.catalogue)
}

#[tokio::test]
async fn what_was_given_is_cited_by_the_rules_that_decided_it() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.activate(&renumbered()).await;
    rig.give(&admission("d-2")).await;
    let cited = async |detention: &str| {
        let (given, _) = rig.hub.who_saw(&detention.parse().unwrap()).await.unwrap();
        let to_town = given.iter().find(|one| one.recipient == who("gemeente-zwolle")).unwrap();
        assert_eq!(to_town.bases, ["pm-20d-2".parse::<BasisId>().unwrap()]);
        let citations = beside(&rig).await.citations(&given).await.unwrap();
        citations.of(&to_town.rules, &to_town.bases[0]).unwrap().split(',').next().unwrap().to_owned()
    };
    assert_eq!(cited("d-1").await, "Penitentiaire maatregel art. 20d lid 2");
    assert_eq!(cited("d-2").await, "Penitentiaire maatregel art. 21 lid 2");
}
