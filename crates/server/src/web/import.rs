//! `POST /repos/NAME/import?format=gpkg`.

use longhaul_commands::{Author, ImportGeopackage};
use longhaul_repository::{DatasetPath, Repository, RepositoryName};
use longhaul_tasks_web::{ApiError, has_idempotency_key};

use super::{
    Web,
    app::{Answer, Call},
    failure,
    parameters::Parameters,
    submission,
};
use crate::upload::{ReceivedFile, UploadOptions};

const WANTED: UploadOptions =
    UploadOptions { default_file_name: "upload.gpkg", text_file_fields: &[], with_digest: false };

/// Receives a file and asks for its import; answers with the new task.
pub(super) async fn import(web: &Web, name: RepositoryName, call: &mut Call) -> Answer {
    web.admit_change(call)?;
    let repository = web.repository(&call.caller, name).await?;
    call.caller.require_writer(repository.name())?;
    let wanted = UploadOptions { with_digest: has_idempotency_key(&call.request), ..WANTED };
    let received = web.receiver.receive(&call.request.headers, &mut call.body, wanted).await;
    let received = received.map_err(failure::upload)?;
    let query = Parameters::of_query(call.request.uri.query());
    let parameters = Parameters::of_pairs(received.texts).or(query);
    require_what_there_is(&parameters)?;
    let file = received.file.ok_or_else(|| {
        ApiError::bad_request("Request must specify one and only one fileUpload in the request body")
    })?;
    let submission = call.submission(repository.name(), parameters.pairs(), file.digest)?;
    let task = submission::submit(web, submission, job(&repository, &parameters, &file)?, Some(file)).await?;
    Ok(call.printer.submission(&web.tasks, Ok(task)).await)
}

fn require_what_there_is(parameters: &Parameters) -> Result<(), ApiError> {
    match parameters.text("format") {
        None => return Err(ApiError::bad_request("missing required 'format' parameter")),
        Some(format) if format.eq_ignore_ascii_case("gpkg") => {}
        Some(other) => return Err(ApiError::bad_request(format!("Unsupported input format: '{other}'"))),
    }
    if let Some(branch) = parameters.text("root") {
        longhaul_repository::check_branch(branch)
            .map_err(|error| ApiError::bad_request(error.to_string()))?;
    }
    if let Some(path) = parameters.text("dest") {
        DatasetPath::new(path).map_err(|error| ApiError::bad_request(error.to_string()))?;
    }
    if parameters.text("transactionId").is_some() {
        let message =
            "This server has no transactions; without transactionId the import commits to the branch.";
        return Err(ApiError::bad_request(message));
    }
    if parameters.strict_flag("interchange")? {
        let message =
            "This server does not import the interchange format; without interchange it imports the layers.";
        return Err(ApiError::bad_request(message));
    }
    Ok(())
}

fn job(
    repository: &Repository,
    parameters: &Parameters,
    file: &ReceivedFile,
) -> Result<ImportGeopackage, ApiError> {
    let text = |name: &str| parameters.text(name).map(str::to_owned);
    Ok(ImportGeopackage {
        repository: repository.id().to_owned(),
        branch: text("root"),
        upload: file.file.path().to_owned(),
        file_name: file.name.clone(),
        layer: text("layer"),
        dest: text("dest"),
        add: parameters.strict_flag("add")?,
        fid_attribute: text("fidAttribute"),
        message: text("message"),
        author: text("authorName").map(|name| Author { name, email: text("authorEmail") }),
    })
}
