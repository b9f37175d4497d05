//! The exit statuses beside 0 and 130, which Ctrl-C gives.

use std::process::ExitCode;

use super::client::ClientError;

/// The task failed, or the command could not be carried out.
pub(crate) const FAILED: u8 = 1;
/// The arguments are wrong; clap's status, too.
pub(crate) const USAGE: u8 = 2;
/// Nothing was to be committed, and `--exit-code` was given.
pub(crate) const NOTHING_TO_COMMIT: u8 = 3;
/// The server could not be asked: it is away or busy.
pub(crate) const NOT_ASKED: u8 = 4;

/// Arguments that contradict each other, or a file of a kind that is not imported.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// The exit status that tells of the error.
pub(crate) fn of(error: &anyhow::Error) -> ExitCode {
    let is_away = error.downcast_ref::<ClientError>().is_some_and(ClientError::is_transient);
    if is_away {
        NOT_ASKED.into()
    } else if error.is::<UsageError>() {
        USAGE.into()
    } else {
        FAILED.into()
    }
}
