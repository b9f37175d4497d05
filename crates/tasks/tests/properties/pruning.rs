//! Properties 23 to 26.

use std::{
    collections::BTreeSet,
    io::Read as _,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    time::Duration,
};

use longhaul_tasks::{
    Change, Context, Failure, Filter, MemoryStore, Report, Status, StoreError, Submission, TaskId,
    clock::{ManualClock, SystemClock},
};
use proptest::prelude::*;

use longhaul_tasks_contract::ForwardingStore;

use crate::stage::{Stage, done, names, spin, within_reason};

const SECOND: Duration = Duration::from_secs(1);
const KEEP: Duration = Duration::from_secs(600);

fn write_result(ctx: &Context, content: &str) -> Result<Report, Failure> {
    std::fs::write(ctx.result_file("a.gpkg", "a/b")?, content)?;
    done()
}

#[tokio::test(flavor = "multi_thread")]
async fn pruning_an_unfinished_task_does_nothing() {
    let stage = Stage::new(1);
    let mut running = stage.submit_held(&[]).await;
    running.begun().await;
    let waiting = stage.submit(|_| done()).await;
    assert_eq!(stage.tasks.prune(running.id).await.unwrap().unwrap().status, Status::Running);
    assert_eq!(stage.tasks.prune(waiting).await.unwrap().unwrap().status, Status::Waiting);
    running.release();
    assert_eq!(stage.wait(running.id).await.status, Status::Finished);
    assert_eq!(stage.wait(waiting).await.status, Status::Finished);
    assert!(stage.tasks.prune(TaskId(999)).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_prune_that_races_the_end_never_removes_the_files_of_a_task_that_stays() {
    let stage = Arc::new(Stage::new(2));
    for round in 0..200 {
        let start = Arc::new(Barrier::new(2));
        let gate = start.clone();
        let id = stage
            .submit(move |ctx| {
                gate.wait();
                write_result(ctx, "whole")
            })
            .await;
        tokio::task::spawn_blocking(move || start.wait()).await.unwrap();
        for _ in 0..round % 20 {
            tokio::task::yield_now().await;
        }
        let pruned = stage.tasks.prune(id).await.unwrap().unwrap();
        match within_reason(stage.tasks.wait(id)).await.unwrap() {
            Some(task) => {
                assert!(!pruned.status.has_ended(), "what has ended is gone");
                assert_eq!(task.status, Status::Finished);
                let mut content = String::new();
                stage
                    .tasks
                    .result_file(id)
                    .await
                    .unwrap()
                    .unwrap()
                    .file
                    .read_to_string(&mut content)
                    .unwrap();
                assert_eq!(content, "whole");
                stage.tasks.prune(id).await.unwrap();
            }
            None => assert_eq!(pruned.status, Status::Finished),
        }
        assert!(stage.results().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_prunes_at_once_one_wins_and_a_download_that_has_begun_is_complete() {
    let stage = Arc::new(Stage::new(2));
    let content = "0123456789".repeat(100_000);
    for _ in 0..20 {
        let written = content.clone();
        let id = stage.submit(move |ctx| write_result(ctx, &written)).await;
        stage.wait(id).await;
        let mut download = stage.tasks.result_file(id).await.unwrap().unwrap();
        assert_eq!(download.length, content.len() as u64);
        let mut first = [0; 1000];
        download.file.read_exact(&mut first).unwrap();

        let prunes = (0..2).map(|_| {
            let stage = stage.clone();
            tokio::spawn(async move { stage.tasks.prune(id).await.unwrap().is_some() })
        });
        let mut winners = 0;
        for prune in prunes.collect::<Vec<_>>() {
            winners += usize::from(prune.await.unwrap());
        }
        assert_eq!(winners, 1);
        assert!(stage.results().is_empty());
        assert!(stage.tasks.result_file(id).await.unwrap().is_none());
        let mut rest = Vec::new();
        download.file.read_to_end(&mut rest).unwrap();
        assert_eq!(first.len() + rest.len(), content.len());
    }
}

async fn wait_until_gone(changes: &mut tokio::sync::broadcast::Receiver<Change>, id: TaskId) {
    while within_reason(changes.recv()).await.unwrap() != Change::Gone(id) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_kept_from_its_own_end_on_and_then_goes_with_its_files() {
    let stage = Stage::with(|builder| builder.workers(1).keep(KEEP));
    let mut changes = stage.tasks.changes();
    let early = stage.submit(|ctx| write_result(ctx, "early")).await;
    stage.wait(early).await;
    let mut late = stage.submit_held(&[]).await;
    late.begun().await;
    stage.clock.advance(60 * SECOND);
    late.release();
    stage.wait(late.id).await;

    stage.clock.advance(KEEP - 61 * SECOND);
    assert_eq!(stage.tasks.sweep().await.unwrap(), 0);
    assert_eq!(stage.get(early).await.status, Status::Finished);
    stage.clock.advance(SECOND);
    wait_until_gone(&mut changes, early).await;
    assert_eq!(stage.get(late.id).await.status, Status::Finished);
    stage.clock.advance(60 * SECOND);
    wait_until_gone(&mut changes, late.id).await;
    assert!(stage.tasks.list(&Filter::default()).await.unwrap().is_empty());
    stage.tasks.stop(Duration::MAX).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_pool_does_not_keep_old_tasks_longer() {
    let stage = Stage::with(|builder| builder.workers(1).keep(KEEP));
    let mut changes = stage.tasks.changes();
    let old = stage.submit(|_| done()).await;
    stage.wait(old).await;
    let mut running = stage.submit_held(&[]).await;
    running.begun().await;
    let waiting = stage.submit(|_| done()).await;
    stage.clock.advance(KEEP);
    wait_until_gone(&mut changes, old).await;
    assert_eq!(stage.get(running.id).await.status, Status::Running, "an unfinished task is never forgotten");
    assert_eq!(stage.get(waiting).await.status, Status::Waiting);
    running.release();
    stage.wait(waiting).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sweep_is_made_up_for_by_the_next() {
    let clock = Arc::new(ManualClock::default());
    let (has_failed, failed) = mpsc::channel();
    let failures_left = AtomicUsize::new(3);
    let store = ForwardingStore::new(clock.clone()).before_sweep(move || {
        failures_left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).map_or(Ok(()), |_| {
            let _ = has_failed.send(());
            Err(StoreError::new("the disk is full", None))
        })
    });
    let stage = Stage::with(|builder| builder.keep(KEEP).clock(clock.clone()).store(store));
    let mut changes = stage.tasks.changes();
    let id = stage.submit(|_| done()).await;
    stage.wait(id).await;
    clock.advance(KEEP);
    for _ in 0..3 {
        failed.recv().unwrap();
        clock.advance(SECOND);
    }
    wait_until_gone(&mut changes, id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_kept_at_all_goes_again_and_again_by_the_machines_clock() {
    let stage = Stage::with(|builder| {
        builder.keep(Duration::ZERO).store(MemoryStore::new()).clock(Arc::new(SystemClock::default()))
    });
    let mut changes = stage.tasks.changes();
    for _ in 0..3 {
        let id = stage.submit(|_| done()).await;
        wait_until_gone(&mut changes, id).await;
    }
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Finish,
    Fail,
    Panic,
    Forget,
    Spin,
    CancelOne,
    PruneOne,
    LetTimePass,
}

fn deed() -> impl Strategy<Value = Deed> {
    use Deed::*;
    prop::sample::select(vec![
        Finish,
        Finish,
        Fail,
        Panic,
        Forget,
        Spin,
        CancelOne,
        PruneOne,
        PruneOne,
        LetTimePass,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    #[test]
    fn files_exist_exactly_as_long_as_their_task(deeds in prop::collection::vec((deed(), 0usize..12), 1..40)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(check_files(deeds));
    }
}

async fn check_files(deeds: Vec<(Deed, usize)>) {
    let stage = Stage::with(|builder| builder.workers(2).keep(KEEP));
    let is_over = Arc::new(AtomicBool::new(false));
    let mut ids = Vec::new();
    for (number, (deed, which)) in deeds.into_iter().enumerate() {
        let one = ids.get(which % ids.len().max(1)).copied();
        match (deed, one) {
            (Deed::CancelOne, Some(id)) => drop(stage.tasks.cancel(id).await.unwrap()),
            (Deed::PruneOne, Some(id)) => drop(stage.tasks.prune(id).await.unwrap()),
            (Deed::LetTimePass, _) => stage.clock.advance(KEEP / 3),
            _ => {
                let is_over = is_over.clone();
                let name = format!("upload-{number}");
                let path = stage.upload(&name);
                let files = vec![if number % 2 == 0 { path } else { name.into() }];
                let job = stage.job(&["a", "b", "c"][which % 3..][..1], move |ctx| act(deed, ctx, &is_over));
                let submission = Submission { files, ..Submission::default() };
                ids.push(stage.tasks.submit(job, submission).await.unwrap().id);
            }
        }
    }
    is_over.store(true, SeqCst);
    for id in ids {
        within_reason(stage.tasks.wait(id)).await.unwrap();
    }
    assert!(stage.tasks.stop(Duration::from_secs(60)).await);
    let kept = stage.tasks.list(&Filter::default()).await.unwrap();
    let offered = kept.iter().filter(|task| {
        task.result.as_ref().is_some_and(|report| report.members().iter().any(|(name, _)| name == "said"))
    });
    let expected: BTreeSet<_> = offered.map(|task| task.id.to_string()).collect();
    assert_eq!(stage.results().into_iter().collect::<BTreeSet<_>>(), expected, "{kept:?}");
    let uploads: Vec<_> = names(stage.folder.path()).into_iter().filter(|name| name != "results").collect();
    assert!(uploads.is_empty(), "{uploads:?}");
}

fn act(deed: Deed, ctx: &Context, is_over: &AtomicBool) -> Result<Report, Failure> {
    match deed {
        Deed::Finish => write_result(ctx, "whole"),
        Deed::Fail => {
            write_result(ctx, "half")?;
            Err(Failure::new(anyhow::anyhow!("no")))
        }
        Deed::Panic => {
            write_result(ctx, "half")?;
            panic!("on purpose");
        }
        Deed::Spin => {
            write_result(ctx, "half")?;
            while !is_over.load(SeqCst) {
                ctx.check()?;
                std::thread::yield_now();
            }
            done()
        }
        _ => Ok(Report::new()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_leaves_no_file() {
    let stage = Stage::new(1);
    let (has_begun, begun) = mpsc::channel();
    let submission = Submission { files: vec![stage.upload("upload")], ..Submission::default() };
    let job = stage.job(&[], move |ctx| {
        write_result(ctx, "half")?;
        has_begun.send(()).unwrap();
        Err(spin(ctx).into())
    });
    let id = stage.tasks.submit(job, submission).await.unwrap().id;
    begun.recv().unwrap();
    stage.tasks.cancel(id).await.unwrap();
    stage.wait(id).await;
    assert!(names(stage.folder.path()).iter().all(|name| name == "results"));
    assert!(stage.results().is_empty());
}
