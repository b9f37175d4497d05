//! The stored form of geometries.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod any;
mod encoding;
mod refused;
mod stored_form;
mod types;
