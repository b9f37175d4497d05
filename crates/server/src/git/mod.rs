//! Git over HTTP: runs `git http-backend` for a request, git-http-backend(1), and streams what it answers.
//!
//! A process sees nothing of the server's environment but `PATH`, reads no configuration of the system or of a user, runs no
//! program that a repository names, and is limited in time and memory. What it writes to its standard error is logged.

mod backend;
mod cgi;
mod configuration;
mod hooks;
mod output;
mod path_filter;
mod process;
mod request;

pub(crate) use backend::{GitBackend, GitError, GitLimits};
pub(crate) use hooks::{PRE_RECEIVE, install as install_hooks};
pub(crate) use request::{GitBody, GitRequest, GitService, GitStep};
