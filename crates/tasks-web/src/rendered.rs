//! Documents that were rendered once and are sent to several callers.

use std::sync::{Mutex, PoisonError};

use axum::http::HeaderValue;
use bytes::Bytes;

use crate::{Base, Format, Renderer, etag};

/// The most keys in one [`RenderCache`]. Most apps have one base, but clients can put any number of names into `Host`.
const MAX_KEYS: usize = 8;

/// A task's document with its entity tag.
#[derive(Clone, Debug)]
pub(crate) struct RenderedDocument {
    pub(crate) bytes: Bytes,
    pub(crate) etag: HeaderValue,
}

impl RenderedDocument {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self { etag: etag::of(&bytes), bytes: bytes.into() }
    }
}

/// What a rendering depends on beside its content.
pub(crate) struct RenderKey {
    format: Format,
    verbose: bool,
    base: Base,
}

impl RenderKey {
    pub(crate) fn of(renderer: &Renderer) -> Self {
        Self { format: renderer.format, verbose: renderer.verbose, base: renderer.base.clone() }
    }

    pub(crate) fn is_of(&self, renderer: &Renderer) -> bool {
        self.format == renderer.format && self.verbose == renderer.verbose && self.base == renderer.base
    }
}

/// The renderings of one thing, by their keys.
pub(crate) struct RenderCache<T>(Mutex<Vec<(RenderKey, T)>>);

impl<T> Default for RenderCache<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> RenderCache<T> {
    /// The rendering for this caller; rendered now if there is none yet.
    pub(crate) fn get(&self, renderer: &Renderer, render: impl FnOnce() -> T) -> T {
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, rendered)) = cached.iter().find(|(key, _)| key.is_of(renderer)) {
            return rendered.clone();
        }
        let rendered = render();
        if cached.len() < MAX_KEYS {
            cached.push((RenderKey::of(renderer), rendered.clone()));
        }
        rendered
    }
}
