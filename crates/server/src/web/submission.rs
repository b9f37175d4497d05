//! What belongs to a task that a request asks for, beside its job.

use repository::RepositoryName;
use tasks::{Priority, Submission};
use tasks_web::{ApiError, idempotency};

use super::{app::Call, parameters::Parameters};

impl Call {
    /// Whose task it is, on which repository, how urgent (`priority`), and by what a repetition of the request is known; `file`
    /// is the SHA-256 of the file that came with it.
    pub(super) fn submission(
        &self,
        repository: &RepositoryName,
        parameters: &Parameters,
        file: Option<[u8; 32]>,
    ) -> Result<Submission, ApiError> {
        Ok(Submission {
            subject: Some(repository.to_string()),
            owner: self.caller.name().map(str::to_owned),
            priority: priority(parameters)?,
            idempotency: idempotency(&self.request, parameters.pairs(), file)?,
            ..Submission::default()
        })
    }
}

fn priority(parameters: &Parameters) -> Result<Priority, ApiError> {
    let Some(word) = parameters.text("priority") else { return Ok(Priority::default()) };
    let known = Priority::of_word(&word.to_ascii_lowercase());
    known.ok_or_else(|| ApiError::bad_request("priority must be low, normal or high."))
}
