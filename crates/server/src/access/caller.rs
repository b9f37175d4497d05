use std::sync::Arc;

use axum::http::{Extensions, StatusCode};
use longhaul_repository::RepositoryName;
use longhaul_tasks::Task;
use longhaul_tasks_web::{ApiError, Permit};

use super::{Role, Token};

/// Who sends a request: the bearer of a token, or, where there are no tokens, anybody.
#[derive(Clone, Debug)]
pub(crate) struct Caller(Option<Arc<Token>>);

impl Caller {
    pub(super) fn bearer(token: Arc<Token>) -> Self {
        Self(Some(token))
    }

    /// Whom the [`Guard`](super::Guard) has let in with the request.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or(Self(None))
    }

    /// The owner of the tasks that it asks for.
    pub(crate) fn name(&self) -> Option<&str> {
        self.0.as_ref().map(|token| token.name.as_str())
    }

    /// Whether the repository is not hidden from it.
    pub(crate) fn may_read(&self, repository: &RepositoryName) -> bool {
        self.is_for(repository.as_str())
    }

    /// Refuses who may not make the repository or change it, be it there or not.
    pub(crate) fn require_writer(&self, repository: &RepositoryName) -> Result<(), ApiError> {
        match self.may(Role::Writer) && self.is_for(repository.as_str()) {
            true => Ok(()),
            false => Err(ApiError::forbidden("Your token does not let you change this repository.")),
        }
    }

    /// Refuses who may not do what concerns everybody.
    pub(crate) fn require_admin(&self) -> Result<(), ApiError> {
        match self.may(Role::Admin) {
            true => Ok(()),
            false => Err(ApiError::forbidden("This takes the token of an admin.")),
        }
    }

    /// Refuses whose token is for some repositories only.
    pub(crate) fn require_all_repositories(&self) -> Result<(), ApiError> {
        match self.scope() {
            None => Ok(()),
            Some(_) => {
                Err(ApiError::new(StatusCode::FORBIDDEN, "This takes a token that is for all repositories."))
            }
        }
    }

    /// What it may do with a task: an admin everything, others see those of their repositories, and a writer touches its own.
    pub(crate) fn permit(&self, task: &Task) -> Permit {
        let Some(token) = &self.0 else { return Permit::Touch };
        let is_for = match &token.repositories {
            None => true,
            Some(_) => task.subject.as_deref().is_some_and(|subject| self.is_for(subject)),
        };
        match token.role {
            _ if !is_for => Permit::Nothing,
            Role::Admin => Permit::Touch,
            Role::Writer if task.owner.as_deref() == Some(&token.name) => Permit::Touch,
            Role::Writer | Role::Reader => Permit::See,
        }
    }

    /// The repositories that it is for, if not for all.
    pub(crate) fn scope(&self) -> Option<&[String]> {
        self.0.as_ref().and_then(|token| token.repositories.as_deref())
    }

    fn may(&self, role: Role) -> bool {
        self.0.as_ref().is_none_or(|token| token.role >= role)
    }

    fn is_for(&self, repository: &str) -> bool {
        self.scope().is_none_or(|repositories| repositories.iter().any(|one| one == repository))
    }
}
