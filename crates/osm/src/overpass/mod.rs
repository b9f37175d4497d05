//! Asks a server of the [Overpass API](https://wiki.openstreetmap.org/wiki/Overpass_API) for data.
//!
//! ```text
//! BoundingBox ─▶ Query ─▶ Client::ask ─┬─▶ Answer, a stream of XML
//!                            ▲         └─▶ Refusal ─▶ Patience ─┬─▶ wait, and ask again
//!                            └──────────────────────────────────┤
//!                                                               └─▶ give up
//! ```
//!
//! The public servers are run by volunteers: a client says who it is, asks one thing at a time, waits as long as it is
//! told to and at least half a minute, and does not dodge limits. What the answers look like was learnt from a
//! server of version 0.7.62.
//!
//! Waiting itself is not here: whoever asks decides where it waits and what can interrupt it.

mod answer;
mod bounding_box;
mod client;
mod endpoint;
mod gzip;
mod patience;
mod query;
mod refusal;
mod slots;

pub use answer::{Answer, Interrupter};
pub use bounding_box::{BadBoundingBox, BoundingBox};
pub use client::{BadUserAgent, Client, Limits};
pub use endpoint::{BadEndpoint, Endpoint};
pub use patience::{Pace, Patience};
pub use query::{BadQuery, Query};
pub use refusal::Refusal;
pub use slots::Slots;
