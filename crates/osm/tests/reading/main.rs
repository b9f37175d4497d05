//! Sources in all formats, valid and invalid.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../pbf_writer/mod.rs"]
mod pbf_writer;

mod contents;
mod formats;
mod limits;
mod refused;
mod samples;
