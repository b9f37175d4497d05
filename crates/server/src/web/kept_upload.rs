//! The upload that a dry run has kept.

use longhaul_commands::{ImportGeopackage, dry_run_tree};
use longhaul_repository::Repository;
use longhaul_tasks::{Job, ResultFile, TaskId, Tasks};
use longhaul_tasks_web::ApiError;

use super::error_response;
use crate::access::Caller;

/// A file that a dry run has kept.
pub(super) struct KeptUpload {
    pub(super) file: ResultFile,
    /// The tree that the dry run would have committed.
    pub(super) tree: String,
}

/// The upload of a dry run by the same caller on the same repository.
///
/// # Errors
/// 400 if the task is none, or is not kept any more.
pub(super) async fn find(
    tasks: &Tasks,
    caller: &Caller,
    repository: &Repository,
    id: TaskId,
) -> Result<KeptUpload, ApiError> {
    let missing = || {
        ApiError::bad_request(format!(
            "Task {id} is no dry run of yours on this repository, or is not kept any more; upload the file again."
        ))
    };
    let task = tasks.get(id).await.map_err(error_response::internal)?.ok_or_else(missing)?;
    let is_callers = task.owner.as_deref() == caller.name()
        && task.subject.as_deref() == Some(repository.name().as_str())
        && &*task.kind == ImportGeopackage::KIND;
    let tree = task.result.as_deref().and_then(dry_run_tree).filter(|_| is_callers).ok_or_else(missing)?;
    let file = tasks.result_file(id).await.map_err(error_response::internal)?.ok_or_else(missing)?;
    Ok(KeptUpload { file, tree: tree.to_owned() })
}
