//! The fuzz targets.
//!
//! A target is a function of bytes that panics if an invariant is violated. `cargo xtask fuzz` runs the targets with libFuzzer;
//! the tests here run them for some seconds, with the same inputs in every run.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a target panics where something does not hold")]

mod geometry;
mod geopackage_bytes;
mod geopackage_tables;
mod http;
mod multipart_body;
mod osm_file;
mod osm_mapping;
mod reading;
mod task_database;

/// Code that processes untrusted bytes.
pub struct Target {
    /// The name of its libFuzzer binary, and of its folder in `fuzz/findings`.
    pub name: &'static str,
    /// Processes the bytes like Longhaul; panics if an invariant is violated.
    pub run: fn(&[u8]),
    /// Seeds: inputs that reach much of the code.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: [Target; 8] = [
    Target { name: "geometry", run: geometry::run, seeds: geometry::seeds },
    Target { name: "geopackage_bytes", run: geopackage_bytes::run, seeds: geopackage_bytes::seeds },
    Target { name: "geopackage_tables", run: geopackage_tables::run, seeds: geopackage_tables::seeds },
    Target { name: "http", run: http::run, seeds: http::seeds },
    Target { name: "multipart_body", run: multipart_body::run, seeds: multipart_body::seeds },
    Target { name: "osm_file", run: osm_file::run, seeds: osm_file::seeds },
    Target { name: "osm_mapping", run: osm_mapping::run, seeds: osm_mapping::seeds },
    Target { name: "task_database", run: task_database::run, seeds: task_database::seeds },
];

/// The target of this name.
///
/// # Panics
/// If there is none.
pub fn target(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).unwrap_or_else(|| panic!("no target {name}"))
}
