//! [OSM XML](https://wiki.openstreetmap.org/wiki/OSM_XML), also as Overpass sends it.

mod budget;
mod document;
mod element;
mod value;

pub(crate) use document::Document;
