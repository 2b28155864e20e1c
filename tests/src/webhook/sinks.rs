//! Sinks on loopback, and channels to them.

use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::Request,
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use jiff::Timestamp;
use schakelpunt_webhook::{Channel, Handshake, Lookup, Outcome, Settings, SystemLookup, Target};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

pub(super) const NEW: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";
pub(super) const OLD: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
/// In the query of every URL: may stand in no outcome.
pub(super) const CANARY: &str = "kanariegeelkuif";
/// Where every sink listens but for those that nobody may reach.
pub(super) const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Loopback too, and not in the network that the tests allow.
pub(super) const FORBIDDEN: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// What a sink got.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Received {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A server. Ends when dropped.
#[derive(Debug)]
pub(super) struct Sink {
    pub(super) address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    _server: JoinSet<()>,
}

impl Sink {
    /// Answers as the function says.
    pub(super) async fn answering(answer: impl Fn(&Received) -> Response + Clone + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((HOME, 0)).await.unwrap();
        let (address, received) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<Received>>>::default());
        let kept = received.clone();
        let router = Router::new().fallback(move |request: Request| async move {
            let (head, body) = request.into_parts();
            let got = Received { method: head.method, headers: head.headers, body: to_bytes(body, usize::MAX).await.unwrap() };
            let answer = answer(&got);
            kept.lock().unwrap().push(got);
            answer
        });
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, received, _server: server }
    }

    /// Answers every request with a status and these headers.
    pub(super) async fn with(status: u16, headers: &'static [(&'static str, &'static str)]) -> Self {
        Self::answering(move |_| answer(status, headers)).await
    }

    /// Says nothing but these bytes on each connection, once something has come in, and then closes, or does not.
    pub(super) async fn raw(says: &'static [u8], closes: bool) -> Self {
        let listener = TcpListener::bind((HOME, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut server = JoinSet::new();
        server.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(say(stream, says, closes));
            }
        });
        Self { address, received: Arc::default(), _server: server }
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The channel to it, in structured mode.
    pub(super) fn channel(&self) -> Channel {
        channel(&format!("http://{}/hook?code={CANARY}", self.address), "")
    }
}

/// How such a connection ends is for the other side to see.
async fn say(mut stream: TcpStream, says: &[u8], closes: bool) -> io::Result<()> {
    let mut some = [0; 4096];
    if stream.read(&mut some).await? == 0 {
        return Ok(());
    }
    stream.write_all(says).await?;
    if closes {
        stream.shutdown().await?;
    }
    while stream.read(&mut some).await? > 0 {}
    Ok(())
}

pub(super) fn answer(status: u16, headers: &[(&str, &str)]) -> Response {
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(axum::body::Body::empty()).unwrap()
}

/// A target with further lines of configuration; 127.0.0.1 is allowed by its address and by the name `sink.test`, without TLS.
pub(super) fn target(url: &str, more: &str) -> Target {
    signed_target(url, more, &[NEW, OLD])
}

pub(super) fn signed_target(url: &str, more: &str, secrets: &[&str]) -> Target {
    let allow = |host: &str| format!("[[allow]]\nhost = \"{host}\"\nnetworks = [\"127.0.0.1\"]\nplain-http = true\n");
    let text =
        format!("url = \"{url}\"\norigin = \"hub.test\"\nsecrets = {secrets:?}\n{more}\n{}{}", allow("127.0.0.1"), allow("sink.test"));
    Target::try_from(&toml::from_str::<Settings>(&text).unwrap()).unwrap()
}

pub(super) fn channel(url: &str, more: &str) -> Channel {
    Channel::new(target(url, more), Arc::new(SystemLookup)).unwrap()
}

/// A channel by name, with answers to its lookups: one after the other, the last one for ever.
pub(super) fn by_name(port: u16, lookups: &[&[IpAddr]]) -> Channel {
    let names = Names(Mutex::new(lookups.iter().map(|addresses| addresses.to_vec()).collect()));
    Channel::new(target(&format!("http://sink.test:{port}/hook?code={CANARY}"), ""), Arc::new(names)).unwrap()
}

#[derive(Debug)]
struct Names(Mutex<VecDeque<Vec<IpAddr>>>);

#[async_trait]
impl Lookup for Names {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        assert_eq!(host, "sink.test");
        let mut answers = self.0.lock().unwrap();
        if answers.len() > 1 { Ok(answers.pop_front().unwrap()) } else { Ok(answers[0].clone()) }
    }
}

/// Listens where nobody may be sent, and can tell for sure whether anybody came: a connection is in the kernel's queue
/// before whoever made it goes on.
#[derive(Debug)]
pub(super) struct Untouched(std::net::TcpListener);

impl Untouched {
    pub(super) fn at(port: u16) -> Self {
        let listener = std::net::TcpListener::bind((FORBIDDEN, port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    pub(super) fn check(&self) {
        assert_eq!(self.0.accept().map(|_| ()).unwrap_err().kind(), io::ErrorKind::WouldBlock, "the forbidden server got a connection");
    }
}

pub(super) fn now() -> Timestamp {
    "2024-10-08T08:00:00Z".parse().unwrap()
}

/// An event with this id, as the hub freezes it.
pub(super) fn event(id: &str) -> Vec<u8> {
    let event = serde_json::json!({
        "specversion": "1.0", "id": id, "source": "urn:nld:oin:00000099000000000000:systeem:hub",
        "type": "nl.schakelpunt.detentions.detention-started.v1", "time": "2024-10-08T08:00:00Z", "subject": "2f4c",
        "remark": "Zoë zei \"100% ja\" ", "datacontenttype": "application/json",
        "data": {"person": {"identity": {"surname": "Zilvermeeuw", "birthDate": "1984-05-17"}}},
    });
    event.to_string().into_bytes()
}

/// Delivers; nothing that is said about it may contain the query, a secret or the payload.
pub(super) async fn deliver(channel: &Channel, id: &str) -> Outcome {
    let outcome = channel.deliver(&event(id), now()).await;
    silent(&format!("{outcome:?} {channel:?}"));
    if let Outcome::Later { trouble, .. } = &outcome {
        silent(&trouble.to_string());
    }
    outcome
}

pub(super) async fn handshake(channel: &Channel, rate: Option<u32>) -> Handshake {
    let answer = channel.handshake(rate.and_then(std::num::NonZeroU32::new)).await;
    silent(&format!("{answer:?}"));
    answer
}

fn silent(text: &str) {
    for hidden in [CANARY, "/hook", "Zilvermeeuw", "whsec", "MDEyMzQ1"] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
}
