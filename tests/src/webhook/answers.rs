//! What each answer leads to.

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::{Timestamp, ToSpan as _};
use schakelpunt_webhook::{Admission, Breaker, BreakerSettings, Change, Outcome, Pause, Trouble, limits::ANSWER_MAX};

use super::sinks::{CANARY, Sink, answer, channel, deliver, event, now};

async fn after(status: u16, headers: &'static [(&'static str, &'static str)]) -> Outcome {
    let sink = Sink::with(status, headers).await;
    let outcome = deliver(&sink.channel(), "event-1").await;
    assert_eq!(sink.received().len(), 1, "one attempt, whatever the answer");
    outcome
}

fn later(status: u16) -> Outcome {
    Outcome::Later { trouble: Trouble::Status(status), pause: None }
}

#[tokio::test]
async fn taken_refused_retired_or_for_later() {
    for status in [200, 201, 202, 204] {
        assert_eq!(after(status, &[]).await, Outcome::Delivered);
    }
    for status in [400, 413, 415, 422] {
        assert_eq!(after(status, &[]).await, Outcome::Never { status });
    }
    for status in [401, 403, 404, 408, 429, 500, 502, 503] {
        assert_eq!(after(status, &[]).await, later(status));
    }
    assert_eq!(after(410, &[]).await, Outcome::Gone);
}

fn waits_until(outcome: &Outcome) -> Timestamp {
    match outcome {
        Outcome::Later { trouble: Trouble::Status(429 | 503), pause: Some(pause) } => pause.until(now()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn too_many_requests_says_until_when_in_seconds_or_as_a_date() {
    let in_two_minutes: Timestamp = "2024-10-08T08:02:00Z".parse().unwrap();
    assert_eq!(waits_until(&after(429, &[("retry-after", "120")]).await), in_two_minutes);
    assert_eq!(waits_until(&after(429, &[("retry-after", "Tue, 08 Oct 2024 08:02:00 GMT")]).await), in_two_minutes);
    assert_eq!(waits_until(&after(503, &[("retry-after", "120")]).await), in_two_minutes);
    assert_eq!(after(429, &[("retry-after", "soon")]).await, later(429));
}

#[tokio::test]
async fn an_answer_is_read_only_so_far() {
    // it announces a gigabyte, says a little more than is read, and then waits for ever
    const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n";
    let says = [HEAD.as_bytes(), &[b'x'; ANSWER_MAX + 1]].concat();
    let sink = Sink::raw(says.leak(), false).await;
    let channel = channel(&format!("http://{}/hook?code={CANARY}", sink.address), "request-seconds = 300");
    assert_eq!(deliver(&channel, "event-1").await, Outcome::Delivered);
}

/// A day of a sink: it fails, is left alone, and is found again; people hear of it twice.
#[tokio::test]
async fn a_breaker_leaves_a_failing_sink_alone_and_tells_it_once() {
    let well = Arc::new(AtomicBool::new(false));
    let is_well = well.clone();
    let sink = Sink::answering(move |_| answer(if is_well.load(Ordering::SeqCst) { 204 } else { 500 }, &[])).await;
    let (channel, pause) = (sink.channel(), Duration::from_secs(30));
    let mut breaker = Breaker::new(BreakerSettings { failures: NonZeroU32::new(3).unwrap(), pause, pause_max: pause });
    let (mut clock, mut notices) = (now(), Vec::new());
    for second in 0..70 {
        well.store(second >= 40, Ordering::SeqCst);
        let (admission, opening) = breaker.admit(clock);
        let told = match admission {
            Admission::Wait(_) => None,
            Admission::Go | Admission::Probe => match channel.deliver(&event("event-1"), clock).await {
                Outcome::Later { pause, .. } => breaker.failed(clock, pause.map(|pause: Pause| pause.until(clock))),
                outcome => {
                    assert_eq!(outcome, Outcome::Delivered);
                    breaker.succeeded()
                }
            },
        };
        notices.extend([opening, told].into_iter().flatten().filter(Change::is_notice));
        clock += 1.second();
    }
    let opened = now() + 2.seconds();
    assert_eq!(notices, [Change::Opened { failures: 3, until: opened + 30.seconds() }, Change::Closed { since: opened }]);
    // three until it opens, one at second 32 in vain, one at 62 that finds it well, and all seven after that
    assert_eq!(sink.received().len(), 3 + 1 + 1 + 7);
}
