//! The state of everything outside of the store, and the steps that are possible in it.

use longhaul_tasks::store::CommandError;

/// How many tasks there are.
pub const TASKS: usize = 2;

/// Whether the two tasks must not run together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lanes {
    Shared,
    Separate,
}

/// How often what could happen any number of times may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bounds {
    pub crashes: u8,
    pub releases: u8,
    /// Errors of jobs, time-outs, and publications that become impossible.
    pub failures: u8,
}

/// Something that happens. The number is a task's place in the order of submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Submit,
    /// A worker asks for a task.
    Claim,
    Cancel(usize),
    Seal(usize),
    /// The sealed effect is published, by the job or by a recovery; that may be repeated.
    Publish(usize),
    /// Somebody changes what the publication builds on, so that it cannot be done any more.
    Obstruct(usize),
    /// The job returns its report.
    Finish(usize),
    /// The job returns an error, or panics. If it was sealed, the runtime publishes it.
    Fail(usize),
    /// The job stops because of the cancel.
    Stop(usize),
    /// The process stops, and the job has stopped in time.
    Release(usize),
    /// The deadline is over, and the thread does not return.
    TimeOut(usize),
    /// The thread returns that was left behind by a time-out.
    Return(usize),
    /// A thread whose attempt is over goes on as if it were not.
    ActAfterLoss(usize),
    /// The process is killed or frozen, and the next one begins.
    Crash,
    /// The process decides about a task that the one before has left RUNNING.
    Recover(usize),
    Prune(usize),
}

/// Everything outside of the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ModelState {
    pub tasks: Vec<ModelTask>,
    pub left: Bounds,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ModelTask {
    /// `None`: it was pruned.
    pub status: Option<&'static str>,
    pub worker: Worker,
    /// A cancel was accepted while it ran.
    pub is_cancelled: bool,
    pub effect: Effect,
    /// Whether a thread has not returned since a time-out.
    pub is_left_behind: bool,
    /// Whether an attempt is over whose thread may go on in a frozen process.
    pub lost: Lost,
    pub interruptions: u32,
}

/// How far the process is with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Worker {
    None,
    Working,
    Sealed,
    /// The process before this one was; a recovery has to decide.
    Interrupted {
        sealed: bool,
    },
}

/// What a task is to change in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    None,
    Published,
    Impossible,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lost {
    None,
    Unsealed,
    Sealed,
}

impl ModelState {
    /// The steps that can be taken now.
    pub fn possible(&self) -> Vec<Step> {
        let mut steps = vec![Step::Claim];
        if self.tasks.len() < TASKS {
            steps.push(Step::Submit);
        }
        if self.left.crashes > 0 {
            steps.push(Step::Crash);
        }
        for (number, task) in self.tasks.iter().enumerate() {
            steps.extend(task.possible(self.left).into_iter().map(|step| step(number)));
        }
        steps
    }

    /// A step that brings the tasks nearer to their ends; `None` once there is nothing more to do.
    pub fn onward(&self) -> Option<Step> {
        let step = |(number, task): (usize, &ModelTask)| match (task.worker, task.effect) {
            (Worker::None, _) if task.is_left_behind => Some(Step::Return(number)),
            (Worker::None, _) => None,
            (Worker::Working, _) if task.is_cancelled => Some(Step::Stop(number)),
            (Worker::Working, _) => Some(Step::Seal(number)),
            (Worker::Sealed, Effect::None) => Some(Step::Publish(number)),
            (Worker::Sealed, Effect::Published) => Some(Step::Finish(number)),
            (Worker::Sealed, Effect::Impossible) => Some(Step::Fail(number)),
            (Worker::Interrupted { .. }, _) => Some(Step::Recover(number)),
        };
        let waits = self.tasks.iter().any(|task| task.status == Some("WAITING"));
        self.tasks.iter().enumerate().find_map(step).or(waits.then_some(Step::Claim))
    }

    /// Whether every task has ended, and every thread has returned.
    pub fn is_all_over(&self) -> bool {
        self.tasks.iter().all(|task| task.has_ended() && !task.is_left_behind)
    }
}

type OfTask = fn(usize) -> Step;

impl ModelTask {
    pub fn new() -> Self {
        Self {
            status: Some("WAITING"),
            worker: Worker::None,
            is_cancelled: false,
            effect: Effect::None,
            is_left_behind: false,
            lost: Lost::None,
            interruptions: 0,
        }
    }

    fn possible(&self, left: Bounds) -> Vec<OfTask> {
        let mut steps: Vec<OfTask> = vec![Step::Cancel, Step::Prune];
        match self.worker {
            Worker::None => {}
            Worker::Working => {
                steps.extend([Step::Seal as OfTask, Step::Finish]);
                if self.is_cancelled {
                    steps.push(Step::Stop);
                }
                if self.is_cancelled || left.releases > 0 {
                    steps.push(Step::Release);
                }
                if left.failures > 0 {
                    steps.extend([Step::Fail as OfTask, Step::TimeOut]);
                }
            }
            Worker::Sealed => {
                steps.extend([Step::Publish as OfTask, Step::Seal, Step::Release, Step::Fail]);
                if self.effect == Effect::Published {
                    steps.push(Step::Finish);
                }
            }
            Worker::Interrupted { sealed } => {
                steps.push(Step::Recover);
                if sealed {
                    steps.push(Step::Publish);
                }
            }
        }
        if self.is_sealed() && self.effect == Effect::None && left.failures > 0 {
            steps.push(Step::Obstruct);
        }
        if self.is_left_behind {
            steps.push(Step::Return);
        }
        if self.is_left_behind || self.lost > Lost::None {
            steps.push(Step::ActAfterLoss);
        }
        steps
    }

    /// What the store should answer to a seal or a release by the attempt that runs.
    pub fn allows_seal_or_release(&self) -> Result<(), CommandError> {
        match self.worker {
            Worker::Sealed => Err(CommandError::Sealed),
            _ if self.is_cancelled => Err(CommandError::CancelRequested),
            _ => Ok(()),
        }
    }

    pub fn is_sealed(&self) -> bool {
        matches!(self.worker, Worker::Sealed | Worker::Interrupted { sealed: true })
    }

    pub fn has_ended(&self) -> bool {
        !matches!(self.status, Some("WAITING" | "RUNNING"))
    }

    /// Whether it keeps others out of its lane.
    pub fn occupies_lane(&self) -> bool {
        self.worker != Worker::None || self.is_left_behind
    }

    /// Publishes what is sealed: the first time there is an effect, and every time after that the same one.
    pub fn publish(&mut self) {
        if self.effect == Effect::None {
            self.effect = Effect::Published;
        }
    }

    /// The process is gone. The threads of a frozen one may go on.
    pub fn crash(&mut self, is_shared: bool) {
        let lost = match self.worker {
            Worker::None if self.is_left_behind => Lost::Unsealed,
            Worker::None => Lost::None,
            _ if self.is_sealed() => Lost::Sealed,
            _ => Lost::Unsealed,
        };
        self.lost = if is_shared { self.lost.max(lost) } else { Lost::None };
        self.is_left_behind = false;
        if self.worker != Worker::None {
            self.worker = Worker::Interrupted { sealed: self.is_sealed() };
        }
    }
}
