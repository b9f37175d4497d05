//! What waits for the writer: any number of callers put wishes in, one thread takes all of them at once.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::Semaphore;

/// How many wishes may wait; callers beyond that wait themselves.
const PLACES: usize = 8192;

/// How long what nobody waits for may lie before it is written. A task that takes no longer is written once, not twice.
const LEISURE: Duration = Duration::from_millis(5);

pub(super) struct Inbox<T> {
    goes_first: fn(&T) -> bool,
    places: Semaphore,
    state: Mutex<State<T>>,
    bell: Condvar,
}

struct State<T> {
    /// What goes first.
    first: Vec<T>,
    others: Vec<T>,
    /// The writer sleeps until so many are there that go first.
    awaited: usize,
    /// Something was changed that nobody waits for.
    is_nudged: bool,
    is_closed: bool,
}

impl<T> Inbox<T> {
    pub(super) fn new(goes_first: fn(&T) -> bool) -> Self {
        let state =
            State { first: Vec::new(), others: Vec::new(), awaited: 0, is_nudged: false, is_closed: false };
        Self { goes_first, places: Semaphore::new(PLACES), state: Mutex::new(state), bell: Condvar::new() }
    }

    /// Puts something in, as soon as there is room; `None` once nobody will take it any more.
    pub(super) async fn put(&self, wish: T) -> Option<()> {
        self.places.acquire().await.ok()?.forget();
        {
            let mut state = self.state.lock();
            if state.is_closed {
                return None;
            }
            match (self.goes_first)(&wish) {
                true => state.first.push(wish),
                false => state.others.push(wish),
            }
            if state.first.len() < state.awaited {
                return Some(());
            }
        }
        self.bell.notify_one();
        Some(())
    }

    /// Says that there is something to write that nobody waits for.
    pub(super) fn nudge(&self) {
        if !std::mem::replace(&mut self.state.lock().is_nudged, true) {
            self.bell.notify_one();
        }
    }

    /// Lets the writer end once it has taken everything.
    pub(super) fn close(&self) {
        self.state.lock().is_closed = true;
        self.places.close();
        self.bell.notify_one();
    }

    /// Everything that waits, what goes first before the rest, once there is something; nothing after a nudge, or when the time is over. `None` when it is
    /// closed and empty.
    pub(super) fn take(&self, at_most: Option<Duration>) -> Option<Vec<T>> {
        let mut state = self.state.lock();
        while state.is_empty() && !state.is_closed {
            let is_leisurely = std::mem::take(&mut state.is_nudged);
            match if is_leisurely { Some(LEISURE) } else { at_most } {
                None => self.bell.wait(&mut state),
                Some(time) => {
                    self.bell.wait_while_for(&mut state, |state| state.is_empty() && !state.is_closed, time);
                    break;
                }
            }
        }
        if state.is_empty() && state.is_closed {
            return None;
        }
        state.is_nudged = false;
        let mut waiting = std::mem::take(&mut state.first);
        waiting.append(&mut state.others);
        drop(state);
        Some(self.taken(waiting))
    }

    /// What has come that goes first, once that is so much, or when the time is over.
    pub(super) fn take_first(&self, so_much: usize, at_most: Duration) -> Vec<T> {
        let first = {
            let mut state = self.state.lock();
            state.awaited = so_much;
            self.bell.wait_while_for(&mut state, |state| state.first.len() < so_much, at_most);
            state.awaited = 0;
            std::mem::take(&mut state.first)
        };
        self.taken(first)
    }

    /// The places are free again as soon as the writer has got to it.
    fn taken(&self, wishes: Vec<T>) -> Vec<T> {
        self.places.add_permits(wishes.len());
        wishes
    }
}

impl<T> State<T> {
    fn is_empty(&self) -> bool {
        self.first.is_empty() && self.others.is_empty()
    }
}
