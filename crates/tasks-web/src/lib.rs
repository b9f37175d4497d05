//! Lets any axum app offer its tasks over HTTP, in XML and JSON.
//!
//! ```
//! use longhaul_tasks::{Registry, Tasks};
//! use longhaul_tasks_web::{Permit, TasksWeb};
//!
//! # tokio::runtime::Builder::new_multi_thread().enable_time().build()?.block_on(async {
//! let tasks = Tasks::builder(Registry::new(())).start();
//! let web = TasksWeb::new(tasks)
//!     .public_url("https://jobs.example.org")
//!     .access(|request, task| match request.headers.get("user") {
//!         Some(user) if task.owner.as_deref().is_some_and(|owner| user == owner) => Permit::Touch,
//!         _ => Permit::Nothing,
//!     });
//! let app: axum::Router = axum::Router::new().merge(web.router());
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The printers are public, because the app's own answers should look like the tasks' beside them: a [`Printer`] knows
//! the caller's [`Format`] and the address that links begin with ([`Base`]), and prints any [`Node`](longhaul_tasks::Node) as a
//! document, a new task ([`Printer::submission`]), or an [`ApiError`] in its envelope.
//!
//! Not here: who the caller is, CORS headers, compression, and which `Host` names are ours. Those are the app's layers.

#![forbid(unsafe_code)]

mod access;
mod answers;
mod base;
mod characters;
mod decimal;
mod document;
mod download;
mod error;
mod events;
mod follow;
mod form;
mod format;
mod idempotency;
mod json;
mod list;
mod many;
mod origins;
mod prefer;
mod printer;
mod query;
mod submission;
mod tag;
mod target;
mod traffic;
mod web;
mod wish;
mod writer;
mod xml;

pub use access::Permit;
pub use base::{Base, PublicAddress};
pub use error::ApiError;
pub use format::{Format, UnknownFormat};
pub use idempotency::{has_idempotency_key, idempotency};
pub use origins::AllowedOrigins;
pub use printer::Printer;
pub use traffic::Traffic;
pub use web::{TasksHandler, TasksWeb};
