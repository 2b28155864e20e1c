//! What people do: entries that are checked and written in one transaction, cases by prison, looks that are kept.

use schakelpunt_domain::{
    case::FactValue,
    registers::{Entry, Recorded},
};
use schakelpunt_engine::desk::AccessRecord;
use serde_json::json;

use super::{
    Subject,
    build::{case, put, version, who},
};

fn stop(detention: &str) -> Entry {
    serde_json::from_value(json!({"stop": {"detention": detention}})).unwrap()
}

pub(super) async fn what_is_entered_stands_behind_all_that_was_there(subject: &Subject) {
    let store = &*subject.store;
    let mut shown = Vec::new();
    let mut one = |_, held: Vec<Recorded<Entry>>| {
        shown.push(held.len());
        Some(vec![stop("d-1")])
    };
    assert_eq!(store.enter("beheer", &mut one).await.unwrap(), Some(1));
    let mut two = |now, held: Vec<Recorded<Entry>>| {
        shown.push(held.len());
        assert!(held.iter().all(|one| one.recorded <= now), "time never runs back");
        Some(vec![stop("d-2"), stop("d-3")])
    };
    assert_eq!(store.enter("beheer", &mut two).await.unwrap(), Some(2));
    assert_eq!(store.enter("beheer", &mut |_, _| None).await.unwrap(), None, "what does not fit is not entered");
    assert_eq!(shown, [0, 1]);
    let (epoch, entries) = store.registers().await.unwrap();
    assert_eq!(epoch, 2);
    assert_eq!(entries.into_iter().map(|one| one.entry).collect::<Vec<_>>(), [stop("d-1"), stop("d-2"), stop("d-3")]);
}

pub(super) async fn cases_are_found_by_prison(subject: &Subject) {
    let (store, now) = (&*subject.store, subject.now());
    let held_in = |detention: &str, prisons: &[&str]| {
        let mut one = case(detention);
        prisons.iter().for_each(|prison| one.record(FactValue::Prison(who(prison)), now, now));
        one
    };
    put(store, vec![version(held_in("d-2", &["pi-vught"]), 0), version(held_in("d-1", &["pi-grave"]), 0)]).await.unwrap();
    put(store, vec![version(held_in("d-1", &["pi-grave", "pi-vught"]), 1)]).await.unwrap();
    let found = async |prisons: &[&str]| {
        let prisons: Vec<_> = prisons.iter().map(|prison| who(prison)).collect();
        let cases = store.cases_in(&prisons).await.unwrap();
        cases.iter().map(|case| case.detention.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(found(&["pi-vught"]).await, ["d-1", "d-2"], "by reference, also who came later");
    assert_eq!(found(&["pi-grave", "pi-vught"]).await, ["d-1", "d-2"], "each once");
    assert_eq!(found(&["pi-zwolle"]).await, Vec::<String>::new());
    assert_eq!(found(&[]).await, Vec::<String>::new());
}

pub(super) async fn looks_are_kept(subject: &Subject) {
    let store = &*subject.store;
    let look = |detention: &str, worker: &str| -> AccessRecord {
        serde_json::from_value(json!({
            "at": subject.now(), "detention": detention, "worker": worker, "employer": null, "acting_for": "gemeente-zwolle", "role": null,
            "on_behalf_of": null, "reads": "case", "purpose": "reintegration", "fields": ["/release/date"], "code": "WRONG_CAPACITY",
        }))
        .unwrap()
    };
    store.note_accesses(&[look("d-1", "n"), look("d-2", "n"), look("d-1", "m")]).await.unwrap();
    store.note_accesses(&[]).await.unwrap();
    assert_eq!(store.accesses(&"d-1".parse().unwrap()).await.unwrap(), [look("d-1", "n"), look("d-1", "m")], "oldest first");
    assert_eq!(store.accesses(&"d-3".parse().unwrap()).await.unwrap(), []);
}
