//! Git over HTTP: `/repos/{name}.git/info/refs`, `git-upload-pack` and `git-receive-pack`.
//!
//! Only the protocol that Git calls smart, gitprotocol-http(5); the files of a repository are not served.

use std::{fs, fs::File};

use axum::{
    body::Body,
    extract::{FromRef, FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use longhaul_repository::{Repository, RepositoryName};
use longhaul_tasks_web::{AllowedOrigins, ApiError, Renderer};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::{
    RepositoryStore, WebState,
    error_response::{self, ErrorResponse},
    http_counts::Refusal,
    parameters::Params,
};
use crate::{
    access::Caller,
    git::{GitBackend, GitBody, GitError, GitRequest, GitService, GitStep},
    upload::{Receiver, UploadOptions},
};

const GIT_PROTOCOL: HeaderName = HeaderName::from_static("git-protocol");
/// The longest value of `Git-Protocol`.
const MAX_PROTOCOL: usize = 200;
const OPTIONS: UploadOptions =
    UploadOptions { default_file_name: "push", text_file_fields: &[], with_digest: false, is_durable: false };

/// An error in plain text, which Git shows to its user.
pub(super) struct PlainError(ApiError, Option<Refusal>);

impl<E: Into<ErrorResponse>> From<E> for PlainError {
    fn from(error: E) -> Self {
        match error.into() {
            ErrorResponse::Api(error) => Self(error, None),
            ErrorResponse::Refused(error, refusal) => Self(error, Some(refusal)),
            ErrorResponse::Usage(text) => Self(ApiError::bad_request(text), None),
        }
    }
}

impl IntoResponse for PlainError {
    fn into_response(self) -> Response {
        let Self(error, refusal) = self;
        let mut response = ErrorResponse::from(error.clone()).into_response();
        response.extensions_mut().remove::<ApiError>();
        if let Some(refusal) = refusal {
            response.extensions_mut().insert(refusal);
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain;charset=UTF-8"));
        headers.remove(header::CONTENT_LENGTH);
        *response.body_mut() = Body::from(format!("{}\n", error.message));
        response
    }
}

/// The query of `info/refs`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct AdvertiseParams {
    service: Option<String>,
}

/// `GET /repos/{name}.git/info/refs?service=…`: what the repository has.
pub(super) async fn advertise(
    NameOfGit(name): NameOfGit,
    Params(params): Params<AdvertiseParams>,
    caller: Caller,
    State(store): State<RepositoryStore>,
    State(git): State<GitBackend>,
    request: Parts,
) -> Result<Response, PlainError> {
    let repository = store.get(&caller, name).await?;
    let Some(service) = params.service.as_deref().and_then(GitService::of_name) else {
        let message = "This server speaks only Git's smart protocol; use Git 1.6.6 or newer.";
        return Err(ApiError::forbidden(message).into());
    };
    if service == GitService::ReceivePack {
        caller.require_writer(repository.name())?;
    }
    let request = git_request(service, GitStep::Advertise, repository, &caller, &request.headers).await?;
    run(&git, request, GitBody::Empty, ()).await
}

/// `POST /repos/{name}.git/git-upload-pack`: a fetch.
pub(super) async fn upload_pack(
    NameOfGit(name): NameOfGit,
    caller: Caller,
    State(store): State<RepositoryStore>,
    State(git): State<GitBackend>,
    request: Request,
) -> Result<Response, PlainError> {
    let (request, body) = request.into_parts();
    let repository = store.get(&caller, name).await?;
    let service = GitService::UploadPack;
    check_body_type(&request.headers, service)?;
    let length = content_length(&request.headers);
    let request = git_request(service, GitStep::Call, repository, &caller, &request.headers).await?;
    run(&git, request, GitBody::Stream(body, length), ()).await
}

/// `POST /repos/{name}.git/git-receive-pack`: a push. It is received completely before Git sees it.
pub(super) async fn receive_pack(
    NameOfGit(name): NameOfGit,
    caller: Caller,
    State(WebState(state)): State<WebState>,
    request: Request,
) -> Result<Response, PlainError> {
    let (mut request, mut body) = request.into_parts();
    refuse_other_origins(&mut request, &WebState(state.clone())).await?;
    let repository = state.repositories.get(&caller, name.clone()).await?;
    caller.require_writer(repository.name())?;
    let service = GitService::ReceivePack;
    check_body_type(&request.headers, service)?;
    let body = receive(&state.receiver, &request.headers, &mut body).await?;

    let lock = state.repository_locks.shared(repository.id()).await;
    // It may have been renamed or deleted meanwhile.
    let now = state.repositories.get(&caller, name).await?;
    if now.id() != repository.id() {
        return Err(ApiError::not_found("Repository not found.").into());
    }
    let request = git_request(service, GitStep::Call, now, &caller, &request.headers).await?;
    run(&state.git, request, body, lock).await
}

/// Writes the body to a file, which has no name any more.
async fn receive(receiver: &Receiver, headers: &HeaderMap, body: &mut Body) -> Result<GitBody, PlainError> {
    let received = receiver.receive_file(headers, body, OPTIONS).await.map_err(error_response::of_upload)?;
    let opened = tokio::task::spawn_blocking(move || {
        let file = File::open(received.file.path())?;
        let length = file.metadata()?.len();
        Ok::<_, std::io::Error>((file, length))
    });
    let opened = opened.await.map_err(|_| error_response::unexplained())?;
    let (file, length) = opened.map_err(error_response::internal)?;
    // Git writes its content to the repository.
    receiver.require_room(length).await.map_err(error_response::of_upload)?;
    Ok(GitBody::File(file, length))
}

async fn run(
    git: &GitBackend,
    request: GitRequest,
    body: GitBody,
    held: impl Send + 'static,
) -> Result<Response, PlainError> {
    Ok(git.run(request, body, held).await.map_err(of_git)?)
}

fn of_git(error: GitError) -> ApiError {
    let status = match &error {
        GitError::NotInstalled => StatusCode::NOT_IMPLEMENTED,
        GitError::Busy => StatusCode::SERVICE_UNAVAILABLE,
        GitError::Refused(status) if status.is_client_error() => *status,
        GitError::Refused(_) | GitError::Io(_) | GitError::NoAnswer => {
            return error_response::internal(error);
        }
    };
    ApiError::new(status, error.to_string())
}

async fn git_request(
    service: GitService,
    step: GitStep,
    repository: Repository,
    caller: &Caller,
    headers: &HeaderMap,
) -> Result<GitRequest, PlainError> {
    let opened = tokio::task::spawn_blocking(move || {
        let folder = fs::canonicalize(repository.path())?;
        Ok::<_, std::io::Error>((folder, repository.may_rewind_branches()))
    });
    let opened = opened.await.map_err(|_| error_response::unexplained())?;
    let (folder, may_rewind) = opened.map_err(error_response::internal)?;
    Ok(GitRequest {
        service,
        step,
        repository: folder,
        may_rewind,
        user: caller.name().map(str::to_owned),
        protocol: protocol(headers),
        is_gzip: is_gzip(headers)?,
    })
}

/// The header `Git-Protocol`, unless it is nonsense.
fn protocol(headers: &HeaderMap) -> Option<String> {
    let protocol = headers.get(GIT_PROTOCOL)?.to_str().ok()?;
    (protocol.len() <= MAX_PROTOCOL).then(|| protocol.to_owned())
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, ApiError> {
    match headers.get(header::CONTENT_ENCODING).map(|encoding| encoding.as_bytes()) {
        None | Some(b"identity") => Ok(false),
        Some(b"gzip" | b"x-gzip") => Ok(true),
        Some(_) => {
            let message = "The body may be compressed by gzip, and by nothing else.";
            Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
        }
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn check_body_type(headers: &HeaderMap, service: GitService) -> Result<(), ApiError> {
    let expected = service.request_type();
    match headers.get(header::CONTENT_TYPE).is_some_and(|given| given.as_bytes() == expected.as_bytes()) {
        true => is_gzip(headers).map(drop),
        false => {
            let message = format!("The body must be of the type {expected}.");
            Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
        }
    }
}

async fn refuse_other_origins(request: &mut Parts, state: &WebState) -> Result<(), ApiError> {
    let renderer = Renderer::from_request_parts(request, state).await.unwrap_or_default();
    AllowedOrigins::from_ref(state).admit(&request.headers, &renderer.base)
}

/// The name of the repository in `/repos/{name}.git/…`. 404 for anything else.
pub(super) struct NameOfGit(RepositoryName);

impl<S: Sync> FromRequestParts<S> for NameOfGit {
    type Rejection = PlainError;

    async fn from_request_parts(request: &mut Parts, _: &S) -> Result<Self, PlainError> {
        let segment = request.uri.path().split('/').nth(2).unwrap_or_default();
        let folder = percent_decode_str(segment).decode_utf8_lossy();
        let name = folder.strip_suffix(".git").and_then(|name| name.parse().ok());
        let missing = || ApiError::not_found("Repository not found. Git's addresses end in NAME.git.");
        Ok(Self(name.ok_or_else(missing)?))
    }
}
