//! A random walk: wishes of every kind in any order, valid and not, each compared with what the model says.

use super::{model::Model, *};
use crate::{Filter, Status};

pub(super) const MAX_UNFINISHED: usize = 12;

const STEPS: usize = 400;

/// Walks on a store whose limit is [`MAX_UNFINISHED`].
pub(super) async fn walk<S: Store>(bench: &Bench<S>, seed: u64) {
    let mut dice = Dice(seed);
    let mut model = Model::default();
    for step in 0..STEPS {
        let trace = format!("seed {seed}, step {step}");
        match dice.roll(10) {
            0..3 => submit(bench, &mut model, &mut dice, &trace).await,
            3..5 => {
                let claimed = bench.claim().await.map(|claimed| claimed.id);
                assert_eq!(claimed, model.claim(), "{trace}: who is next");
            }
            _ => {
                let wish = dice.wish(&model);
                let said = format!("{wish:?}");
                let expected = model.apply(&wish);
                assert_eq!(bench.write(wish).await.verdict, expected, "{trace}: {said}");
            }
        }
        compare(bench, &model, &trace).await;
    }
}

async fn submit<S: Store>(bench: &Bench<S>, model: &mut Model, dice: &mut Dice, trace: &str) {
    let lanes: &[&str] = [&[][..], &["a"], &["b"], &["a", "b"], &["b", "c"]][dice.roll(5)];
    let answer = bench.write(Transition::Submitted(new_task(lanes))).await;
    if model.unfinished() >= MAX_UNFINISHED {
        assert_eq!(answer.verdict, Err(Refusal::QueueFull), "{trace}");
        return;
    }
    assert_eq!(answer.verdict, Ok(()), "{trace}");
    let id = answer.record.unwrap().task.id;
    assert!(model.tasks.last().is_none_or(|last| last.id < id), "{trace}: ids increase");
    model.submit(id, lanes.iter().map(|lane| Lane::new(*lane)).collect());
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
