//! What waits for the writer: any number of callers put wishes in, one thread takes all of them at once, or those that go
//! first.

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
        let is_news = {
            let mut state = self.state.lock();
            // Who awaits something writes this with it.
            !std::mem::replace(&mut state.is_nudged, true) && state.awaited == 0
        };
        if is_news {
            self.bell.notify_one();
        }
    }

    /// Lets the writer end once it has taken everything.
    pub(super) fn close(&self) {
        self.state.lock().is_closed = true;
        self.places.close();
        self.bell.notify_one();
    }

    /// Everything that waits, what goes first before the rest, once there is something; nothing after a nudge, or when the
    /// time is over. `None` when it is closed and empty.
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

    /// What has come that goes first, once that is so much, or when the time is over; whatever there was a nudge for has to be
    /// written with it.
    pub(super) fn take_first(&self, so_much: usize, at_most: Duration) -> Vec<T> {
        let first = {
            let mut state = self.state.lock();
            state.awaited = so_much;
            self.bell.wait_while_for(&mut state, |state| state.first.len() < so_much, at_most);
            (state.awaited, state.is_nudged) = (0, false);
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

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use super::*;
    use crate::wait::wait_for;

    const LONG: Duration = Duration::from_secs(3600);

    /// Even numbers go first.
    fn inbox(numbers: &[u32]) -> Inbox<u32> {
        let inbox = Inbox::new(|number| number % 2 == 0);
        numbers.iter().for_each(|number| put(&inbox, *number));
        inbox
    }

    fn put(inbox: &Inbox<u32>, number: u32) {
        wait_for(inbox.put(number)).unwrap();
    }

    #[test]
    fn what_goes_first_comes_before_what_came_before_it() {
        assert_eq!(inbox(&[1, 2, 3, 4]).take(None), Some(vec![2, 4, 1, 3]));
    }

    #[test]
    fn only_what_goes_first_can_be_taken_and_the_rest_waits() {
        let inbox = inbox(&[1, 2, 3, 4]);
        assert_eq!(inbox.take_first(1, LONG), [2, 4]);
        assert!(inbox.take_first(1, Duration::ZERO).is_empty(), "the time is over");
        assert_eq!(inbox.take(None), Some(vec![1, 3]));
    }

    #[test]
    fn who_waits_for_so_much_is_woken_by_the_last_of_it() {
        let inbox = Arc::new(inbox(&[1]));
        let waits = inbox.clone();
        let taken = thread::spawn(move || waits.take_first(3, LONG));
        (2..=6).for_each(|number| put(&inbox, number));
        assert_eq!(taken.join().unwrap(), [2, 4, 6]);
        assert_eq!(inbox.take(None), Some(vec![1, 3, 5]));
    }

    #[test]
    fn what_was_changed_before_something_is_awaited_is_not_heard_of_again() {
        let inbox = inbox(&[1, 2]);
        inbox.nudge();
        assert_eq!(inbox.take_first(1, LONG), [2]);
        assert!(!inbox.state.lock().is_nudged);
        assert_eq!(inbox.take(None), Some(vec![1]));
        inbox.nudge();
        assert_eq!(inbox.take(None), Some(vec![]), "nobody waits, but there is something to write");
    }

    #[test]
    fn what_was_put_in_before_it_was_closed_can_be_taken() {
        let inbox = inbox(&[1]);
        inbox.close();
        assert_eq!(wait_for(inbox.put(2)), None);
        assert_eq!(inbox.take(None), Some(vec![1]));
        assert_eq!(inbox.take(None), None);
    }
}
