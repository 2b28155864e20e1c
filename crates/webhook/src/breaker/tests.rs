//! The breaker step by step, and its properties under any order of calls.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

/// Opens after 3, pauses 10, 20, 40, 60, 60, ... seconds.
fn small() -> Breaker {
    let pause = Duration::from_secs(10);
    Breaker::new(BreakerSettings { failures: NonZeroU32::new(3).unwrap(), pause, pause_max: Duration::from_secs(60) })
}

fn opened() -> Breaker {
    let mut breaker = small();
    assert_eq!((breaker.failed(at(0), None), breaker.failed(at(1), None)), (None, None));
    assert_eq!(breaker.failed(at(2), None), Some(Change::Opened { failures: 3, until: at(12) }));
    breaker
}

#[test]
fn a_success_between_failures_keeps_it_closed() {
    let mut breaker = small();
    for second in 0..20 {
        assert_eq!(breaker.failed(at(second), None), None);
        assert_eq!(breaker.failed(at(second), None), None);
        assert_eq!(breaker.succeeded(), None);
        assert_eq!(breaker.admit(at(second)), (Admission::Go, None));
    }
}

#[test]
fn open_then_one_attempt_then_closed() {
    let mut breaker = opened();
    assert_eq!(breaker.admit(at(11)), (Admission::Wait(at(12)), None));
    assert_eq!(breaker.admit(at(12)), (Admission::Probe, Some(Change::HalfOpened)));
    assert_eq!(breaker.admit(at(12)), (Admission::Wait(at(22)), None), "one attempt only");
    assert_eq!(breaker.succeeded(), Some(Change::Closed { since: at(2) }));
    assert_eq!(breaker.admit(at(13)), (Admission::Go, None));
    assert_eq!(breaker.succeeded(), None, "told once");
}

#[test]
fn the_pause_grows_up_to_its_bound() {
    let mut breaker = opened();
    let mut now = 12;
    for pause in [20, 40, 60, 60] {
        assert_eq!(breaker.admit(at(now)), (Admission::Probe, Some(Change::HalfOpened)));
        assert_eq!(breaker.failed(at(now), None), Some(Change::Reopened { until: at(now + pause) }));
        now += pause;
    }
    breaker.admit(at(now));
    assert_eq!(breaker.succeeded(), Some(Change::Closed { since: at(2) }), "since the first failure too many");
    assert_eq!((breaker.failed(at(now), None), breaker.failed(at(now), None)), (None, None), "and it begins anew");
    assert_eq!(breaker.failed(at(now), None), Some(Change::Opened { failures: 3, until: at(now + 10) }));
}

#[test]
fn what_was_under_way_when_it_opened_changes_nothing_by_failing_and_closes_it_by_succeeding() {
    let mut breaker = opened();
    assert_eq!(breaker.failed(at(3), None), None);
    assert_eq!(breaker.admit(at(4)), (Admission::Wait(at(12)), None));
    assert_eq!(breaker.succeeded(), Some(Change::Closed { since: at(2) }));
}

#[test]
fn an_attempt_that_is_never_reported_is_given_again() {
    let mut breaker = opened();
    assert_eq!(breaker.admit(at(12)).0, Admission::Probe);
    assert_eq!(breaker.admit(at(21)).0, Admission::Wait(at(22)));
    assert_eq!(breaker.admit(at(22)), (Admission::Probe, None));
}

#[test]
fn what_the_target_asks_for_holds_also_while_it_is_closed() {
    let mut breaker = small();
    assert_eq!(breaker.failed(at(0), Some(at(100))), None);
    assert_eq!(breaker.admit(at(99)), (Admission::Wait(at(100)), None));
    assert_eq!(breaker.succeeded(), None);
    assert_eq!(breaker.admit(at(99)).0, Admission::Wait(at(100)), "another answer does not take it back");
    assert_eq!(breaker.admit(at(100)), (Admission::Go, None));
    assert_eq!(breaker.failed(at(100), Some(at(50))), None);
    assert_eq!(breaker.admit(at(100)), (Admission::Go, None), "an instant that has passed");
}

#[test]
fn a_clock_that_is_set_back_holds_up_nobody_for_long() {
    let mut breaker = opened();
    assert_eq!(breaker.admit(at(-86_400)), (Admission::Probe, Some(Change::HalfOpened)));
    breaker.failed(at(-86_400), Some(at(-86_000)));
    assert_eq!(breaker.admit(at(-200_000)).0, Admission::Probe);
}

#[test]
fn people_hear_of_the_beginning_and_the_end() {
    let until = at(0);
    assert!(Change::Opened { failures: 5, until }.is_notice() && Change::Closed { since: until }.is_notice());
    assert!(!Change::HalfOpened.is_notice() && !Change::Reopened { until }.is_notice());
}

#[derive(Debug, Clone, Copy)]
enum Call {
    Admit,
    Succeed,
    Fail,
    FailUntil(i64),
}

fn calls() -> impl Strategy<Value = Vec<(Call, i64)>> {
    let call = prop_oneof![
        3 => Just(Call::Admit),
        1 => Just(Call::Succeed),
        3 => Just(Call::Fail),
        1 => (-50_i64..500).prop_map(Call::FailUntil),
    ];
    prop::collection::vec((call, -5_i64..40), 0..200)
}

proptest! {
    /// Opened and closed are told in turn; what is awaited is never further away than the longest pause, or what the target asked for;
    /// and whoever waits for that instant is admitted then.
    #[test]
    fn whatever_happens(calls in calls()) {
        let mut breaker = small();
        let (mut now, mut open, mut asked) = (0, false, 0);
        for (call, step) in calls {
            now += step;
            let change = match call {
                Call::Admit => {
                    let (admission, change) = breaker.admit(at(now));
                    prop_assert!(change.is_none() || change == Some(Change::HalfOpened));
                    if let Admission::Wait(until) = admission {
                        prop_assert!(until > at(now) && until <= at((now + 60).max(asked)));
                        let mut later = breaker.clone();
                        let mut instant = until;
                        while let (Admission::Wait(next), _) = later.admit(instant) {
                            prop_assert!(next > instant && next <= at(asked.max(now) + 60));
                            instant = next;
                        }
                    }
                    prop_assert!(admission != Admission::Go || !open);
                    change
                }
                Call::Succeed => breaker.succeeded(),
                Call::Fail => breaker.failed(at(now), None),
                Call::FailUntil(wait) => {
                    asked = asked.max(now + wait);
                    breaker.failed(at(now), Some(at(now + wait)))
                }
            };
            match change {
                Some(Change::Opened { until, .. }) => {
                    prop_assert!(!open && until == at(now + 10));
                    open = true;
                }
                Some(Change::Closed { .. }) => {
                    prop_assert!(open);
                    open = false;
                }
                Some(Change::HalfOpened | Change::Reopened { .. }) => prop_assert!(open),
                None => {}
            }
        }
    }

    #[test]
    fn no_pause_is_longer_than_the_bound(failures in 1_u32..100, pause in 1_u64..1_000_000, bound in 1_u64..1_000_000) {
        let (pause, pause_max) = (Duration::from_secs(pause), Duration::from_secs(bound));
        let mut breaker = Breaker::new(BreakerSettings { failures: NonZeroU32::MIN, pause, pause_max });
        let mut now = at(0);
        for _ in 0..failures {
            let until = match breaker.failed(now, None) {
                Some(Change::Opened { until, .. } | Change::Reopened { until }) => until,
                other => return Err(TestCaseError::fail(format!("{other:?}"))),
            };
            prop_assert!(now.duration_until(until) <= SignedDuration::try_from(pause_max).unwrap());
            prop_assert_eq!(breaker.admit(until).0, Admission::Probe);
            now = until;
        }
    }
}
