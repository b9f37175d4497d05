use longhaul_commands::{Author, CommitRules, Guards, InvalidMaxDeletes};
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
    max_deletes: Option<String>,
    same_schema: Option<bool>,
    same_crs: Option<bool>,
    if_head: Option<String>,
    dry_run: bool,
    if_unchanged: Option<String>,
}

/// The same, checked.
pub(super) struct CommitDestination {
    pub(super) branch: Option<String>,
    pub(super) message: Option<String>,
    pub(super) author: Option<Author>,
    pub(super) rules: CommitRules,
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
        let rules = self.rules()?;
        if let Some(branch) = &self.root {
            longhaul_repository::check_branch(branch)
                .map_err(|error| ApiError::bad_request(error.to_string()))?;
        }
        let email = self.author_email;
        Ok(CommitDestination {
            branch: self.root,
            message: self.message,
            author: self.author_name.map(|name| Author { name, email }),
            rules,
        })
    }

    fn rules(&self) -> Result<CommitRules, ApiError> {
        let max_deletes = self.max_deletes.as_deref().map(str::parse).transpose();
        let max_deletes = max_deletes
            .map_err(|error: InvalidMaxDeletes| ApiError::bad_request(format!("maxDeletes {error}.")))?;
        let is_id = |text: &String| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if self.if_head.as_ref().is_some_and(|head| !is_id(head)) {
            return Err(ApiError::bad_request("ifHead must be the id of a commit, 40 hexadecimal digits."));
        }
        let finish_unchanged = match self.if_unchanged.as_deref() {
            None | Some("fail") => false,
            Some("finish") => true,
            Some(_) => return Err(ApiError::bad_request("ifUnchanged must be fail or finish.")),
        };
        Ok(CommitRules {
            guards: Guards { max_deletes, same_schema: self.same_schema, same_crs: self.same_crs },
            if_head: self.if_head.clone(),
            expected_tree: None,
            dry_run: self.dry_run,
            finish_unchanged,
        })
    }
}
