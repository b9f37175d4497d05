//! The R-tree of a layer's geometries, built at once.
//!
//! SQLite's module of R-trees would insert one box after the other. Here the boxes are sorted along a Hilbert curve and
//! packed into full nodes, from the leaves to the root, in the format of [SQLite's R-tree
//! module](https://www.sqlite.org/rtree.html): a node has its depth (in the root only) and its number of cells as 16 bits
//! each, then for each cell 64 bits for the row or the node below, and four 32-bit numbers; all big-endian.

mod cell;

use std::{
    io,
    path::{Path, PathBuf},
};

use longhaul_external_sort::{SortError, SpillList};
use longhaul_geodata::{SinkError, geometry::Extent};
use rusqlite::{Connection, Result};

use super::sqlite_error;
use crate::quote::quote;
use cell::{Cell, LeafRow};

/// The most cells of a node.
const CELLS: usize = 51;
const MOST_CELLS: u64 = CELLS as u64;
const CELL_SIZE: usize = 24;
/// How many rows are written between two looks at whether to stop.
const STEPS: usize = 4096;
/// Bytes of memory for the boxes, and later for the rows; longer lists are sorted on the disk.
const MEMORY: usize = 16 << 20;

/// The boxes of a layer.
pub(super) struct RTree {
    cells: SpillList<Cell>,
    /// Where temporary files are made.
    folder: PathBuf,
}

impl RTree {
    /// A tree without boxes, which may make files without a name in `folder`.
    pub(super) fn new(folder: &Path) -> Self {
        Self { cells: SpillList::new(folder, MEMORY), folder: folder.to_owned() }
    }

    /// Adds the box of a row.
    pub(super) fn add(&mut self, id: i64, extent: &Extent) -> io::Result<()> {
        self.cells.push(Cell::new(id, extent))
    }

    /// Creates the tree of the boxes, which lie in `extent`.
    pub(super) fn write(
        self,
        connection: &Connection,
        table: &str,
        column: &str,
        extent: Option<Extent>,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<(), SinkError> {
        let name = format!("rtree_{table}_{column}");
        let create = format!("CREATE VIRTUAL TABLE {} USING rtree(id, minx, maxx, miny, maxy)", quote(&name));
        connection.execute_batch(&create).map_err(|error| sqlite_error(&name, error))?;
        let Some(extent) = extent else { return Ok(()) };
        let count = self.cells.len();
        let cells = self.cells.sort(|cell| cell.place(&extent), is_stopped).map_err(sort_error)?;
        let rows = SpillList::new(&self.folder, MEMORY);
        TreeWriter { connection, name: &name, is_stopped, nodes: 1 }.write(cells, count, rows)
    }
}

/// The cells of a root that is the only leaf.
fn cells_of_root(
    cells: impl Iterator<Item = io::Result<Cell>>,
    rows: &mut SpillList<LeafRow>,
) -> io::Result<Vec<Cell>> {
    let cells: Vec<Cell> = cells.collect::<io::Result<_>>()?;
    cells.iter().try_for_each(|cell| rows.push(LeafRow { row: cell.id, node: 1 }))?;
    Ok(cells)
}

fn sort_error(error: SortError) -> SinkError {
    match error {
        SortError::Io(error) => SinkError::Io(error),
        SortError::Stopped => SinkError::Stopped,
    }
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
    /// Writes the tree of so many cells. `rows` is an empty list.
    fn write(
        &mut self,
        cells: impl Iterator<Item = io::Result<Cell>>,
        count: u64,
        mut rows: SpillList<LeafRow>,
    ) -> Result<(), SinkError> {
        let mut level = match count {
            0 => return Ok(()),
            1..=MOST_CELLS => cells_of_root(cells, &mut rows)?,
            _ => self.write_leaves(cells, &mut rows)?,
        };
        self.write_rows(rows)?;
        let mut depth = u16::from(count > MOST_CELLS);
        let failed = |error| sqlite_error(self.name, error);
        while level.len() > CELLS {
            let mut above = Vec::new();
            for node in level.chunks(CELLS) {
                let cell = self.node(node).map_err(failed)?;
                self.write_parents(node, cell.id).map_err(failed)?;
                above.push(cell);
            }
            level = above;
            depth += 1;
        }
        if depth > 0 {
            self.write_parents(&level, 1).map_err(failed)?;
        }
        self.insert_node(1, depth, &level).map_err(failed)
    }

    /// Writes the leaves, notes in which of them each row is, and returns the cells of the level above.
    fn write_leaves(
        &mut self,
        mut cells: impl Iterator<Item = io::Result<Cell>>,
        rows: &mut SpillList<LeafRow>,
    ) -> Result<Vec<Cell>, SinkError> {
        let mut level = Vec::new();
        loop {
            let leaf: Vec<Cell> = cells.by_ref().take(CELLS).collect::<io::Result<_>>()?;
            if leaf.is_empty() {
                return Ok(level);
            }
            if (self.is_stopped)() {
                return Err(SinkError::Stopped);
            }
            let above = self.node(&leaf).map_err(|error| sqlite_error(self.name, error))?;
            for cell in leaf {
                rows.push(LeafRow { row: cell.id, node: above.id })?;
            }
            level.push(above);
        }
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

    /// Says in which leaf each row is, in the order of the rows: a table that is filled in order grows at its end only.
    fn write_rows(&self, rows: SpillList<LeafRow>) -> Result<(), SinkError> {
        let failed = |error| sqlite_error(self.name, error);
        let sql = format!("INSERT INTO {} VALUES (?1, ?2)", self.table("rowid"));
        let mut insert = self.connection.prepare(&sql).map_err(failed)?;
        let rows = rows.sort(|row| row.row, self.is_stopped).map_err(sort_error)?;
        for (step, row) in rows.enumerate() {
            if step % STEPS == 0 && (self.is_stopped)() {
                return Err(SinkError::Stopped);
            }
            let LeafRow { row, node } = row?;
            insert.execute((row, node)).map_err(failed)?;
        }
        Ok(())
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
