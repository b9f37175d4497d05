//! Splitting a table, so that several threads can read it.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Result};

use super::read_plan::ReadPlan;
use crate::Table;
use crate::quote::quote;

/// Some of the rows of a layer, to be read by a [`crate::Reader`].
#[derive(Clone, Debug)]
pub struct Part {
    pub(crate) plan: Arc<ReadPlan>,
    /// The lowest number that a row of it may have, if rows have numbers.
    pub(crate) first: i64,
    /// The highest.
    pub(crate) last: i64,
    /// The number of the row that comes behind it, if one does.
    pub(crate) followed_by: Option<i64>,
}

/// The parts of a table, in the order of its rows.
pub(crate) fn split(
    connection: &Connection,
    table: &Table,
    count: usize,
    is_lenient: bool,
) -> Result<Vec<Part>> {
    let plan = Arc::new(ReadPlan::new(table, is_lenient));
    let Some(rowid) = plan.rowid.and(table.rowid) else { return Ok(vec![Part::whole(plan)]) };
    let Some((first, last)) = bounds(connection, table, rowid)? else { return Ok(vec![Part::whole(plan)]) };
    let ends: Vec<i64> = ranges(first, last, count).into_iter().map(|(_, last)| last).collect();
    let mut parts = vec![Part::whole(plan)];
    for end in &ends[..ends.len().saturating_sub(1)] {
        let Some(before) = parts.last_mut() else { break };
        let behind = Part { first: end + 1, ..before.clone() };
        before.last = *end;
        before.followed_by = row_from(connection, table, rowid, end + 1)?;
        parts.push(behind);
    }
    Ok(parts)
}

impl Part {
    /// All rows of a table.
    fn whole(plan: Arc<ReadPlan>) -> Self {
        Self { plan, first: i64::MIN, last: i64::MAX, followed_by: None }
    }
}

/// The lowest and the highest number of a row, found without reading what lies between.
fn bounds(connection: &Connection, table: &Table, rowid: &str) -> Result<Option<(i64, i64)>> {
    let outermost = |direction| {
        let table = quote(&table.layer.name);
        let sql =
            format!("SELECT {rowid} FROM main.{table} NOT INDEXED ORDER BY {rowid} {direction} LIMIT 1");
        connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).optional()
    };
    Ok(outermost("ASC")?.zip(outermost("DESC")?))
}

/// The lowest number of a row that is `from` or higher, as the table's tree leads to it.
fn row_from(connection: &Connection, table: &Table, rowid: &str, from: i64) -> Result<Option<i64>> {
    let table = quote(&table.layer.name);
    let sql =
        format!("SELECT {rowid} FROM main.{table} NOT INDEXED WHERE {rowid} >= ?1 ORDER BY {rowid} LIMIT 1");
    connection.query_row(&sql, [from], |row| row.get(0)).optional()
}

/// Cuts `first..=last` into at most `count` ranges of equal width; the last may be narrower.
fn ranges(first: i64, last: i64, count: usize) -> Vec<(i64, i64)> {
    let (start, end) = (i128::from(first), i128::from(last));
    let step = (end - start + 1).max(1).unsigned_abs().div_ceil(count.max(1) as u128);
    let mut ranges = Vec::with_capacity(count);
    let mut from = start;
    while from <= end {
        let to = from.saturating_add_unsigned(step - 1).min(end);
        // Both are between two values of type i64.
        ranges.push((from as i64, to as i64));
        from = to + 1;
    }
    ranges
}
