//! Waits for a future on a thread that may block.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

/// Wakes one wait of a thread. Each wait has a flag of its own: nested waits share the thread's one unpark token, and an inner
/// wait could use up the token that was meant for the outer one.
struct Signal {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, SeqCst);
        self.thread.unpark();
    }
}

/// Blocks until the future is done.
///
/// Unlike Tokio's `block_on` it can be nested, so that an async job, whose future is waited for, can seal.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let signal = Arc::new(Signal { thread: thread::current(), woken: AtomicBool::new(false) });
    let waker = Waker::from(signal.clone());
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => {
                while !signal.woken.swap(false, SeqCst) {
                    thread::park();
                }
            }
        }
    }
}

/// The output of the future that is done first; of the left one where both are.
pub(crate) async fn either<L: Future, R: Future>(left: L, right: R) -> Result<L::Output, R::Output> {
    let (mut left, mut right) = (pin!(left), pin!(right));
    std::future::poll_fn(|context| {
        if let Poll::Ready(output) = left.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        right.as_mut().poll(context).map(Err)
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    /// Wakes its waiter, does `more`, and is done when it is polled again.
    async fn after_waking(mut more: impl FnMut()) {
        let mut is_woken = false;
        poll_fn(|context| {
            if is_woken {
                return Poll::Ready(());
            }
            is_woken = true;
            context.waker().wake_by_ref();
            more();
            Poll::Pending
        })
        .await
    }

    #[test]
    fn a_wait_that_is_woken_during_a_nested_one_goes_on() {
        let mut has_waited = false;
        block_on(after_waking(|| {
            block_on(after_waking(|| {}));
            has_waited = true;
        }));
        assert!(has_waited);
    }
}
