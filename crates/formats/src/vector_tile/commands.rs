//! Geometries as the commands of a vector tile (specification, 4.3).

use super::shapes::{Polygon, Position};

const MOVE_TO: u64 = 1;
const LINE_TO: u64 = 2;
const CLOSE_PATH: u64 = 7;

/// The commands of one feature.
pub(super) struct Commands {
    numbers: Vec<u64>,
    /// Where the last command has ended: all parts of a feature go on from there.
    cursor: Position,
}

impl Commands {
    fn new() -> Self {
        Self { numbers: Vec::new(), cursor: (0, 0) }
    }

    /// None if there are no points.
    pub(super) fn of_points(points: &[Position]) -> Option<Self> {
        let mut commands = Self::new();
        if points.is_empty() {
            return None;
        }
        commands.command(MOVE_TO, points.len());
        points.iter().for_each(|point| commands.go(*point));
        Some(commands)
    }

    /// None if there are no lines. Each has two positions or more, and none twice in a row.
    pub(super) fn of_lines(lines: &[Vec<Position>]) -> Option<Self> {
        let mut commands = Self::new();
        lines.iter().for_each(|line| commands.path(line));
        (!lines.is_empty()).then_some(commands)
    }

    /// None if there are no polygons. The area of an outer ring is positive, and that of a hole negative, where y is down.
    pub(super) fn of_polygons(polygons: &[Polygon]) -> Option<Self> {
        let mut commands = Self::new();
        for polygon in polygons {
            for (at, ring) in polygon.rings.iter().enumerate() {
                let is_outer = at == 0;
                let mut ring = ring.clone();
                if (area(&ring) > 0) != is_outer {
                    ring.reverse();
                }
                commands.path(&ring);
                commands.command(CLOSE_PATH, 1);
            }
        }
        (!commands.numbers.is_empty()).then_some(commands)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    pub(super) fn as_slice(&self) -> &[u64] {
        &self.numbers
    }

    fn path(&mut self, positions: &[Position]) {
        let Some((first, rest)) = positions.split_first() else { return };
        self.command(MOVE_TO, 1);
        self.go(*first);
        self.command(LINE_TO, rest.len());
        rest.iter().for_each(|position| self.go(*position));
    }

    fn command(&mut self, command: u64, count: usize) {
        self.numbers.push((count as u64) << 3 | command);
    }

    fn go(&mut self, to: Position) {
        self.numbers.push(zigzag(to.0 - self.cursor.0));
        self.numbers.push(zigzag(to.1 - self.cursor.1));
        self.cursor = to;
    }
}

/// On 32 bits, as the specification has it.
fn zigzag(number: i32) -> u64 {
    u64::from(((number << 1) ^ (number >> 31)) as u32)
}

/// Twice the area of a ring by the surveyor's formula.
pub(super) fn area(ring: &[Position]) -> i64 {
    let next = ring.iter().cycle().skip(1);
    let cross =
        |(a, b): (&Position, &Position)| i64::from(a.0) * i64::from(b.1) - i64::from(b.0) * i64::from(a.1);
    ring.iter().zip(next).map(cross).sum()
}
