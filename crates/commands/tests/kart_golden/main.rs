//! What Kart made of GeoPackages, and what Longhaul makes of them.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../support/mod.rs"]
mod support;

mod again;
mod decoded;
mod golden;
mod once;
mod repositories;
mod same_tree;
mod translation;
