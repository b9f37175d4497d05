//! The requests that wait for the writer: many callers add to it, one thread takes everything at once.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::Semaphore;

/// How many requests may wait; callers beyond that wait before they add theirs.
const CAPACITY: usize = 8192;

/// How long a claim that was made in memory may wait to be written, so that it is written together with other changes.
const CLAIM_DELAY: Duration = Duration::from_millis(5);

pub(super) struct WriteQueue<T> {
    free: Semaphore,
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    requests: Vec<T>,
    /// Claims were made in memory that have to be written.
    has_claims: bool,
    is_closed: bool,
}

impl<T> WriteQueue<T> {
    pub(super) fn new() -> Self {
        let state = State { requests: Vec::new(), has_claims: false, is_closed: false };
        Self { free: Semaphore::new(CAPACITY), state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Adds a request as soon as there is room; `None` once the queue is closed.
    pub(super) async fn add(&self, request: T) -> Option<()> {
        self.free.acquire().await.ok()?.forget();
        {
            let mut state = self.state.lock();
            if state.is_closed {
                return None;
            }
            state.requests.push(request);
        }
        self.changed.notify_one();
        Some(())
    }

    /// Says that claims were made in memory.
    pub(super) fn add_claims(&self) {
        if !std::mem::replace(&mut self.state.lock().has_claims, true) {
            self.changed.notify_one();
        }
    }

    /// Lets the writer end once it has taken everything.
    pub(super) fn close(&self) {
        self.state.lock().is_closed = true;
        self.free.close();
        self.changed.notify_one();
    }

    /// Everything that waits, as soon as there is something; nothing if only claims have to be written, or when the time is over.
    /// `None` when the queue is closed and empty.
    pub(super) fn take(&self, at_most: Option<Duration>) -> Option<Vec<T>> {
        let mut state = self.state.lock();
        while state.requests.is_empty() && !state.is_closed {
            let delay = if state.has_claims { Some(CLAIM_DELAY) } else { at_most };
            let Some(delay) = delay else {
                self.changed.wait(&mut state);
                continue;
            };
            let is_idle = |state: &mut State<T>| state.requests.is_empty() && !state.is_closed;
            let has_claims = state.has_claims;
            self.changed.wait_while_for(
                &mut state,
                |state| is_idle(state) && state.has_claims == has_claims,
                delay,
            );
            if has_claims || !state.has_claims {
                break;
            }
        }
        if state.requests.is_empty() && state.is_closed {
            return None;
        }
        state.has_claims = false;
        let taken = std::mem::take(&mut state.requests);
        self.free.add_permits(taken.len());
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    #[test]
    fn everything_that_waits_is_taken_in_order() {
        let queue = WriteQueue::new();
        (1..=3).for_each(|number| block_on(queue.add(number)).unwrap());
        assert_eq!(queue.take(None), Some(vec![1, 2, 3]));
    }

    #[test]
    fn claims_alone_wake_the_writer_without_a_request() {
        let queue = WriteQueue::<u32>::new();
        queue.add_claims();
        assert_eq!(queue.take(None), Some(vec![]));
        assert_eq!(queue.take(Some(Duration::ZERO)), Some(vec![]), "the time is over");
    }

    #[test]
    fn requests_from_before_the_close_can_be_taken() {
        let queue = WriteQueue::new();
        block_on(queue.add(1)).unwrap();
        queue.close();
        assert_eq!(block_on(queue.add(2)), None);
        assert_eq!(queue.take(None), Some(vec![1]));
        assert_eq!(queue.take(None), None);
    }
}
