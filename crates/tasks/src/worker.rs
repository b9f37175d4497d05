//! What a thread of the pool does: takes a task, runs its job, writes its end.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use crate::{
    Context, ErrorReport, Failure, Report, Status,
    engine::Engine,
    errand,
    run::{Cause, Run, Standing},
    store::{End, Refusal, Transition},
    text,
    wait::wait_for,
};

/// How long a thread waits before it asks a store again that did not answer.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Runs tasks until the pool does not need this thread any more.
pub(crate) fn work(engine: Arc<Engine>) {
    let runtime = engine.runtime.clone();
    let _inside = runtime.enter();
    while let Some(run) = next(&engine) {
        perform(&engine, &run);
    }
}

/// Waits for a seat and a task; `None` when the thread should end.
fn next(engine: &Arc<Engine>) -> Option<Arc<Run>> {
    while !engine.pool.dismisses() {
        let Some(seat) = engine.pool.sit() else { continue };
        let heard = engine.pool.rings();
        match wait_for(engine.store.claim()) {
            Ok(Some(claimed)) => {
                let run = Arc::new(Run::new(claimed, seat, engine.clock.elapsed()));
                wait_for(engine.begin(&run));
                return Some(run);
            }
            Ok(None) => {
                drop(seat);
                engine.pool.wait_for_ring(heard, None);
            }
            Err(error) => {
                drop(seat);
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "could not ask the store for a task"
                );
                engine.pool.wait_for_ring(heard, Some(STORE_PAUSE));
            }
        }
    }
    None
}

fn perform(engine: &Arc<Engine>, run: &Arc<Run>) {
    let _span =
        tracing::info_span!("task", id = run.id.0, kind = &*run.kind, attempt = run.attempt).entered();
    tracing::info!("a task starts");
    let outcome = run_job(engine, run);
    let standing = run.come_back();
    engine.pace.count(engine.clock.elapsed().saturating_sub(run.begun));
    if let Standing::GivenUp = standing {
        return say_farewell(engine, run);
    }
    let ending = publish(engine, run, settle(engine, run, standing, outcome));
    errand::run(&engine.runtime, close(engine.clone(), run.clone(), ending));
    run.seat.lock().take();
}

type Outcome = Result<Result<Report, Failure>, Box<dyn Any + Send>>;

fn run_job(engine: &Arc<Engine>, run: &Arc<Run>) -> Outcome {
    if run.is_stopped() {
        return Ok(Err(run.see().err().map_or_else(|| unknown(run), Failure::new)));
    }
    let Some(kind) = engine.kinds.get(&run.kind) else { return Ok(Err(unknown(run))) };
    let ctx = Context { run: run.clone(), engine: engine.clone() };
    catch_unwind(AssertUnwindSafe(|| kind.run(&run.job, &ctx)))
}

fn unknown(run: &Run) -> Failure {
    Failure::new(anyhow::anyhow!("this server knows no `{}` job", run.kind))
}

/// How an attempt is to end.
enum Ending {
    Finished(Report),
    Failed(ErrorReport, Option<Report>),
    Cancelled,
    HandedBack,
}

/// What the job's outcome means, given whether it was stopped or sealed.
fn settle(engine: &Engine, run: &Run, standing: Standing, outcome: Outcome) -> Ending {
    let failed = match outcome {
        Ok(Ok(report)) => return settle_success(engine, standing, report),
        Ok(Err(failure)) => {
            if let Standing::Stopped(cause) = standing
                && (run.was_seen() || failure.is_cancelled())
            {
                return stopped(engine, cause);
            }
            failure.into_parts()
        }
        Err(panic) => (panic_report(&*panic), None),
    };
    match standing {
        Standing::Sealed { intent } if engine.is_published(&run.kind, &run.job, &intent) => {
            Ending::Finished(Report::new())
        }
        _ => Ending::Failed(failed.0, failed.1),
    }
}

fn settle_success(engine: &Engine, standing: Standing, report: Report) -> Ending {
    match standing {
        Standing::Stopped(Cause::Cancel) => Ending::Cancelled,
        Standing::Stopped(Cause::Deadline) => stopped(engine, Cause::Deadline),
        _ => Ending::Finished(text::clean_report(report)),
    }
}

fn stopped(engine: &Engine, cause: Cause) -> Ending {
    match cause {
        Cause::Cancel => Ending::Cancelled,
        Cause::Deadline => Ending::Failed(overdue(engine), None),
        Cause::Shutdown => Ending::HandedBack,
    }
}

pub(crate) fn overdue(engine: &Engine) -> ErrorReport {
    let timeout = engine.times.task_timeout.unwrap_or_default();
    ErrorReport::message(format!("the task took longer than the {timeout:?} it may take"))
}

/// What a panic says stays in the log: it may come from anywhere, and name paths of the server.
fn panic_report(panic: &(dyn Any + Send)) -> ErrorReport {
    let said = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(said = said.unwrap_or("not why"), "a job panicked");
    ErrorReport::message("the job panicked")
}

/// Puts the result file of a task that is to be FINISHED in its place, past the point of no return.
fn publish(engine: &Engine, run: &Run, ending: Ending) -> Ending {
    let download = run.download.lock().clone();
    let (Ending::Finished(report), Some(download)) = (&ending, download) else { return ending };
    let Ok(results) = engine.results() else { return ending };
    if let Err(error) = results.sync(run.id, run.attempt, &download) {
        return lost_result(error, "saving the result file");
    }
    let seal = Transition::Sealed {
        id: run.id,
        attempt: run.attempt,
        intent: None,
        report: Arc::new(report.clone()),
        download: Some(download),
    };
    match wait_for(engine.write_surely(seal)).verdict {
        Ok(()) | Err(Refusal::Sealed) => {}
        // It will not be FINISHED; how it ends is settled when that is written.
        Err(_) => return ending,
    }
    match results.publish(run.id, run.attempt) {
        Ok(()) => ending,
        Err(error) => lost_result(error, "putting the result file in its place"),
    }
}

fn lost_result(error: std::io::Error, doing: &'static str) -> Ending {
    Ending::Failed(ErrorReport::of(&anyhow::Error::new(error).context(doing)), None)
}

/// Writes the end, clears up after the task and frees its place in memory.
async fn close(engine: Arc<Engine>, run: Arc<Run>, mut ending: Ending) {
    let answer = loop {
        let answer = engine.write_surely(wish(&run, &ending)).await;
        match answer.verdict {
            Err(Refusal::CancelRequested) => ending = Ending::Cancelled,
            _ => break answer,
        }
    };
    if let Err(refusal) = answer.verdict {
        tracing::warn!(task = %run.id, ?refusal, "the end of a task was not accepted");
    }
    let status = answer.record.map(|record| record.task.status);
    if status.is_none() {
        // It started early and was not accepted.
        engine.write_surely(Transition::LanesFreed { id: run.id }).await;
    }
    log_end(&engine, &run, status);
    // What belongs to a task that was never accepted is still its submitter's.
    engine.clear_up(&run, status.is_some_and(Status::has_ended)).await;
    engine.forget(&run);
}

/// Not in the task's span: the end may be written when the thread has gone on.
fn log_end(engine: &Engine, run: &Run, status: Option<Status>) {
    let seconds = engine.clock.elapsed().saturating_sub(run.begun).as_secs_f64();
    let status = status.map_or("forgotten", Status::as_str);
    tracing::info!(parent: None, id = run.id.0, kind = &*run.kind, status, seconds, "a task's run is over");
}

fn wish(run: &Run, ending: &Ending) -> Transition {
    let (id, attempt) = (run.id, run.attempt);
    let end = match ending {
        Ending::Finished(report) => End::Finished(Arc::new(report.clone())),
        Ending::Failed(error, report) => End::Failed(Arc::new(error.clone()), report.clone().map(Arc::new)),
        Ending::Cancelled => End::Cancelled,
        Ending::HandedBack => return Transition::HandedBack { id, attempt, was_cut_short: false },
    };
    Transition::Ended { id, attempt, end, keep_lanes: false }
}

/// Ends a run whose job was asked to stop and did not, as far as that is possible without its thread: its task has ended, its
/// place is another's; only its lanes stay shut.
pub(crate) fn abandon(engine: &Arc<Engine>, run: &Arc<Run>, cause: Cause) {
    tracing::error!(task = %run.id, kind = &*run.kind, "a job was given up because it did not stop");
    engine.pool.give_up(run);
    engine.staff();
    let end = match cause {
        Cause::Cancel => End::Cancelled,
        Cause::Deadline | Cause::Shutdown => End::Failed(Arc::new(overdue(engine)), None),
    };
    let wish = Transition::Ended { id: run.id, attempt: run.attempt, end, keep_lanes: true };
    let answer = wait_for(engine.write_surely(wish));
    let status = answer.record.map(|record| record.task.status);
    log_end(engine, run, status);
    wait_for(engine.clear_up(run, status.is_some()));
    engine.forget(run);
    say_farewell(engine, run);
}

/// Frees the lanes of a given-up run once its thread is back and its end is written, whichever comes last.
fn say_farewell(engine: &Arc<Engine>, run: &Arc<Run>) {
    if run.is_second_farewell() {
        engine.pool.welcome_back();
        wait_for(engine.clear_up(run, true));
        wait_for(engine.write_surely(Transition::LanesFreed { id: run.id }));
    }
}
