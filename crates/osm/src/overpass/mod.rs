//! A client for servers of the [Overpass API](https://wiki.openstreetmap.org/wiki/Overpass_API).
//!
//! ```text
//! BoundingBox ─▶ Query ─▶ Client::send ─┬─▶ QueryResponse, a stream of OSM XML
//!                           ▲           └─▶ QueryError ─▶ RetryState ─┬─▶ a delay, after which the query is sent again
//!                           └─────────────────────────────────────────┤
//!                                                                     └─▶ None: give up
//! ```
//!
//! The public servers are run by volunteers. A client should identify itself, send one query at a time, wait as long as the
//! server requests and at least half a minute, and not try to evade rate limits. The handling of responses was tested with a
//! server of version 0.7.62.
//!
//! Nothing here sleeps: the caller waits for the delay in its own way.

mod bounding_box;
mod client;
mod endpoint;
mod query;
mod query_error;
mod response;
mod retry_policy;
mod slots;

pub use bounding_box::{BoundingBox, InvalidBoundingBox};
pub use client::{Client, InvalidUserAgent, Timeouts};
pub use endpoint::{Endpoint, InvalidEndpoint};
pub use query::{InvalidQuery, Query};
pub use query_error::QueryError;
pub use response::{Interrupter, QueryResponse};
pub use retry_policy::{RetryPolicy, RetryState};
pub use slots::Slots;
