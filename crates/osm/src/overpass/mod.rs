//! Asks a server of the [Overpass API](https://wiki.openstreetmap.org/wiki/Overpass_API) for data.
//!
//! ```text
//! BoundingBox ─▶ Query ─▶ Client::send ─┬─▶ QueryResponse, a stream of XML
//!                            ▲         └─▶ QueryError ─▶ RetryState ─┬─▶ wait, and ask again
//!                            └──────────────────────────────────┤
//!                                                               └─▶ give up
//! ```
//!
//! The public servers are run by volunteers: a client says who it is, asks one thing at a time, waits as long as it is
//! told to and at least half a minute, and does not dodge timeouts. What the answers look like was learnt from a
//! server of version 0.7.62.
//!
//! Waiting itself is not here: whoever asks decides where it waits and what can interrupt it.

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
