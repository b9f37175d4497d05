//! One attempt at a task, as the worker's thread, the pollers and those who want to stop it share it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU8, Ordering::SeqCst},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedSemaphorePermit};

use crate::{
    Cancelled, TaskId,
    progress::Steps,
    store::{Claimed, Download},
};

/// One attempt at a task.
pub(crate) struct Run {
    pub(crate) id: TaskId,
    pub(crate) attempt: u32,
    pub(crate) kind: Arc<str>,
    pub(crate) job: Arc<str>,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) begun: Duration,
    pub(crate) steps: Steps,
    /// Its place in the pool; empty while it is parked, and once it was given up.
    pub(crate) seat: Mutex<Option<OwnedSemaphorePermit>>,
    pub(crate) download: Mutex<Option<Arc<Download>>>,
    /// When it was told that it has taken too long.
    pub(crate) overdue: OnceLock<Duration>,
    phase: Mutex<Phase>,
    /// Mirrors `Phase::Stopped` and `Phase::GivenUp`, to be asked often.
    is_stopped: AtomicBool,
    was_seen: AtomicBool,
    stopped: Notify,
    hooks: Mutex<Hooks>,
    farewells: AtomicU8,
}

/// Where the attempt is. Only an open one can be sealed or stopped, so of the two one wins here, too.
enum Phase {
    Open,
    /// The journal is being asked; whoever wants to stop the job meanwhile has to wait for its answer.
    Sealing {
        stop: Option<Cause>,
    },
    Sealed {
        intent: Arc<str>,
    },
    Stopped(Cause),
    GivenUp,
    /// The job's thread has come back.
    Returned,
}

/// Why a job is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Somebody asked for it.
    Cancel,
    /// It has taken too long.
    Deadline,
    /// The engine is stopping.
    Shutdown,
}

/// How a job's attempt stood when its thread came back.
pub(crate) enum Standing {
    Open,
    Sealed { intent: Arc<str> },
    Stopped(Cause),
    GivenUp,
}

/// Why an attempt cannot be sealed now.
pub(crate) enum NotOpen {
    Stopped,
    AlreadySealed,
}

#[derive(Default)]
struct Hooks {
    next: u64,
    waiting: Vec<(u64, Hook)>,
}

type Hook = Box<dyn FnOnce() + Send>;

impl Run {
    pub(crate) fn new(claimed: Claimed, seat: OwnedSemaphorePermit, begun: Duration) -> Self {
        Self {
            id: claimed.id,
            attempt: claimed.attempt,
            kind: claimed.kind,
            job: claimed.job,
            files: claimed.files,
            begun,
            steps: Steps::default(),
            seat: Mutex::new(Some(seat)),
            download: Mutex::default(),
            overdue: OnceLock::new(),
            phase: Mutex::new(Phase::Open),
            is_stopped: AtomicBool::new(false),
            was_seen: AtomicBool::new(false),
            stopped: Notify::new(),
            hooks: Mutex::default(),
            farewells: AtomicU8::new(0),
        }
    }

    /// Asks the job to stop, unless it is past its point of no return.
    pub(crate) fn stop(&self, cause: Cause) {
        {
            let mut phase = self.phase.lock();
            match &mut *phase {
                Phase::Open => *phase = Phase::Stopped(cause),
                Phase::Sealing { stop } => {
                    stop.get_or_insert(cause);
                    return;
                }
                _ => return,
            }
        }
        self.tell();
    }

    fn tell(&self) {
        self.is_stopped.store(true, SeqCst);
        self.stopped.notify_waiters();
        let hooks = std::mem::take(&mut self.hooks.lock().waiting);
        for (_, hook) in hooks {
            self.call(hook);
        }
    }

    /// A hook breaks off what the job is doing, so what comes of it was caused by the cancel.
    fn call(&self, hook: Hook) {
        self.was_seen.store(true, SeqCst);
        if catch_unwind(AssertUnwindSafe(hook)).is_err() {
            tracing::error!(task = %self.id, "what was to run at a cancel panicked");
        }
    }

    /// Whether the job is to stop; it then knows.
    pub(crate) fn see(&self) -> Result<(), Cancelled> {
        if !self.is_stopped.load(SeqCst) {
            return Ok(());
        }
        self.was_seen.store(true, SeqCst);
        Err(Cancelled(()))
    }

    /// Whether the job has learnt that it is to stop.
    pub(crate) fn was_seen(&self) -> bool {
        self.was_seen.load(SeqCst)
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.is_stopped.load(SeqCst)
    }

    /// Resolves when the job is to stop.
    pub(crate) async fn stopped(&self) {
        let mut stopped = std::pin::pin!(self.stopped.notified());
        stopped.as_mut().enable();
        if !self.is_stopped() {
            stopped.await;
        }
    }

    /// Calls `hook` when the job is to stop; at once if it already is. The key takes it back.
    pub(crate) fn add_hook(&self, hook: Hook) -> u64 {
        let key = {
            let mut hooks = self.hooks.lock();
            if !self.is_stopped() {
                hooks.next += 1;
                let key = hooks.next;
                hooks.waiting.push((key, hook));
                return key;
            }
            0
        };
        self.call(hook);
        key
    }

    pub(crate) fn remove_hook(&self, key: u64) {
        self.hooks.lock().waiting.retain(|(other, _)| *other != key);
    }

    /// Holds off whoever wants to stop the job until [`end_sealing`](Self::end_sealing).
    pub(crate) fn begin_sealing(&self) -> Result<(), NotOpen> {
        let mut phase = self.phase.lock();
        match *phase {
            Phase::Open => {
                *phase = Phase::Sealing { stop: None };
                Ok(())
            }
            Phase::Sealing { .. } | Phase::Sealed { .. } => Err(NotOpen::AlreadySealed),
            Phase::Stopped(_) | Phase::GivenUp | Phase::Returned => {
                self.was_seen.store(true, SeqCst);
                Err(NotOpen::Stopped)
            }
        }
    }

    /// Tells what the journal answered: the intent if it is sealed, else why the job has to stop, if it has.
    pub(crate) fn end_sealing(&self, answer: Result<Arc<str>, Option<Cause>>) {
        {
            let mut phase = self.phase.lock();
            let Phase::Sealing { stop } = *phase else { return };
            *phase = match answer.map_err(|cause| cause.or(stop)) {
                Ok(intent) => Phase::Sealed { intent },
                Err(Some(cause)) => Phase::Stopped(cause),
                Err(None) => Phase::Open,
            };
            if !matches!(*phase, Phase::Stopped(_)) {
                return;
            }
            self.was_seen.store(true, SeqCst);
        }
        self.tell();
    }

    /// The job's thread has come back; nobody can give it up any more.
    pub(crate) fn come_back(&self) -> Standing {
        let mut phase = self.phase.lock();
        let standing = match &*phase {
            Phase::Open | Phase::Sealing { .. } | Phase::Returned => Standing::Open,
            Phase::Sealed { intent } => Standing::Sealed { intent: intent.clone() },
            Phase::Stopped(cause) => Standing::Stopped(*cause),
            Phase::GivenUp => return Standing::GivenUp,
        };
        *phase = Phase::Returned;
        standing
    }

    /// Gives the attempt up if it was asked to stop and has not come back; why it was asked.
    pub(crate) fn give_up(&self) -> Option<Cause> {
        let mut phase = self.phase.lock();
        let Phase::Stopped(cause) = *phase else { return None };
        *phase = Phase::GivenUp;
        Some(cause)
    }

    /// Whether the job is still at it and not past its point of no return.
    pub(crate) fn is_unsettled(&self) -> bool {
        matches!(*self.phase.lock(), Phase::Open | Phase::Sealing { .. } | Phase::Stopped(_))
    }

    /// Of the two who take leave of a given-up attempt, its thread and the one who wrote its end: whether this is the second.
    pub(crate) fn is_second_farewell(&self) -> bool {
        self.farewells.fetch_add(1, SeqCst) == 1
    }
}
