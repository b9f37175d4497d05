//! What the path of a request names.

use std::{convert::Infallible, marker::PhantomData};

use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
};
use longhaul_repository::{InvalidName, Repository, RepositoryName};
use longhaul_tasks_web::{AllowedOrigins, ApiError, Renderer};
use percent_encoding::percent_decode_str;

use super::{WebState, error_response::ErrorResponse, repository_store::RepositoryStore};
use crate::access::Caller;

/// The name of a repository in `/repos/{name}…`. 400 if it is not a legal name.
pub(super) struct NameInPath(pub(super) RepositoryName);

impl<S: Sync> FromRequestParts<S> for NameInPath {
    type Rejection = ApiError;

    /// Not by axum's `Path`, which has an error text of its own for what is not UTF-8.
    async fn from_request_parts(request: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let segment = request.uri.path().split('/').nth(2).unwrap_or_default();
        let name = percent_decode_str(segment).decode_utf8_lossy().parse();
        name.map(Self).map_err(|error: InvalidName| ApiError::bad_request(error.to_string()))
    }
}

/// Who sends the request.
impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(request: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&request.extensions))
    }
}

/// The name of a repository that the request changes. 400 if it is not a legal name, 403 if a page of another origin sends the
/// request.
pub(super) struct NameForChange(pub(super) RepositoryName);

impl FromRequestParts<WebState> for NameForChange {
    type Rejection = ApiError;

    async fn from_request_parts(request: &mut Parts, state: &WebState) -> Result<Self, ApiError> {
        let NameInPath(name) = NameInPath::from_request_parts(request, state).await?;
        let renderer = Renderer::from_request_parts(request, state).await.unwrap_or_default();
        AllowedOrigins::from_ref(state).admit(&request.headers, &renderer.base)?;
        Ok(Self(name))
    }
}

/// The repository that the path names, for a caller of the role `R`.
///
/// # Rejections
/// 400 for a name that is not legal, 403 for a change by a page of another origin; then 404 if there is no such repository or it
/// is hidden from the caller, and only then 403 if the caller's role does not suffice.
pub(super) struct Repo<R>(pub(super) Repository, pub(super) PhantomData<R>);

/// A role in which a caller uses a repository.
pub(super) trait RequiredRole {
    /// Whether the request changes something.
    const CHANGES: bool;

    fn check(caller: &Caller, repository: &RepositoryName) -> Result<(), ApiError>;
}

pub(super) struct Reader;
pub(super) struct Writer;
pub(super) struct Admin;

impl RequiredRole for Reader {
    const CHANGES: bool = false;

    fn check(_: &Caller, _: &RepositoryName) -> Result<(), ApiError> {
        Ok(())
    }
}

impl RequiredRole for Writer {
    const CHANGES: bool = true;

    fn check(caller: &Caller, repository: &RepositoryName) -> Result<(), ApiError> {
        caller.require_writer(repository)
    }
}

impl RequiredRole for Admin {
    const CHANGES: bool = true;

    fn check(caller: &Caller, _: &RepositoryName) -> Result<(), ApiError> {
        caller.require_admin()
    }
}

impl<R: RequiredRole> FromRequestParts<WebState> for Repo<R> {
    type Rejection = ErrorResponse;

    async fn from_request_parts(request: &mut Parts, state: &WebState) -> Result<Self, ErrorResponse> {
        let name = match R::CHANGES {
            true => NameForChange::from_request_parts(request, state).await?.0,
            false => NameInPath::from_request_parts(request, state).await?.0,
        };
        let caller = Caller::of(&request.extensions);
        let repository = RepositoryStore::from_ref(state).get(&caller, name).await?;
        R::check(&caller, repository.name())?;
        Ok(Self(repository, PhantomData))
    }
}
