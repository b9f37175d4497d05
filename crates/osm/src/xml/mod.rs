//! [OSM XML](https://wiki.openstreetmap.org/wiki/OSM_XML), also as Overpass sends it.

mod element;
mod reader;
mod token_limit;
mod value;

pub(crate) use reader::XmlReader;
