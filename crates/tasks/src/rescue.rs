//! What becomes of tasks whose worker is gone.

use std::sync::Arc;

use crate::{
    Report,
    engine::{Clearing, Engine},
    results,
    store::{End, Orphan, Refusal, SealedEffect, StoreError, Transition},
    wait::wait_for,
};

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
    let is_published = orphan.sealed.as_ref().is_some_and(|sealed| is_published(engine, orphan, sealed));
    let mut answer = wait_for(engine.write_surely(wish(orphan, is_published, orphan.cancel_requested)));
    if answer.verdict == Err(Refusal::CancelRequested) {
        answer = wait_for(engine.write_surely(wish(orphan, is_published, true)));
    }
    tracing::info!(task = %id, is_published, verdict = ?answer.verdict, "a task was cut short");
    if let Some(results) = &engine.results {
        results.discard(id, orphan.cut_short);
    }
    if answer.record.is_none_or(|record| record.task.status.has_ended()) {
        results::remove_all(&orphan.claimed.files, id);
    }
}

fn wish(orphan: &Orphan, is_published: bool, is_cancelled: bool) -> Transition {
    let (id, attempt) = (orphan.claimed.id, orphan.claimed.attempt);
    let end = match is_published {
        true => End::Finished(Arc::new(Report::new())),
        false if is_cancelled => End::Cancelled,
        false => return Transition::HandedBack { id, attempt, unseals: true },
    };
    Transition::Ended { id, attempt, end, keep_lanes: false }
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
