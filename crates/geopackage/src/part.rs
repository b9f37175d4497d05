//! Splitting a table, so that several threads can read it.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Result};

use crate::Table;
use crate::quote::quote;
use crate::row::Plan;

/// Some of the rows of a layer, to be read by a [`crate::Reader`].
#[derive(Clone, Debug)]
pub struct Part {
    pub(crate) plan: Arc<Plan>,
    /// The number of its first row, if rows have numbers.
    pub(crate) first: i64,
    /// The number of its last row, if rows have numbers.
    pub(crate) last: i64,
}

/// The parts of a table, in the order of its rows.
pub(crate) fn split(connection: &Connection, table: &Table, count: usize) -> Result<Vec<Part>> {
    let plan = Arc::new(Plan::new(table));
    let Some((first, last)) = bounds(connection, table)? else {
        return Ok(vec![Part { plan, first: i64::MIN, last: i64::MAX }]);
    };
    let ranges = ranges(first, last, count).into_iter();
    Ok(ranges.map(|(first, last)| Part { plan: Arc::clone(&plan), first, last }).collect())
}

/// The lowest and the highest number of a row, found without reading what lies between.
fn bounds(connection: &Connection, table: &Table) -> Result<Option<(i64, i64)>> {
    let Some(rowid) = table.rowid else {
        return Ok(None);
    };
    let outermost = |direction| {
        let table = quote(&table.layer.name);
        let sql =
            format!("SELECT {rowid} FROM main.{table} NOT INDEXED ORDER BY {rowid} {direction} LIMIT 1");
        connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).optional()
    };
    Ok(outermost("ASC")?.zip(outermost("DESC")?))
}

/// Cuts `first..=last` into at most `count` ranges of equal width; the last may be narrower.
fn ranges(first: i64, last: i64, count: usize) -> Vec<(i64, i64)> {
    let (start, end) = (i128::from(first), i128::from(last));
    let step = (end - start + 1).max(1).unsigned_abs().div_ceil(count.max(1) as u128);
    let mut ranges = Vec::with_capacity(count);
    let mut from = start;
    while from <= end {
        let to = from.saturating_add_unsigned(step - 1).min(end);
        // Both lie between two i64.
        ranges.push((from as i64, to as i64));
        from = to + 1;
    }
    ranges
}
