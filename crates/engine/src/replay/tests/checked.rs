//! What a self-check counts.

use super::*;

#[test]
fn a_check_counts_what_is_the_same_what_differs_and_what_cannot_be_asked() {
    let record = Rig::new().record;
    let (same, other) = (Ok(record.decision.clone()), Ok(refusal(Refusal::Stopped)));
    let mut checked = Checked::default();
    assert_eq!(checked.sentence(), "0 decisions asked again with the rules that made them: 0 differ");
    checked.add(&record, &same);
    checked.add(&record, &other);
    checked.add(&record, &Err(Undecidable::NoCase));
    checked.add(&record, &Err(Undecidable::NoCase));
    checked.add(&record, &Err(Undecidable::SameInstant));
    assert_eq!((checked.decisions, checked.differ), (5, 1));
    assert_eq!(
        checked.sentence(),
        "5 decisions asked again with the rules that made them: 1 differ; 3 undecidable (NO_CASE 2, SAME_INSTANT 1)"
    );
    let [named] = &checked.first[..] else { panic!("the one that differs: {:?}", checked.first) };
    assert!(
        named.starts_with("release-date-set urn:nld:oin:00000099PI0000001000:systeem:pi m-1 to gemeente-zwolle at 2022-03-01T09:00:00Z")
    );
    assert!(named.contains("recorded {") && named.contains("again    {") && named.to_lowercase().contains("stopped"), "{named}");

    let both = checked.clone().join(checked);
    assert_eq!((both.decisions, both.differ, both.first.len()), (10, 2, 2));
    assert_eq!(both.undecidable, BTreeMap::from([("NO_CASE", 4), ("SAME_INSTANT", 2)]));
}

#[test]
fn only_the_first_that_differ_are_named() {
    let record = Rig::new().record;
    let mut checked = Checked::default();
    (0..=NAMED).for_each(|_| checked.add(&record, &Ok(refusal(Refusal::Stopped))));
    assert_eq!((checked.differ, checked.first.len()), (NAMED as u64 + 1, NAMED));
    assert_eq!(checked.clone().join(checked).first.len(), NAMED);
}
