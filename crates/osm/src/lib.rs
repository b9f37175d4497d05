#![doc = include_str!("../README.md")]
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
mod varint;
mod warning_texts;
mod warnings;
mod xml;

pub use assembly::{
    Assembler, ExistingNode, Interrupter, ResolvedEntities, WayBuilder, WayStatistics, WayVisitor,
};
pub use entities::Entities;
pub use entity::{Entity, EntityKind, Info, Node, Position, Relation, Way};
pub use error::{Error, Place};
pub use layer::{EntityLayer, RawNodes, RawWays, WayWithGeometry};
pub use mapping::{Mapping, MappingError, Rule};
pub use source::{Block, Source};
pub use source_metadata::SourceMetadata;
pub use tags::Tags;
pub use warnings::{Warning, Warnings};
