//! What Kart made of GeoPackages, and what Longhaul makes of them.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../support/mod.rs"]
mod support;

mod decoded;
mod golden;
mod repeated_imports;
mod repositories;
mod same_tree;
mod single_import;
mod translation;
