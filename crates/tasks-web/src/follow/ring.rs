use std::{collections::VecDeque, sync::Arc};

use super::event::Event;

/// How many events are kept for readers that come back.
const MOST: usize = 4096;
/// How many bytes of tasks they may keep from being forgotten.
const HEAVIEST: usize = 32 << 20;

/// The newest events, in order.
#[derive(Default)]
pub(super) struct Ring {
    events: VecDeque<Arc<Event>>,
    weight: usize,
}

impl Ring {
    pub(super) fn push(&mut self, event: Arc<Event>) {
        self.weight += event.view.weight();
        self.events.push_back(event);
        while self.events.len() > MOST || (self.weight > HEAVIEST && self.events.len() > 1) {
            if let Some(oldest) = self.events.pop_front() {
                self.weight -= oldest.view.weight();
            }
        }
    }

    /// Every event after the one of this number; `None` if some of them are not kept any more.
    pub(super) fn after(&self, number: u64) -> Option<impl Iterator<Item = &Arc<Event>>> {
        let oldest = self.oldest()?;
        (number + 1 >= oldest).then(|| self.events.iter().skip_while(move |event| event.id.number <= number))
    }

    /// The number of the oldest event that is kept.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.events.front().map(|event| event.id.number)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
