//! Builds the linestring of a way from the ids of its nodes.

use std::ops::AddAssign;

use super::{
    locations::LocationLookup,
    way_visitor::{ExistingNode, WayVisitor},
};
use crate::{EntityKind, Position, Warnings, Way, WayWithGeometry};

/// Problems of ways, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WayStatistics {
    /// Ways with fewer than two positions, which have no linestring.
    pub without_geometry: u64,
    /// References to nodes that do not exist in the data.
    pub missing_nodes: u64,
    /// Positions that linestrings leave out because they are equal to the one before.
    pub repeated_positions: u64,
}

impl AddAssign for WayStatistics {
    fn add_assign(&mut self, other: Self) {
        self.without_geometry += other.without_geometry;
        self.missing_nodes += other.missing_nodes;
        self.repeated_positions += other.repeated_positions;
    }
}

/// Builds the linestrings of ways, one after the other.
pub(super) struct LinestringBuilder<'a> {
    /// The current versions of nodes from out-of-order blocks. They replace those in `in_order`.
    out_of_order: LocationLookup<'a>,
    in_order: LocationLookup<'a>,
    /// The ids of nodes that may exist in a later version, ascending.
    outdated: &'a [i64],
    positions: Vec<Position>,
}

impl<'a> LinestringBuilder<'a> {
    pub(super) fn new(
        out_of_order: LocationLookup<'a>,
        in_order: LocationLookup<'a>,
        outdated: &'a [i64],
    ) -> Self {
        Self { out_of_order, in_order, outdated, positions: Vec::new() }
    }

    /// The way with its linestring; `None` if fewer than two positions are left.
    pub(super) fn build<'b, V: WayVisitor>(
        &'b mut self,
        way: Way<'b>,
        statistics: &mut WayStatistics,
        warnings: &mut Warnings,
        visitor: &mut V,
    ) -> Result<Option<WayWithGeometry<'b>>, V::Error> {
        let missing_before = statistics.missing_nodes;
        self.collect_positions(&way, statistics, visitor)?;
        let mut warn_if = |condition: bool, what: &'static str| {
            if condition {
                warnings.add(what, EntityKind::Way, way.id);
            }
        };
        let has_geometry = self.positions.len() >= 2;
        warn_if(statistics.missing_nodes > missing_before, "refers to nodes that are not there");
        warn_if(
            self.crosses_antimeridian(),
            "crosses the antimeridian, and its line goes the long way around the Earth",
        );
        if !has_geometry {
            warnings.add_loss("has fewer than two positions, and is left out", EntityKind::Way, way.id);
            statistics.without_geometry += 1;
        }
        Ok(has_geometry.then_some(WayWithGeometry { way, linestring: &self.positions }))
    }

    /// Looks the nodes up. Of equal positions in succession one is kept.
    fn collect_positions<V: WayVisitor>(
        &mut self,
        way: &Way<'_>,
        statistics: &mut WayStatistics,
        visitor: &mut V,
    ) -> Result<(), V::Error> {
        self.positions.clear();
        for (index, id) in way.refs.iter().enumerate() {
            let of_way = way.locations.get(index).copied().flatten();
            match self.position(*id, of_way, visitor)? {
                None => statistics.missing_nodes += 1,
                Some(position) if self.positions.last() == Some(&position) => {
                    statistics.repeated_positions += 1;
                }
                Some(position) => self.positions.push(position),
            }
        }
        Ok(())
    }

    /// The position of a node: as the data has it, or else as the way has it, or else as it exists already.
    fn position<V: WayVisitor>(
        &mut self,
        id: i64,
        of_way: Option<Position>,
        visitor: &mut V,
    ) -> Result<Option<Position>, V::Error> {
        let location = match self.out_of_order.find(id)? {
            Some(location) => Some(location),
            None => self.in_order.find(id)?,
        };
        let Some(location) = location else {
            return match of_way {
                Some(position) => Ok(Some(position)),
                None => Ok(visitor.existing_node(id)?.and_then(|node| node.position)),
            };
        };
        if self.outdated.binary_search(&id).is_ok() {
            let version = Some(location.version).filter(|version| *version > 0);
            let existing = visitor.existing_node(id)?;
            let is_used = |node: &ExistingNode| location.position.is_none() || node.is_later_than(version);
            if let Some(existing) = existing.filter(is_used) {
                return Ok(existing.position);
            }
        }
        Ok(location.position)
    }

    /// Whether two positions in succession are more than half of the Earth apart.
    fn crosses_antimeridian(&self) -> bool {
        const HALF: u32 = 1_800_000_000;
        self.positions.windows(2).any(|pair| pair[0].lon.abs_diff(pair[1].lon) > HALF)
    }
}
