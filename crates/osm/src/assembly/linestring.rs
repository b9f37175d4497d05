//! The line of a way, from the ids of its nodes.

use super::{
    WayStatistics,
    locations::{DELETED, LocationLookup},
};
use crate::{EntityKind, Error, Position, Warnings, Way, WayWithGeometry};

/// Builds one line after the other.
pub(super) struct LinestringBuilder<'a> {
    /// Those that came late hide those that came before.
    late: LocationLookup<'a>,
    early: LocationLookup<'a>,
    positions: Vec<Position>,
}

impl<'a> LinestringBuilder<'a> {
    pub(super) fn new(late: LocationLookup<'a>, early: LocationLookup<'a>) -> Self {
        Self { late, early, positions: Vec::new() }
    }

    /// The way with its line, unless it has none.
    pub(super) fn build<'b>(
        &'b mut self,
        way: Way<'b>,
        counts: &mut WayStatistics,
        warnings: &mut Warnings,
    ) -> Result<Option<WayWithGeometry<'b>>, Error> {
        self.positions.clear();
        let (mut missing, mut repeats) = (0, false);
        for id in way.refs {
            match self.position(*id)? {
                None => missing += 1,
                Some(position) if self.positions.last() == Some(&position) => repeats = true,
                Some(position) => self.positions.push(position),
            }
        }
        let mut note = |is: bool, what: &'static str| {
            if is {
                warnings.add(what, EntityKind::Way, way.id);
            }
        };
        note(missing > 0, "refers to nodes that are not there");
        note(repeats, "has equal positions in succession, of which one is kept");
        counts.missing_nodes += missing;
        let has_geometry = self.positions.len() >= 2;
        if !has_geometry {
            note(true, "has fewer than two positions, and is left out");
            counts.without_geometry += 1;
        }
        Ok(has_geometry.then_some(WayWithGeometry { way, linestring: &self.positions }))
    }

    fn position(&mut self, id: i64) -> Result<Option<Position>, Error> {
        let found = match self.late.find(id)? {
            Some(late) => Some(late),
            None => self.early.find(id)?,
        };
        Ok(found.map(|found| found.position).filter(|position| *position != DELETED))
    }
}
