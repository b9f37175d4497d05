//! The file of an import: uploaded with the request, or kept by a dry run.

use longhaul_commands::{CommitRules, dry_run_tree};
use longhaul_repository::Repository;
use longhaul_tasks::{Job, ResultFile, TaskId, Tasks};
use longhaul_tasks_web::ApiError;

use super::error_response::{self, ErrorResponse};
use crate::{
    access::Caller,
    upload::{ReceivedFile, Receiver},
};

/// The file of an import.
pub(super) struct ImportedFile {
    /// `None` if the request has none.
    pub(super) file: Option<ReceivedFile>,
    /// The tree that a dry run of the file would have committed.
    shown_tree: Option<String>,
}

/// Where the uploads of dry runs are.
pub(super) struct KeptUploads<'a> {
    pub(super) tasks: &'a Tasks,
    pub(super) receiver: &'a Receiver,
    pub(super) caller: &'a Caller,
    pub(super) repository: &'a Repository,
}

impl KeptUploads<'_> {
    /// The file that was received, or the one that the dry run `upload` has kept: a task of the job `J`, of the same caller and
    /// on the same repository.
    ///
    /// # Errors
    /// 400 if there are both, or the task is no such dry run, or is not kept any more.
    pub(super) async fn file_of<J: Job>(
        &self,
        received: Option<ReceivedFile>,
        upload: Option<u64>,
    ) -> Result<ImportedFile, ErrorResponse> {
        match (received, upload) {
            (file, None) => Ok(ImportedFile { file, shown_tree: None }),
            (None, Some(task)) => {
                let (kept, tree) = self.find::<J>(TaskId(task)).await?;
                let file = self.receiver.receive_kept(kept).await.map_err(error_response::internal)?;
                Ok(ImportedFile { file: Some(file), shown_tree: Some(tree) })
            }
            (Some(_), Some(_)) => {
                let text = "upload names the file of a dry run, so the request must have no file of its own.";
                Err(ApiError::bad_request(text).into())
            }
        }
    }

    async fn find<J: Job>(&self, id: TaskId) -> Result<(ResultFile, String), ApiError> {
        let missing = || {
            ApiError::bad_request(format!(
                "Task {id} is no dry run of yours on this repository, or is not kept any more; upload the file again."
            ))
        };
        let task = self.tasks.get(id).await.map_err(error_response::internal)?.ok_or_else(missing)?;
        let is_callers = task.owner.as_deref() == self.caller.name()
            && task.subject.as_deref() == Some(self.repository.name().as_str())
            && &*task.kind == J::KIND;
        let tree = task.result.as_deref().and_then(dry_run_tree).filter(|_| is_callers);
        let tree = tree.ok_or_else(missing)?;
        let file = self.tasks.result_file(id).await.map_err(error_response::internal)?.ok_or_else(missing)?;
        Ok((file, tree.to_owned()))
    }
}

impl ImportedFile {
    /// Demands that the commit is what the dry run has shown, if the branch must stand where it stood then.
    pub(super) fn demand_shown_tree(&self, rules: &mut CommitRules) {
        if rules.if_head.is_some() {
            rules.expected_tree.clone_from(&self.shown_tree);
        }
    }
}
