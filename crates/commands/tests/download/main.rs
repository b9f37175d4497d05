//! Downloads of OpenStreetMap data, from a server on this machine that answers as it was message to.

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
