//! Removes the parts of errors that clients must not see.

use std::{error::Error, fmt};

/// The part of the error chain that clients may see.
///
/// Errors of Git contain paths of the server, and deeper causes concern its operator. They are logged, and the public error
/// ends above them.
pub(crate) fn public_error(error: impl Error + Send + Sync + 'static) -> anyhow::Error {
    // The crates of formats put no paths into errors, so all causes below one of their errors are public.
    let mut is_below_file_error = false;
    let is_public_cause = |cause: &&(dyn Error + 'static)| {
        is_below_file_error |= cause.is::<longhaul_geopackage::Error>()
            || cause.is::<longhaul_osm::Error>()
            || cause.is::<longhaul_geodata::SinkError>();
        is_below_file_error || is_public(*cause)
    };
    let mut messages: Vec<String> =
        chain(&error).take_while(is_public_cause).map(ToString::to_string).collect();
    if messages.len() < chain(&error).count() {
        let all: Vec<String> = chain(&error).map(ToString::to_string).collect();
        tracing::warn!(error = all.join(": caused by: "), "a command failed");
    }
    // A transparent error has the same message as its cause.
    messages.dedup();
    let nest = |source, message| Some(Box::new(PublicError { message, source }));
    match messages.into_iter().rev().fold(None, nest) {
        Some(error) => anyhow::Error::new(*error),
        None => anyhow::anyhow!("an internal error, which the server's log describes"),
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// Whether an error is of a type whose messages contain no paths of the server.
fn is_public(error: &(dyn Error + 'static)) -> bool {
    error.is::<longhaul_repository::StageError>()
        || error.is::<longhaul_repository::RepositoriesError>()
        || error.is::<longhaul_repository::ReadError>()
        || error.is::<longhaul_repository::PackError>()
        || error.is::<longhaul_repository::DatasetError>()
        || error.is::<longhaul_repository::DiffError>()
        || error.is::<longhaul_repository::BadPath>()
        || error.is::<crate::export::ExportError>()
        || error.is::<longhaul_geodata::geometry::GeometryError>()
        || error.is::<longhaul_projection::ProjectionError>()
        || error.is::<crate::import_roots::RootError>()
        || error.is::<std::io::Error>()
}

/// One error of the chain.
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
