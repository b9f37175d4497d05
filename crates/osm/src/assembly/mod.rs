//! Assembles nodes and ways from entities that come in any order: one version of each entity, and ways with positions.
//!
//! ```text
//! blocks, on several threads ──add_block()──▶ Assembler ──finish()──▶ ResolvedEntities ──▶ nodes of out-of-order blocks
//!    │                                                                     └───────▶ ways with their linestrings
//!    └──▶ nodes of in-order blocks, which become features at once
//! ```
//!
//! Most files are sorted: nodes by id, then ways by id. A block is *in order* if the ids of its nodes ascend and are
//! higher than all before. Such a block contains no node that was read before, so its nodes become features at once, and
//! only their positions are kept. The nodes of an *out-of-order* block go to a temporary file until all blocks were read,
//! because they may be other versions of nodes that were read before. Ways go to a temporary file too, because they may
//! come before their nodes.
//!
//! Of several versions of an entity the highest version number is used; of equal version numbers, the last one read. If
//! that version is a deletion, the entity does not exist.

mod assembler;
mod content;
mod interrupter;
mod linestring;
mod locations;
mod resolved;
mod sequencer;
mod spool;
mod versions;
mod way_visitor;

pub use assembler::Assembler;
pub use interrupter::Interrupter;
pub use linestring::WayStatistics;
pub use resolved::{ResolvedEntities, WayBuilder};
pub use way_visitor::{ExistingNode, WayVisitor};
