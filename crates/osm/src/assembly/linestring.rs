//! Builds the linestring of a way from the ids of its nodes.

use super::locations::{DELETED, LocationLookup};
use crate::{EntityKind, Error, Position, Warnings, Way, WayWithGeometry};

/// Problems of ways, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WayStatistics {
    /// Ways with fewer than two positions, which have no linestring.
    pub without_geometry: u64,
    /// References to nodes that do not exist in the data.
    pub missing_nodes: u64,
}

/// Builds the linestrings of ways, one after the other.
pub(super) struct LinestringBuilder<'a> {
    /// The current versions of nodes from out-of-order blocks. They replace those in `in_order`.
    out_of_order: LocationLookup<'a>,
    in_order: LocationLookup<'a>,
    positions: Vec<Position>,
}

impl<'a> LinestringBuilder<'a> {
    pub(super) fn new(out_of_order: LocationLookup<'a>, in_order: LocationLookup<'a>) -> Self {
        Self { out_of_order, in_order, positions: Vec::new() }
    }

    /// The way with its linestring; `None` if fewer than two positions are left.
    pub(super) fn build<'b>(
        &'b mut self,
        way: Way<'b>,
        statistics: &mut WayStatistics,
        warnings: &mut Warnings,
    ) -> Result<Option<WayWithGeometry<'b>>, Error> {
        let (missing, has_repeats) = self.collect_positions(way.refs)?;
        let mut warn_if = |condition: bool, what: &'static str| {
            if condition {
                warnings.add(what, EntityKind::Way, way.id);
            }
        };
        let has_geometry = self.positions.len() >= 2;
        warn_if(missing > 0, "refers to nodes that are not there");
        warn_if(has_repeats, "has equal positions in succession, of which one is kept");
        warn_if(!has_geometry, "has fewer than two positions, and is left out");
        statistics.missing_nodes += missing;
        statistics.without_geometry += u64::from(!has_geometry);
        Ok(has_geometry.then_some(WayWithGeometry { way, linestring: &self.positions }))
    }

    /// Looks the nodes up. Returns how many do not exist, and whether equal positions in succession were reduced to one.
    fn collect_positions(&mut self, refs: &[i64]) -> Result<(u64, bool), Error> {
        self.positions.clear();
        let (mut missing, mut has_repeats) = (0, false);
        for id in refs {
            match self.position(*id)? {
                None => missing += 1,
                Some(position) if self.positions.last() == Some(&position) => has_repeats = true,
                Some(position) => self.positions.push(position),
            }
        }
        Ok((missing, has_repeats))
    }

    fn position(&mut self, id: i64) -> Result<Option<Position>, Error> {
        let location = match self.out_of_order.find(id)? {
            Some(location) => Some(location),
            None => self.in_order.find(id)?,
        };
        Ok(location.map(|location| location.position).filter(|position| *position != DELETED))
    }
}
