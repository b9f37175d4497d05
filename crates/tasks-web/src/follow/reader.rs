use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::http::request::Parts;
use bytes::Bytes;
use longhaul_tasks::TaskId;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    time::{Instant, Sleep, sleep},
};

use super::{
    event::{self, Event, EventId},
    hub::Hub,
};
use crate::{Permit, Printer, access::Access};

/// Events that may wait for one reader. Who is further behind is not waited for.
pub(super) const BEHIND: usize = 256;
/// How often a stream says something, so that nobody on the way takes it for dead.
const ALIVE: Duration = Duration::from_secs(15);

/// Who reads a stream: the follower's end of it.
pub(super) struct Reader {
    pub(super) request: Arc<Parts>,
    pub(super) printer: Printer,
    pub(super) frames: mpsc::Sender<Bytes>,
    /// Given back as soon as the follower lets go, not when the reader notices.
    pub(super) _place: OwnedSemaphorePermit,
}

impl Reader {
    /// Tells it of an event, if it may know. Whether it is to be told of more.
    pub(super) fn tell(&self, event: &Event, access: &Access) -> bool {
        if access.permit(&self.request, event.view.task()) < Permit::See {
            return !self.frames.is_closed();
        }
        self.frames.try_send(event.frame(&self.printer)).is_ok()
    }

    /// Tells it of events for which there is room.
    pub(super) fn tell_all(&self, events: &[Arc<Event>], access: &Access) {
        for event in events {
            self.tell(event, access);
        }
    }

    /// Tells it that it may have missed something before this event. Whether it is to be told of more.
    pub(super) fn reset(&self, id: EventId) -> bool {
        self.frames.try_send(event::reset(id, &self.printer)).is_ok()
    }
}

/// What a reader reads: frames as they come, and a comment now and then.
pub(crate) struct Stream {
    pub(super) frames: mpsc::Receiver<Bytes>,
    alive: Pin<Box<Sleep>>,
    /// When it said something last.
    said: Instant,
    leave: Option<Leave>,
}

/// Takes the reader off the follower's list when the client is gone.
pub(super) struct Leave {
    pub(super) hub: Arc<Hub>,
    pub(super) task: Option<TaskId>,
    pub(super) key: u64,
    /// The follower has let go of it by itself.
    pub(super) is_done: bool,
}

impl Drop for Leave {
    fn drop(&mut self) {
        if !self.is_done {
            self.hub.leave(self.task, self.key);
        }
    }
}

impl Stream {
    pub(super) fn new(frames: mpsc::Receiver<Bytes>, leave: Option<Leave>) -> Self {
        Self { frames, alive: Box::pin(sleep(ALIVE)), said: Instant::now(), leave }
    }
}

impl futures_util::Stream for Stream {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(frame) = self.frames.poll_recv(context) {
            self.said = Instant::now();
            if let (None, Some(leave)) = (&frame, &mut self.leave) {
                leave.is_done = true;
            }
            return Poll::Ready(frame.map(Ok));
        }
        // Moved only when it rings, since a thousand streams may say something at the same moment.
        while self.alive.as_mut().poll(context).is_ready() {
            let due = self.said + ALIVE;
            let now = Instant::now();
            if due <= now {
                self.said = now;
                self.alive.as_mut().reset(now + ALIVE);
                return Poll::Ready(Some(Ok(Bytes::from_static(b": alive\n\n"))));
            }
            self.alive.as_mut().reset(due);
        }
        Poll::Pending
    }
}
