//! Submitting a job with what belongs to its task.

use axum::http::request::Parts;
use longhaul_repository::Repository;
use longhaul_tasks::{Job, Priority, Submission, SubmitError, Task, Tasks};
use longhaul_tasks_web::{ApiError, idempotency};

use super::error_response::{self, ErrorResponse};
use crate::{access::Caller, upload::ReceivedFile};

/// The task's owner, repository and priority, and the idempotency key of the request; `file` is the SHA-256 of the file that it
/// has uploaded.
pub(super) fn submission<'a>(
    caller: &Caller,
    repository: &Repository,
    request: &Parts,
    parameters: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    file: Option<[u8; 32]>,
) -> Result<Submission, ApiError> {
    // Exports are for readers, and some requests that submit a task are GETs.
    caller.require_changes()?;
    Ok(Submission {
        subject: Some(repository.name().to_string()),
        owner: caller.name().map(str::to_owned),
        priority: priority(parameters.clone())?,
        idempotency: idempotency(request, parameters, file)?,
        ..Submission::default()
    })
}

/// Checks the priority and the idempotency key of a request whose body has not been read, and whether tasks are taken.
pub(super) fn check<'a>(
    tasks: &Tasks,
    request: &Parts,
    query: impl Iterator<Item = (&'a str, &'a str)> + Clone,
) -> Result<(), ErrorResponse> {
    if tasks.is_draining() {
        return Err(SubmitError::Draining.into());
    }
    priority(query.clone())?;
    idempotency(request, query, None)?;
    Ok(())
}

/// Submits the job together with its file, even if the client disconnects meanwhile: a task that was accepted must have its file.
pub(super) async fn submit<J: Job>(
    tasks: &Tasks,
    mut submission: Submission,
    job: J,
    file: Option<ReceivedFile>,
) -> Result<Task, ErrorResponse> {
    let tasks = tasks.clone();
    submission.leave_free =
        if Caller::current().is_admin() { 0 } else { reserved_for_admins(tasks.max_unfinished()) };
    let submitting = tokio::spawn(async move {
        submission.files.extend(file.iter().map(ReceivedFile::stored_path));
        let task = tasks.submit(job, submission).await?;
        if let Some(file) = file {
            file.file.keep();
        }
        Ok(task)
    });
    submitting.await.map_err(|_| error_response::unexplained())?
}

/// How many of so many places in the queue only admins get.
pub(super) fn reserved_for_admins(places: usize) -> usize {
    (places / 16).min(32)
}

fn priority<'a>(mut parameters: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Priority, ApiError> {
    let word = parameters.find(|(name, value)| *name == "priority" && !value.is_empty());
    let Some((_, word)) = word else { return Ok(Priority::default()) };
    let known = Priority::of_word(&word.to_ascii_lowercase());
    known.ok_or_else(|| ApiError::bad_request("priority must be low, normal or high."))
}
