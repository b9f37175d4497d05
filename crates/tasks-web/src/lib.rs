//! Lets any axum app offer its tasks over HTTP, in XML and JSON.
//!
//! The printers are public, because the app's own answers should look like the tasks' beside them:
//! a [`Printer`] knows the caller's [`Format`] and the address that links begin with ([`Base`]), and prints any
//! [`Node`](tasks::Node) as a document. Errors are [`ApiError`]s and become envelopes in the same format.

#![forbid(unsafe_code)]

mod access;
mod answers;
mod base;
mod characters;
mod document;
mod download;
mod error;
mod format;
mod json;
mod origins;
mod printer;
mod submission;
mod target;
mod web;
mod wish;
mod writer;
mod xml;

pub use access::Permit;
pub use base::{Base, PublicAddress};
pub use error::ApiError;
pub use format::{Format, UnknownFormat};
pub use origins::AllowedOrigins;
pub use printer::Printer;
pub use web::TasksWeb;
