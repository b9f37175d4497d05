//! Errors on their way to a client.

use std::{error::Error, fmt};

/// The part of an error's chain that may leave the server.
///
/// Errors of Git name paths of the server, and what else stands deep in a chain is for whoever runs the server, not
/// for clients. They go to the log, and the chain ends above them.
pub(crate) fn public_error(error: impl Error + Send + Sync + 'static) -> anyhow::Error {
    // What stands below an error about a file is about the file too: `geopackage` and `osm` name no paths.
    let mut is_below_file_error = false;
    let is_public = |cause: &&(dyn Error + 'static)| {
        is_below_file_error |= cause.is::<longhaul_geopackage::Error>() || cause.is::<longhaul_osm::Error>();
        is_below_file_error || is_public(*cause)
    };
    let mut messages: Vec<String> = chain(&error).take_while(is_public).map(ToString::to_string).collect();
    if messages.len() < chain(&error).count() {
        let whole: Vec<String> = chain(&error).map(ToString::to_string).collect();
        tracing::warn!(error = whole.join(": caused by: "), "a command failed");
    }
    // An error that passes on the words of its cause would say them twice.
    messages.dedup();
    let messages = messages
        .into_iter()
        .rev()
        .fold(None, |source, message| Some(Box::new(PublicError { message, source })));
    match messages {
        Some(messages) => anyhow::Error::new(*messages),
        None => anyhow::anyhow!("an internal error, which the server's log describes"),
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// Our own errors, and those of the system, name no paths.
fn is_public(error: &(dyn Error + 'static)) -> bool {
    error.is::<longhaul_repository::StageError>()
        || error.is::<longhaul_repository::RepositoriesError>()
        || error.is::<longhaul_repository::ReadError>()
        || error.is::<longhaul_repository::PackError>()
        || error.is::<longhaul_repository::DatasetError>()
        || error.is::<longhaul_repository::BadPath>()
        || error.is::<crate::RootError>()
        || error.is::<std::io::Error>()
}

/// One line of a chain.
#[derive(Debug)]
struct PublicError {
    message: String,
    source: Option<Box<PublicError>>,
}

impl fmt::Display for PublicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for PublicError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
