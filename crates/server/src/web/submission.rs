//! Handing a job to the engine, with what belongs to its task.

use longhaul_repository::RepositoryName;
use longhaul_tasks::{Job, Priority, Submission, Task};
use longhaul_tasks_web::{ApiError, idempotency};

use super::{
    Web,
    app::Call,
    failure::{self, Refusal},
};
use crate::upload::ReceivedFile;

impl Call {
    /// Whose task it is, on which repository, how urgent (`priority`), and by what a repetition of the request is known; `file`
    /// is the SHA-256 of the file that came with it.
    pub(super) fn submission<'a>(
        &self,
        repository: &RepositoryName,
        parameters: impl Iterator<Item = (&'a str, &'a str)> + Clone,
        file: Option<[u8; 32]>,
    ) -> Result<Submission, ApiError> {
        Ok(Submission {
            subject: Some(repository.to_string()),
            owner: self.caller.name().map(str::to_owned),
            priority: priority(parameters.clone())?,
            idempotency: idempotency(&self.request, parameters, file)?,
            ..Submission::default()
        })
    }
}

/// Hands the file over with the job, even if the client leaves meanwhile: a task that was accepted must have its file.
pub(super) async fn submit<J: Job>(
    web: &Web,
    mut submission: Submission,
    job: J,
    file: Option<ReceivedFile>,
) -> Result<Task, Refusal> {
    let tasks = web.tasks.clone();
    let submitting = tokio::spawn(async move {
        submission.files.extend(file.iter().map(|file| file.file.path().to_owned()));
        let task = tasks.submit(job, submission).await?;
        if let Some(file) = file {
            file.file.keep();
        }
        Ok(task)
    });
    submitting.await.map_err(|_| failure::unexplained())?
}

fn priority<'a>(mut parameters: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Priority, ApiError> {
    let word = parameters.find(|(name, value)| *name == "priority" && !value.is_empty());
    let Some((_, word)) = word else { return Ok(Priority::default()) };
    let known = Priority::of_word(&word.to_ascii_lowercase());
    known.ok_or_else(|| ApiError::bad_request("priority must be low, normal or high."))
}
