#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod access;
mod base;
mod bulk;
mod characters;
mod decimal;
mod document;
mod document_cache;
mod error;
mod etag;
mod event_stream;
mod form;
mod format;
mod format_layer;
mod handlers;
mod idempotency;
mod json;
mod list_query;
mod origins;
mod params;
mod prefer;
mod rendered;
mod renderer;
mod request_counts;
mod state;
mod submission;
mod task_action;
mod task_list;
mod task_path;
mod tasks_web;
mod visible;
mod writer;
mod xml;

pub use access::Permit;
pub use base::{Base, PublicAddress};
pub use error::ApiError;
pub use format::{Format, UnknownFormat};
pub use format_layer::{FormatLayer, FormatService};
pub use handlers::method_fallback;
pub use idempotency::{has_idempotency_key, idempotency};
pub use origins::AllowedOrigins;
pub use params::{Flag, Query, from_pairs};
pub use renderer::{Renderer, RendererConfig};
pub use request_counts::RequestCounts;
pub use tasks_web::TasksWeb;
