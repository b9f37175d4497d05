//! The R-tree of a layer's geometries, built at once.
//!
//! SQLite's module of R-trees would insert one box after the other. Here the boxes are sorted along a Hilbert curve and
//! packed into full nodes, from the leaves to the root, in the format of [SQLite's R-tree
//! module](https://www.sqlite.org/rtree.html): a node has its depth (in the root only) and its number of cells as 16 bits
//! each, then for each cell 64 bits for the row or the node below, and four 32-bit numbers; all big-endian.

use longhaul_geodata::{geometry::Extent, hilbert};
use rusqlite::{Connection, Result};

use crate::quote::quote;

/// The most cells of a node.
const CELLS: usize = 51;
const CELL_SIZE: usize = 24;
/// How many steps are made between two looks at whether to stop.
const STEPS: usize = 4096;

/// The boxes of a layer.
#[derive(Default)]
pub(super) struct RTree(Vec<Cell>);

/// A box, rounded outwards to 32 bits, and the number of its row or node.
#[derive(Clone, Copy)]
struct Cell {
    id: i64,
    min_x: f32,
    max_x: f32,
    min_y: f32,
    max_y: f32,
}

impl RTree {
    /// Adds the box of a row.
    pub(super) fn add(&mut self, id: i64, extent: &Extent) {
        self.0.push(Cell {
            id,
            min_x: round_down(extent.min_x),
            max_x: round_up(extent.max_x),
            min_y: round_down(extent.min_y),
            max_y: round_up(extent.max_y),
        });
    }

    /// Creates the tree of the boxes, which lie in `extent`. Returns whether it is whole; it is not if `is_stopped` returned true.
    pub(super) fn write(
        &mut self,
        connection: &Connection,
        table: &str,
        column: &str,
        extent: Option<Extent>,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<bool> {
        let name = format!("rtree_{table}_{column}");
        connection.execute_batch(&format!(
            "CREATE VIRTUAL TABLE {} USING rtree(id, minx, maxx, miny, maxy)",
            quote(&name)
        ))?;
        let cells = std::mem::take(&mut self.0);
        let Some(extent) = extent.filter(|_| !cells.is_empty()) else { return Ok(true) };
        let Some(order) = sort(&cells, &extent, is_stopped) else { return Ok(false) };
        let mut tree = TreeWriter { connection, name: &name, is_stopped, nodes: 1 };
        tree.write(&cells, &order)
    }
}

/// The positions of the cells along a Hilbert curve; `None` if it was stopped.
fn sort(cells: &[Cell], extent: &Extent, is_stopped: &dyn Fn() -> bool) -> Option<Vec<u32>> {
    let mut keys: Vec<u64> = Vec::with_capacity(cells.len());
    for (position, cell) in cells.iter().enumerate() {
        if position % STEPS == 0 && is_stopped() {
            return None;
        }
        let x = f64::from(cell.min_x).midpoint(f64::from(cell.max_x));
        let y = f64::from(cell.min_y).midpoint(f64::from(cell.max_y));
        keys.push(u64::from(hilbert::position(x, y, extent)) << 32 | position as u64);
    }
    keys.sort_unstable();
    Some(keys.into_iter().map(|key| key as u32).collect())
}

/// Writes nodes into the tables behind the tree.
struct TreeWriter<'a> {
    connection: &'a Connection,
    name: &'a str,
    is_stopped: &'a dyn Fn() -> bool,
    /// The highest number of a node. That of the root is 1.
    nodes: i64,
}

impl TreeWriter<'_> {
    fn write(&mut self, cells: &[Cell], order: &[u32]) -> Result<bool> {
        let mut leaf_of = vec![0; cells.len()];
        let mut level = Vec::new();
        let mut depth = 0;
        if order.len() > CELLS {
            let nodes = order.chunks(CELLS);
            for node in nodes {
                if (self.is_stopped)() {
                    return Ok(false);
                }
                let of_node: Vec<Cell> = node.iter().map(|position| cells[*position as usize]).collect();
                let above = self.node(&of_node)?;
                node.iter().for_each(|position| leaf_of[*position as usize] = above.id);
                level.push(above);
            }
            depth = 1;
        } else {
            level.extend(order.iter().map(|position| cells[*position as usize]));
            leaf_of.fill(1);
        }
        if !self.write_leaves(cells, &leaf_of)? {
            return Ok(false);
        }
        while level.len() > CELLS {
            let mut above = Vec::new();
            for node in level.chunks(CELLS) {
                let cell = self.node(node)?;
                self.write_parents(node, cell.id)?;
                above.push(cell);
            }
            level = above;
            depth += 1;
        }
        if depth > 0 {
            self.write_parents(&level, 1)?;
        }
        self.insert_node(1, depth, &level)?;
        Ok(true)
    }

    /// Writes a node that is not the root, and returns its cell for the level above.
    fn node(&mut self, cells: &[Cell]) -> Result<Cell> {
        self.nodes += 1;
        self.insert_node(self.nodes, 0, cells)?;
        let mut all = cells[0];
        for cell in cells {
            all.min_x = all.min_x.min(cell.min_x);
            all.max_x = all.max_x.max(cell.max_x);
            all.min_y = all.min_y.min(cell.min_y);
            all.max_y = all.max_y.max(cell.max_y);
        }
        Ok(Cell { id: self.nodes, ..all })
    }

    fn insert_node(&self, number: i64, depth: u16, cells: &[Cell]) -> Result<()> {
        let mut data = [0; 4 + CELLS * CELL_SIZE];
        data[..2].copy_from_slice(&depth.to_be_bytes());
        data[2..4].copy_from_slice(&(cells.len() as u16).to_be_bytes());
        for (cell, bytes) in cells.iter().zip(data[4..].chunks_exact_mut(CELL_SIZE)) {
            bytes[..8].copy_from_slice(&cell.id.to_be_bytes());
            let numbers = [cell.min_x, cell.max_x, cell.min_y, cell.max_y];
            for (number, bytes) in numbers.iter().zip(bytes[8..].chunks_exact_mut(4)) {
                bytes.copy_from_slice(&number.to_be_bytes());
            }
        }
        let sql = format!("INSERT OR REPLACE INTO {} VALUES (?1, ?2)", self.table("node"));
        self.connection.prepare_cached(&sql)?.execute((number, &data[..]))?;
        Ok(())
    }

    /// Says in which leaf each row is, in the order in which the rows came.
    fn write_leaves(&self, cells: &[Cell], leaf_of: &[i64]) -> Result<bool> {
        let sql = format!("INSERT INTO {} VALUES (?1, ?2)", self.table("rowid"));
        let mut insert = self.connection.prepare(&sql)?;
        for (position, (cell, leaf)) in cells.iter().zip(leaf_of).enumerate() {
            if position % STEPS == 0 && (self.is_stopped)() {
                return Ok(false);
            }
            insert.execute((cell.id, leaf))?;
        }
        Ok(true)
    }

    fn write_parents(&self, children: &[Cell], parent: i64) -> Result<()> {
        let sql = format!("INSERT INTO {} VALUES (?1, ?2)", self.table("parent"));
        let mut insert = self.connection.prepare_cached(&sql)?;
        children.iter().try_for_each(|child| insert.execute((child.id, parent)).map(drop))
    }

    fn table(&self, suffix: &str) -> String {
        quote(&format!("{}_{suffix}", self.name))
    }
}

fn round_down(number: f64) -> f32 {
    let near = number as f32;
    if f64::from(near) > number { near.next_down() } else { near }
}

fn round_up(number: f64) -> f32 {
    let near = number as f32;
    if f64::from(near) < number { near.next_up() } else { near }
}
