use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use axum::http::{Extensions, StatusCode};
use longhaul_repository::RepositoryName;
use longhaul_tasks::Task;
use longhaul_tasks_web::{ApiError, Permit};

use super::{Role, Session, Token, rate_limit::network};

/// The sender of a request: the holder of a token, or anybody if the server has no tokens.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    WithToken(Arc<Token>),
    /// A browser that has signed in. It may change something only with a request that has proved to come from one of our pages.
    SignedIn {
        session: Arc<Session>,
        may_change: bool,
    },
    /// With the network of the address.
    Anonymous(IpAddr),
}

/// What counts as one caller where callers share something: a token, or a network.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum CallerKey {
    Token(String),
    Network(IpAddr),
}

const COOKIE_ONLY_READS: &str = "The cookie of a session only reads. To change something, a request needs the header X-CSRF-Token with the token of the page, and must come from this server's own pages.";

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
            Self::SignedIn { session, .. } => CallerKey::Token(session.token.name.clone()),
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
            Self::SignedIn { session, .. } => Some(&session.token),
            Self::Anonymous(_) => None,
        }
    }

    /// Completes when the caller's token is taken back or expires, or its session is over.
    pub(crate) async fn ended(&self) {
        match self {
            Self::WithToken(token) => token.ended().await,
            Self::SignedIn { session, .. } => session.ended().await,
            Self::Anonymous(_) => std::future::pending().await,
        }
    }

    /// The sender of a request with the cookie of a session: a reader, whatever its token permits.
    pub(super) fn signed_in(session: Arc<Session>) -> Self {
        Self::SignedIn { session, may_change: false }
    }

    /// Its session, if it has signed in.
    pub(crate) fn session(&self) -> Option<&Arc<Session>> {
        match self {
            Self::SignedIn { session, .. } => Some(session),
            Self::WithToken(_) | Self::Anonymous(_) => None,
        }
    }

    /// The same caller, of a request that has proved to come from one of our pages.
    pub(crate) fn with_changes(&self) -> Self {
        match self {
            Self::SignedIn { session, .. } => Self::SignedIn { session: session.clone(), may_change: true },
            other => other.clone(),
        }
    }

    /// Returns an error if the request may only read because it has no more than the cookie of a session.
    pub(crate) fn require_changes(&self) -> Result<(), ApiError> {
        match self {
            Self::SignedIn { may_change: false, .. } => Err(ApiError::forbidden(COOKIE_ONLY_READS)),
            _ => Ok(()),
        }
    }

    /// Whether the repository is visible to the caller.
    pub(crate) fn may_read(&self, repository: &RepositoryName) -> bool {
        self.is_for(repository.as_str())
    }

    /// Returns an error unless the caller may create or change the repository, whether it exists or not.
    pub(crate) fn require_writer(&self, repository: &RepositoryName) -> Result<(), ApiError> {
        self.require_changes()?;
        match self.may(Role::Writer) && self.is_for(repository.as_str()) {
            true => Ok(()),
            false => Err(ApiError::forbidden("Your token does not let you change this repository.")),
        }
    }

    /// Returns an error unless the caller is an admin.
    pub(crate) fn require_admin(&self) -> Result<(), ApiError> {
        self.require_changes()?;
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
            _ if self.require_changes().is_err() => Permit::See,
            Role::Admin => Permit::Touch,
            Role::Writer if task.owner.as_deref() == Some(&token.name) => Permit::Touch,
            Role::Writer | Role::Reader => Permit::See,
        }
    }

    /// The repositories that the token is limited to; `None`: all of them.
    pub(crate) fn scope(&self) -> Option<&[String]> {
        self.token().and_then(|token| token.repositories.as_deref())
    }

    /// Whether its token has this role or a higher one, apart from repositories.
    pub(crate) fn may(&self, role: Role) -> bool {
        self.token().is_none_or(|token| token.role >= role)
    }

    fn is_for(&self, repository: &str) -> bool {
        self.scope().is_none_or(|repositories| repositories.iter().any(|one| one == repository))
    }
}
