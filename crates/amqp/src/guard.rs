//! Between the socket and lapin: what lapin cannot read, it does not get.
//!
//! RabbitMQ passes on whatever a publisher wrote. lapin ends the connection over a property or routing key that is not UTF-8, its
//! parser goes one level deeper on the stack for every level of a nested header until the process dies, and it collects a body of
//! a hundred megabytes before anybody may say that it is too large. The broker would hand out such a message again and again: one
//! participant could stop its intake queue, or the hub, for good.
//!
//! So every frame from the broker passes here first. A message keeps its routing key (with `?` for what is no UTF-8) and loses
//! properties that cannot be read as a whole, and a body ends where it is too large anyway. The hub then rejects it like any other
//! that is not what it should be, and its sender is told.

mod frames;
mod properties;

use std::{
    fmt,
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use async_rs::{Runtime, Tokio, TokioRuntime, traits::Reactor, util::RuntimeParts};
use futures::{AsyncRead, AsyncWrite, Stream};
use lapin::{
    AsyncTcpStream, ConnectionProperties,
    tcp::{AMQPUriTcpExt as _, OwnedTLSConfig},
    uri::AMQPUri,
};

use self::frames::Frames;
pub(crate) use self::properties::is_readable;
pub use self::{frames::BODY_MAX, properties::DEPTH_MAX};

/// Most bytes read from the socket in one go.
const CHUNK: usize = 64 * 1024;

type Plain = AsyncTcpStream<<Tokio as Reactor>::TcpStream>;

/// Connects as lapin does, with the guard inside of TLS.
pub(crate) async fn connect(uri: AMQPUri, properties: ConnectionProperties) -> lapin::Result<lapin::Connection> {
    let tokio = Tokio::current();
    let runtime = Runtime::new(RuntimeParts::new(tokio.clone(), Guarding(tokio)));
    let connect = async |uri: AMQPUri, _| {
        let config = OwnedTLSConfig::default();
        let stream = uri.connect_with_config_async(config.as_ref(), &TokioRuntime::tokio_current()).await?;
        Ok(AsyncTcpStream::Plain(Guard::new(stream)))
    };
    lapin::Connection::connector(uri, runtime, connect, properties).await
}

/// tokio's sockets, guarded.
#[derive(Debug, Clone)]
struct Guarding(Tokio);

/// A socket of which only what lapin can read is read.
struct Guard<S> {
    socket: S,
    chunk: Box<[u8]>,
    frames: Frames,
}

impl<S> Guard<S> {
    fn new(socket: S) -> Self {
        Self { socket, chunk: vec![0; CHUNK].into(), frames: Frames::default() }
    }
}

impl<S> fmt::Debug for Guard<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let Self { socket, chunk, frames } = self.get_mut();
        loop {
            let given = frames.give(buf);
            if given > 0 || buf.is_empty() {
                return Poll::Ready(Ok(given));
            }
            let read = ready!(Pin::new(&mut *socket).poll_read(cx, chunk))?;
            // the end: half a frame is of no use to anybody
            let Some(bytes) = chunk.get(..read).filter(|bytes| !bytes.is_empty()) else { return Poll::Ready(Ok(0)) };
            frames.take(bytes);
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write(cx, buf)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_close(cx)
    }
}

impl Reactor for Guarding {
    type TcpStream = Guard<Plain>;
    type Sleep = <Tokio as Reactor>::Sleep;

    /// lapin registers no sockets of its own.
    fn register<H: io::Read + io::Write + Send + 'static>(&self, _: H) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        Err::<Self::TcpStream, _>(io::ErrorKind::Unsupported.into())
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.0.sleep(duration)
    }

    fn interval(&self, duration: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(duration)
    }

    fn tcp_connect_addr(&self, addr: SocketAddr) -> impl Future<Output = io::Result<Self::TcpStream>> + Send + 'static {
        let connecting = self.0.tcp_connect_addr(addr);
        async move { Ok(Guard::new(AsyncTcpStream::Plain(connecting.await?))) }
    }
}
