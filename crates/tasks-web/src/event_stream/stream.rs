use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
    time::Duration,
    vec,
};

use bytes::Bytes;
use longhaul_tasks::TaskId;
use tokio::{
    sync::mpsc,
    time::{Instant, Sleep, sleep},
};

use super::{
    event::Event,
    state::{State, locked},
    subscriber::Viewer,
};

/// A comment is sent after this time without an event, so that proxies do not close the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A stream of server-sent events: those that the client missed, then those that happen.
pub(crate) struct EventStream {
    viewer: Arc<Viewer>,
    reset: Option<Bytes>,
    missed: vec::IntoIter<Arc<Event>>,
    live: Option<Live>,
    keep_alive: Pin<Box<Sleep>>,
    last_sent: Instant,
}

/// The receiving end of a subscription.
pub(super) struct Live {
    pub(super) frames: mpsc::Receiver<Bytes>,
    /// Dropped with the stream.
    pub(super) _subscription: Unsubscribe,
}

/// Ends a subscription when it is dropped.
pub(super) struct Unsubscribe {
    pub(super) state: Arc<Mutex<State>>,
    pub(super) task: Option<TaskId>,
    pub(super) key: u64,
}

impl Drop for Unsubscribe {
    fn drop(&mut self) {
        locked(&self.state).unsubscribe(self.task, self.key);
    }
}

impl EventStream {
    /// Begins with the `reset`, if there is one, and the `missed` events that the viewer may see; ends after them if it is not
    /// `live`.
    pub(super) fn new(
        viewer: Arc<Viewer>,
        reset: Option<Bytes>,
        missed: Vec<Arc<Event>>,
        live: Option<Live>,
    ) -> Self {
        let (keep_alive, last_sent) = (Box::pin(sleep(KEEP_ALIVE)), Instant::now());
        Self { viewer, reset, missed: missed.into_iter(), live, keep_alive, last_sent }
    }

    fn next_missed(&mut self) -> Option<Bytes> {
        let Self { viewer, reset, missed, .. } = self;
        reset.take().or_else(|| missed.find_map(|event| viewer.frame(&event)))
    }
}

impl futures_util::Stream for EventStream {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(frame) = self.next_missed() {
            return Poll::Ready(Some(Ok(frame)));
        }
        let Some(live) = &mut self.live else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = live.frames.poll_recv(context) {
            self.last_sent = Instant::now();
            return Poll::Ready(frame.map(Ok));
        }
        // The timer is moved only when it fires, which is cheaper than at each event.
        loop {
            ready!(self.keep_alive.as_mut().poll(context));
            let due = self.last_sent + KEEP_ALIVE;
            let now = Instant::now();
            if due <= now {
                self.last_sent = now;
                self.keep_alive.as_mut().reset(now + KEEP_ALIVE);
                return Poll::Ready(Some(Ok(Bytes::from_static(b": alive\n\n"))));
            }
            self.keep_alive.as_mut().reset(due);
        }
    }
}
