//! Filters and mappings: in the request itself, or in a file under an import root.

use std::io::Read;

use axum::extract::FromRef;
use longhaul_commands::{ImportRoots, OsmMapping, OsmMappingError, RootError};
use longhaul_repository::Repository;
use longhaul_tasks_web::ApiError;

use super::osm_request::OsmRequest;
use crate::web::{
    BlockingPool, RepositoryStore, WebState,
    error_response::{self, ErrorResponse},
};

/// The longest file that is read as a filter or a mapping, in bytes.
const MAX_LENGTH: u64 = 1 << 20;

/// A kind of document, and the parameters by which a request may have one.
#[derive(Clone, Copy, Debug)]
pub(super) struct DocumentKind {
    /// The parameter that is the document, or for old clients the path of one; a form's field may be a file.
    pub(super) name: &'static str,
    /// The parameter that is the path of one.
    pub(super) path: &'static str,
    /// Whether the value of the first is a path.
    pub(super) is_path: fn(&str) -> bool,
}

pub(super) const FILTER: DocumentKind =
    DocumentKind { name: "filter", path: "filterPath", is_path: is_no_query };
pub(super) const MAPPING: DocumentKind =
    DocumentKind { name: "mapping", path: "mappingPath", is_path: is_no_object };

/// Overpass QL ends its statements with semicolons, and its other form is XML; a path contains neither.
fn is_no_query(text: &str) -> bool {
    !text.contains([';', '\n']) && !text.trim_start().starts_with('<')
}

fn is_no_object(text: &str) -> bool {
    !text.trim_start().starts_with(['{', '['])
}

/// A document, and its name in the request: the name of its file, its path, or else its text.
#[derive(Clone, Debug)]
pub(super) struct OsmDocument {
    pub(super) name: String,
    pub(super) text: String,
}

/// The files of the server that requests may name, and the threads on which they are read.
pub(in crate::web) struct ServerFiles {
    pub(super) roots: ImportRoots,
    pub(super) pool: BlockingPool,
}

impl FromRef<WebState> for ServerFiles {
    fn from_ref(state: &WebState) -> Self {
        Self { roots: ImportRoots::from_ref(state), pool: RepositoryStore::from_ref(state).pool }
    }
}

/// Why there is no document.
pub(super) enum NoDocument {
    /// Its file does not exist, or cannot be read as text.
    Missing,
    /// For any other reason.
    Refused(ErrorResponse),
}

impl DocumentKind {
    /// Whether the request has such a document.
    pub(super) fn is_in<P>(&self, request: &OsmRequest<P>) -> bool {
        request.text_files.iter().any(|file| file.field == self.name)
            || request.parameters.text(self.name).is_some()
            || request.parameters.text(self.path).is_some()
    }

    /// The document of the request, wherever it is.
    pub(super) async fn of<P>(
        &self,
        files: &ServerFiles,
        request: &OsmRequest<P>,
    ) -> Result<Option<OsmDocument>, NoDocument> {
        if let Some(file) = request.text_files.iter().find(|file| file.field == self.name) {
            return Ok(Some(OsmDocument { name: file.name.clone(), text: file.text.clone() }));
        }
        let path = match request.parameters.text(self.name) {
            Some(text) if !(self.is_path)(text) => {
                return Ok(Some(OsmDocument { name: text.to_owned(), text: text.to_owned() }));
            }
            Some(path) => Some(path),
            None => request.parameters.text(self.path),
        };
        let Some(path) = path.map(str::to_owned) else { return Ok(None) };
        let roots = files.roots.clone();
        let read = files.pool.run(move || read(&roots, path)).await;
        read.map_err(|error| NoDocument::Refused(error.into()))?.map(Some)
    }
}

/// The mapping in a document. Its layers must have a place beside those of the branch that the commit goes to.
///
/// The error is a text for the sender of the request.
pub(super) async fn checked_mapping(
    files: &ServerFiles,
    document: OsmDocument,
    repository: &Repository,
    branch: Option<String>,
) -> Result<Result<OsmMapping, OsmMappingError>, ErrorResponse> {
    let repository = repository.clone();
    let check = move || {
        let mapping = OsmMapping::new(document.text)?;
        mapping.check_places(&repository, branch.as_deref()).map(|()| mapping)
    };
    Ok(files.pool.run(check).await?)
}

fn read(roots: &ImportRoots, path: String) -> Result<OsmDocument, NoDocument> {
    let file = roots.open(&path).map_err(|error| match error {
        RootError::Missing(_) => NoDocument::Missing,
        error => NoDocument::Refused(root_error(error).into()),
    })?;
    let mut text = String::new();
    match file.take(MAX_LENGTH + 1).read_to_string(&mut text) {
        Ok(length) if length as u64 <= MAX_LENGTH => Ok(OsmDocument { name: path, text }),
        _ => {
            let message = format!("'{path}' is no text of at most {MAX_LENGTH} bytes.");
            Err(NoDocument::Refused(ApiError::bad_request(message).into()))
        }
    }
}

/// The error as the sender of the path may read it.
pub(super) fn root_error(error: RootError) -> ApiError {
    match error {
        error @ (RootError::Outside(_) | RootError::NotAFile(_)) => ApiError::forbidden(error.to_string()),
        error @ RootError::Missing(_) => ApiError::not_found(error.to_string()),
        error => error_response::internal(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_from_a_document() {
        for path in ["/srv/osm/filter.txt", "filter.ql", "areas/town (old).ql"] {
            assert!(is_no_query(path) && is_no_object(path), "{path}");
        }
        for query in ["node(1,2,3,4);out meta;", "/* all */ node;", " <osm-script/>", "node(1)\n"] {
            assert!(!is_no_query(query), "{query}");
        }
        assert!(!is_no_object(" {\"rules\": []}"));
        assert!(!is_no_object("[]"), "is a mapping that is wrong");
    }
}
