//! The handlers of the routes, and the responses that several of them share.

pub(crate) mod bulk;
pub(crate) mod download;
pub(crate) mod events;
pub(crate) mod list;
pub(crate) mod task;

use std::future::{Ready, ready};

use axum::{
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{ApiError, Renderer, UnknownFormat};

/// A fallback for a [`MethodRouter`](axum::routing::MethodRouter): 204 for OPTIONS, 405 for all other methods, with the
/// header `Allow`.
pub fn method_fallback(
    allow: &'static str,
) -> impl Fn(Result<Renderer, UnknownFormat>, Method) -> Ready<Response> + Clone + Send + Sync + 'static {
    move |renderer, method| {
        let mut response = match renderer {
            Err(error) => error.into_response(),
            Ok(_) if method == Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
            Ok(_) => ApiError::method_not_allowed().into_response(),
        };
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
        ready(response)
    }
}
