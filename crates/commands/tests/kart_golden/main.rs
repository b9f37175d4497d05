//! What Kart made of GeoPackages, and what Longhaul makes of them.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../support/mod.rs"]
mod support;

mod golden;
mod once;
mod translation;
