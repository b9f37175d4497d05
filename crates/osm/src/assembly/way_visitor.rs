//! What a [`WayBuilder`](crate::WayBuilder) gives ways to.

use crate::{Error, Position, Warnings, Way, WayWithGeometry};

/// A node that is known from elsewhere than the data that is assembled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExistingNode {
    /// Its version, if it is known.
    pub version: Option<u32>,
    /// Its position.
    pub position: Option<Position>,
}

/// Takes the ways of a part. What is optional is for data that is merged with what exists already.
pub trait WayVisitor {
    /// Why a way cannot be taken.
    type Error: From<Error>;

    /// Takes a way with its linestring.
    ///
    /// # Errors
    /// Those of the implementation.
    fn visit(&mut self, way: &WayWithGeometry<'_>, warnings: &mut Warnings) -> Result<(), Self::Error>;

    /// Whether the way is used, and not one that exists already. It may be deleted.
    ///
    /// # Errors
    /// Those of the implementation.
    fn is_used(&mut self, way: &Way<'_>, warnings: &mut Warnings) -> Result<bool, Self::Error> {
        let _ = (way, warnings);
        Ok(true)
    }

    /// Called for a way that is used and has no linestring: it was deleted, or has fewer than two positions.
    ///
    /// # Errors
    /// Those of the implementation.
    fn without_geometry(&mut self, way: &Way<'_>) -> Result<(), Self::Error> {
        let _ = way;
        Ok(())
    }

    /// The node with this id that exists already.
    ///
    /// # Errors
    /// Those of the implementation.
    fn existing_node(&mut self, id: i64) -> Result<Option<ExistingNode>, Self::Error> {
        let _ = id;
        Ok(None)
    }
}

/// Closures take ways with their linestrings.
impl<E: From<Error>, F: FnMut(&WayWithGeometry<'_>, &mut Warnings) -> Result<(), E>> WayVisitor for F {
    type Error = E;

    fn visit(&mut self, way: &WayWithGeometry<'_>, warnings: &mut Warnings) -> Result<(), E> {
        self(way, warnings)
    }
}

impl ExistingNode {
    /// Whether it is a later version than `other`. If one of them is not known, the other is used.
    pub fn is_later_than(&self, other: Option<u32>) -> bool {
        self.version.zip(other).is_some_and(|(own, other)| own > other)
    }
}
