//! Test, rehearsal and production never meet: nothing is provided outside the hub's own environment, on whatever way.

use schakelpunt_domain::{
    Environment,
    registers::{Entry, Improper, Participant},
};
use schakelpunt_engine::Settings;

use crate::harness::{Rig, fetches, messages::admission, participant, settings, told, who};

const TOWN: &str = "gemeente-zwolle";

fn of(environment: Environment) -> Settings {
    Settings { environment, ..settings() }
}

/// The registers of a rehearsal into which a participant of production has come, by a hand in the database.
async fn rehearsal_with(town: Participant) -> Rig {
    let rig = Rig::new().await.second_hub_under(of(Environment::Rehearsal)).await;
    for id in ["pi-zwolle", "rn-zwolle"] {
        rig.record(Entry::Participant(Participant { environment: Environment::Rehearsal, ..participant(id) })).await;
    }
    rig.record(Entry::Participant(town)).await;
    rig
}

#[tokio::test]
async fn what_a_rehearsal_decides_for_a_participant_of_production_does_not_leave() {
    let production = Participant { environment: Environment::Production, ..participant(TOWN) };
    let rig = rehearsal_with(production).await;
    let sent = rig.give(&admission("d-1")).await;
    assert_eq!(told(&sent), ["rn-zwolle < detention-started"]);
    assert_eq!(sent[0].attribute("environment"), "rehearsal");
    assert_eq!(rig.stages("d-1-detention-started", TOWN).await, ["waiting"], "decided, and never claimed");
}

#[tokio::test]
async fn nor_can_it_be_fetched() {
    let Entry::Participant(fetching) = fetches(TOWN) else { panic!("a participant") };
    let rig = rehearsal_with(Participant { environment: Environment::Production, ..fetching }).await;
    rig.take(&admission("d-1")).await;
    assert!(rig.fetch(TOWN, 0).await.is_empty());
}

#[tokio::test]
async fn nobody_of_another_environment_can_be_entered() {
    let rig = Rig::new().await.second_hub_under(of(Environment::Test)).await;
    for environment in [Environment::Rehearsal, Environment::Production] {
        let entry = Entry::Participant(Participant { environment, ..participant(TOWN) });
        assert_eq!(rig.hub.enter(&[entry], &who("beheer")).await.unwrap(), Err(Improper::Environment), "{environment}");
    }
}
