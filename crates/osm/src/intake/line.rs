//! The line of a way, from the ids of its nodes.

use super::{
    WayCounts,
    locations::{Finder, NOWHERE},
};
use crate::{BuiltWay, EntityKind, Error, Warnings, Position, Way};

/// Builds one line after the other.
pub(super) struct LineBuilder<'a> {
    /// Those that came late hide those that came before.
    late: Finder<'a>,
    early: Finder<'a>,
    line: Vec<Position>,
}

impl<'a> LineBuilder<'a> {
    pub(super) fn new(late: Finder<'a>, early: Finder<'a>) -> Self {
        Self { late, early, line: Vec::new() }
    }

    /// The way with its line, unless it has none.
    pub(super) fn build<'b>(
        &'b mut self,
        way: Way<'b>,
        counts: &mut WayCounts,
        warnings: &mut Warnings,
    ) -> Result<Option<BuiltWay<'b>>, Error> {
        self.line.clear();
        let (mut missing, mut repeats) = (0, false);
        for id in way.refs {
            match self.position(*id)? {
                None => missing += 1,
                Some(position) if self.line.last() == Some(&position) => repeats = true,
                Some(position) => self.line.push(position),
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
        let has_line = self.line.len() >= 2;
        if !has_line {
            note(true, "has fewer than two positions, and is left out");
            counts.without_line += 1;
        }
        Ok(has_line.then_some(BuiltWay { way, line: &self.line }))
    }

    fn position(&mut self, id: i64) -> Result<Option<Position>, Error> {
        let found = match self.late.find(id)? {
            Some(late) => Some(late),
            None => self.early.find(id)?,
        };
        Ok(found.map(|found| found.position).filter(|position| *position != NOWHERE))
    }
}
