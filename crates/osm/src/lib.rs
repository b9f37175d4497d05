//! Reads OpenStreetMap data and makes layers of it.
//!
//! A [`Source`] yields a file, or what comes over a network, in [`Block`]s, one after the other; decoding them can be
//! left to several threads. [`Entities`] are what is in a block. An [`EntityLayer`] says what becomes of an entity.
//!
//! ```no_run
//! # fn main() -> Result<(), longhaul_osm::Error> {
//! let source = longhaul_osm::Source::open("/data/upload-17".as_ref(), "niue.osm.pbf")?;
//! let mut entities = longhaul_osm::Entities::default();
//! for block in source {
//!     block?.decode(&mut entities)?;
//!     println!("{} entities", entities.len());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`overpass`] asks a server for data instead of a file, and a [`Mapping`] says which layers tags become.
//!
//! What a file says is data, never an instruction. There is no writing of OpenStreetMap's formats here.
#![forbid(unsafe_code)]

mod assembly;
pub mod columns;
mod compression;
mod entities;
mod entity;
mod error;
mod error_context;
mod layer;
mod mapping;
pub mod overpass;
mod pbf;
mod source;
mod source_metadata;
mod tags;
mod warnings;
mod xml;

pub use assembly::{Assembler, Interrupter, ResolvedEntities, WayBuilder, WayStatistics};
pub use entities::Entities;
pub use entity::{Entity, EntityKind, Info, Node, Position, Relation, Way};
pub use error::Error;
pub use layer::{EntityLayer, RawNodes, RawWays, WayWithGeometry};
pub use mapping::{Mapping, MappingError, Rule};
pub use source::{Block, Source};
pub use source_metadata::SourceMetadata;
pub use tags::Tags;
pub use warnings::{Warning, Warnings};
