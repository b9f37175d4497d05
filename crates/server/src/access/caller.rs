use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use axum::http::{Extensions, StatusCode};
use longhaul_repository::RepositoryName;
use longhaul_tasks::Task;
use longhaul_tasks_web::{ApiError, Permit};

use super::{Role, Token, rate_limit::network};

/// The sender of a request: the holder of a token, or anybody if the server has no tokens.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    WithToken(Arc<Token>),
    /// With the network of the address.
    Anonymous(IpAddr),
}

/// What counts as one caller where callers share something: a token, or a network.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum CallerKey {
    Token(String),
    Network(IpAddr),
}

tokio::task_local! {
    static CURRENT: Caller;
}

impl Caller {
    pub(crate) fn anonymous(address: IpAddr) -> Self {
        Self::Anonymous(network(address))
    }

    /// The caller that the [`Authenticator`](super::Authenticator) has found for the request.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or_else(Self::nobody)
    }

    /// The caller whose request the current task handles: what is shared among callers asks for it at any depth.
    pub(crate) fn current() -> Self {
        CURRENT.try_with(Self::clone).unwrap_or_else(|_| Self::nobody())
    }

    /// Makes it the [`current`](Self::current) one while the future runs.
    pub(crate) fn handle<F: Future>(self, handling: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, handling)
    }

    /// Of a request that came in by no connection.
    fn nobody() -> Self {
        Self::Anonymous(Ipv4Addr::LOCALHOST.into())
    }

    /// What shares are counted by.
    pub(crate) fn key(&self) -> CallerKey {
        match self {
            Self::WithToken(token) => CallerKey::Token(token.name.clone()),
            Self::Anonymous(network) => CallerKey::Network(*network),
        }
    }

    /// Whether it has the token of an admin, for whom a reserve is kept.
    pub(crate) fn is_admin(&self) -> bool {
        self.token().is_some_and(|token| token.role == Role::Admin)
    }

    /// The name of the token, which becomes the owner of the tasks that the caller submits.
    pub(crate) fn name(&self) -> Option<&str> {
        self.token().map(|token| token.name.as_str())
    }

    fn token(&self) -> Option<&Arc<Token>> {
        match self {
            Self::WithToken(token) => Some(token),
            Self::Anonymous(_) => None,
        }
    }

    /// Completes when the caller's token is taken back or expires.
    pub(crate) async fn ended(&self) {
        match self.token() {
            Some(token) => token.ended().await,
            None => std::future::pending().await,
        }
    }

    /// Whether the repository is visible to the caller.
    pub(crate) fn may_read(&self, repository: &RepositoryName) -> bool {
        self.is_for(repository.as_str())
    }

    /// Returns an error unless the caller may create or change the repository, whether it exists or not.
    pub(crate) fn require_writer(&self, repository: &RepositoryName) -> Result<(), ApiError> {
        match self.may(Role::Writer) && self.is_for(repository.as_str()) {
            true => Ok(()),
            false => Err(ApiError::forbidden("Your token does not let you change this repository.")),
        }
    }

    /// Returns an error unless the caller is an admin.
    pub(crate) fn require_admin(&self) -> Result<(), ApiError> {
        match self.may(Role::Admin) {
            true => Ok(()),
            false => Err(ApiError::forbidden("This takes the token of an admin.")),
        }
    }

    /// Returns an error if the token is limited to some repositories.
    pub(crate) fn require_all_repositories(&self) -> Result<(), ApiError> {
        match self.scope() {
            None => Ok(()),
            Some(_) => {
                Err(ApiError::new(StatusCode::FORBIDDEN, "This takes a token that is for all repositories."))
            }
        }
    }

    /// What the caller may do with a task: an admin everything; others see the tasks of their repositories, and a writer may cancel
    /// and prune its own.
    pub(crate) fn permit(&self, task: &Task) -> Permit {
        let Some(token) = self.token() else { return Permit::Touch };
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

    /// The repositories that the token is limited to; `None`: all of them.
    pub(crate) fn scope(&self) -> Option<&[String]> {
        self.token().and_then(|token| token.repositories.as_deref())
    }

    fn may(&self, role: Role) -> bool {
        self.token().is_none_or(|token| token.role >= role)
    }

    fn is_for(&self, repository: &str) -> bool {
        self.scope().is_none_or(|repositories| repositories.iter().any(|one| one == repository))
    }
}
