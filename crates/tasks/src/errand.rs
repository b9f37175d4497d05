//! What is left to do for nobody in particular, and mostly waits.
//!
//! It goes on where it is woken: a task of its own would have to be woken first, on another thread, to do next to nothing.

use std::{
    future::Future,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};

use parking_lot::Mutex;
use tokio::runtime::Handle;

type Doing = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Begins it on this thread, goes on with it once on the thread that wakes it, and makes what is left then a task.
///
/// Until it first waits, and from there until it waits again, it must not block.
pub(crate) fn run(runtime: &Handle, doing: impl Future<Output = ()> + Send + 'static) {
    let errand = Arc::new(Errand { runtime: runtime.clone(), state: Mutex::new(State::Begun) });
    let mut doing: Doing = Box::pin(doing);
    if doing.as_mut().poll(&mut Context::from_waker(&errand.clone().into())).is_ready() {
        return;
    }
    let mut state = errand.state.lock();
    match *state {
        State::Begun => *state = State::Waits(doing),
        State::Waits(_) | State::Woken => {
            drop(state);
            errand.go_on(doing);
        }
    }
}

struct Errand {
    runtime: Handle,
    state: Mutex<State>,
}

enum State {
    Begun,
    Waits(Doing),
    Woken,
}

impl Wake for Errand {
    fn wake(self: Arc<Self>) {
        let before = mem::replace(&mut *self.state.lock(), State::Woken);
        if let State::Waits(doing) = before {
            self.go_on(doing);
        }
    }
}

impl Errand {
    fn go_on(&self, mut doing: Doing) {
        let _inside = self.runtime.enter();
        let mut nobody = Context::from_waker(Waker::noop());
        // Whose thread this is has nothing to do with it.
        let done = catch_unwind(AssertUnwindSafe(|| doing.as_mut().poll(&mut nobody)));
        if let Ok(Poll::Pending) = done {
            self.runtime.spawn(doing);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::poll_fn,
        sync::mpsc,
        thread::{self, ThreadId},
    };

    use tokio::{runtime::Runtime, sync::oneshot};

    use super::*;

    fn runtime() -> Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap()
    }

    /// Sends from a thread of its own; which one it was.
    fn send_from_elsewhere(sender: oneshot::Sender<()>) -> ThreadId {
        let sends = thread::spawn(move || {
            sender.send(()).unwrap();
            thread::current().id()
        });
        sends.join().expect("whoever wakes an errand is not harmed by it")
    }

    #[test]
    fn what_need_not_wait_is_done_at_once() {
        let runtime = runtime();
        let (done, is_done) = mpsc::channel();
        run(runtime.handle(), async move { done.send(thread::current().id()).unwrap() });
        assert_eq!(is_done.try_recv(), Ok(thread::current().id()));
    }

    #[test]
    fn it_goes_on_on_the_thread_that_wakes_it() {
        let runtime = runtime();
        let ((sender, receiver), (done, is_done)) = (oneshot::channel(), mpsc::channel());
        run(runtime.handle(), async move {
            receiver.await.unwrap();
            done.send(thread::current().id()).unwrap();
        });
        assert!(is_done.try_recv().is_err());
        let waker = send_from_elsewhere(sender);
        assert_eq!(is_done.try_recv(), Ok(waker));
    }

    #[test]
    fn what_waits_again_becomes_a_task() {
        let runtime = runtime();
        let ((sender, receiver), (done, is_done)) = (oneshot::channel(), mpsc::channel());
        let (again, waits_again) = oneshot::channel::<()>();
        run(runtime.handle(), async move {
            receiver.await.unwrap();
            // Needs a runtime, on whatever thread.
            tokio::time::sleep(std::time::Duration::ZERO).await;
            waits_again.await.unwrap();
            done.send(thread::current().id()).unwrap();
        });
        let waker = send_from_elsewhere(sender);
        again.send(()).unwrap();
        let thread = is_done.recv().unwrap();
        assert!(thread != waker && thread != thread::current().id());
    }

    #[test]
    fn one_that_is_woken_while_it_begins_goes_on() {
        let runtime = runtime();
        let (done, is_done) = mpsc::channel();
        let mut is_woken = false;
        run(runtime.handle(), async move {
            poll_fn(|context| match std::mem::replace(&mut is_woken, true) {
                true => Poll::Ready(()),
                false => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
            })
            .await;
            done.send(()).unwrap();
        });
        assert_eq!(is_done.try_recv(), Ok(()));
    }

    #[test]
    fn one_that_panics_does_not_harm_who_woke_it() {
        let runtime = runtime();
        let (sender, receiver) = oneshot::channel();
        run(runtime.handle(), async move {
            receiver.await.unwrap();
            panic!("as a test");
        });
        send_from_elsewhere(sender);
    }
}
