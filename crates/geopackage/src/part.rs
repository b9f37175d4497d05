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
    /// The numbers of its rows; none for all rows of a table.
    pub(crate) range: Option<(i64, i64)>,
}

/// The parts of a table, in the order of its rows.
pub(crate) fn split(connection: &Connection, table: &Table, count: usize) -> Result<Vec<Part>> {
    let plan = Arc::new(Plan::new(table));
    let Some((first, last)) = bounds(connection, table)? else {
        return Ok(vec![Part { plan, range: None }]);
    };
    let ranges = ranges(first, last, count);
    let part = |range| Part { plan: Arc::clone(&plan), range: Some(range) };
    Ok(ranges.map(part).collect())
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
fn ranges(first: i64, last: i64, count: usize) -> impl Iterator<Item = (i64, i64)> {
    let (start, end) = (i128::from(first), i128::from(last));
    let width = (end - start).max(0) + 1;
    let step = (width + count.max(1) as i128 - 1) / count.max(1) as i128;
    let starts = (0..).map(move |index| start + index * step).take_while(move |from| *from <= end.max(start));
    starts.map(move |from| {
        let to = (from + step - 1).min(end.max(start));
        (from as i64, to as i64)
    })
}
