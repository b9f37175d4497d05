//! What cannot be broken off, done where nobody has to wait for it.
//!
//! Bringing a large file to a slow disk takes longer than a cancel may. So a thread of its own does it, and who waits for
//! it leaves when it is interrupted; the thread then ends by itself, with whatever it was given.

use std::{
    io,
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    thread,
    time::Duration,
};

use super::PackError;
use crate::Interrupter;

/// How often somebody who waits looks for an interrupt: far less than a person or a program would notice.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Work that a thread of its own is doing.
pub(super) struct DetachedIo<T>(Receiver<T>);

impl<T: Send + 'static> DetachedIo<T> {
    /// Begins it on a thread of this name.
    pub(super) fn begin(name: &str, work: impl FnOnce() -> T + Send + 'static) -> io::Result<Self> {
        let (done, outcome) = sync_channel(1);
        thread::Builder::new().name(name.into()).spawn(move || {
            // Whoever waited may have left.
            let _ = done.send(work());
        })?;
        Ok(Self(outcome))
    }

    /// What came of it.
    ///
    /// # Errors
    /// Soon after an interrupt, though the work goes on; if its thread panicked.
    pub(super) fn wait(self, interrupter: &Interrupter) -> Result<T, PackError> {
        loop {
            interrupter.check()?;
            match self.0.recv_timeout(LOOK_EVERY) {
                Ok(outcome) => return Ok(outcome),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(PackError::GivenUp),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn an_interrupt_does_not_wait_for_what_cannot_be_broken_off() {
        let interrupter = Interrupter::default();
        let (go_on, held_up) = channel::<()>();
        let (ended, end) = channel();
        let work = DetachedIo::begin("test", move || {
            let _ = held_up.recv();
            let _ = ended.send(());
        });
        interrupter.interrupt();
        assert!(matches!(work.unwrap().wait(&interrupter), Err(PackError::Interrupted(_))));
        drop(go_on);
        end.recv().expect("the work ends by itself");
    }

    #[test]
    fn what_is_left_alone_brings_its_outcome() {
        let work = DetachedIo::begin("test", || 7).unwrap();
        assert_eq!(work.wait(&Interrupter::default()).unwrap(), 7);
    }

    #[test]
    fn a_panic_is_an_error() {
        let work = DetachedIo::begin("test", || panic!("on purpose")).unwrap();
        assert!(matches!(work.wait(&Interrupter::default()), Err::<(), _>(PackError::GivenUp)));
    }
}
