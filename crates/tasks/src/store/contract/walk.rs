//! A random walk: wishes of every kind in any order, valid and not, each compared with what the model says.

use super::{model::Model, *};
use crate::{Filter, Status, clock::Clock as _};

pub(super) const MAX_UNFINISHED: usize = 12;

const STEPS: usize = 400;
const STEPS_BETWEEN_RESTARTS: usize = 40;

/// Walks on a store whose limit is [`MAX_UNFINISHED`]. It may fail to answer; then nothing must have happened.
pub(super) async fn walk<S: Store>(bench: &Bench<S>, seed: u64) {
    let mut walker = Walker::new(seed);
    walker.go(bench, STEPS).await;
}

/// Walks on a store that is closed and opened again now and then.
pub(super) async fn walk_and_restart<S: Store>(
    mut bench: Bench<S>,
    seed: u64,
    restart: &mut impl AsyncFnMut(S, Arc<ManualClock>) -> S,
) {
    let mut walker = Walker::new(seed);
    for _ in 0..STEPS / STEPS_BETWEEN_RESTARTS {
        walker.go(&bench, STEPS_BETWEEN_RESTARTS).await;
        let store = restart(bench.store, bench.clock.clone()).await;
        store.attach(Arc::new(Deaf), limits());
        bench = Bench { store, clock: bench.clock };
        walker.take_over(&bench).await;
    }
}

pub(super) fn limits() -> Limits {
    Limits { max_unfinished: MAX_UNFINISHED, ..Limits::default() }
}

struct Walker {
    dice: Dice,
    model: Model,
    trace: String,
    seed: u64,
    step: usize,
}

impl Walker {
    fn new(seed: u64) -> Self {
        Self { dice: Dice(seed), model: Model::default(), trace: String::new(), seed, step: 0 }
    }

    async fn go<S: Store>(&mut self, bench: &Bench<S>, steps: usize) {
        for _ in 0..steps {
            self.step += 1;
            self.trace = format!("seed {}, step {}", self.seed, self.step);
            match self.dice.roll(10) {
                0..3 => self.submit(bench).await,
                3..5 => self.claim(bench).await,
                _ => self.wish(bench).await,
            }
            self.compare(bench).await;
        }
    }

    async fn submit<S: Store>(&mut self, bench: &Bench<S>) {
        bench.clock.advance(Duration::from_secs(self.dice.roll(200) as u64));
        let lanes: &[&str] = [&[][..], &["a"], &["b"], &["a", "b"], &["b", "c"]][self.dice.roll(5)];
        let priority = [Priority::Low, Priority::Normal, Priority::High][self.dice.roll(3)];
        let starts_early = self.dice.roll(2) == 0;
        let new = NewTask { priority, starts_early, ..new_task(lanes) };
        let Some(answer) = self.ask(bench, Transition::Submitted(new)).await else { return };
        if self.model.unfinished() >= MAX_UNFINISHED {
            assert_eq!(answer.verdict, Err(Refusal::QueueFull), "{}", self.trace);
            return;
        }
        assert_eq!(answer.verdict, Ok(()), "{}", self.trace);
        let id = answer.record.unwrap().task.id;
        assert!(self.model.tasks.last().is_none_or(|last| last.id < id), "{}: ids increase", self.trace);
        let lanes = lanes.iter().map(|lane| Lane::new(*lane)).collect();
        self.model.submit(id, lanes, priority, bench.clock.elapsed());
    }

    async fn claim<S: Store>(&mut self, bench: &Bench<S>) {
        let Ok(claimed) = bench.store.claim().await else { return };
        assert_eq!(claimed.map(|claimed| claimed.id), self.model.claim(), "{}: who is next", self.trace);
    }

    async fn wish<S: Store>(&mut self, bench: &Bench<S>) {
        let wish = self.dice.wish(&self.model);
        let said = format!("{wish:?}");
        let mut model = self.model.clone();
        let expected = model.apply(&wish);
        if let Some(answer) = self.ask(bench, wish).await {
            assert_eq!(answer.verdict, expected, "{}: {said}", self.trace);
            self.model = model;
        }
    }

    async fn ask<S: Store>(&self, bench: &Bench<S>, wish: Transition) -> Option<Answer> {
        let answers = bench.store.write(vec![wish]).await.ok()?;
        assert_eq!(answers.len(), 1, "{}: one answer for one wish", self.trace);
        answers.into_iter().next()
    }

    /// Takes over what ran when the store was closed.
    async fn take_over<S: Store>(&mut self, bench: &Bench<S>) {
        self.compare(bench).await;
        let orphans = bench.store.rescue().await.unwrap();
        let running = self.model.restart();
        let ids = |orphan: &Orphan| (orphan.claimed.id, orphan.cut_short);
        assert!(
            orphans.iter().map(ids).eq(running.iter().map(|task| (task.id, task.attempt))),
            "{}: what was running",
            self.trace
        );
        for orphan in orphans {
            let (id, attempt) = (orphan.claimed.id, orphan.claimed.attempt);
            let wish = match self.dice.roll(3) {
                0 => Transition::Ended { id, attempt, end: failed(), keep_lanes: false },
                _ => Transition::HandedBack { id, attempt, was_cut_short: true },
            };
            let expected = self.model.apply(&wish);
            assert_eq!(self.ask(bench, wish).await.unwrap().verdict, expected, "{}", self.trace);
        }
    }

    async fn compare<S: Store>(&self, bench: &Bench<S>) {
        compare(bench, &self.model, &self.trace).await;
    }
}

async fn compare<S: Store>(bench: &Bench<S>, model: &Model, trace: &str) {
    let seen: Vec<_> = bench.store.list(&Filter::default()).await.unwrap();
    let there = model.tasks.iter().filter(|task| !task.is_gone);
    assert!(
        seen.iter()
            .map(|record| (record.task.id, record.task.status))
            .eq(there.map(|task| (task.id, task.status))),
        "{trace}: what is seen"
    );
    for record in seen {
        let task = &record.task;
        assert_eq!(task.finished.is_some(), task.status.has_ended(), "{trace}");
        assert_eq!(task.error.is_some(), task.status == Status::Failed, "{trace}");
        assert_eq!(task.result.is_some(), task.status == Status::Finished, "{trace}");
        assert!(task.status != Status::Running || task.started.is_some(), "{trace}");
    }
}

/// Numbers that are random and the same again for the same seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % sides as u64) as usize
    }

    fn wish(&mut self, model: &Model) -> Transition {
        let recent = model.tasks.len().min(MAX_UNFINISHED + 4);
        let (id, attempt) = match recent {
            0 => (TaskId(7), 1),
            _ => {
                let task = &model.tasks[model.tasks.len() - 1 - self.roll(recent)];
                // Mostly the attempt that runs, now and then one that is over.
                (task.id, task.attempt.saturating_sub(u32::from(self.roll(8) == 0)))
            }
        };
        match self.roll(9) {
            0 => Transition::CancelRequested { id },
            1 => Transition::Sealed {
                id,
                attempt,
                intent: Some("1".into()),
                report: report("sealed"),
                download: None,
            },
            2 | 3 => Transition::Ended { id, attempt, end: finished(), keep_lanes: self.roll(6) == 0 },
            4 => Transition::Ended { id, attempt, end: failed(), keep_lanes: self.roll(6) == 0 },
            5 => Transition::Ended { id, attempt, end: End::Cancelled, keep_lanes: self.roll(6) == 0 },
            6 => Transition::HandedBack { id, attempt, was_cut_short: self.roll(3) == 0 },
            7 => Transition::LanesFreed { id },
            _ => Transition::Pruned { id },
        }
    }
}
