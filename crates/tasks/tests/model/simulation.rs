//! Takes the steps of the model on a real store, and checks what it answers.

use std::sync::Arc;

use longhaul_tasks::{
    ErrorReport, Filter, Lane, Priority, Report, Status, TaskId,
    store::{
        AttemptKey, Command, CommandError, End, Limits, NewTask, Orphan, Outcome, Seal, Store as _,
        TaskCommand, WorkerId,
    },
};

use crate::{
    durable_store::DurableStore,
    invariants,
    state::{Bounds, Effect, Lanes, Lost, ModelState, ModelTask, Step, TASKS, Worker},
};

/// How often a task may be interrupted until it is FAILED.
const MAX_ATTEMPTS: u32 = 2;

/// A store, and the clients and processes around it.
pub struct Simulation<D: DurableStore> {
    durable: D,
    store: Option<D::Store>,
    /// The worker of the current process.
    worker: WorkerId,
    lanes: Lanes,
    state: ModelState,
    path: Vec<Step>,
    ids: Vec<TaskId>,
    /// The current attempt at each task.
    keys: Vec<Option<AttemptKey>>,
    /// Attempts that are over while their threads may go on.
    lost_keys: Vec<Vec<AttemptKey>>,
    orphans: Vec<Option<Orphan>>,
}

impl<D: DurableStore> Simulation<D> {
    /// Nothing has happened yet.
    pub fn new(lanes: Lanes, bounds: Bounds) -> Self {
        let durable = D::new();
        let store = durable.open();
        Self {
            durable,
            store: Some(store),
            worker: WorkerId::new("process 1"),
            lanes,
            state: ModelState { tasks: Vec::new(), left: bounds },
            path: Vec::new(),
            ids: Vec::new(),
            keys: vec![None; TASKS],
            lost_keys: vec![Vec::new(); TASKS],
            orphans: vec![None; TASKS],
        }
    }

    /// Everything outside of the store.
    pub fn state(&self) -> &ModelState {
        &self.state
    }

    /// Takes the step, and checks what comes of it.
    pub fn take(&mut self, step: Step) {
        self.path.push(step);
        match step {
            Step::Submit => self.submit(),
            Step::Claim => self.claim(),
            Step::Cancel(number) => self.cancel(number),
            Step::Seal(number) => self.seal(number),
            Step::Publish(number) => self.state.tasks[number].publish(),
            Step::Obstruct(number) => self.obstruct(number),
            Step::Finish(number) => self.finish(number),
            Step::Fail(number) => self.fail(number),
            Step::Stop(number) => self.end(number, End::Cancelled, Status::Cancelled),
            Step::Release(number) => self.release(number),
            Step::TimeOut(number) => self.time_out(number),
            Step::Return(number) => self.thread_returns(number),
            Step::ActAfterLoss(number) => self.act_after_loss(number),
            Step::Crash => self.crash(),
            Step::Recover(number) => self.recover(number),
            Step::Prune(number) => self.prune(number),
        }
        let seen = block_on(self.store().page(&Filter::default())).unwrap().records;
        invariants::check(&mut self.state, &self.path, &self.ids, &seen);
    }

    fn submit(&mut self) {
        let lane = match self.lanes {
            Lanes::Shared => "lane".to_owned(),
            Lanes::Separate => format!("lane {}", self.ids.len()),
        };
        let outcome = self.apply(Command::Submit { task: new_task(&lane), limits: Limits::default() });
        assert_eq!(outcome.result, Ok(()), "{:?}", self.path);
        let id = outcome.record.unwrap().task.id;
        assert!(self.ids.last().is_none_or(|last| *last < id), "{:?}: ids increase", self.path);
        self.ids.push(id);
        self.state.tasks.push(ModelTask::new());
    }

    /// The oldest waiting task whose lane is free is claimed.
    fn claim(&mut self) {
        let claimed = block_on(self.store().claim(&self.worker, &[], 1)).unwrap();
        let is_occupied =
            self.lanes == Lanes::Shared && self.state.tasks.iter().any(ModelTask::occupies_lane);
        let waiting = self.state.tasks.iter().position(|task| task.status == Some("WAITING"));
        let expected = waiting.filter(|_| !is_occupied);
        let number = claimed.first().map(|claimed| self.number(claimed.key.id));
        assert_eq!(number, expected, "{:?}: the next task", self.path);
        let (Some(number), [claimed]) = (number, &claimed[..]) else { return };
        block_on(D::sync_claims(self.store()));
        self.assert_is_newer(number, claimed.key);
        self.keys[number] = Some(claimed.key);
        self.state.tasks[number].worker = Worker::Working;
    }

    fn cancel(&mut self, number: usize) {
        let outcome = self.apply(Command::Change { id: self.ids[number], command: TaskCommand::Cancel });
        let path = &self.path;
        let task = &mut self.state.tasks[number];
        let status = outcome.record.map(|record| record.task.status);
        match task.status {
            None => {
                return assert_eq!((outcome.result, status), (Err(CommandError::Unknown), None), "{path:?}");
            }
            Some("WAITING") => assert_eq!(status, Some(Status::Cancelled), "{path:?}: it never runs"),
            Some("RUNNING") if !task.is_sealed() => task.is_cancelled = true,
            _ => {}
        }
        assert_eq!(outcome.result, Ok(()), "{path:?}: a cancel is harmless");
    }

    fn seal(&mut self, number: usize) {
        let result = self.apply(seal(self.key(number))).result;
        let task = &mut self.state.tasks[number];
        assert_eq!(result, task.allows_seal_or_release(), "{:?}", self.path);
        if result.is_ok() {
            task.worker = Worker::Sealed;
        }
    }

    fn obstruct(&mut self, number: usize) {
        self.state.left.failures -= 1;
        self.state.tasks[number].effect = Effect::Impossible;
    }

    fn finish(&mut self, number: usize) {
        let task = &mut self.state.tasks[number];
        if task.worker == Worker::Working && task.is_cancelled {
            let refused = self.apply(self.key(number).end(finished())).result;
            return assert_eq!(refused, Err(CommandError::CancelRequested), "{:?}", self.path);
        }
        // A job that returns without a seal has nothing to publish but its report.
        task.publish();
        self.end(number, finished(), Status::Finished);
    }

    fn fail(&mut self, number: usize) {
        if self.state.tasks[number].is_sealed() {
            return self.roll_forward(number);
        }
        self.state.left.failures -= 1;
        self.end(number, failed(), Status::Failed);
    }

    /// What the runtime does with a sealed task whose job does not finish it: it publishes.
    fn roll_forward(&mut self, number: usize) {
        self.state.tasks[number].publish();
        match self.state.tasks[number].effect {
            Effect::Impossible => self.end(number, failed(), Status::Failed),
            _ => self.end(number, finished(), Status::Finished),
        }
    }

    fn release(&mut self, number: usize) {
        let result = self.apply(self.key(number).release(false)).result;
        let task = &mut self.state.tasks[number];
        assert_eq!(result, task.allows_seal_or_release(), "{:?}", self.path);
        if result.is_ok() {
            task.worker = Worker::None;
            self.state.left.releases -= 1;
            self.expect(number, Status::Waiting);
        }
    }

    fn time_out(&mut self, number: usize) {
        self.state.left.failures -= 1;
        let key = self.key(number);
        assert_eq!(self.apply(key.end_and_keep_lanes(failed())).result, Ok(()), "{:?}", self.path);
        self.lost_keys[number].push(key);
        let task = &mut self.state.tasks[number];
        task.worker = Worker::None;
        task.is_left_behind = true;
        self.expect(number, Status::Failed);
    }

    fn thread_returns(&mut self, number: usize) {
        let result = self.apply(Command::FreeLanes { id: self.ids[number] }).result;
        assert_eq!(result, Ok(()), "{:?}", self.path);
        self.state.tasks[number].is_left_behind = false;
    }

    /// The thread can write nothing. If its attempt was sealed it can only repeat the publication.
    fn act_after_loss(&mut self, number: usize) {
        let refused = Err(CommandError::Superseded);
        for key in self.lost_keys[number].clone() {
            let mut commands = vec![seal(key), key.release(false), key.release(true)];
            for end in [finished(), failed(), End::Cancelled] {
                commands.extend([key.end(end.clone()), key.end_and_keep_lanes(end)]);
            }
            for command in commands {
                let said = format!("{command:?}");
                assert_eq!(self.apply(command).result, refused, "{:?}: {said}", self.path);
            }
            let entered = block_on(self.store().enter(key, Lane::new("another lane")));
            assert!(entered.is_err(), "{:?}: it enters no lane", self.path);
        }
        if self.state.tasks[number].lost == Lost::Sealed {
            self.state.tasks[number].publish();
        }
    }

    /// The next process takes over the tasks that are RUNNING, and no others.
    fn crash(&mut self) {
        self.state.left.crashes -= 1;
        self.store = None;
        self.store = Some(self.durable.open());
        self.worker = WorkerId::new(format!("process with {} crashes left", self.state.left.crashes));
        for (number, task) in self.state.tasks.iter_mut().enumerate() {
            task.crash(D::IS_SHARED);
            match D::IS_SHARED {
                true if matches!(task.worker, Worker::Interrupted { .. }) => {
                    self.lost_keys[number].extend(self.keys[number]);
                }
                true => {}
                false => self.lost_keys[number].clear(),
            }
        }
        self.orphans.fill(None);
        for orphan in block_on(self.store().recover(&self.worker)).unwrap() {
            let number = self.number(orphan.claimed.key.id);
            self.assert_is_newer(number, orphan.claimed.key);
            self.keys[number] = Some(orphan.claimed.key);
            assert!(self.orphans[number].replace(orphan).is_none(), "{:?}: returned once", self.path);
        }
        for (task, orphan) in self.state.tasks.iter().zip(&self.orphans) {
            invariants::check_orphan(task, orphan.as_ref(), &self.path);
        }
    }

    /// As the runtime decides: a sealed task is published, another one waits again.
    fn recover(&mut self, number: usize) {
        let orphan = self.orphans[number].take().unwrap();
        let key = orphan.claimed.key;
        if orphan.seal.is_some() {
            let refused = self.apply(key.release(true)).result;
            assert_eq!(refused, Err(CommandError::Sealed), "{:?}: it never runs again", self.path);
            return self.roll_forward(number);
        }
        let is_cancelled = self.state.tasks[number].is_cancelled;
        if !is_cancelled && orphan.interruptions + 1 >= MAX_ATTEMPTS {
            return self.end(number, failed(), Status::Failed);
        }
        assert_eq!(self.apply(key.release(true)).result, Ok(()), "{:?}", self.path);
        let task = &mut self.state.tasks[number];
        task.worker = Worker::None;
        if is_cancelled {
            return self.expect(number, Status::Cancelled);
        }
        task.interruptions += 1;
        self.expect(number, Status::Waiting);
    }

    fn prune(&mut self, number: usize) {
        let result = self.apply(Command::Prune { id: self.ids[number] }).result;
        let task = &self.state.tasks[number];
        let expected = match task.status {
            None => Err(CommandError::Unknown),
            Some(_) if !task.has_ended() => Err(CommandError::Unfinished),
            Some(_) => Ok(()),
        };
        assert_eq!(result, expected, "{:?}", self.path);
    }

    fn end(&mut self, number: usize, end: End, status: Status) {
        let result = self.apply(self.key(number).end(end)).result;
        assert_eq!(result, Ok(()), "{:?}", self.path);
        self.state.tasks[number].worker = Worker::None;
        self.expect(number, status);
    }

    fn expect(&self, number: usize, status: Status) {
        let record = block_on(self.store().get(&[self.ids[number]])).unwrap().remove(0).unwrap();
        assert_eq!(record.task.status, status, "{:?}: task {number}", self.path);
    }

    /// Fences increase as long as an attempt with an older one may still act.
    fn assert_is_newer(&self, number: usize, key: AttemptKey) {
        let mut older = self.lost_keys[number].iter();
        assert!(older.all(|older| older.fence < key.fence), "{:?}: {key:?} is not new", self.path);
    }

    fn apply(&self, command: Command) -> Outcome {
        block_on(self.store().apply(vec![command])).unwrap().pop().unwrap()
    }

    fn store(&self) -> &D::Store {
        self.store.as_ref().unwrap()
    }

    fn key(&self, number: usize) -> AttemptKey {
        self.keys[number].unwrap()
    }

    fn number(&self, id: TaskId) -> usize {
        self.ids.iter().position(|known| *known == id).unwrap()
    }
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
        idempotency: None,
    }
}

fn seal(key: AttemptKey) -> Command {
    key.seal(Seal { intent: Some("1".into()), report: report("sealed"), download: None })
}

fn finished() -> End {
    End::Finished(report("returned"))
}

fn failed() -> End {
    End::Failed(Arc::new(ErrorReport::message("no")), None)
}

fn report(what: &str) -> Arc<Report> {
    Arc::new(Report::new().text("report", what))
}
