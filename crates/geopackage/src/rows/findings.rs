//! What was noticed while rows were read: values that are unusual, but do not stop an import.

use longhaul_geodata::short;

use crate::{Table, Warning};

/// How many rows a warning names.
const MOST_ROWS: usize = 3;

/// What is unusual about a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anomaly {
    /// It is not of the declared type of its column.
    Misfit,
    /// It is a geometry, but `gpkg_geometry_columns` does not name the column.
    UnregisteredGeometry,
    /// It is a geometry of no bytes, and became null.
    EmptyGeometry,
    /// Bytes follow the end of the geometry.
    TrailingBytes,
    /// It was not UTF-8, and has other characters now.
    ReplacedText,
    /// It could not be decoded, and became null.
    Undecodable,
    /// The row is not among the features of GeoGig, and got an id.
    NewFeatureId,
}

const ANOMALIES: [Anomaly; 7] = [
    Anomaly::Misfit,
    Anomaly::UnregisteredGeometry,
    Anomaly::EmptyGeometry,
    Anomaly::TrailingBytes,
    Anomaly::ReplacedText,
    Anomaly::Undecodable,
    Anomaly::NewFeatureId,
];

/// What was noticed in the rows of one table.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// How many rows were read.
    pub rows: u64,
    /// For each column, one for each kind of anomaly; empty while nothing was noticed.
    of_columns: Vec<[Occurrences; ANOMALIES.len()]>,
}

/// How often something occurred, and in which rows first.
#[derive(Clone, Debug, Default)]
struct Occurrences {
    count: u64,
    /// The numbers of the rows, to sort them by, and how messages name them.
    first: Vec<(Option<i64>, String)>,
}

impl Findings {
    /// Adds what was noticed in other rows of the same table.
    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        if self.of_columns.is_empty() {
            self.of_columns = other.of_columns;
            return;
        }
        for (ours, theirs) in self.of_columns.iter_mut().zip(other.of_columns) {
            for (ours, theirs) in ours.iter_mut().zip(theirs) {
                ours.merge(theirs);
            }
        }
    }

    /// Adds a value, in the row of this number and name.
    #[cold]
    pub(crate) fn add(
        &mut self,
        (column, columns): (usize, usize),
        anomaly: Anomaly,
        row: Option<i64>,
        name: impl FnOnce() -> String,
    ) {
        if self.of_columns.is_empty() {
            self.of_columns.resize_with(columns, Default::default);
        }
        let occurrences = &mut self.of_columns[column][anomaly as usize];
        occurrences.count += 1;
        if occurrences.first.len() < MOST_ROWS {
            occurrences.first.push((row, name()));
        }
    }
}

impl Occurrences {
    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.first.extend(other.first);
        self.first.sort_by_key(|(row, _)| *row);
        self.first.truncate(MOST_ROWS);
    }

    /// `in row 7`, `in rows 7, 9, 12 and 30 more`.
    fn rows(&self) -> String {
        let names: Vec<_> = self.first.iter().map(|(_, name)| name.as_str()).collect();
        let rows = if self.count == 1 { "row" } else { "rows" };
        match self.count - self.first.len() as u64 {
            0 => format!("in {rows} {}", names.join(", ")),
            more => format!("in {rows} {} and {more} more", names.join(", ")),
        }
    }
}

impl Table {
    /// Warnings about the values of its rows, one for each column and kind.
    pub fn warnings_of(&self, findings: &Findings) -> Vec<Warning> {
        let columns = self.layer.schema.columns.iter().zip(&self.declared_types).zip(&findings.of_columns);
        let warnings = columns.flat_map(|((column, declared), found)| {
            let present = ANOMALIES.iter().zip(found).filter(|(_, occurrences)| occurrences.count > 0);
            present.map(|(anomaly, occurrences)| {
                let text = sentence(*anomaly, &column.name, declared, occurrences);
                let is_loss = matches!(anomaly, Anomaly::ReplacedText | Anomaly::Undecodable);
                Warning::of_layer(&self.layer.name, text, is_loss)
            })
        });
        warnings.collect()
    }
}

fn sentence(anomaly: Anomaly, column: &str, declared: &str, found: &Occurrences) -> String {
    // SQLite does not keep the case of common types either.
    let declared = short(declared).to_ascii_uppercase();
    let (column, rows) = (short(column), found.rows());
    let (count, is_one) = (found.count, found.count == 1);
    let number = |one: &str, several: &str| match is_one {
        true => format!("1 {one}"),
        false => format!("{count} {several}"),
    };
    let were = if is_one { "was" } else { "were" };
    match anomaly {
        Anomaly::Misfit => format!(
            "column {column:?}: {} of its type {declared}, {rows}; {} {were} kept unchanged",
            number("value is not", "values are not"),
            if is_one { "it" } else { "they" },
        ),
        Anomaly::UnregisteredGeometry => format!(
            "column {column:?}: {}, {rows}, but gpkg_geometry_columns does not name the column; {} {were} imported as bytes",
            number("value is a geometry", "values are geometries"),
            if is_one { "it" } else { "they" },
        ),
        Anomaly::EmptyGeometry => {
            format!("column {column:?}: {} of no bytes became null, {rows}", number("geometry", "geometries"))
        }
        Anomaly::TrailingBytes => format!(
            "column {column:?}: {} followed by bytes that are not part of it, {rows}",
            number("geometry is", "geometries are")
        ),
        Anomaly::ReplacedText => format!(
            "column {column:?}: {} not UTF-8, and what was not was replaced, {rows}",
            number("text was", "texts were")
        ),
        Anomaly::Undecodable => format!(
            "column {column:?}: {} not be read and became null, {rows}",
            number("value could", "values could")
        ),
        Anomaly::NewFeatureId => format!(
            "{} not listed in the table of GeoGig's feature ids and got new ids, {rows}",
            number("row is", "rows are")
        ),
    }
}
