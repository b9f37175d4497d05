use longhaul_commands::Author;
use longhaul_tasks_web::ApiError;
use serde::Deserialize;

use crate::access::Caller;

/// The parameters that all imports share: where the commit goes, and what it says.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CommitParams {
    root: Option<String>,
    message: Option<String>,
    author_name: Option<String>,
    author_email: Option<String>,
}

/// The same, checked.
pub(super) struct CommitDestination {
    pub(super) branch: Option<String>,
    pub(super) message: Option<String>,
    pub(super) author: Option<Author>,
}

impl CommitDestination {
    /// The commit of the caller, who is its author if nobody else is named.
    pub(super) fn by(mut self, caller: &Caller) -> Self {
        self.author = self.author.or_else(|| Some(Author { name: caller.name()?.to_owned(), email: None }));
        self
    }
}

impl CommitParams {
    /// # Errors
    /// 400 if `root` is not a legal branch.
    pub(super) fn destination(self) -> Result<CommitDestination, ApiError> {
        if let Some(branch) = &self.root {
            longhaul_repository::check_branch(branch)
                .map_err(|error| ApiError::bad_request(error.to_string()))?;
        }
        let email = self.author_email;
        Ok(CommitDestination {
            branch: self.root,
            message: self.message,
            author: self.author_name.map(|name| Author { name, email }),
        })
    }
}
