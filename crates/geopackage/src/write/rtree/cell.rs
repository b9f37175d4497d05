//! What is sorted to build an R-tree.

use std::io::{self, Read};

use longhaul_external_sort::Record;
use longhaul_geodata::{geometry::Extent, hilbert};

/// A box, rounded outwards to 32 bits, and the number of its row or node.
#[derive(Clone, Copy)]
pub(super) struct Cell {
    pub(super) id: i64,
    pub(super) min_x: f32,
    pub(super) max_x: f32,
    pub(super) min_y: f32,
    pub(super) max_y: f32,
}

impl Cell {
    /// The cell of a row.
    pub(super) fn new(id: i64, extent: &Extent) -> Self {
        Self {
            id,
            min_x: round_down(extent.min_x),
            max_x: round_up(extent.max_x),
            min_y: round_down(extent.min_y),
            max_y: round_up(extent.max_y),
        }
    }

    /// Its place in the order of a layer of this extent.
    pub(super) fn place(&self, extent: &Extent) -> (u32, i64) {
        let x = f64::from(self.min_x).midpoint(f64::from(self.max_x));
        let y = f64::from(self.min_y).midpoint(f64::from(self.max_y));
        (hilbert::position(x, y, extent), self.id)
    }
}

impl Record for Cell {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.id.to_le_bytes());
        let numbers = [self.min_x, self.max_x, self.min_y, self.max_y];
        numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
    }

    fn decode(from: &mut impl Read) -> io::Result<Self> {
        let id = read_i64(from)?;
        let mut numbers = [0.0; 4];
        for number in &mut numbers {
            let mut bytes = [0; 4];
            from.read_exact(&mut bytes)?;
            *number = f32::from_le_bytes(bytes);
        }
        let [min_x, max_x, min_y, max_y] = numbers;
        Ok(Self { id, min_x, max_x, min_y, max_y })
    }
}

/// A row and the leaf in which it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LeafRow {
    pub(super) row: i64,
    pub(super) node: i64,
}

impl Record for LeafRow {
    fn encode(&self, out: &mut Vec<u8>) {
        [self.row, self.node].iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
    }

    fn decode(from: &mut impl Read) -> io::Result<Self> {
        Ok(Self { row: read_i64(from)?, node: read_i64(from)? })
    }
}

fn read_i64(from: &mut impl Read) -> io::Result<i64> {
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes)?;
    Ok(i64::from_le_bytes(bytes))
}

fn round_down(number: f64) -> f32 {
    let near = number as f32;
    if f64::from(near) > number { near.next_down() } else { near }
}

fn round_up(number: f64) -> f32 {
    let near = number as f32;
    if f64::from(near) < number { near.next_up() } else { near }
}
