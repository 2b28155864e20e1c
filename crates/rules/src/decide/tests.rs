//! What pointers say of entries and conditions; what `decide` answers is asked in `tests/law`.

use super::*;

fn leaf(text: &str) -> Leaf {
    text.parse().unwrap()
}

#[test]
fn an_entry_is_a_key_and_a_field_below_the_object() {
    let parts = |text: &str| entry(&leaf(text), "/conditions").map(|(key, field)| (key.to_owned(), field.to_owned()));
    assert_eq!(parts("/conditions/HOUSING/status"), Some(("HOUSING".to_owned(), "/status".to_owned())));
    assert_eq!(parts("/conditions/HOUSING"), None);
    assert_eq!(parts("/conditionsAndMore/HOUSING/status"), None);
    assert_eq!(parts("/plan/conditions/HOUSING/status"), None);
}

#[test]
fn a_condition_of_the_plan_is_the_same_condition() {
    assert_eq!(condition_of(&leaf("/plan/conditions/DEBT/asOf")), Some(Condition::Debt));
    assert_eq!(condition_of(&leaf("/conditions/NETWORK/status")), Some(Condition::Network));
    assert_eq!(condition_of(&leaf("/conditions/OTHER/status")), None);
    assert_eq!(condition_of(&leaf("/plan/version")), None);
}
