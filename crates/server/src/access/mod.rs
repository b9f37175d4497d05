//! Who asks, and what they may do.
//!
//! Whoever has a token of the file that `--tokens` names is its bearer; without such a file everybody is everybody. What may
//! be done with a task or a repository is asked of the [`Caller`]; which request needs what is for the routes to say.

mod caller;
mod credentials;
mod failures;
mod guard;
mod role;
mod secret;
mod token;
mod tokens;

pub(crate) use caller::Caller;
pub(crate) use guard::Guard;
pub(crate) use role::Role;
pub(crate) use secret::Secret;
pub(crate) use token::Token;
pub(crate) use tokens::Tokens;
