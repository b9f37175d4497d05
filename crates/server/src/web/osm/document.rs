//! Filters and mappings: in the request itself, or in a file under an import root.

use std::io::Read;

use longhaul_commands::{ImportRoots, RootError};
use longhaul_tasks_web::ApiError;

use super::asked::Asked;
use crate::web::{Web, failure, failure::Refusal};

/// The longest file that is read as a filter or a mapping, in bytes.
const LONGEST: u64 = 1 << 20;

/// A kind of document, and the names under which a request may have one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// The parameter that is the document, or for old clients the path of one; a form's field may be a file.
    pub(super) name: &'static str,
    /// The parameter that is the path of one.
    pub(super) path: &'static str,
    /// Whether the value of the first is a path.
    pub(super) is_path: fn(&str) -> bool,
}

pub(super) const FILTER: Kind = Kind { name: "filter", path: "filterPath", is_path: is_no_query };
pub(super) const MAPPING: Kind = Kind { name: "mapping", path: "mappingPath", is_path: is_no_object };

/// Overpass QL ends its statements with semicolons, its other form is XML; no path that anybody uses looks like either.
fn is_no_query(text: &str) -> bool {
    !text.contains([';', '\n']) && !text.trim_start().starts_with('<')
}

fn is_no_object(text: &str) -> bool {
    !text.trim_start().starts_with(['{', '['])
}

/// A document, and what the request calls it: its name, its path, or else itself.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) called: String,
    pub(super) text: String,
}

/// Why there is no document.
pub(super) enum NoDocument {
    /// Its file does not exist, or cannot be read as text.
    Missing,
    /// For any other reason.
    Refused(Refusal),
}

impl Kind {
    /// Whether the request has one.
    pub(super) fn is_in(&self, asked: &Asked) -> bool {
        asked.documents.iter().any(|document| document.field == self.name)
            || asked.parameters.text(self.name).is_some()
            || asked.parameters.text(self.path).is_some()
    }

    /// The one that the request has, from wherever it is.
    pub(super) async fn of(&self, web: &Web, asked: &Asked) -> Result<Option<Document>, NoDocument> {
        if let Some(document) = asked.documents.iter().find(|document| document.field == self.name) {
            return Ok(Some(Document { called: document.name.clone(), text: document.text.clone() }));
        }
        let path = match asked.parameters.text(self.name) {
            Some(text) if !(self.is_path)(text) => {
                return Ok(Some(Document { called: text.to_owned(), text: text.to_owned() }));
            }
            Some(path) => Some(path),
            None => asked.parameters.text(self.path),
        };
        let Some(path) = path.map(str::to_owned) else { return Ok(None) };
        let roots = web.import_roots.clone();
        let reading = web.reads.run(move || read(&roots, path)).await;
        reading.map_err(|error| NoDocument::Refused(error.into()))?.map(Some)
    }
}

fn read(roots: &ImportRoots, path: String) -> Result<Document, NoDocument> {
    let file = roots.open(&path).map_err(|error| match error {
        RootError::Missing(_) => NoDocument::Missing,
        error => NoDocument::Refused(refusal(error).into()),
    })?;
    let mut text = String::new();
    match file.take(LONGEST + 1).read_to_string(&mut text) {
        Ok(length) if length as u64 <= LONGEST => Ok(Document { called: path, text }),
        _ => {
            let message = format!("'{path}' is no text of at most {LONGEST} bytes.");
            Err(NoDocument::Refused(ApiError::bad_request(message).into()))
        }
    }
}

/// What the sender of a path may learn of it.
pub(super) fn refusal(error: RootError) -> ApiError {
    match error {
        error @ (RootError::Outside(_) | RootError::NotAFile(_)) => ApiError::forbidden(error.to_string()),
        error @ RootError::Missing(_) => ApiError::not_found(error.to_string()),
        error => failure::internal(error),
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
