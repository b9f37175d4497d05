//! The ranges of a geometry's coordinates.

use super::arc;
use super::header::EnvelopeKind;
use super::position::Position;

/// The smallest box around some positions, and the range of their heights.
#[derive(Default)]
pub(super) struct Envelope {
    x: Option<Range>,
    y: Option<Range>,
    z: Option<Range>,
}

#[derive(Clone, Copy, Default)]
struct Range {
    min: f64,
    max: f64,
}

impl Envelope {
    /// Whether nothing was added.
    pub(super) fn is_empty(&self) -> bool {
        self.x.is_none()
    }

    /// Adds a position of a line or a ring.
    pub(super) fn add(&mut self, (x, y, z): Position) {
        add(&mut self.x, x);
        add(&mut self.y, y);
        if let Some(z) = z {
            add(&mut self.z, z);
        }
    }

    /// Adds a point, unless it is an empty one, which is written as not-a-number twice.
    pub(super) fn add_point(&mut self, at: Position) {
        if !(at.0.is_nan() && at.1.is_nan()) {
            self.add(at);
        }
    }

    /// Adds the positions of a circular string and the arcs between them.
    pub(super) fn add_arcs(&mut self, positions: impl Iterator<Item = Position>) {
        let mut start = None;
        let mut middle = None;
        for at in positions {
            self.add(at);
            let here = (at.0, at.1);
            match (start, middle) {
                (Some(from), Some(through)) => {
                    arc::extremes(from, through, here).for_each(|(x, y)| self.add((x, y, None)));
                    (start, middle) = (Some(here), None);
                }
                (Some(_), None) => middle = Some(here),
                _ => start = Some(here),
            }
        }
    }

    /// Writes the ranges that an envelope of this kind has; zeros where nothing was added.
    pub(super) fn write(&self, kind: EnvelopeKind, out: &mut Vec<u8>) {
        let ranges: &[Option<Range>] = match kind {
            EnvelopeKind::None => &[],
            EnvelopeKind::Xyz => &[self.x, self.y, self.z],
            _ => &[self.x, self.y],
        };
        for range in ranges {
            let range = range.unwrap_or_default();
            out.extend_from_slice(&range.min.to_le_bytes());
            out.extend_from_slice(&range.max.to_le_bytes());
        }
    }
}

/// Widens a range; of equal numbers (0 and -0) and beside not-a-number the first stays, as GDAL has it.
fn add(range: &mut Option<Range>, value: f64) {
    match range {
        None => {
            *range = Some(Range { min: value, max: value });
        }
        Some(range) if value < range.min => range.min = value,
        Some(range) if value > range.max => range.max = value,
        Some(_) => {}
    }
}
