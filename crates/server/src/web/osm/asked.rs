//! What a request for one of the commands says, in its query and in its body.

use axum::http::header;
use longhaul_commands::{Author, Destination};
use longhaul_repository::Repository;
use longhaul_tasks_web::{ApiError, has_idempotency_key};

use crate::{
    upload::{ReceivedFile, TextFile, UploadOptions},
    web::{Web, app::Call, body, failure, failure::Refusal, parameters::Parameters},
};

const WANTED: UploadOptions = UploadOptions {
    default_file_name: "upload.osm",
    text_file_fields: &["filter", "mapping"],
    with_digest: false,
};
/// The longest body that holds parameters, a mapping or a filter among them, in bytes.
const LONGEST_BODY: usize = 1 << 20;

/// What a request says.
pub(super) struct Asked {
    pub(super) parameters: Parameters,
    /// Filters and mappings that came as files.
    pub(super) documents: Vec<TextFile>,
    /// The data that came.
    pub(super) file: Option<ReceivedFile>,
}

impl Asked {
    /// Reads a form, a body of parameters, or one that is a mapping (JSON with `rules`) or the data itself; what it says
    /// wins over the query.
    pub(super) async fn of(web: &Web, call: &mut Call) -> Result<Self, Refusal> {
        let query = Parameters::of_query(call.request.uri.query());
        let headers = &call.request.headers;
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().trim_start().to_ascii_lowercase();
        let holds_files =
            content_type.starts_with("multipart/") || content_type.starts_with("application/octet-stream");
        if !holds_files {
            let said = body::parameters_up_to(LONGEST_BODY, headers, &mut call.body).await?;
            let parameters = with_mapping(said).or(query);
            return Ok(Self { parameters, documents: Vec::new(), file: None });
        }
        let wanted = UploadOptions { with_digest: has_idempotency_key(&call.request), ..WANTED };
        let received = web.receiver.receive(headers, &mut call.body, wanted).await;
        let received = received.map_err(failure::upload)?;
        let parameters = Parameters::of_pairs(received.texts).or(query);
        Ok(Self { parameters, documents: received.text_files, file: received.file })
    }

    /// What it asks for apart from the data, files among it by their content.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let documents = self.documents.iter();
        self.parameters
            .pairs()
            .chain(documents.map(|document| (document.field.as_str(), document.text.as_str())))
    }

    /// Where the commit goes, and what it says.
    pub(super) fn destination(&self, repository: &Repository) -> Result<Destination, ApiError> {
        let text = |name: &str| self.parameters.text(name).map(str::to_owned);
        if let Some(branch) = self.parameters.text("root") {
            longhaul_repository::check_branch(branch)
                .map_err(|error| ApiError::bad_request(error.to_string()))?;
        }
        if self.parameters.text("transactionId").is_some() {
            return Err(ApiError::bad_request("A transaction with the provided ID could not be found."));
        }
        Ok(Destination {
            repository: repository.id().to_owned(),
            branch: text("root"),
            message: text("message"),
            author: text("authorName").map(|name| Author { name, email: text("authorEmail") }),
        })
    }
}

/// A body that has rules is a mapping itself.
fn with_mapping(said: Parameters) -> Parameters {
    match said.text("rules") {
        Some(rules) => Parameters::of_pairs(vec![("mapping".to_owned(), format!("{{\"rules\": {rules}}}"))]),
        None => said,
    }
}
