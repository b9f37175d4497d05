//! What becomes of tasks whose worker is gone.

use std::sync::Arc;

use crate::{
    ErrorReport, Report, Status,
    engine::{Clearing, Engine},
    results,
    store::{End, Orphan, SealedEffect, StoreError, Transition},
    wait::wait_for,
};

/// Removes the result files that an earlier engine left and no task owns. Before anything runs.
///
/// # Errors
/// When the store cannot say what there is.
pub(crate) fn clear_leftovers(engine: &Engine) -> Result<(), StoreError> {
    let Some(results) = &engine.results else { return Ok(()) };
    let left = match results.left() {
        Ok(left) => left,
        Err(error) => {
            tracing::warn!(%error, "could not look for result files that nobody owns");
            return Ok(());
        }
    };
    for left in left {
        let record = wait_for(engine.store.get(left.id))?;
        let is_owned = record.is_some_and(|record| match record.task.status {
            Status::Waiting => false,
            // What it has written may be about to be published; its rescue sees to it.
            Status::Running => true,
            _ => left.is_published && record.download.is_some(),
        });
        if !is_owned {
            left.remove();
        }
    }
    Ok(())
}

/// Takes over what was cut short: what was published is FINISHED, what somebody wanted to stop is CANCELLED, everything else
/// waits to run again from the start.
///
/// # Errors
/// When the store cannot say what was cut short.
pub(crate) fn rescue(engine: &Arc<Engine>) -> Result<(), StoreError> {
    for orphan in wait_for(engine.store.rescue())? {
        rescue_one(engine, &orphan);
    }
    Ok(())
}

fn rescue_one(engine: &Arc<Engine>, orphan: &Orphan) {
    let id = orphan.claimed.id;
    let _clearing = Clearing::begin(engine.clone(), id);
    let answer = wait_for(engine.write_surely(decide(engine, orphan)));
    let status = answer.record.map(|record| record.task.status);
    tracing::info!(task = %id, ?status, verdict = ?answer.verdict, "a task was cut short");
    if let (Ok(()), Some(status)) = (answer.verdict, status) {
        engine.recoveries.lock().count(status);
    }
    if let Some(results) = &engine.results {
        results.discard(id, orphan.cut_short);
    }
    if status.is_none_or(Status::has_ended) {
        results::remove_all(&orphan.claimed.files, id);
    }
}

/// What should become of a task that was cut short.
fn decide(engine: &Engine, orphan: &Orphan) -> Transition {
    let (id, attempt) = (orphan.claimed.id, orphan.claimed.attempt);
    let ended = |end| Transition::Ended { id, attempt, end, keep_lanes: false };
    let max_attempts = engine.times.max_attempts;
    match orphan.sealed.as_ref().is_some_and(|sealed| is_published(engine, orphan, sealed)) {
        true => ended(End::Finished(Arc::new(Report::new()))),
        false if !orphan.cancel_requested && orphan.interruptions + 1 >= max_attempts => {
            ended(End::Failed(Arc::new(interrupted(max_attempts)), None))
        }
        false => Transition::HandedBack { id, attempt, was_cut_short: true },
    }
}

fn interrupted(times: u32) -> ErrorReport {
    let times = match times {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        times => format!("{times} times"),
    };
    ErrorReport::message(format!("interrupted {times} by the end of the server, and not started again"))
}

/// Whether the job's effect is visible; a file that was whole when the task was sealed is put in its place.
fn is_published(engine: &Engine, orphan: &Orphan, sealed: &SealedEffect) -> bool {
    let claimed = &orphan.claimed;
    let has_intent_come_true = match &sealed.intent {
        Some(intent) => engine.is_published(&claimed.kind, &claimed.job, intent),
        None => true,
    };
    has_intent_come_true
        && sealed.download.as_ref().is_none_or(|download| {
            let placed = engine
                .results()
                .and_then(|results| results.publish_if_need_be(claimed.id, orphan.cut_short, download));
            placed
                .inspect_err(|error| tracing::error!(task = %claimed.id, %error, "a result file is lost"))
                .is_ok()
        })
}
