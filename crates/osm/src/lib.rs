//! Reads OpenStreetMap files, asks Overpass for areas, and maps tags to layers.
#![forbid(unsafe_code)]

pub mod overpass;
