//! What threads and clients do around a store, and what must hold of its answers.

use std::sync::Arc;

use longhaul_tasks::{
    ErrorReport, Filter, Lane, Priority, Report, Status, TaskId,
    store::{
        Answer, Claimed, End, Journal, Limits, Listener, NewTask, Notice, Orphan, Record, Refusal,
        Transition, View,
    },
};

use crate::homes::Home;

/// How many tasks there are.
const TASKS: usize = 2;

/// How often a task may be cut short before it is given up.
const MAX_ATTEMPTS: u32 = 2;

/// Whether the two tasks must not run together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lanes {
    Shared,
    Apart,
}

/// How often what could happen for ever may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bounds {
    pub crashes: u8,
    pub hand_backs: u8,
    /// Errors, and threads that are given up.
    pub failures: u8,
}

/// Something that happens. The number is a task's place in the order of submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Submit,
    /// A thread asks for work.
    Claim,
    Cancel(usize),
    Seal(usize),
    /// The effect becomes visible.
    Publish(usize),
    /// The job returns its report.
    Finish(usize),
    /// The job returns an error, or panics.
    Fail(usize),
    /// The job ends because of the cancel.
    Obey(usize),
    /// The program stops, and the job lets go.
    HandBack(usize),
    /// The deadline is over, and the thread does not come back.
    GiveUp(usize),
    /// A thread that was given up goes on as if nothing had been.
    Haunt(usize),
    /// It comes back.
    Return(usize),
    /// The program is killed, and started again.
    Crash,
    /// What was cut short is decided.
    Rescue(usize),
    Prune(usize),
}

/// All that is known outside of the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Known {
    tasks: Vec<KnownTask>,
    left: Bounds,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct KnownTask {
    /// `None`: it was pruned.
    status: Option<&'static str>,
    worker: Worker,
    /// A cancel was answered while it ran.
    is_cancelled: bool,
    /// How often its effect has become visible.
    effects: u8,
    /// Whether a thread of it was given up and has not come back.
    is_haunted: bool,
    /// How often it was cut short, and waits or runs again.
    interruptions: u32,
}

/// Who runs a task, and how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Worker {
    Nobody,
    Working,
    Sealed,
    Published,
    /// It was killed.
    Killed {
        sealed: bool,
    },
}

impl Known {
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

    /// A step that brings the tasks nearer to their ends, without any trouble; `None` once there is nothing more to do.
    pub fn onward(&self) -> Option<Step> {
        let step = |(number, task): (usize, &KnownTask)| match task.worker {
            Worker::Nobody if task.is_haunted => Some(Step::Return(number)),
            Worker::Nobody => None,
            Worker::Working if task.is_cancelled => Some(Step::Obey(number)),
            Worker::Working => Some(Step::Seal(number)),
            Worker::Sealed => Some(Step::Publish(number)),
            Worker::Published => Some(Step::Finish(number)),
            Worker::Killed { .. } => Some(Step::Rescue(number)),
        };
        let waits = self.tasks.iter().any(|task| task.status == Some("WAITING"));
        self.tasks.iter().enumerate().find_map(step).or(waits.then_some(Step::Claim))
    }

    /// Whether every task has ended.
    pub fn is_all_over(&self) -> bool {
        self.tasks.iter().all(|task| task.has_ended() && !task.is_haunted)
    }
}

type Of = fn(usize) -> Step;

impl KnownTask {
    fn possible(&self, left: Bounds) -> Vec<Of> {
        let mut steps: Vec<Of> = vec![Step::Cancel, Step::Prune];
        match self.worker {
            Worker::Nobody => {}
            Worker::Working => {
                steps.extend([Step::Seal as Of, Step::Finish]);
                if self.is_cancelled {
                    steps.push(Step::Obey);
                } else if left.hand_backs > 0 {
                    steps.push(Step::HandBack);
                }
                if left.failures > 0 {
                    steps.extend([Step::Fail as Of, Step::GiveUp]);
                }
            }
            Worker::Sealed => {
                steps.push(Step::Publish);
                if left.failures > 0 {
                    steps.push(Step::Fail);
                }
            }
            Worker::Published => steps.extend([Step::Finish as Of, Step::Fail]),
            Worker::Killed { .. } => steps.push(Step::Rescue),
        }
        if self.is_haunted {
            steps.extend([Step::Haunt as Of, Step::Return]);
        }
        steps
    }

    fn has_ended(&self) -> bool {
        !matches!(self.status, Some("WAITING" | "RUNNING"))
    }

    /// Whether it keeps others out of its lane.
    fn holds_lane(&self) -> bool {
        self.worker != Worker::Nobody || self.is_haunted
    }
}

/// A store, and all around it.
pub struct World<H: Home> {
    home: H,
    store: Option<H::Store>,
    lanes: Lanes,
    known: Known,
    way: Vec<Step>,
    ids: Vec<TaskId>,
    claims: Vec<Option<Claimed>>,
    haunts: Vec<Option<Claimed>>,
    orphans: Vec<Option<Orphan>>,
}

impl<H: Home> World<H> {
    /// Nothing has happened yet.
    pub fn new(lanes: Lanes, bounds: Bounds) -> Self {
        let home = H::new();
        let store = open(&home);
        Self {
            home,
            store: Some(store),
            lanes,
            known: Known { tasks: Vec::new(), left: bounds },
            way: Vec::new(),
            ids: Vec::new(),
            claims: vec![None; TASKS],
            haunts: vec![None; TASKS],
            orphans: vec![None; TASKS],
        }
    }

    /// What is known.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// Lets it happen, and checks what comes of it.
    pub fn take(&mut self, step: Step) {
        self.way.push(step);
        match step {
            Step::Submit => self.submit(),
            Step::Claim => self.claim(),
            Step::Cancel(number) => self.cancel(number),
            Step::Seal(number) => self.seal(number),
            Step::Publish(number) => self.publish(number),
            Step::Finish(number) => self.finish(number),
            Step::Fail(number) => self.fail(number),
            Step::Obey(number) => self.obey(number),
            Step::HandBack(number) => self.hand_back(number),
            Step::GiveUp(number) => self.give_up(number),
            Step::Haunt(number) => self.haunt(number),
            Step::Return(number) => self.come_back(number),
            Step::Crash => self.crash(),
            Step::Rescue(number) => self.rescue(number),
            Step::Prune(number) => self.prune(number),
        }
        self.check();
    }

    fn submit(&mut self) {
        let lane = match self.lanes {
            Lanes::Shared => "lane".to_owned(),
            Lanes::Apart => format!("lane {}", self.ids.len()),
        };
        let answer = self.write(Transition::Submitted(new_task(&lane)));
        assert_eq!(answer.verdict, Ok(()), "{:?}", self.way);
        let id = answer.record.unwrap().task.id;
        assert!(self.ids.last().is_none_or(|last| *last < id), "{:?}: ids increase", self.way);
        self.ids.push(id);
        self.known.tasks.push(KnownTask {
            status: Some("WAITING"),
            worker: Worker::Nobody,
            is_cancelled: false,
            effects: 0,
            is_haunted: false,
            interruptions: 0,
        });
    }

    /// The oldest that waits and is held up by nothing gets it.
    fn claim(&mut self) {
        let claimed = block_on(self.store().claim()).unwrap();
        let is_shut = self.lanes == Lanes::Shared && self.known.tasks.iter().any(KnownTask::holds_lane);
        let waiting = self.known.tasks.iter().position(|task| task.status == Some("WAITING"));
        let expected = waiting.filter(|_| !is_shut);
        assert_eq!(
            claimed.as_ref().map(|claimed| self.number(claimed.id)),
            expected,
            "{:?}: who is next",
            self.way
        );
        let Some(claimed) = claimed else { return };
        block_on(H::keep_claim(self.store(), claimed.id));
        let number = self.number(claimed.id);
        let last = self.claims[number].replace(claimed.clone());
        assert!(
            last.is_none_or(|last| last.attempt < claimed.attempt),
            "{:?}: a new attempt has a new number",
            self.way
        );
        self.known.tasks[number].worker = Worker::Working;
    }

    fn cancel(&mut self, number: usize) {
        let answer = self.write(Transition::CancelRequested { id: self.ids[number] });
        let way = &self.way;
        let task = &mut self.known.tasks[number];
        let said = answer.record.map(|record| record.task.status);
        match (task.status, task.worker) {
            (None, _) => return assert_eq!((answer.verdict, said), (Err(Refusal::Unknown), None), "{way:?}"),
            (Some("WAITING"), _) => assert_eq!(said, Some(Status::Cancelled), "{way:?}: it never runs"),
            (Some("RUNNING"), _) => task.is_cancelled = true,
            _ => {}
        }
        assert_eq!(answer.verdict, Ok(()), "{way:?}: to cancel is harmless");
    }

    fn seal(&mut self, number: usize) {
        let verdict = self.wish_to_seal(&self.claims[number].clone().unwrap());
        let task = &mut self.known.tasks[number];
        if task.is_cancelled {
            assert_eq!(verdict, Err(Refusal::CancelRequested), "{:?}", self.way);
        } else {
            assert_eq!(verdict, Ok(()), "{:?}", self.way);
            task.worker = Worker::Sealed;
        }
    }

    fn wish_to_seal(&self, claimed: &Claimed) -> Result<(), Refusal> {
        let Claimed { id, attempt, .. } = *claimed;
        let intent = Some("1".into());
        self.write(Transition::Sealed { id, attempt, intent, report: report("sealed"), download: None })
            .verdict
    }

    fn publish(&mut self, number: usize) {
        let task = &mut self.known.tasks[number];
        task.effects += 1;
        task.worker = Worker::Published;
    }

    fn finish(&mut self, number: usize) {
        let verdict =
            self.end(&self.claims[number].clone().unwrap(), End::Finished(report("returned")), false);
        let task = &mut self.known.tasks[number];
        if task.worker == Worker::Working && task.is_cancelled {
            return assert_eq!(verdict, Err(Refusal::CancelRequested), "{:?}", self.way);
        }
        assert_eq!(verdict, Ok(()), "{:?}", self.way);
        // A job that returns without a seal has nothing to publish but its report.
        task.effects = task.effects.max(1);
        task.worker = Worker::Nobody;
        self.expect(number, Status::Finished);
    }

    /// An error after the effect has become visible changes nothing any more: that is for the engine to see.
    fn fail(&mut self, number: usize) {
        if self.known.tasks[number].worker == Worker::Published {
            return self.finish(number);
        }
        self.known.left.failures -= 1;
        let verdict = self.end(&self.claims[number].clone().unwrap(), failed(), false);
        assert_eq!(verdict, Ok(()), "{:?}", self.way);
        self.known.tasks[number].worker = Worker::Nobody;
        self.expect(number, Status::Failed);
    }

    fn obey(&mut self, number: usize) {
        let verdict = self.end(&self.claims[number].clone().unwrap(), End::Cancelled, false);
        assert_eq!(verdict, Ok(()), "{:?}", self.way);
        self.known.tasks[number].worker = Worker::Nobody;
        self.expect(number, Status::Cancelled);
    }

    fn hand_back(&mut self, number: usize) {
        self.known.left.hand_backs -= 1;
        let Claimed { id, attempt, .. } = self.claims[number].clone().unwrap();
        let answer = self.write(Transition::HandedBack { id, attempt, was_cut_short: false });
        assert_eq!(answer.verdict, Ok(()), "{:?}", self.way);
        self.known.tasks[number].worker = Worker::Nobody;
        self.expect(number, Status::Waiting);
    }

    fn give_up(&mut self, number: usize) {
        self.known.left.failures -= 1;
        let claimed = self.claims[number].clone().unwrap();
        assert_eq!(self.end(&claimed, failed(), true), Ok(()), "{:?}", self.way);
        self.haunts[number] = Some(claimed);
        let task = &mut self.known.tasks[number];
        task.worker = Worker::Nobody;
        task.is_haunted = true;
        self.expect(number, Status::Failed);
    }

    /// It can neither seal nor end.
    fn haunt(&mut self, number: usize) {
        let claimed = self.haunts[number].clone().unwrap();
        let refused = Err(Refusal::Superseded);
        assert_eq!(self.wish_to_seal(&claimed), refused, "{:?}", self.way);
        for end in [End::Finished(report("late")), failed(), End::Cancelled] {
            assert_eq!(self.end(&claimed, end, false), refused, "{:?}", self.way);
        }
        let Claimed { id, attempt, .. } = claimed;
        for was_cut_short in [false, true] {
            let back = self.write(Transition::HandedBack { id, attempt, was_cut_short });
            assert_eq!(back.verdict, refused, "{:?}", self.way);
        }
    }

    fn come_back(&mut self, number: usize) {
        let verdict = self.write(Transition::LanesFreed { id: self.ids[number] }).verdict;
        assert_eq!(verdict, Ok(()), "{:?}", self.way);
        self.known.tasks[number].is_haunted = false;
    }

    /// Every thread is gone. What ran is an orphan, and nothing else is.
    fn crash(&mut self) {
        self.known.left.crashes -= 1;
        self.store = None;
        self.store = Some(open(&self.home));
        self.orphans.fill(None);
        for orphan in block_on(self.store().rescue()).unwrap() {
            let number = self.number(orphan.claimed.id);
            assert!(self.orphans[number].replace(orphan).is_none(), "{:?}: an orphan is one", self.way);
        }
        for (number, task) in self.known.tasks.iter_mut().enumerate() {
            task.is_haunted = false;
            task.worker = match task.worker {
                Worker::Nobody => Worker::Nobody,
                Worker::Working => Worker::Killed { sealed: false },
                Worker::Sealed | Worker::Published => Worker::Killed { sealed: true },
                killed @ Worker::Killed { .. } => killed,
            };
            let interruptions = task.interruptions;
            let orphan = self.orphans[number].as_ref();
            assert_eq!(orphan.is_some(), task.worker != Worker::Nobody, "{:?}: who is an orphan", self.way);
            let Some(orphan) = orphan else { continue };
            assert_eq!(orphan.interruptions, interruptions, "{:?}", self.way);
            let sealed = task.worker == Worker::Killed { sealed: true };
            assert_eq!(orphan.sealed.is_some(), sealed, "{:?}: what was sealed stays so", self.way);
            assert_eq!(
                orphan.cancel_requested, task.is_cancelled,
                "{:?}: a cancel outlives a crash",
                self.way
            );
            self.claims[number] = Some(orphan.claimed.clone());
        }
    }

    /// As the engine decides: by whether the effect is visible.
    fn rescue(&mut self, number: usize) {
        let orphan = self.orphans[number].take().unwrap();
        let Claimed { id, attempt, .. } = orphan.claimed;
        let is_published = self.known.tasks[number].effects > 0;
        self.known.tasks[number].worker = Worker::Nobody;
        if is_published {
            assert!(orphan.sealed.is_some(), "{:?}: what is published was sealed", self.way);
            let verdict = self.end(&orphan.claimed, End::Finished(report("none")), false);
            assert_eq!(verdict, Ok(()), "{:?}", self.way);
            return self.expect(number, Status::Finished);
        }
        let is_cancelled = self.known.tasks[number].is_cancelled;
        if !is_cancelled && orphan.interruptions + 1 >= MAX_ATTEMPTS {
            let verdict = self.end(&orphan.claimed, failed(), false);
            assert_eq!(verdict, Ok(()), "{:?}", self.way);
            return self.expect(number, Status::Failed);
        }
        let answer = self.write(Transition::HandedBack { id, attempt, was_cut_short: true });
        assert_eq!(answer.verdict, Ok(()), "{:?}", self.way);
        if is_cancelled {
            // Whenever it was asked for: a seal that is void stops no cancel.
            return self.expect(number, Status::Cancelled);
        }
        self.known.tasks[number].interruptions += 1;
        self.expect(number, Status::Waiting);
    }

    fn prune(&mut self, number: usize) {
        let verdict = self.write(Transition::Pruned { id: self.ids[number] }).verdict;
        let task = &mut self.known.tasks[number];
        let expected = match task.status {
            None => Err(Refusal::Unknown),
            Some(_) if !task.has_ended() => Err(Refusal::Unfinished),
            Some(_) => Ok(()),
        };
        assert_eq!(verdict, expected, "{:?}", self.way);
    }

    /// What everybody sees is what must be.
    fn check(&mut self) {
        let seen = block_on(self.store().list(&Filter::default())).unwrap();
        assert!(seen.is_sorted_by_key(|record| record.task.id), "{:?}", self.way);
        let mut found = 0;
        for number in 0..self.ids.len() {
            let record = seen.iter().find(|record| record.task.id == self.ids[number]);
            found += usize::from(record.is_some());
            self.check_task(number, record.map(|record| &**record));
        }
        assert_eq!(found, seen.len(), "{:?}: nothing is there that nobody submitted", self.way);
    }

    fn check_task(&mut self, number: usize, record: Option<&Record>) {
        let way = &self.way;
        let task = &mut self.known.tasks[number];
        let now = record.map(|record| record.task.status.as_str());
        let was = std::mem::replace(&mut task.status, now);
        let last = way.last().unwrap();
        assert!(is_arrow(was, now, last, number), "{way:?}: task {number} went from {was:?} to {now:?}");
        assert!(task.effects <= 1, "{way:?}: the effect of task {number} was published twice");
        assert_eq!(task.worker != Worker::Nobody, now == Some("RUNNING"), "{way:?}: {task:?} runs");
        match now {
            Some("FINISHED") => assert_eq!(task.effects, 1, "{way:?}: FINISHED says that all was published"),
            Some("CANCELLED" | "FAILED" | "WAITING") => {
                assert_eq!(task.effects, 0, "{way:?}: {now:?} says that nothing was published");
            }
            _ => {}
        }
        if let Some(record) = record {
            // A stop is no failed try.
            assert_eq!(record.interruptions, task.interruptions, "{way:?}: {record:?}");
        }
        if let Some(Record { task, .. }) = record {
            assert_eq!(task.result.is_some(), task.status == Status::Finished, "{way:?}: {task:?}");
            assert_eq!(task.error.is_some(), task.status == Status::Failed, "{way:?}: {task:?}");
            assert_eq!(task.finished.is_some(), task.status.has_ended(), "{way:?}: {task:?}");
            let times = [Some(task.created), task.started, task.finished];
            assert!(times.iter().flatten().is_sorted(), "{way:?}: {task:?}");
        }
    }

    fn expect(&self, number: usize, status: Status) {
        let record = block_on(self.store().get(self.ids[number])).unwrap().unwrap();
        assert_eq!(record.task.status, status, "{:?}: task {number}", self.way);
    }

    fn end(&self, claimed: &Claimed, end: End, keep_lanes: bool) -> Result<(), Refusal> {
        let Claimed { id, attempt, .. } = *claimed;
        self.write(Transition::Ended { id, attempt, end, keep_lanes }).verdict
    }

    fn write(&self, wish: Transition) -> Answer {
        block_on(self.store().write(vec![wish])).unwrap().pop().unwrap()
    }

    fn store(&self) -> &H::Store {
        self.store.as_ref().unwrap()
    }

    fn number(&self, id: TaskId) -> usize {
        self.ids.iter().position(|known| *known == id).unwrap()
    }
}

/// Whether a task may go from one status to another by this step; `None` is a task that was pruned.
fn is_arrow(from: Option<&str>, to: Option<&str>, step: &Step, number: usize) -> bool {
    if from == to {
        return true;
    }
    match (from, to) {
        (Some("WAITING"), Some("RUNNING")) => matches!(step, Step::Claim),
        (Some("WAITING"), Some("CANCELLED")) => matches!(step, Step::Cancel(of) if *of == number),
        (Some("RUNNING"), Some("WAITING")) => {
            matches!(step, Step::HandBack(of) | Step::Rescue(of) if *of == number)
        }
        (Some("RUNNING"), Some("FINISHED")) => {
            matches!(step, Step::Finish(of) | Step::Fail(of) | Step::Rescue(of) if *of == number)
        }
        (Some("RUNNING"), Some("FAILED")) => {
            matches!(step, Step::Fail(of) | Step::GiveUp(of) | Step::Rescue(of) if *of == number)
        }
        (Some("RUNNING"), Some("CANCELLED")) => {
            matches!(step, Step::Obey(of) | Step::Rescue(of) if *of == number)
        }
        (Some(_), None) => matches!(step, Step::Prune(of) if *of == number),
        _ => false,
    }
}

fn open<H: Home>(home: &H) -> H::Store {
    let store = home.open();
    store.attach(Arc::new(Deaf), Limits::default());
    store
}

struct Deaf;

impl Listener for Deaf {
    fn notice(&self, _: Notice) {}
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    thread_local!(static RUNTIME: tokio::runtime::Runtime =
        tokio::runtime::Builder::new_current_thread().build().unwrap());
    RUNTIME.with(|runtime| runtime.block_on(future))
}

fn new_task(lane: &str) -> NewTask {
    NewTask {
        kind: "model".into(),
        job: "{}".into(),
        description: "Be modelled.".into(),
        lanes: vec![Lane::new(lane)],
        subject: None,
        priority: Priority::Normal,
        owner: None,
        transaction: None,
        files: Vec::new(),
        starts_early: true,
        idempotency: None,
    }
}

fn report(what: &str) -> Arc<Report> {
    Arc::new(Report::new().text("report", what))
}

fn failed() -> End {
    End::Failed(Arc::new(ErrorReport::message("no")), None)
}
