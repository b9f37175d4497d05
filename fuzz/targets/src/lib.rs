//! What is fuzzed, and what must hold whatever comes.
//!
//! A target is a function of bytes that panics when something does not hold. `cargo xtask fuzz` runs them under libFuzzer
//! for as long as one likes; the tests here run them for some seconds, the same in every run.

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

/// One thing that takes bytes from strangers.
pub struct Target {
    /// Its name: of its binary for libFuzzer, and of the folder with what was found.
    pub name: &'static str,
    /// Does with the bytes what the product would; panics if something does not hold.
    pub run: fn(&[u8]),
    /// Bytes to begin with, that come far.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All of them.
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
