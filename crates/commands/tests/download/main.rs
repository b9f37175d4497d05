//! Downloads of OpenStreetMap data from a scripted server on this machine.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../../../osm/tests/mock_server/mod.rs"]
mod mock_server;
#[path = "../support/mod.rs"]
mod support;

mod cancelling;
mod concurrency;
mod responses;
mod retries;
mod setup;
mod updating;
