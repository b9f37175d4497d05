//! Authentication and authorization.
//!
//! The [`Authenticator`] finds the [`Token`] of a request in the file that `--tokens` names and makes a [`Caller`] of it. Without
//! such a file every request may do everything. A browser can sign in with a token for a [`Session`], whose cookie only reads. The caller knows what it may do with a task or a repository; each route
//! says which permission it needs.

mod authenticator;
mod caller;
mod credentials;
mod rate_limit;
mod role;
mod secret;
mod sessions;
mod token;
mod tokens;

pub(crate) use authenticator::{Authenticator, client_address};
pub(crate) use caller::{Caller, CallerKey};
pub(crate) use rate_limit::network;
pub(crate) use role::Role;
pub(crate) use secret::Secret;
pub(crate) use sessions::{CsrfToken, SESSION_LIFETIME, Session, Sessions};
pub(crate) use token::Token;
pub(crate) use tokens::Tokens;
