//! Reads the rows of a table.

use std::mem::ManuallyDrop;
use std::sync::Arc;

use longhaul_geodata::{Batch, Value, short};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Statement};

use super::feature_ids::new_id;
use super::findings::{Anomaly, Findings};
use super::part::Part;
use super::read_plan::ReadPlan;
use super::value_type::ValueType;
use crate::connection::LARGEST_ROW;
use crate::source_file::SourceFile;
use crate::{CellError, Error};

/// A batch is handed on when it has as many rows ...
const MOST_ROWS: usize = 256;

/// ... or as many values ...
const MOST_VALUES: usize = 16 << 10;

/// ... or as many bytes.
const MOST_BYTES: usize = 256 << 10;

/// The fewest bytes of a file that a row takes: two in its page's list of cells and two for the cell.
const SMALLEST_ROW: u64 = 4;

/// Reads the parts of a package's layers, on one thread.
#[derive(Debug)]
pub struct Reader {
    source: Arc<SourceFile>,
    connection: Connection,
}

impl Reader {
    pub(crate) fn new(source: Arc<SourceFile>, connection: Connection) -> Self {
        Self { source, connection }
    }

    /// The features of a part, in the order of the file.
    ///
    /// # Errors
    /// If SQLite cannot make sense of the table.
    pub fn batches(&self, part: &Part) -> Result<Batches<'_>, Error> {
        let statement = self.prepare(part).map_err(|source| {
            let doing = format!("reading layer {:?}", short(&part.plan.layer));
            Error::from_sqlite(&self.source.shown_name, doing, source)
        })?;
        Ok(Batches {
            source: &self.source,
            plan: Arc::clone(&part.plan),
            last: part.last,
            followed_by: part.followed_by,
            statement,
            order: RowOrder { rows_read: 0, last_rowid: None },
            last_size: 0,
            findings: Findings::default(),
            done: false,
        })
    }

    fn prepare(&self, part: &Part) -> rusqlite::Result<Statement<'_>> {
        let mut statement = self.connection.prepare(&part.plan.sql)?;
        if part.plan.has_range {
            statement.raw_bind_parameter(1, part.first)?;
        }
        Ok(statement)
    }
}

/// The features of a part, a batch at a time; ends after the first error.
#[derive(Debug)]
pub struct Batches<'a> {
    source: &'a SourceFile,
    plan: Arc<ReadPlan>,
    /// As in [`Part`].
    last: i64,
    followed_by: Option<i64>,
    statement: Statement<'a>,
    order: RowOrder,
    /// How many bytes the last batch took, not counting a huge row: the next will take about as many.
    last_size: usize,
    findings: Findings,
    done: bool,
}

impl Iterator for Batches<'_> {
    type Item = Result<Batch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let batch = self.read_batch();
        self.done |= batch.is_err();
        batch.map(|batch| (!batch.is_empty()).then_some(batch)).transpose()
    }
}

impl Batches<'_> {
    /// What was noticed in the rows that were read; empty then.
    pub fn take_findings(&mut self) -> Findings {
        std::mem::take(&mut self.findings)
    }

    fn read_batch(&mut self) -> Result<Batch, Error> {
        self.source.check_interrupt()?;
        let most_rows = MOST_ROWS.min(MOST_VALUES / self.plan.columns.len()).max(1);
        let mut batch = Batch::with_capacity(self.plan.columns.len(), most_rows, self.last_size * 9 / 8);
        // Dropping the rows would reset the statement, which continues with the next batch.
        let mut rows = ManuallyDrop::new(self.statement.raw_query());
        for _ in 0..most_rows {
            let row = rows
                .next()
                .map_err(|error| failure(self.source, &self.plan, self.order.last_rowid, error))?;
            let rowid = row.and_then(|row| rowid(&self.plan, row));
            let Some(row) = row.filter(|_| rowid <= Some(self.last)) else {
                self.done = true;
                check_end(self.source, &self.plan, rowid, self.followed_by)?;
                break;
            };
            self.order.check(self.source, &self.plan, rowid)?;
            push_row(self.source, &self.plan, row, &mut batch, &mut self.findings)?;
            if batch.size() >= MOST_BYTES {
                break;
            }
        }
        self.last_size = batch.size().min(MOST_BYTES);
        self.findings.rows += batch.len() as u64;
        Ok(batch)
    }
}

/// Checks that the rows do not repeat.
///
/// Pages that refer to each other in circles, or many times to the same, make a small file look endless.
#[derive(Debug)]
struct RowOrder {
    rows_read: u64,
    last_rowid: Option<i64>,
}

impl RowOrder {
    #[inline]
    fn check(&mut self, source: &SourceFile, plan: &ReadPlan, rowid: Option<i64>) -> Result<(), Error> {
        self.rows_read += 1;
        let is_repeated = rowid.is_some() && rowid <= self.last_rowid;
        if is_repeated || self.rows_read > source.size / SMALLEST_ROW {
            return Err(Error::Damaged {
                file: source.shown_name.clone(),
                what: format!("the rows of layer {:?} repeat", short(&plan.layer)),
                source: None,
            });
        }
        self.last_rowid = rowid;
        Ok(())
    }
}

/// Whether the row at which the part ends is the one at which the next part begins.
///
/// Each part finds its first row through the inner pages of the table's tree. Where those are damaged, rows could lie between
/// two parts and be in neither, and how many are read would depend on how many threads read.
fn check_end(
    source: &SourceFile,
    plan: &ReadPlan,
    found: Option<i64>,
    followed_by: Option<i64>,
) -> Result<(), Error> {
    if found == followed_by {
        return Ok(());
    }
    Err(Error::Damaged {
        file: source.shown_name.clone(),
        what: format!("the rows of layer {:?} are not where they should be", short(&plan.layer)),
        source: None,
    })
}

#[inline]
fn push_row(
    source: &SourceFile,
    plan: &ReadPlan,
    row: &Row<'_>,
    batch: &mut Batch,
    findings: &mut Findings,
) -> Result<(), Error> {
    let most = batch.size() + LARGEST_ROW as usize;
    for (index, column) in plan.columns.iter().enumerate() {
        let value = row.get_ref(index).map_err(|error| failure(source, plan, None, error))?;
        let pushed = match (column.value_type, value) {
            (ValueType::FeatureId, ValueRef::Null) => push_new_id(plan, row, batch)
                .map_err(|error| failure(source, plan, None, error))
                .map(|()| Some(Anomaly::NewFeatureId))?,
            _ => column
                .push(value, plan.is_lenient, batch)
                .map_err(|error| cell_error(source, plan, row, &column.name, error))?,
        };
        if let Some(anomaly) = pushed {
            let place = (index, plan.columns.len());
            findings.add(place, anomaly, rowid(plan, row), || row_name(plan, row));
        }
        // SQLite limits single values only.
        if batch.size() > most {
            return Err(too_large(source, plan, row));
        }
    }
    Ok(())
}

#[cold]
fn push_new_id(plan: &ReadPlan, row: &Row<'_>, batch: &mut Batch) -> rusqlite::Result<()> {
    let columns = plan.columns.len() + usize::from(plan.rowid.is_some());
    batch.push(Value::Text(&new_id(row, columns)?));
    Ok(())
}

#[cold]
fn failure(source: &SourceFile, plan: &ReadPlan, last_rowid: Option<i64>, error: rusqlite::Error) -> Error {
    let mut doing = format!("reading layer {:?}", short(&plan.layer));
    if let Some(rowid) = last_rowid {
        doing += &format!(" after row {rowid}");
    }
    Error::from_sqlite(&source.shown_name, doing, error)
}

#[cold]
fn too_large(source: &SourceFile, plan: &ReadPlan, row: &Row<'_>) -> Error {
    let doing = format!("reading row {} of layer {:?}", row_name(plan, row), short(&plan.layer));
    Error::TooLarge { file: source.shown_name.clone(), doing }
}

#[cold]
fn cell_error(source: &SourceFile, plan: &ReadPlan, row: &Row<'_>, column: &str, error: CellError) -> Error {
    Error::Cell {
        file: source.shown_name.clone(),
        layer: plan.layer.clone(),
        row: row_name(plan, row),
        column: column.to_owned(),
        source: Box::new(error),
    }
}

#[inline]
fn rowid(plan: &ReadPlan, row: &Row<'_>) -> Option<i64> {
    row.get_ref(plan.rowid?).ok()?.as_i64().ok()
}

/// The name of a row in errors: its number, or else its key.
fn row_name(plan: &ReadPlan, row: &Row<'_>) -> String {
    if let Some(rowid) = rowid(plan, row) {
        return rowid.to_string();
    }
    match plan.key.and_then(|key| row.get_ref(key).ok()) {
        Some(ValueRef::Integer(key)) => key.to_string(),
        Some(ValueRef::Real(key)) => key.to_string(),
        Some(ValueRef::Text(key)) => format!("{:?}", short(&String::from_utf8_lossy(key))),
        _ => "without a number".to_owned(),
    }
}
