//! Closes a connection in a way that lets its client read the response although it has not sent its whole request.
//!
//! Many clients, nginx and Python's among them, send a whole body before they look for a response. A socket that is closed while
//! such a body arrives is reset, and a reset takes away a response that the client has not read. So the response is sent, then the
//! end of the connection, and then what still arrives is discarded until the client closes, or for as long as it may take.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// How long a client may send what is discarded.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(120);
/// Its longest pause.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether a part of the body of the connection's latest request is unread.
#[derive(Clone, Debug, Default)]
pub(super) struct UnreadBody(Arc<AtomicBool>);

impl UnreadBody {
    /// The body of the next request.
    pub(super) fn watch(&self, body: Incoming) -> WatchedBody {
        self.0.store(false, Relaxed);
        WatchedBody { has_ended: body.is_end_stream(), body, unread: self.clone() }
    }
}

/// A request body that notes whether it is dropped before its end.
pub(super) struct WatchedBody {
    body: Incoming,
    has_ended: bool,
    unread: UnreadBody,
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        self.has_ended = frame.is_none() || self.body.is_end_stream();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        if !self.has_ended {
            self.unread.0.store(true, Relaxed);
        }
    }
}

/// A connection that discards an unread body before it closes.
pub(super) struct DiscardingStream<S> {
    stream: S,
    unread: UnreadBody,
    discarding: Option<Timeouts>,
}

struct Timeouts {
    total: Pin<Box<Sleep>>,
    idle: Pin<Box<Sleep>>,
}

impl<S> DiscardingStream<S> {
    pub(super) fn new(stream: S, unread: UnreadBody) -> Self {
        Self { stream, unread, discarding: None }
    }
}

impl<S: AsyncRead + Unpin> DiscardingStream<S> {
    fn poll_discard(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let timeouts = self.discarding.get_or_insert_with(|| Timeouts {
            total: Box::pin(sleep(TOTAL_TIMEOUT)),
            idle: Box::pin(sleep(IDLE_TIMEOUT)),
        });
        let mut bytes = [0; 16 * 1024];
        loop {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    timeouts.idle.as_mut().reset(Instant::now() + IDLE_TIMEOUT);
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        let is_late = timeouts.total.as_mut().poll(context).is_ready();
        if is_late { Poll::Ready(()) } else { timeouts.idle.as_mut().poll(context) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for DiscardingStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for DiscardingStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.discarding.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        }
        if self.unread.0.load(Relaxed) {
            ready!(self.poll_discard(context));
        }
        Poll::Ready(Ok(()))
    }
}
