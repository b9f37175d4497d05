//! The commands for OpenStreetMap: `osm/import` and `osm/download`.
//!
//! Errors about parameters are 400s in plain text, in GeoGig's words and order.

mod document;
mod download;
mod import;
mod osm_request;

pub(super) use download::download;
pub(super) use import::import;
