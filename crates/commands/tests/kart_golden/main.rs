//! Compares the commits that Kart and Longhaul make of the same GeoPackages.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../support/mod.rs"]
mod support;

mod decoded;
mod differences;
mod exports;
mod gdal;
mod golden;
mod repeated_imports;
mod repositories;
mod same_tree;
mod single_import;
mod translation;
