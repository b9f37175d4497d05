//! What every page has around its content.

use askama::Template;
use axum::{
    Extension,
    extract::FromRequestParts,
    http::{header, request::Parts},
    response::{IntoResponse as _, Response},
};
use longhaul_repository::RepositoryName;
use longhaul_tasks_web::{ApiError, Base, Renderer};

use super::Pages;
use crate::{
    access::{Caller, Role},
    web::{WebState, error_response},
};

/// What every page needs: where links begin, who reads it, and what its forms repeat.
pub(super) struct Frame {
    /// What the path of each link begins with; empty, or the path at which a proxy serves this server.
    pub(super) root: String,
    /// The address of the server, for lines that are copied.
    pub(super) base: Base,
    /// The name of the reader's token.
    pub(super) user: Option<String>,
    pub(super) is_signed_in: bool,
    pub(super) csrf: String,
    /// Who reads it, with all that its forms may do.
    pub(super) caller: Caller,
}

impl FromRequestParts<WebState> for Frame {
    type Rejection = ApiError;

    async fn from_request_parts(request: &mut Parts, state: &WebState) -> Result<Self, ApiError> {
        let renderer = Renderer::from_request_parts(request, state).await;
        let base = renderer.unwrap_or_default().base;
        let Extension(Pages(pages)) =
            Extension::<Pages>::from_request_parts(request, state).await.map_err(error_response::internal)?;
        let caller = Caller::of(&request.extensions);
        let csrf = caller.session().map_or(&pages.csrf, |session| &session.csrf).as_str().to_owned();
        Ok(Self {
            root: root_of(&base).to_owned(),
            base,
            user: caller.name().map(str::to_owned),
            is_signed_in: caller.session().is_some(),
            csrf,
            caller: caller.with_changes(),
        })
    }
}

impl Frame {
    /// Whether forms that change the repository are offered.
    pub(super) fn may_write(&self, repository: &RepositoryName) -> bool {
        self.caller.require_writer(repository).is_ok()
    }

    pub(super) fn is_writer(&self) -> bool {
        self.caller.may(Role::Writer)
    }

    /// Whether forms that change settings are offered.
    pub(super) fn is_admin(&self) -> bool {
        self.caller.may(Role::Admin)
    }

    pub(super) fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}

/// The path of an address, without a slash at its end: empty, or where a proxy serves this server.
pub(super) fn root_of(base: &Base) -> &str {
    let after_scheme = base.as_str().split_once("://").map_or("", |(_, rest)| rest);
    after_scheme.find('/').map_or("", |slash| &after_scheme[slash..])
}

/// A page, or a part of one, as a response.
pub(super) fn html(template: &impl Template) -> Result<Response, ApiError> {
    let text = template.render().map_err(error_response::internal)?;
    Ok(([(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response())
}
