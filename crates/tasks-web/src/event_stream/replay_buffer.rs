use std::{collections::VecDeque, sync::Arc};

use super::event::Event;

/// The most events in the buffer.
const MAX_EVENTS: usize = 4096;
/// The most bytes of tasks that its events refer to, unless one event alone has more.
const MAX_WEIGHT: usize = 32 << 20;

/// The newest events in order, for subscribers that reconnect.
#[derive(Default)]
pub(super) struct ReplayBuffer {
    events: VecDeque<Arc<Event>>,
    weight: usize,
}

impl ReplayBuffer {
    pub(super) fn push(&mut self, event: Arc<Event>) {
        self.weight += event.snapshot.weight();
        self.events.push_back(event);
        while self.events.len() > MAX_EVENTS || (self.weight > MAX_WEIGHT && self.events.len() > 1) {
            if let Some(oldest) = self.events.pop_front() {
                self.weight -= oldest.snapshot.weight();
            }
        }
    }

    /// All events after the one of this number; `None` if some of them have left the buffer.
    pub(super) fn after(&self, number: u64) -> Option<impl Iterator<Item = &Arc<Event>>> {
        let oldest = self.oldest()?;
        (number + 1 >= oldest).then(|| self.events.iter().skip_while(move |event| event.id.number <= number))
    }

    /// The number of the oldest event in the buffer.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.events.front().map(|event| event.id.number)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
