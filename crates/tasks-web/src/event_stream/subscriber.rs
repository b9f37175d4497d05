use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use axum::http::request::Parts;
use bytes::Bytes;
use longhaul_tasks::TaskId;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::event::{self, Event, EventId};
use crate::{Permit, Renderer, access::Access};

/// The caller that reads a stream.
pub(super) struct Viewer {
    pub(super) request: Parts,
    pub(super) renderer: Renderer,
    pub(super) access: Arc<Access>,
}

impl Viewer {
    /// The event as this caller reads it; `None` if it may not see the task.
    pub(super) fn frame(&self, event: &Event) -> Option<Bytes> {
        let may_see = self.access.permit(&self.request, event.snapshot.task()) >= Permit::See;
        may_see.then(|| event.frame(&self.renderer))
    }
}

/// The sending end of a stream.
pub(super) struct Subscriber {
    /// The task whose events it gets; `None`: those of all tasks.
    pub(super) task: Option<TaskId>,
    pub(super) key: u64,
    pub(super) viewer: Arc<Viewer>,
    pub(super) frames: mpsc::Sender<Bytes>,
    pub(super) is_lagging: AtomicBool,
    /// Released with the subscriber, before the client has read the rest of its stream.
    pub(super) _slot: OwnedSemaphorePermit,
}

impl Subscriber {
    /// Sends the message; whether the stream goes on. Nothing may be sent after a message that was lost.
    fn send(&self, message: &Message) -> bool {
        if self.is_lagging.load(Relaxed) {
            return false;
        }
        let frame = match message {
            Message::Event(event) => self.viewer.frame(event),
            Message::Reset(id) => Some(event::reset(*id, &self.viewer.renderer)),
        };
        let is_alive = match frame {
            Some(frame) => self.frames.try_send(frame).is_ok(),
            None => !self.frames.is_closed(),
        };
        self.is_lagging.store(!is_alive, Relaxed);
        is_alive
    }
}

/// What is sent to subscribers.
pub(super) enum Message {
    Event(Arc<Event>),
    /// Events may be missing before this id.
    Reset(EventId),
}

/// A message with those that subscribed before it.
pub(super) struct Delivery {
    pub(super) message: Message,
    /// The subscribers of all tasks.
    pub(super) of_all: Arc<[Arc<Subscriber>]>,
    /// The subscribers of the event's task.
    pub(super) of_task: Vec<Arc<Subscriber>>,
}

impl Delivery {
    /// Renders and sends the message; the subscribers that are gone, or do not keep up.
    pub(super) fn send(self) -> Vec<Arc<Subscriber>> {
        let mut lost: Vec<_> =
            self.of_all.iter().filter(|subscriber| !subscriber.send(&self.message)).cloned().collect();
        // Each is dropped after its message. If it is the last one, the client gets it and the end of the stream in one packet.
        for subscriber in self.of_task {
            if !subscriber.send(&self.message) {
                lost.push(subscriber);
            }
        }
        lost
    }
}
