//! One attempt at a task, shared by its thread, by polls, and by those who want to stop it.

use std::{
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU8, Ordering::SeqCst},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    runtime::Handle,
    sync::{Notify, OwnedSemaphorePermit},
};

use super::cancel_hooks::{CancelHook, CancelHooks};
use crate::{
    Cancelled, TaskId,
    progress::Steps,
    store::{AttemptKey, Claimed, Download, Orphan, Signal},
};

/// One attempt at a task.
pub(crate) struct Attempt {
    pub(crate) key: AttemptKey,
    /// How often the task was started, this time included.
    pub(crate) number: u32,
    pub(crate) kind: Arc<str>,
    pub(crate) job: Arc<str>,
    pub(crate) files: Vec<PathBuf>,
    /// When it began, by [`Clock::elapsed`](crate::clock::Clock::elapsed).
    pub(crate) begun: Duration,
    pub(crate) steps: Steps,
    /// Its worker slot; empty while it is parked, and after it was abandoned.
    pub(crate) slot: Mutex<Option<OwnedSemaphorePermit>>,
    pub(crate) download: Mutex<Option<Arc<Download>>>,
    /// When it was told that it has taken too long.
    pub(crate) overdue: OnceLock<Duration>,
    /// Another process began it.
    pub(crate) is_recovered: bool,
    phase: Mutex<Phase>,
    /// Mirrors `Phase::Stopped` and `Phase::Abandoned`, to be read often.
    is_stopped: AtomicBool,
    /// The job has learnt that it is to stop.
    stop_was_seen: AtomicBool,
    stopped: Notify,
    hooks: Arc<CancelHooks>,
    runtime: Handle,
    releases: AtomicU8,
}

/// Where the attempt is. Only a running one can be sealed or stopped, so one of the two wins.
enum Phase {
    Running,
    /// The store is being asked; a stop has to wait for its answer.
    Sealing {
        stop: Option<StopCause>,
    },
    Sealed {
        intent: Option<Arc<str>>,
    },
    Stopped(StopCause),
    Abandoned,
    /// The job's thread has returned.
    Returned,
}

/// Why a job is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopCause {
    /// A cancel was asked for.
    Cancel,
    /// It has taken too long.
    Deadline,
    /// The runtime stops.
    Shutdown,
    /// The store has given the task to another worker.
    Lost,
}

impl StopCause {
    pub(super) fn of(signal: &Signal) -> Self {
        match signal {
            Signal::Cancel(_) => Self::Cancel,
            Signal::Lost(_) => Self::Lost,
        }
    }
}

/// How an attempt stood when its thread returned.
pub(crate) enum AttemptOutcome {
    /// Neither sealed nor stopped.
    Open,
    Sealed {
        intent: Option<Arc<str>>,
    },
    Stopped(StopCause),
    Abandoned,
}

/// Why an attempt cannot be sealed now.
pub(crate) enum NotSealable {
    Stopped,
    AlreadySealed,
}

impl Attempt {
    pub(crate) fn new(
        claimed: Claimed,
        slot: OwnedSemaphorePermit,
        begun: Duration,
        runtime: Handle,
    ) -> Self {
        Self::with(claimed, Some(slot), begun, Phase::Running, runtime)
    }

    /// An attempt that another process began, and that no thread runs any more.
    pub(crate) fn recovered(orphan: Orphan, begun: Duration, runtime: Handle) -> Self {
        let (phase, download) = match orphan.seal {
            Some(seal) => (Phase::Sealed { intent: seal.intent.clone() }, seal.download.clone()),
            None => (Phase::Returned, None),
        };
        let mut attempt = Self::with(orphan.claimed, None, begun, phase, runtime);
        attempt.download = Mutex::new(download);
        attempt.is_recovered = true;
        attempt
    }

    fn with(
        claimed: Claimed,
        slot: Option<OwnedSemaphorePermit>,
        begun: Duration,
        phase: Phase,
        runtime: Handle,
    ) -> Self {
        Self {
            key: claimed.key,
            number: claimed.attempt,
            kind: claimed.kind,
            job: claimed.job,
            files: claimed.files,
            begun,
            steps: Steps::default(),
            slot: Mutex::new(slot),
            download: Mutex::default(),
            overdue: OnceLock::new(),
            is_recovered: false,
            phase: Mutex::new(phase),
            is_stopped: AtomicBool::new(false),
            stop_was_seen: AtomicBool::new(false),
            stopped: Notify::new(),
            hooks: Arc::default(),
            runtime,
            releases: AtomicU8::new(0),
        }
    }

    pub(crate) fn id(&self) -> TaskId {
        self.key.id
    }

    /// Asks the job to stop, unless it is sealed. Cancel hooks are called on another thread.
    pub(crate) fn stop(&self, cause: StopCause) {
        {
            let mut phase = self.phase.lock();
            match &mut *phase {
                Phase::Running => *phase = Phase::Stopped(cause),
                Phase::Sealing { stop } => {
                    stop.get_or_insert(cause);
                    return;
                }
                _ => return,
            }
        }
        self.announce_stop();
    }

    fn announce_stop(&self) {
        self.is_stopped.store(true, SeqCst);
        self.stopped.notify_waiters();
        if !self.hooks.is_empty() {
            // A hook breaks off what the job is doing, so its error will be a consequence of the cancel.
            self.stop_was_seen.store(true, SeqCst);
            let hooks = self.hooks.clone();
            self.runtime.spawn_blocking(move || hooks.call_all());
        }
    }

    /// Whether the job may go on; if not, it has learnt that it is to stop.
    pub(crate) fn check(&self) -> Result<(), Cancelled> {
        if !self.is_stopped.load(SeqCst) {
            return Ok(());
        }
        self.stop_was_seen.store(true, SeqCst);
        Err(Cancelled(()))
    }

    /// Whether the job has learnt that it is to stop.
    pub(crate) fn stop_was_seen(&self) -> bool {
        self.stop_was_seen.load(SeqCst)
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

    /// Has `hook` called when the job is to stop; before this returns if it already is. The key removes it.
    pub(crate) fn add_cancel_hook(&self, hook: CancelHook) -> u64 {
        let key = self.hooks.add(hook);
        if self.is_stopped() {
            self.stop_was_seen.store(true, SeqCst);
            self.hooks.call_all();
        }
        key
    }

    pub(crate) fn remove_cancel_hook(&self, key: u64) {
        self.hooks.remove(key);
    }

    /// Delays every stop until [`end_sealing`](Self::end_sealing).
    pub(crate) fn begin_sealing(&self) -> Result<(), NotSealable> {
        let mut phase = self.phase.lock();
        match *phase {
            Phase::Running => {
                *phase = Phase::Sealing { stop: None };
                Ok(())
            }
            Phase::Sealing { .. } | Phase::Sealed { .. } => Err(NotSealable::AlreadySealed),
            Phase::Stopped(_) | Phase::Abandoned | Phase::Returned => {
                self.stop_was_seen.store(true, SeqCst);
                Err(NotSealable::Stopped)
            }
        }
    }

    /// Says what the store answered: the intent if the task is sealed, else why the job has to stop, if it has.
    pub(crate) fn end_sealing(&self, answer: Result<Arc<str>, Option<StopCause>>) {
        {
            let mut phase = self.phase.lock();
            let Phase::Sealing { stop } = *phase else { return };
            *phase = match answer.map_err(|cause| cause.or(stop)) {
                Ok(intent) => Phase::Sealed { intent: Some(intent) },
                Err(Some(cause)) => Phase::Stopped(cause),
                Err(None) => Phase::Running,
            };
            if !matches!(*phase, Phase::Stopped(_)) {
                return;
            }
            self.stop_was_seen.store(true, SeqCst);
        }
        self.announce_stop();
    }

    /// The job's thread has returned, or there is none; the attempt cannot be abandoned any more.
    pub(crate) fn thread_returned(&self) -> AttemptOutcome {
        let mut phase = self.phase.lock();
        let outcome = match &*phase {
            Phase::Running | Phase::Sealing { .. } | Phase::Returned => AttemptOutcome::Open,
            Phase::Sealed { intent } => AttemptOutcome::Sealed { intent: intent.clone() },
            Phase::Stopped(cause) => AttemptOutcome::Stopped(*cause),
            Phase::Abandoned => return AttemptOutcome::Abandoned,
        };
        *phase = Phase::Returned;
        outcome
    }

    /// Abandons the attempt if it was asked to stop and has not returned; why it was asked.
    pub(crate) fn abandon(&self) -> Option<StopCause> {
        let mut phase = self.phase.lock();
        let Phase::Stopped(cause) = *phase else { return None };
        *phase = Phase::Abandoned;
        Some(cause)
    }

    /// Whether the job still runs and is not sealed.
    pub(crate) fn is_running_unsealed(&self) -> bool {
        matches!(*self.phase.lock(), Phase::Running | Phase::Sealing { .. } | Phase::Stopped(_))
    }

    /// An abandoned attempt is released twice: by its thread, and after its end was written. Whether this is the second time.
    pub(crate) fn is_second_release(&self) -> bool {
        self.releases.fetch_add(1, SeqCst) == 1
    }
}
