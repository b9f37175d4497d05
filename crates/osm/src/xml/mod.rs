//! Reads [OSM XML](https://wiki.openstreetmap.org/wiki/OSM_XML), also with the elements that Overpass adds.

mod element;
mod handler;
mod reader;
mod structure;
mod token_limit;
mod value;

pub(crate) use reader::XmlReader;
