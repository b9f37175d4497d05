//! The parameters, documents and data of a request, from its query and its body.

use std::sync::Arc;

use axum::{
    extract::{FromRef, FromRequest, Request},
    http::{header, request::Parts},
};
use longhaul_commands::Destination;
use longhaul_repository::Repository;
use longhaul_tasks::Tasks;
use longhaul_tasks_web::{ApiError, has_idempotency_key};
use serde::de::DeserializeOwned;

use crate::{
    access::Caller,
    upload::{ReceivedFile, Receiver, TextFile, UploadOptions},
    web::{
        WebState, body,
        commit_params::CommitParams,
        error_response::{self, ErrorResponse},
        parameters::Parameters,
        submission,
    },
};

const OPTIONS: UploadOptions = UploadOptions {
    default_file_name: "upload.osm",
    text_file_fields: &["filter", "mapping"],
    with_digest: false,
    is_durable: true,
};
/// The longest body with parameters, a mapping or a filter among them, in bytes.
const MAX_BODY: usize = 1 << 20;

/// A request for one of the commands, whose own parameters are `P`.
pub(in crate::web) struct OsmRequest<P> {
    pub(super) head: Parts,
    pub(super) params: P,
    pub(super) parameters: Parameters,
    /// Filters and mappings that were uploaded as files.
    pub(super) text_files: Vec<TextFile>,
    /// The data that was uploaded.
    pub(super) file: Option<ReceivedFile>,
}

impl<P: DeserializeOwned> FromRequest<WebState> for OsmRequest<P> {
    type Rejection = ErrorResponse;

    /// Reads a form, a body of parameters, or one that is a mapping (JSON with `rules`) or the data itself. Its parameters have
    /// precedence over those of the query, which are checked before the body is read.
    async fn from_request(request: Request, state: &WebState) -> Result<Self, ErrorResponse> {
        let (head, mut body) = request.into_parts();
        let query = Parameters::of_query(head.uri.query());
        query.parse::<P>()?;
        query.parse::<CommitParams>()?.destination()?;
        submission::check(&Tasks::from_ref(state), &head, query.pairs())?;
        let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().trim_start().to_ascii_lowercase();
        let has_files =
            content_type.starts_with("multipart/") || content_type.starts_with("application/octet-stream");
        if !has_files {
            let parameters = body::parameters_up_to(MAX_BODY, &head.headers, &mut body).await?;
            let parameters = with_mapping(parameters).or(query);
            let params = parameters.parse()?;
            return Ok(Self { head, params, parameters, text_files: Vec::new(), file: None });
        }
        let options = UploadOptions { with_digest: has_idempotency_key(&head), ..OPTIONS };
        let received = Arc::<Receiver>::from_ref(state).receive(&head.headers, &mut body, options).await;
        let received = received.map_err(error_response::of_upload)?;
        let parameters = Parameters::of_pairs(received.texts).or(query);
        let params = parameters.parse()?;
        Ok(Self { head, params, parameters, text_files: received.text_files, file: received.file })
    }
}

impl<P> OsmRequest<P> {
    /// The parameters and the contents of the text files, by their names.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let text_files = self.text_files.iter();
        self.parameters.pairs().chain(text_files.map(|file| (file.field.as_str(), file.text.as_str())))
    }

    /// Where the commit goes, and what it says.
    pub(super) fn destination(&self, repository: &Repository) -> Result<Destination, ApiError> {
        let commit = self.parameters.parse::<CommitParams>()?.destination()?;
        let commit = commit.by(&Caller::of(&self.head.extensions));
        Ok(Destination {
            repository: repository.id().to_owned(),
            branch: commit.branch,
            message: commit.message,
            author: commit.author,
            rules: commit.rules,
        })
    }
}

/// A body with rules is a mapping itself.
fn with_mapping(parameters: Parameters) -> Parameters {
    match parameters.text("rules") {
        Some(rules) => Parameters::of_pairs(vec![("mapping".to_owned(), format!("{{\"rules\": {rules}}}"))]),
        None => parameters,
    }
}
