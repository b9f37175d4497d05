//! Downloads of OpenStreetMap data, from a server on this machine that answers as it was told to.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../../../osm/tests/replay/mod.rs"]
mod replay;
#[path = "../support/mod.rs"]
mod support;

mod answers;
mod cancelling;
mod others;
mod setting;
mod updating;
mod waiting;
