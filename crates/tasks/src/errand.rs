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
