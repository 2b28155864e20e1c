//! Bad sinks, each beside a good one. Both are asked at once; the good one has to get everything, and to be done while a bad one hangs.

use std::{future::Future, io, net::IpAddr, pin::pin, sync::Arc};

use async_trait::async_trait;
use futures::future::{Either, join, join_all, select};
use schakelpunt_webhook::{Channel, Lookup, Outcome, Trouble};

use super::sinks::{CANARY, FORBIDDEN, HOME, Sink, Untouched, by_name, channel, deliver, target};

const GOOD: usize = 20;

/// Delivers to a good sink and says what it has.
async fn good_ones() -> usize {
    let sink = Sink::with(204, &[]).await;
    let channel = sink.channel();
    let ids: Vec<String> = (0..GOOD).map(|number| format!("good-{number}")).collect();
    let outcomes = join_all(ids.iter().map(|id| deliver(&channel, id))).await;
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Delivered), "{outcomes:?}");
    sink.received().len()
}

async fn beside_good_ones(bad: impl Future<Output = Outcome>) -> Outcome {
    let (outcome, good) = join(bad, good_ones()).await;
    assert_eq!(good, GOOD);
    outcome
}

fn later(trouble: Trouble) -> Outcome {
    Outcome::Later { trouble, pause: None }
}

fn with_limits(sink: &Sink, seconds: u64) -> Channel {
    channel(&format!("http://{}/hook?code={CANARY}", sink.address), &format!("request-seconds = {seconds}"))
}

#[tokio::test]
async fn while_one_hangs_the_others_are_served() {
    for says in [&b""[..], b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"] {
        let sink = Sink::raw(says, false).await;
        let channel = with_limits(&sink, 300);
        match select(pin!(deliver(&channel, "bad")), pin!(good_ones())).await {
            Either::Right((good, _still_pending)) => assert_eq!(good, GOOD),
            Either::Left((outcome, _)) => panic!("done before the good ones: {outcome:?}"),
        }
    }
}

#[tokio::test]
async fn one_that_hangs_is_given_up_and_gets_the_event_again() {
    for says in [&b""[..], b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"] {
        let sink = Sink::raw(says, false).await;
        assert_eq!(beside_good_ones(deliver(&with_limits(&sink, 1), "bad")).await, later(Trouble::Silent));
    }
}

#[tokio::test]
async fn one_that_answers_500() {
    let sink = Sink::with(500, &[]).await;
    assert_eq!(beside_good_ones(deliver(&sink.channel(), "bad")).await, later(Trouble::Status(500)));
}

#[tokio::test]
async fn one_that_closes_half_way_through_its_answer_has_not_answered() {
    for says in [&b""[..], b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"] {
        let sink = Sink::raw(says, true).await;
        assert_eq!(beside_good_ones(deliver(&sink.channel(), "bad")).await, later(Trouble::Broken));
    }
}

#[tokio::test]
async fn one_that_speaks_something_else() {
    let sink = Sink::raw(b"220 mail.test ESMTP\r\n", false).await;
    assert_eq!(beside_good_ones(deliver(&sink.channel(), "bad")).await, later(Trouble::Broken));
    let url = format!("https://{}/hook?code={CANARY}", sink.address);
    assert_eq!(beside_good_ones(deliver(&channel(&url, ""), "bad")).await, later(Trouble::Tls));
}

#[tokio::test]
async fn one_that_redirects_to_a_forbidden_address_and_one_that_redirects_to_a_good_one() {
    let (forbidden, innocent) = (Untouched::at(0), Sink::with(204, &[]).await);
    for (status, to) in [(301, forbidden.address()), (302, forbidden.address()), (307, forbidden.address()), (308, innocent.address)] {
        let location = format!("http://{to}/");
        let sink = Sink::answering(move |_| super::sinks::answer(status, &[("location", &location)])).await;
        assert_eq!(beside_good_ones(deliver(&sink.channel(), "bad")).await, Outcome::Redirected { status });
        assert_eq!(sink.received().len(), 1);
    }
    forbidden.check();
    assert!(innocent.received().is_empty(), "no redirect is followed, not even a harmless one");
}

/// The name leads to an allowed address when it is checked, and to a forbidden one when it is called.
#[tokio::test]
async fn one_whose_name_moves_between_check_and_call() {
    let sink = Sink::with(204, &[]).await;
    let forbidden = Untouched::at(sink.address.port());
    let channel = by_name(sink.address.port(), &[&[HOME], &[FORBIDDEN]]);
    assert_eq!(channel.check().await, Ok(()));
    let outcome = beside_good_ones(deliver(&channel, "bad")).await;
    assert!(matches!(outcome, Outcome::Forbidden(_)), "{outcome:?}");
    forbidden.check();
    assert!(sink.received().is_empty());
}

#[tokio::test]
async fn one_that_nobody_listens_for() {
    let listener = std::net::TcpListener::bind((HOME, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let channel = channel(&format!("http://{address}/hook?code={CANARY}"), "");
    assert_eq!(beside_good_ones(deliver(&channel, "bad")).await, later(Trouble::Connect));
}

/// Names that are never found, or not found.
#[derive(Debug)]
struct Nowhere {
    hangs: bool,
}

#[async_trait]
impl Lookup for Nowhere {
    async fn lookup(&self, _host: &str) -> io::Result<Vec<IpAddr>> {
        if self.hangs {
            return std::future::pending().await;
        }
        Err(io::Error::from(io::ErrorKind::NotFound))
    }
}

#[tokio::test]
async fn one_whose_name_is_not_found_or_whose_name_server_hangs() {
    let target = target(&format!("http://sink.test/hook?code={CANARY}"), "connect-seconds = 1");
    for (hangs, trouble) in [(false, Trouble::Name), (true, Trouble::Silent)] {
        let channel = Channel::new(target.clone(), Arc::new(Nowhere { hangs })).unwrap();
        assert_eq!(beside_good_ones(deliver(&channel, "bad")).await, later(trouble));
        assert_eq!(channel.check().await, Err(trouble.into()));
    }
}
