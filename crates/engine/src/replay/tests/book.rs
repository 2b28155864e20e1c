//! The registers of every instant.

use super::*;

#[test]
fn only_the_entries_that_it_saw_count() {
    let mut rig = Rig::new();
    for (entries, given) in [(2, Ok(date())), (1, Err("NOT_REGISTERED")), (0, Err("NOT_REGISTERED"))] {
        rig.saw().entries = entries;
        assert_eq!(rig.given(), given, "of {entries}");
    }
    // what was entered later does not count, however much there is
    let mut rig = Rig::new();
    rig.entries.push((json!({"id": "rn-zwolle", "kind": "probation", "oin": "00000099RN0000001000"}), "2022-04-01T00:00:00Z"));
    assert_eq!(rig.given(), Ok(date()));
}

#[test]
fn parts_of_the_registers_are_kept_up_to_a_number() {
    let rig = Rig::new();
    let (book, kept) = (rig.book(), |book: &Book| book.parts.lock().unwrap().len());
    let known = |count| book.at(at(NOW), Some(count)).count();
    assert_eq!((known(2), kept(&book)), (2, 0), "all that was known is no part");
    assert_eq!((known(1), known(0), known(1), kept(&book)), (1, 0, 1, 2));
    (3..=PARTS).for_each(|count| drop(book.at(at(NOW), Some(count))));
    assert_eq!(kept(&book), PARTS);
    drop(book.at(at(NOW), Some(PARTS + 1)));
    assert_eq!(kept(&book), 1, "then they are made anew");
}
