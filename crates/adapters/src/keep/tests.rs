use super::*;

fn message(participant: &str, detention: &str, id: &str) -> Outgoing {
    let (participant, detention) = (participant.parse().unwrap(), detention.parse().unwrap());
    Outgoing { participant, id: id.parse().unwrap(), event: "transferred".to_owned(), detention, body: "{}".to_owned() }
}

fn kept(messages: &[Outgoing]) -> (tempfile::TempDir, Keep) {
    let folder = tempfile::tempdir().unwrap();
    let keep = Keep::open(&folder.path().join("a.redb")).unwrap();
    let change = keep.change().unwrap();
    messages.iter().for_each(|message| change.add(message, Timestamp::UNIX_EPOCH).unwrap());
    change.commit().unwrap();
    (folder, keep)
}

fn ready_ids(keep: &Keep, participant: &str) -> Vec<String> {
    let open = keep.open_messages().unwrap();
    ready(&open, &participant.parse().unwrap()).iter().map(|message| message.id.to_string()).collect()
}

fn note(keep: &Keep, id: &str, progress: Progress) {
    let change = keep.change().unwrap();
    assert!(change.progress(&id.parse().unwrap(), progress).unwrap());
    change.commit().unwrap();
}

#[test]
fn a_message_of_another_prison_waits_for_the_receipts_before_it() {
    let (_folder, keep) = kept(&[message("pi-a", "D-1", "1"), message("pi-b", "D-1", "2"), message("pi-b", "D-2", "3")]);
    assert_eq!((ready_ids(&keep, "pi-a"), ready_ids(&keep, "pi-b")), (vec!["1".to_owned()], vec!["3".to_owned()]));
    note(&keep, "1", Progress::Sent(Timestamp::UNIX_EPOCH));
    assert_eq!(ready_ids(&keep, "pi-b"), ["3"], "sent is not answered");
    note(&keep, "1", Progress::Accepted);
    assert_eq!(ready_ids(&keep, "pi-b"), ["2", "3"]);
}

#[test]
fn an_answer_that_comes_before_the_confirm_is_noted_stands() {
    let (_folder, keep) = kept(&[message("pi-a", "D-1", "1")]);
    note(&keep, "1", Progress::Accepted);
    note(&keep, "1", Progress::Sent(Timestamp::UNIX_EPOCH));
    assert!(keep.open_messages().unwrap().is_empty());
}

#[test]
fn a_message_is_added_once() {
    let (_folder, keep) = kept(&[message("pi-a", "D-1", "1"), message("pi-a", "D-1", "1")]);
    assert_eq!(ready_ids(&keep, "pi-a"), ["1"]);
}

#[test]
fn what_was_not_committed_never_was() {
    let (_folder, keep) = kept(&[]);
    let change = keep.change().unwrap();
    change.add(&message("pi-a", "D-1", "1"), Timestamp::UNIX_EPOCH).unwrap();
    change.put("stay", "D-1", &1).unwrap();
    drop(change);
    assert!(ready_ids(&keep, "pi-a").is_empty());
    assert_eq!(keep.record::<u8>("stay", "D-1").unwrap(), None);
}

#[test]
fn what_was_rejected_goes_again_at_the_next_start() {
    let (folder, keep) = kept(&[message("pi-a", "D-1", "1")]);
    note(&keep, "1", Progress::Rejected);
    drop(keep);
    let keep = Keep::open(&folder.path().join("a.redb")).unwrap();
    assert!(ready_ids(&keep, "pi-a").is_empty());
    keep.retry_rejected().unwrap();
    assert_eq!(ready_ids(&keep, "pi-a"), ["1"]);
}

#[test]
fn what_is_forgotten_leaves_nothing() {
    let (_folder, keep) = kept(&[message("pi-a", "D-1", "1"), message("pi-a", "D-2", "2")]);
    let change = keep.change().unwrap();
    change.forget(&"D-1".parse().unwrap()).unwrap();
    change.commit().unwrap();
    assert_eq!(keep.messages(|_| true).unwrap().into_iter().map(|(_, kept)| kept.message.id.to_string()).collect::<Vec<_>>(), ["2"]);
}

#[test]
fn what_the_hub_has_recorded_is_forgotten_in_time_and_nothing_else() {
    let (_folder, keep) = kept(&[message("pi-a", "D-1", "1"), message("pi-a", "D-2", "2"), message("pi-a", "D-3", "3")]);
    note(&keep, "1", Progress::Accepted);
    note(&keep, "2", Progress::Accepted);
    let change = keep.change().unwrap();
    change.put(HANDED_ON, "a", &Timestamp::UNIX_EPOCH).unwrap();
    change.put(HANDED_ON, "b", &Timestamp::MAX).unwrap();
    change.forget_before(Timestamp::from_second(1).unwrap(), |kept| kept.message.detention.as_str() != "D-2").unwrap();
    change.commit().unwrap();
    let ids: Vec<String> = keep.messages(|_| true).unwrap().into_iter().map(|(_, kept)| kept.message.id.to_string()).collect();
    assert_eq!(ids, ["2", "3"]);
    let names: Vec<String> = keep.records::<Timestamp>(HANDED_ON).unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["b"]);
}

#[test]
fn records_of_one_kind_are_not_those_of_another() {
    let (_folder, keep) = kept(&[]);
    let change = keep.change().unwrap();
    for (kind, name) in [("stay", "D-1"), ("stay", "D-2"), ("stays", "D-3"), ("file", "D-4")] {
        change.put(kind, name, &name).unwrap();
    }
    change.commit().unwrap();
    let names: Vec<String> = keep.records::<String>("stay").unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["D-1", "D-2"]);
}

#[test]
fn a_crash_while_the_file_was_made_leaves_nothing_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("adapter.redb");
    // what a crash leaves: the beginning of a file, without what says that it is whole
    std::fs::write(folder.path().join("adapter.unfinished"), [0; 4096]).unwrap();
    let keep = Keep::open(&path).unwrap();
    let change = keep.change().unwrap();
    change.put("kind", "name", &1).unwrap();
    change.commit().unwrap();
    assert!(matches!(Keep::open(&path), Err(KeepError::File(_))), "one program at a time");
    drop(keep);
    assert_eq!(Keep::open(&path).unwrap().record::<u64>("kind", "name").unwrap(), Some(1));
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["adapter.redb"]);
}
