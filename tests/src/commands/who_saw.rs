//! `who-saw`: it only reads, also where the files of whoever asks say something else than the rules by which was decided.

use std::{fs, sync::Arc};

use schakelpunt::clock::SystemClock;
use schakelpunt_domain::Clock as _;
use schakelpunt_engine::ports::Store as _;
use schakelpunt_store::SqliteStore;

use super::{
    hub::start,
    rig::{Place, Serving, root, run},
};

/// What the store keeps of rules: what was done with them, and what is applied.
async fn kept(place: &Place) -> (usize, Option<String>) {
    let store = SqliteStore::open(place.folder("hub.db").as_ref(), Arc::new(SystemClock)).await.unwrap();
    let applied = store.law_at(SystemClock.now()).await.unwrap();
    (store.deeds().await.unwrap().len(), applied.map(|law| law.version))
}

/// The shipped rules, with another place for one article.
fn renumbered(place: &Place) -> String {
    for file in fs::read_dir(root().join("config/rules")).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
        let text =
            fs::read_to_string(&file).unwrap().replace("Penitentiaire maatregel art. 20d lid 2,", "Penitentiaire maatregel art. 21 lid 2,");
        place.write(&format!("rules/{}", file.file_name().unwrap().to_str().unwrap()), &text);
    }
    place.folder("rules")
}

#[tokio::test]
async fn it_cites_the_rules_that_decided_and_leaves_no_trace_in_the_store() {
    let place = Place::new();
    let config = place.hub(&["pi-zwolle", "gemeente-zwolle"]);
    run(&["migrate", "--config", &config]).ended(0);
    run(&["who-saw", "--config", &config, "--detention", "C-1"]).ended(0);
    assert_eq!(kept(&place).await, (0, None), "nothing is in force where no hub ever ran");

    let hub = Serving::start(&config);
    let client = |participant: &str| place.client(participant, &hub.address);
    run(&["publish", "--as", "pi-zwolle", "--config", &client("pi-zwolle"), &place.write("start.json", &start())]).ended(0);
    run(&["inbox", "--as", "gemeente-zwolle", "--config", &client("gemeente-zwolle")]).ended(0);
    hub.stop();

    let before = kept(&place).await;
    let text = format!("rules = \"{}\"\n{}", renumbered(&place), fs::read_to_string(&config).unwrap());
    let said = run(&["who-saw", "--config", &place.write("other.toml", &text), "--detention", "C-1", "--person"]).ended(0).out;
    assert!(said.contains("Dit mag volgens: Penitentiaire maatregel art. 20d lid 2,"), "{said}");
    assert_eq!(kept(&place).await, before);
}
