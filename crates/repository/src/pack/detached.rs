//! Input and output that cannot be interrupted, on a thread of its own.
//!
//! Syncing a large file to a slow disk takes longer than a cancel may take. So a thread of its own does it. The caller waits
//! for that thread, and stops waiting when it is interrupted; the thread finishes its work and ends by itself.

use std::{
    io,
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    thread,
    time::Duration,
};

use super::PackError;
use crate::Interrupter;

/// How often a waiting caller checks for an interrupt.
const CHECK_INTERVAL: Duration = Duration::from_millis(5);

/// Work on a thread of its own.
pub(super) struct DetachedIo<T>(Receiver<T>);

impl<T: Send + 'static> DetachedIo<T> {
    /// Starts the work on a thread of this name.
    pub(super) fn begin(name: &str, work: impl FnOnce() -> T + Send + 'static) -> io::Result<Self> {
        let (done, outcome) = sync_channel(1);
        thread::Builder::new().name(name.into()).spawn(move || {
            // Fails when the caller has stopped waiting.
            let _ = done.send(work());
        })?;
        Ok(Self(outcome))
    }

    /// Waits for the result.
    ///
    /// # Errors
    /// Within milliseconds of an interrupt, while the work goes on; if the thread panicked.
    pub(super) fn wait(self, interrupter: &Interrupter) -> Result<T, PackError> {
        loop {
            interrupter.check()?;
            match self.0.recv_timeout(CHECK_INTERVAL) {
                Ok(outcome) => return Ok(outcome),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(PackError::Aborted),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn an_interrupt_does_not_wait_for_the_work() {
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
    fn the_result_is_returned() {
        let work = DetachedIo::begin("test", || 7).unwrap();
        assert_eq!(work.wait(&Interrupter::default()).unwrap(), 7);
    }

    #[test]
    fn a_panic_is_an_error() {
        let work = DetachedIo::begin("test", || panic!("on purpose")).unwrap();
        assert!(matches!(work.wait(&Interrupter::default()), Err::<(), _>(PackError::Aborted)));
    }
}
