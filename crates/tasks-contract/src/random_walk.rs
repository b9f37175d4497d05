//! A random walk: commands of every kind in any order, allowed and not, whose outcomes are compared with those of the model.

use std::{sync::Arc, time::Duration};

use longhaul_tasks::{
    Filter, Lane, Priority, Status, TaskId,
    clock::{Clock as _, ManualClock},
    store::{
        AttemptKey, Beat, Command, Idempotency, Limits, NewTask, Notice, Orphan, Outcome, Seal, Signal,
        Store, StoreFuture,
    },
};

use crate::{
    model::{Model, Submitted},
    random::Random,
    reading::RecordingListener,
    recovery::reopen,
    samples::{cancel, failed, finished, new_task_of_kind, report},
    store_under_test::{StoreUnderTest, assert_waits, in_time},
};

const LIMITS: Limits = Limits { max_unfinished: 12, max_per_owner: 8, max_tasks: 60, max_bytes: usize::MAX };
const KINDS: [&str; 3] = ["import", "export", "delete"];
const LANES: [&str; 3] = ["a", "b", "c"];

const STEPS: usize = 400;
const STEPS_BETWEEN_RESTARTS: usize = 40;

/// Walks on a store. If it fails to answer, nothing must have happened.
pub(super) async fn walk<S: Store>(store: &StoreUnderTest<S>, seed: u64) {
    let listener = subscribe(store);
    let mut walk = Walk::new(seed);
    walk.go(store, &listener, STEPS).await;
    walk.check_notices(&listener);
}

/// Walks on a store that is closed and opened again now and then.
pub(super) async fn walk_and_restart<S: Store>(
    mut store: StoreUnderTest<S>,
    seed: u64,
    restart: &mut impl AsyncFnMut(S, Arc<ManualClock>) -> S,
) {
    let mut walk = Walk::new(seed);
    for _ in 0..STEPS / STEPS_BETWEEN_RESTARTS {
        walk.go(&store, &subscribe(&store), STEPS_BETWEEN_RESTARTS).await;
        store = reopen(store, restart).await;
        walk.recover(&store).await;
    }
}

fn subscribe<S: Store>(store: &StoreUnderTest<S>) -> Arc<RecordingListener> {
    let listener = Arc::new(RecordingListener::default());
    store.inner.subscribe(listener.clone());
    listener
}

struct Walk {
    random: Random,
    model: Model,
    trace: String,
    seed: u64,
    step: usize,
}

/// An attempt that has asked to enter a lane.
struct Entering<'a> {
    key: AttemptKey,
    lane: Lane,
    future: StoreFuture<'a, ()>,
}

impl Walk {
    fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), model: Model::default(), trace: String::new(), seed, step: 0 }
    }

    async fn go<S: Store>(&mut self, store: &StoreUnderTest<S>, listener: &RecordingListener, steps: usize) {
        let mut entering = Vec::new();
        for _ in 0..steps {
            self.step += 1;
            self.trace = format!("seed {}, step {}", self.seed, self.step);
            let (ready, work) = (self.model.ready(), listener.work());
            match self.random.below(20) {
                0..4 => self.claim(store).await,
                4 => self.heartbeat(store).await,
                5 => self.sweep(store).await,
                6 | 7 => self.enter(store, &mut entering).await,
                8 => self.leave(store, &mut entering).await,
                _ => self.apply(store, !entering.is_empty()).await,
            }
            self.settle(&mut entering).await;
            self.compare(store).await;
            let newly_ready = self.model.ready().difference(&ready).count();
            let announced = listener.work() - work;
            assert!(announced >= newly_ready, "{}: {announced} of {newly_ready} ready tasks", self.trace);
        }
    }

    /// Every end and every request to stop was announced once.
    fn check_notices(&self, listener: &RecordingListener) {
        for task in self.model.tasks.iter().filter(|task| !task.is_gone) {
            let ends = listener.count(Notice::Ended(task.id));
            assert_eq!(ends, usize::from(task.status.has_ended()), "{}: {task:?}", self.trace);
            let stops = listener.count(Notice::CancelRequested(task.id));
            match task.status {
                Status::Running => {
                    assert_eq!(stops, usize::from(task.is_cancelled), "{}: {task:?}", self.trace)
                }
                _ => assert!(stops <= usize::from(task.is_cancelled), "{}: {task:?}", self.trace),
            }
        }
        let gone = self.model.tasks.iter().filter(|task| task.is_gone);
        for task in gone {
            assert_eq!(listener.count(Notice::Gone(task.id)), 1, "{}: {task:?}", self.trace);
        }
    }

    async fn claim<S: Store>(&mut self, store: &StoreUnderTest<S>) {
        let kinds = &KINDS[..self.random.one_of(&[0, 0, 1, 2])];
        let max = self.random.one_of(&[1, 1, 1, 2, 5]);
        let Ok(claimed) = store.inner.claim(&store.worker, kinds, max).await else { return };
        let ids: Vec<TaskId> = claimed.iter().map(|claimed| claimed.key.id).collect();
        let expected = self.model.clone().claim(kinds, max);
        let is_enough = expected.is_empty() || !ids.is_empty();
        assert!(is_enough && expected.starts_with(&ids), "{}: {ids:?} instead of {expected:?}", self.trace);
        self.model.claim(kinds, ids.len());
        claimed.iter().for_each(|claimed| self.model.set_fence(claimed.key));
    }

    async fn heartbeat<S: Store>(&mut self, store: &StoreUnderTest<S>) {
        let keys: Vec<_> = (0..3).map(|_| self.any_key()).collect();
        let beats = keys.iter().map(|attempt| Beat { attempt: *attempt, progress: None }).collect();
        let Ok(mut signals) = store.inner.heartbeat(&store.worker, beats).await else { return };
        let mut expected: Vec<_> = keys.iter().filter_map(|key| self.model.signal(*key)).collect();
        signals.sort_by_key(attempt_of);
        expected.sort_by_key(attempt_of);
        assert_eq!(signals, expected, "{}", self.trace);
    }

    async fn sweep<S: Store>(&mut self, store: &StoreUnderTest<S>) {
        let keep = Duration::from_secs(self.random.one_of(&[500, 2000, 5000]));
        let Ok(swept) = store.inner.sweep(keep).await else { return };
        let mut gone: Vec<TaskId> = swept.gone.clone();
        gone.sort();
        assert_eq!(gone, self.model.sweep(keep, store.clock.elapsed()), "{}", self.trace);
    }

    async fn enter<'a, S: Store>(&mut self, store: &'a StoreUnderTest<S>, entering: &mut Vec<Entering<'a>>) {
        let (key, lane) = (self.any_key(), Lane::new(self.random.one_of(&LANES)));
        if self.model.is_entering(key, &lane) {
            return;
        }
        let future = store.inner.enter(key, lane.clone());
        self.model.enter(key, lane.clone());
        entering.push(Entering { key, lane, future });
    }

    async fn leave<S: Store>(&mut self, store: &StoreUnderTest<S>, entering: &mut Vec<Entering<'_>>) {
        let (key, lane) = (self.any_key(), Lane::new(self.random.one_of(&LANES)));
        if store.inner.leave(key, lane.clone()).await.is_ok() {
            entering.retain(|entering| entering.key != key || entering.lane != lane);
            self.model.leave(key, &lane);
        }
    }

    /// Every attempt that asked to enter a lane waits, has entered it, or is over, as the model says.
    async fn settle(&mut self, entering: &mut Vec<Entering<'_>>) {
        for mut one in std::mem::take(entering) {
            if self.model.is_entering(one.key, &one.lane) {
                assert_waits(&mut one.future).await;
                entering.push(one);
                continue;
            }
            let has_entered = in_time(one.future).await.is_ok();
            let expected = self.model.is_in(one.key, &one.lane);
            assert_eq!(has_entered, expected, "{}: {:?} enters {:?}", self.trace, one.key, one.lane);
        }
    }

    /// Applies a batch of one to four commands.
    async fn apply<S: Store>(&mut self, store: &StoreUnderTest<S>, is_any_entering: bool) {
        store.clock.advance(Duration::from_secs(self.random.below(100) as u64));
        // In which order a batch grants lanes to attempts that it ends is up to the store.
        let count = if is_any_entering { 1 } else { self.random.one_of(&[1, 1, 1, 2, 3, 4]) };
        let commands: Vec<_> = (0..count).map(|_| self.command()).collect();
        let Ok(outcomes) = store.inner.apply(commands.clone()).await else { return };
        assert_eq!(outcomes.len(), commands.len(), "{}: one outcome for each command", self.trace);
        for (command, outcome) in commands.iter().zip(&outcomes) {
            self.check(command, outcome, store.clock.elapsed());
        }
    }

    fn check(&mut self, command: &Command, outcome: &Outcome, elapsed: Duration) {
        let Command::Submit { task, limits } = command else {
            let expected = self.model.apply(command, elapsed);
            assert_eq!(outcome.result, expected, "{}: {command:?}", self.trace);
            return;
        };
        let id = outcome.record.as_ref().map(|record| record.task.id);
        let newest = self.model.tasks.last().map(|task| task.id);
        let submitted = match (outcome.result, id) {
            (Err(error), _) => Submitted::Refused(error),
            (Ok(()), Some(id)) if newest >= Some(id) => Submitted::Repeated(id),
            (Ok(()), _) => Submitted::New,
        };
        assert_eq!(submitted, self.model.expected_of_submit(task, *limits), "{}: {task:?}", self.trace);
        if submitted == Submitted::New {
            self.model.submit(id.unwrap(), task, elapsed);
        }
    }

    fn command(&mut self) -> Command {
        let key = self.any_key();
        match self.random.below(16) {
            0..6 => Command::Submit { task: self.new_task(), limits: LIMITS },
            6 => cancel(key.id),
            7 => key.seal(Seal { intent: Some("1".into()), report: report("sealed"), download: None }),
            8..13 => {
                let end = match self.random.below(5) {
                    0..3 => finished(),
                    3 => failed(),
                    _ => longhaul_tasks::store::End::Cancelled,
                };
                if self.random.once_in(6) { key.end_and_keep_lanes(end) } else { key.end(end) }
            }
            13 => key.release(self.random.once_in(3)),
            14 => Command::FreeLanes { id: key.id },
            _ => Command::Prune { id: key.id },
        }
    }

    fn new_task(&mut self) -> NewTask {
        let lanes = self.random.one_of(&[&[][..], &["a"], &["b"], &["a", "b"], &["b", "c"]]);
        let idempotency = self.random.once_in(8).then(|| Idempotency {
            key: self.random.one_of(&["1", "2", "3", "4"]).into(),
            fingerprint: self.random.one_of(&["this", "this", "that"]).into(),
        });
        NewTask {
            priority: self.random.one_of(&[Priority::Low, Priority::Normal, Priority::High]),
            owner: self.random.one_of(&[None, Some("ann"), Some("bob")]).map(Into::into),
            idempotency,
            ..new_task_of_kind(self.random.one_of(&KINDS), lanes)
        }
    }

    /// The current attempt of a recent task, now and then one that is over.
    fn any_key(&mut self) -> AttemptKey {
        let recent = self.model.tasks.len().min(LIMITS.max_unfinished + 4);
        if recent == 0 {
            return AttemptKey { id: TaskId(7), fence: 1 };
        }
        let key = self.model.key(self.model.tasks.len() - 1 - self.random.below(recent));
        AttemptKey { fence: key.fence.saturating_sub(u64::from(self.random.once_in(8))), ..key }
    }

    /// Takes over what ran when the store was closed.
    async fn recover<S: Store>(&mut self, store: &StoreUnderTest<S>) {
        self.trace = format!("seed {}, restart after step {}", self.seed, self.step);
        let running = self.model.restart();
        self.compare(store).await;
        let mut orphans = store.inner.recover(&store.worker).await.unwrap();
        orphans.sort_by_key(|orphan| orphan.claimed.key.id);
        let seen = |orphan: &Orphan| {
            let claimed = &orphan.claimed;
            let marks = (orphan.cancel_requested, orphan.seal.is_some());
            (claimed.key.id, claimed.attempt, orphan.interruptions, marks)
        };
        let expected = running
            .iter()
            .map(|task| (task.id, task.attempt, task.interruptions, (task.is_cancelled, task.is_sealed)));
        assert!(orphans.iter().map(seen).eq(expected), "{}: {orphans:?} and not {running:?}", self.trace);
        for orphan in orphans {
            let key = orphan.claimed.key;
            self.model.set_fence(key);
            let command = match self.random.below(4) {
                0 => key.end(failed()),
                1 => key.end(finished()),
                2 => key.release(true),
                // It goes on as if nothing had happened.
                _ => continue,
            };
            let outcome = store.apply(command.clone()).await;
            self.check(&command, &outcome, store.clock.elapsed());
        }
    }

    /// What is seen is what the model has.
    async fn compare<S: Store>(&self, store: &StoreUnderTest<S>) {
        let trace = &self.trace;
        let seen = store.all(&Filter::default()).await;
        let kept: Vec<_> = self.model.tasks.iter().filter(|task| !task.is_gone).collect();
        assert_eq!(seen.len(), kept.len(), "{trace}: how many tasks there are");
        for (record, expected) in seen.iter().zip(kept) {
            let task = &record.task;
            assert_eq!((task.id, task.status), (expected.id, expected.status), "{trace}");
            assert_eq!(task.attempt, expected.attempt, "{trace}: {task:?}");
            assert_eq!(record.interruptions, expected.interruptions, "{trace}: {record:?}");
            assert_eq!(record.cancel_requested, expected.is_cancelled, "{trace}: {record:?}");
            assert_eq!(task.finished.is_some(), task.status.has_ended(), "{trace}: {task:?}");
            assert_eq!(task.error.is_some(), task.status == Status::Failed, "{trace}: {task:?}");
            assert_eq!(task.result.is_some(), task.status == Status::Finished, "{trace}: {task:?}");
            assert!(task.status != Status::Running || task.started.is_some(), "{trace}: {task:?}");
        }
    }
}

fn attempt_of(signal: &Signal) -> (TaskId, u64) {
    let (Signal::Cancel(key) | Signal::Lost(key)) = signal;
    (key.id, key.fence)
}
