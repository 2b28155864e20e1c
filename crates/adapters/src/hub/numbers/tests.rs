use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn range(from: u64, to: u64) -> Range {
    Range::new(from, to).unwrap()
}

/// Numbers of which these have come, one by one.
fn met(come: &[u64]) -> Numbers {
    let mut numbers = Numbers::default();
    come.iter().for_each(|number| assert_eq!(numbers.account(range(*number, *number)), None));
    numbers
}

fn told(missing: &[Range]) -> Vec<String> {
    missing.iter().map(Range::to_string).collect()
}

#[test]
fn what_comes_out_of_order_is_not_missing() {
    let mut numbers = met(&[1, 3, 2, 5, 4, 3]);
    assert!(numbers.missing(5).is_empty());
    assert_eq!(numbers, met(&[5]), "years of messages are one number");
}

#[test]
fn what_is_missing_is_told_once() {
    let mut numbers = met(&[1, 2, 4, 7]);
    assert_eq!(told(&numbers.missing(9)), ["3", "5 to 6", "8 to 9"]);
    assert!(numbers.missing(9).is_empty());
    assert_eq!(numbers.account(range(6, 6)), None, "it came late, and that is all");
    assert_eq!(told(&numbers.missing(10)), ["10"]);
}

#[test]
fn what_is_above_the_head_may_still_be_on_its_way() {
    let mut numbers = met(&[1, 5, 8]);
    assert_eq!(told(&numbers.missing(3)), ["2 to 3"]);
    numbers.account(range(4, 4));
    assert!(numbers.missing(5).is_empty());
    assert_eq!(told(&numbers.missing(8)), ["6 to 7"]);
}

#[test]
fn a_head_that_is_behind_says_nothing_new() {
    let mut numbers = met(&[1, 2, 3]);
    assert!(numbers.missing(2).is_empty() && numbers.reaches(2));
    assert_eq!(numbers, met(&[3]));
}

#[test]
fn numbers_under_which_nothing_comes_are_not_missing() {
    let mut numbers = met(&[11, 15]);
    numbers.account(Range::of_void(&json!({ "void": { "from": 12, "to": 14 } })).unwrap());
    assert!(numbers.missing(15).is_empty());
    // and nothing is wrong with one that was told as void and came
    numbers.account(range(13, 20));
    assert!(numbers.missing(20).is_empty());
}

#[test]
fn an_adapter_that_is_installed_late_does_not_ask_about_what_came_before() {
    assert_eq!(told(&met(&[40, 42]).missing(42)), ["41"]);
    let mut numbers = Numbers::default();
    assert!(numbers.missing(41).is_empty(), "nothing has come yet, and the hub is at 41");
    assert_eq!(told(&numbers.missing(43)), ["42 to 43"]);
    let mut numbers = Numbers::default();
    assert!(numbers.missing(0).is_empty(), "nothing has come from the beginning");
    assert_eq!(told(&numbers.missing(1)), ["1"]);
}

#[test]
fn what_is_no_number_of_a_message_is_not_believed() {
    let huge = 10_u64.pow(18);
    let not_numbers = [json!(0), json!(-1), json!(huge), json!(u64::MAX), json!(1.5), json!("1"), json!(null), json!([1])];
    assert!(not_numbers.iter().all(|number| Range::of_message(number).is_none()));
    for (from, to) in [(0, 5), (5, 4), (1, huge), (u64::MAX, u64::MAX), (u64::MAX, 0)] {
        assert_eq!(Range::of_void(&json!({ "void": { "from": from, "to": to } })), None, "{from} to {to}");
    }
    for data in [json!(null), json!({ "void": 3 }), json!({ "void": { "from": 3 } }), json!({ "void": { "from": -3, "to": 3 } })] {
        assert_eq!(Range::of_void(&data), None, "{data}");
    }
    assert_eq!((believed(41), believed(NUMBER_MAX), believed(u64::MAX)), (Some(41), Some(NUMBER_MAX), None));
}

#[test]
fn large_numbers_cost_no_more_than_small_ones() {
    let mut numbers = met(&[1]);
    assert_eq!(numbers.account(range(3, NUMBER_MAX)), None);
    assert_eq!(numbers.account(range(NUMBER_MAX, NUMBER_MAX)), None);
    assert_eq!(told(&numbers.missing(NUMBER_MAX)), ["2"]);
    assert_eq!(numbers.account(range(1, NUMBER_MAX)), None);
    assert!(numbers.missing(NUMBER_MAX).is_empty());
}

#[test]
fn with_too_many_gaps_the_first_is_missing_at_once() {
    let mut numbers = met(&[1]);
    for number in 1..=RANGES_MAX as u64 {
        assert_eq!(numbers.account(range(1 + 2 * number, 1 + 2 * number)), None);
    }
    let next = 3 + 2 * RANGES_MAX as u64;
    assert_eq!(numbers.account(range(next, next)), Some(range(2, 2)));
    assert_eq!(numbers.account(range(next + 2, next + 2)), Some(range(4, 4)));
    assert_eq!(numbers.above.len(), RANGES_MAX);
    assert_eq!(numbers.missing(next).first(), Some(&range(6, 6)), "not those that were told");
}

/// What the hub says.
#[derive(Debug, Clone)]
enum Word {
    Numbers(Range),
    Head(u64),
}

fn words(largest: u64) -> impl Strategy<Value = Vec<Word>> {
    let numbers = (1..=largest, 0..=4_u64).prop_map(move |(from, more)| Word::Numbers(range(from, (from + more).min(largest))));
    let word = prop_oneof![3 => numbers, 1 => (0..=largest).prop_map(Word::Head)];
    prop::collection::vec(word, 1..40)
}

proptest! {
    /// Against a set of single numbers: missing is exactly what no word has accounted for, and what is kept is as short as it can be.
    #[test]
    fn it_is_as_if_every_number_were_noted(words in words(40)) {
        let mut numbers = Numbers::default();
        let mut accounted: Option<BTreeSet<u64>> = None;
        for word in words {
            let first = match word { Word::Numbers(range) => range.from - 1, Word::Head(head) => head };
            let accounted = accounted.get_or_insert_with(|| (0..=first).collect());
            match word {
                Word::Numbers(range) => {
                    prop_assert_eq!(numbers.account(range), None);
                    accounted.extend(range.from..=range.to);
                }
                Word::Head(head) => {
                    let missing: Vec<u64> = numbers.missing(head).iter().flat_map(|range| range.from..=range.to).collect();
                    prop_assert_eq!(missing, (1..=head).filter(|number| !accounted.contains(number)).collect::<Vec<_>>());
                    accounted.extend(0..=head);
                    prop_assert!(numbers.reaches(head));
                }
            }
            let ends: Vec<u64> = numbers.above.iter().flat_map(|range| [range.from, range.to + 1]).collect();
            prop_assert!(ends.is_sorted_by(|one, next| one < next), "apart and in order: {:?}", numbers);
            prop_assert!(ends.first().is_none_or(|first| numbers.up_to.unwrap() + 1 < *first));
            let kept = serde_json::to_value(&numbers).unwrap();
            prop_assert_eq!(&serde_json::from_value::<Numbers>(kept).unwrap(), &numbers);
        }
    }

    /// Whatever it is told, it answers, and keeps little.
    #[test]
    fn nothing_that_is_told_stops_it(words in prop::collection::vec((any::<u64>(), any::<u64>(), any::<bool>()), 1..40)) {
        let mut numbers = Numbers::default();
        for (one, other, is_head) in words {
            let told = Range::of_void(&json!({ "void": { "from": one >> 11, "to": other >> 10 } }));
            if let Some(range) = told.filter(|_| !is_head) {
                numbers.account(range);
            }
            if let Some(head) = believed(one >> 10).filter(|_| is_head) {
                numbers.missing(head);
            }
        }
        prop_assert!(numbers.above.len() <= 40);
    }
}
