//! A TCP connection between the hub and a part that slows down, stalls, goes deaf or breaks.

use std::{convert::Infallible, io, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::watch,
    task::JoinSet,
};

/// What a slow line takes for a piece.
const SLOW: Duration = Duration::from_millis(40);
/// Bytes of one piece.
const PIECE: usize = 16 * 1024;

/// How the line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// Everything passes.
    Open,
    /// Every piece takes its time.
    Slow,
    /// Nothing passes, and nothing is lost: it passes when the line opens again.
    Stalled,
    /// What the hub says vanishes, what the part says still comes: half open. Such a connection is reset when the line opens.
    DeafPart,
    /// The other way round.
    DeafHub,
    /// Connections end in good order, and there are no new ones.
    Cut,
    /// Connections are reset, and there are no new ones.
    Reset,
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    ToPart,
    ToHub,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Closed,
    Reset,
}

/// A port of its own that leads to the port of a part. Ends when dropped.
#[derive(Debug)]
pub(super) struct Proxy {
    port: u16,
    line: watch::Sender<Line>,
    /// Dropped with it.
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// A port that leads to `target` on this machine.
    pub(super) async fn to(target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (line, lines) = watch::channel(Line::Open);
        let mut tasks = JoinSet::new();
        tasks.spawn(listen(listener, target, lines));
        Self { port, line, _tasks: tasks }
    }

    /// Its port.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Changes the line, for all connections.
    pub(super) fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
}

async fn listen(listener: TcpListener, target: u16, lines: watch::Receiver<Line>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((hub, _)) = listener.accept().await else { continue };
        connections.spawn(connection(hub, target, lines.clone()));
    }
}

async fn connection(mut hub: TcpStream, target: u16, mut lines: watch::Receiver<Line>) {
    let broken = |line: &Line| matches!(line, Line::Cut | Line::Reset);
    let part = if broken(&lines.borrow()) { None } else { TcpStream::connect(("127.0.0.1", target)).await.ok() };
    let Some(mut part) = part else {
        hub.set_zero_linger().ok();
        return;
    };
    hub.set_nodelay(true).ok();
    part.set_nodelay(true).ok();
    let end = {
        let ((from_hub, to_hub), (from_part, to_part)) = (hub.split(), part.split());
        tokio::select! {
            end = pump(from_hub, to_part, Way::ToPart, lines.clone()) => end,
            end = pump(from_part, to_hub, Way::ToHub, lines.clone()) => end,
            line = lines.wait_for(broken) => match line.map(|line| *line) {
                Ok(Line::Cut) | Err(_) => End::Closed,
                Ok(_) => End::Reset,
            },
        }
    };
    if end == End::Reset {
        hub.set_zero_linger().ok();
        part.set_zero_linger().ok();
    }
}

async fn pump(from: ReadHalf<'_>, to: WriteHalf<'_>, way: Way, lines: watch::Receiver<Line>) -> End {
    match pass(from, to, way, lines).await {
        Ok(never) => match never {},
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => End::Closed,
        Err(_) => End::Reset,
    }
}

async fn pass(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, way: Way, mut lines: watch::Receiver<Line>) -> io::Result<Infallible> {
    let mut piece = vec![0; PIECE];
    let mut incomplete = false;
    loop {
        let line = *lines.borrow_and_update();
        if incomplete && line == Line::Open {
            // what vanished cannot be made up for: who comes back to such a connection finds it gone
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let count = tokio::select! {
            changed = lines.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
            },
            count = from.read(&mut piece), if line != Line::Stalled => count?,
        };
        let vanishes = matches!((line, way), (Line::DeafPart, Way::ToPart) | (Line::DeafHub, Way::ToHub));
        if count == 0 && vanishes {
            // the end is not heard of either
            lines.wait_for(|line| *line == Line::Open).await.ok();
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line {
            _ if vanishes => incomplete = true,
            Line::Slow => {
                tokio::time::sleep(SLOW).await;
                to.write_all(&piece[..count]).await?;
            }
            _ => to.write_all(&piece[..count]).await?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Duration = Duration::from_secs(5);

    /// A part that sends everything back.
    async fn echo() -> (u16, JoinSet<()>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut all = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                all.spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await.ok();
                });
            }
        });
        (port, tasks)
    }

    async fn line() -> (Proxy, TcpStream, JoinSet<()>) {
        let (port, part) = echo().await;
        let proxy = Proxy::to(port).await;
        let mut hub = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
        assert_eq!(say(&mut hub).await.unwrap(), 1);
        (proxy, hub, part)
    }

    /// Says a byte and reads the answer: how many bytes, 0 at the end.
    async fn say(hub: &mut TcpStream) -> io::Result<usize> {
        hub.write_all(b"x").await?;
        tokio::time::timeout(BOUND, hub.read(&mut [0; 8])).await.unwrap()
    }

    #[tokio::test]
    async fn what_stalls_comes_when_the_line_opens_and_what_vanished_does_not() {
        let (proxy, mut hub, _part) = line().await;
        proxy.set(Line::Stalled);
        hub.write_all(b"y").await.unwrap();
        let (silent, ()) = tokio::join!(hub.read_u8(), async {
            tokio::task::yield_now().await;
            proxy.set(Line::Open);
        });
        assert_eq!(silent.unwrap(), b'y');
        for deaf in [Line::DeafPart, Line::DeafHub] {
            let mut hub = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
            assert_eq!(say(&mut hub).await.unwrap(), 1);
            proxy.set(deaf);
            hub.write_all(b"z").await.unwrap();
            assert!(tokio::time::timeout(Duration::from_millis(200), hub.read_u8()).await.is_err(), "{deaf:?}");
            proxy.set(Line::Open);
            assert_eq!(tokio::time::timeout(BOUND, hub.read_u8()).await.unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        }
    }

    #[tokio::test]
    async fn a_cut_line_ends_in_good_order_and_a_reset_one_does_not() {
        for (how, ends) in [(Line::Cut, Ok(0)), (Line::Reset, Err(io::ErrorKind::ConnectionReset))] {
            let (proxy, mut hub, _part) = line().await;
            proxy.set(how);
            let ended = tokio::time::timeout(BOUND, hub.read(&mut [0; 8])).await.unwrap();
            assert_eq!(ended.map_err(|error| error.kind()), ends);
            // no new one either
            let mut again = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
            assert!(say(&mut again).await.is_err());
            proxy.set(Line::Open);
            let mut again = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
            assert_eq!(say(&mut again).await.unwrap(), 1);
        }
    }
}
