//! The commands for OpenStreetMap: `osm/import` and `osm/download`.
//!
//! Complaints about what a request says are 400s of plain text, in the words and the order of GeoGig's.

mod asked;
mod document;
mod download;
mod import;

pub(super) use download::download;
pub(super) use import::import;
