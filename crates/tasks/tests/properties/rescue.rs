//! What an engine makes of the tasks that another left running: the decisions of a recovery, without its disk.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use longhaul_tasks::{
    Counters, Filter, MemoryStore, Report, Status, Submission, TaskId, Tasks, Totals,
    store::{
        Answer, Answering, Claimed, Journal, Limits, Listener, Orphan, Record, SealedEffect, Swept,
        Transition, View,
    },
};

use crate::stage::{Held, Stage, done, within_reason};

/// A store in memory that outlives an engine, and knows what its last engine was doing when that went away.
#[derive(Clone, Default)]
struct Survivor {
    store: MemoryStore,
    under_way: Arc<Mutex<HashMap<TaskId, UnderWay>>>,
    orphans: Arc<Mutex<Vec<Orphan>>>,
}

struct UnderWay {
    claimed: Claimed,
    sealed: Option<SealedEffect>,
}

impl Survivor {
    /// The engine is gone; whatever it still writes is fenced off by nothing but the attempt's number.
    async fn crash(&self) {
        let under_way = std::mem::take(&mut *self.under_way.lock().unwrap());
        for (id, UnderWay { claimed, sealed }) in under_way {
            let record = self.store.get(id).await.unwrap().unwrap();
            if record.task.status == Status::Running {
                let cancel_requested = record.cancel_requested;
                let (cut_short, interruptions) = (claimed.attempt, record.interruptions);
                let orphan = Orphan { claimed, cut_short, interruptions, cancel_requested, sealed };
                self.orphans.lock().unwrap().push(orphan);
            }
        }
    }
}

impl Journal for Survivor {
    fn attach(&self, listener: Arc<dyn Listener>, limits: Limits) {
        self.store.attach(listener, limits);
    }

    fn write(&self, wishes: Vec<Transition>) -> Answering<'_, Vec<Answer>> {
        for wish in &wishes {
            if let Transition::Sealed { id, intent, download, .. } = wish
                && let Some(under_way) = self.under_way.lock().unwrap().get_mut(id)
            {
                under_way.sealed = Some(SealedEffect { intent: intent.clone(), download: download.clone() });
            }
        }
        self.store.write(wishes)
    }

    fn claim(&self) -> Answering<'_, Option<Claimed>> {
        Box::pin(async {
            let claimed = self.store.claim().await?;
            if let Some(claimed) = claimed.clone() {
                self.under_way.lock().unwrap().insert(claimed.id, UnderWay { claimed, sealed: None });
            }
            Ok(claimed)
        })
    }

    fn sweep(&self, keep: Duration) -> Answering<'_, Swept> {
        self.store.sweep(keep)
    }

    fn rescue(&self) -> Answering<'_, Vec<Orphan>> {
        Box::pin(async { Ok(std::mem::take(&mut *self.orphans.lock().unwrap())) })
    }
}

impl View for Survivor {
    fn get(&self, id: TaskId) -> Answering<'_, Option<Arc<Record>>> {
        self.store.get(id)
    }

    fn list<'a>(&'a self, filter: &'a Filter) -> Answering<'a, Vec<Arc<Record>>> {
        self.store.list(filter)
    }

    fn totals<'a>(&'a self, filter: &'a Filter) -> Answering<'a, Totals> {
        self.store.totals(filter)
    }

    fn counters(&self) -> Counters {
        self.store.counters()
    }
}

/// A stage with one held task in a lane, which has begun.
async fn stage_and_held() -> (Stage, Survivor, Held) {
    let store = Survivor::default();
    let stage = Stage::with(|builder| builder.workers(2).store(store.clone()));
    let mut held = stage.submit_held(&["lane"]).await;
    held.begun().await;
    (stage, store, held)
}

async fn ended(tasks: &Tasks, id: TaskId) -> longhaul_tasks::Task {
    within_reason(tasks.wait(id)).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_was_cut_short_runs_again_before_those_behind_it_in_its_lane() {
    let (stage, store, held) = stage_and_held().await;
    let behind = stage.submit_in(&["lane"], |_| done()).await;
    store.crash().await;
    stage.script_again(held.number, |_| done());
    let next = stage.successor(store);
    assert_eq!(ended(&next, held.id).await.status, Status::Finished);
    let behind = ended(&next, behind).await;
    assert_eq!(behind.status, Status::Finished);
    held.release();
    stage.tasks.stop(Duration::from_secs(60)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_survives_the_worker_and_the_task_does_not_run_again() {
    let (stage, store, held) = stage_and_held().await;
    stage.tasks.cancel(held.id).await.unwrap();
    store.crash().await;
    stage.script_again(held.number, |_| panic!("it must not run again"));
    let next = stage.successor(store);
    assert_eq!(ended(&next, held.id).await.status, Status::Cancelled);
    held.release();
}

async fn crash_after_the_seal(intent: &'static str) -> longhaul_tasks::Task {
    let store = Survivor::default();
    let stage = Stage::with(|builder| builder.workers(1).store(store.clone()));
    let (has_sealed, sealed) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let number = stage.next_number();
    let upload = stage.upload("upload");
    let job = stage.job(&[], move |ctx| {
        std::fs::write(ctx.result_file("a.gpkg", "a/b")?, "whole")?;
        ctx.seal(&intent, &Report::new().text("attempt", "first"))?;
        has_sealed.send(()).unwrap();
        let _ = released.recv();
        done()
    });
    let submission = Submission { files: vec![upload.clone()], ..Submission::default() };
    let id = stage.tasks.submit(job, submission).await.unwrap().id;
    sealed.recv().unwrap();
    store.crash().await;
    stage.script_again(number, |_| Ok(Report::new().text("attempt", "second")));
    let next = stage.successor(store);
    let task = ended(&next, id).await;
    assert_eq!(task.status, Status::Finished);
    assert!(!upload.exists());
    let file = next.result_file(id).await.unwrap();
    assert_eq!(file.is_some(), intent == "published", "a file that was whole is there");
    assert_eq!(stage.results(), file.map(|_| id.to_string()).into_iter().collect::<Vec<_>>());
    drop(release);
    task
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_had_published_is_finished_with_the_sealed_report() {
    let task = crash_after_the_seal("published").await;
    assert_eq!(*task.result.unwrap(), Report::new().text("attempt", "first"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_was_sealed_and_had_not_published_runs_again() {
    let task = crash_after_the_seal("lost").await;
    assert_eq!(*task.result.unwrap(), Report::new().text("attempt", "second"));
}
