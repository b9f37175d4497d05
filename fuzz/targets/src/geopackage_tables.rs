//! Reads GeoPackages with hostile tables, names, types and values.
//!
//! The bytes are choices from which SQLite makes a well-formed file, so that the target tests the layers above the file format.

use arbitrary::{Result, Unstructured};
use rusqlite::Connection;

use crate::reading;

const NAMES: [&str; 16] = [
    "a",
    "A",
    "fid",
    "geom",
    "rowid",
    "oid",
    "_rowid_",
    "",
    " ",
    "\"",
    "'",
    "sqlite",
    "gpkg_x",
    "a\0b",
    "select",
    "ß\u{202e}😀",
];

const TYPES: [&str; 20] = [
    "",
    "INTEGER",
    "INT",
    "MEDIUMINT",
    "TINYINT",
    "BOOLEAN",
    "REAL",
    "FLOAT",
    "DOUBLE",
    "TEXT",
    "TEXT(3)",
    "TEXT(99999999999999999999)",
    "BLOB(2)",
    "DATE",
    "DATETIME",
    "POINT",
    "GEOMETRY",
    "MULTIPOLYGON",
    "TEXT()",
    "B(\u{202e}",
];

const RULES: [&str; 8] = [
    "",
    "",
    "PRIMARY KEY",
    "NOT NULL",
    "PRIMARY KEY AUTOINCREMENT",
    "AS (1)",
    "AS (random()) STORED",
    "COLLATE NOCASE UNIQUE",
];

const WKT: [&str; 6] = [
    "",
    "undefined",
    "GEOGCS[\"WGS 84\",AUTHORITY[\"EPSG\",\"4326\"]]",
    "GEOGCS[",
    "PROJCS[\"]\",[[[[",
    "GEOGCS[\"a\",AUTHORITY[\"é\",\"../..\"]]",
];

pub(crate) fn run(data: &[u8]) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let database = Connection::open(file.path()).unwrap();
    database
        .execute_batch(
            "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; PRAGMA application_id = 0x47504B47;",
        )
        .unwrap();
    // Ends with the choices, or at a statement that SQLite rejects.
    let _ = fill(&database, &mut Unstructured::new(data));
    drop(database);
    reading::read(file.path());
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    (0..12_u64)
        .map(|seed| (0..600_u64).map(|at| (((seed + 3) * (at + 7) * 0x9E37_79B9) >> 7) as u8).collect())
        .collect()
}

fn fill(database: &Connection, choices: &mut Unstructured) -> Result<()> {
    for system in SYSTEM_TABLES {
        if choices.ratio(7, 8)? {
            let _ = database.execute_batch(system);
        }
    }
    for _ in 0..choices.int_in_range(1..=3)? {
        table(database, choices)?;
    }
    Ok(())
}

fn table(database: &Connection, choices: &mut Unstructured) -> Result<()> {
    let name = name(choices)?;
    let count = choices.int_in_range(1..=6)?;
    let columns = (0..count).map(|_| self::name(choices)).collect::<Result<Vec<_>>>()?;
    let mut declared = Vec::new();
    for column in &columns {
        declared.push(format!("{} {} {}", quoted(column), choices.choose(&TYPES)?, choices.choose(&RULES)?));
    }
    let kind = *choices.choose(&["", "", "WITHOUT ROWID", "STRICT"])?;
    let _ =
        database.execute_batch(&format!("CREATE TABLE {}({}) {kind}", quoted(&name), declared.join(", ")));
    describe(database, &name, &columns, choices)?;
    for _ in 0..choices.int_in_range(0..=4)? {
        let values = columns.iter().map(|_| value(choices)).collect::<Result<Vec<_>>>()?;
        let insert = format!("INSERT INTO {} VALUES({})", quoted(&name), values.join(", "));
        let _ = database.execute_batch(&insert);
    }
    Ok(())
}

/// The metadata of a table.
fn describe(database: &Connection, name: &str, columns: &[String], choices: &mut Unstructured) -> Result<()> {
    let statements = [
        format!(
            "INSERT INTO gpkg_contents VALUES({}, {}, {}, {}, {}, 0, 0, 0, 0, {})",
            text(name),
            value(choices)?,
            value(choices)?,
            value(choices)?,
            value(choices)?,
            value(choices)?
        ),
        format!(
            "INSERT INTO gpkg_geometry_columns VALUES({}, {}, {}, {}, {}, {})",
            text(name),
            text(choices.choose(columns)?),
            text(choices.choose(&TYPES)?),
            value(choices)?,
            value(choices)?,
            value(choices)?
        ),
        format!(
            "INSERT INTO gpkg_spatial_ref_sys VALUES({}, {}, {}, {}, {}, NULL)",
            value(choices)?,
            value(choices)?,
            value(choices)?,
            value(choices)?,
            text(choices.choose(&WKT)?)
        ),
        format!("INSERT INTO gpkg_ogr_contents VALUES({}, {})", text(name), value(choices)?),
    ];
    for statement in statements {
        let _ = database.execute_batch(&statement);
    }
    Ok(())
}

fn name(choices: &mut Unstructured) -> Result<String> {
    if choices.ratio(7, 8)? {
        return Ok((*choices.choose(&NAMES)?).to_owned());
    }
    let long = choices.int_in_range(0..=3000)?;
    Ok(format!("{}{}", choices.arbitrary::<String>()?, "x".repeat(long)))
}

/// An SQL literal.
fn value(choices: &mut Unstructured) -> Result<String> {
    Ok(match choices.int_in_range(0..=8)? {
        0 => "NULL".to_owned(),
        1 => choices.arbitrary::<i64>()?.to_string(),
        2 => choices.int_in_range(0..=4)?.to_string(),
        3 => (*choices.choose(&["4326", "9e999", "-9e999", "0.5", "1e300"])?).to_owned(),
        4 => text(&name(choices)?),
        5 => format!("CAST({} AS TEXT)", blob(choices.arbitrary::<&[u8]>()?)),
        6 => format!("zeroblob({})", choices.int_in_range(0..=300_000)?),
        7 => format!("CAST(zeroblob({}) AS TEXT)", choices.int_in_range(0..=300_000)?),
        _ => geometry(choices)?,
    })
}

fn geometry(choices: &mut Unstructured) -> Result<String> {
    let mut bytes = b"GP\0".to_vec();
    bytes.push(*choices.choose(&[1, 0, 3, 0b1_0001, 0b10_0001])?);
    bytes.extend(choices.arbitrary::<u32>()?.to_le_bytes());
    bytes.push(*choices.choose(&[1, 0])?);
    bytes.extend(choices.int_in_range(0..=18_u32)?.to_le_bytes());
    bytes.extend(choices.arbitrary::<&[u8]>()?);
    Ok(blob(&bytes))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

fn blob(bytes: &[u8]) -> String {
    format!("x'{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

const SYSTEM_TABLES: [&str; 4] = [
    "CREATE TABLE gpkg_spatial_ref_sys(srs_name, srs_id, organization, organization_coordsys_id, definition, description)",
    "CREATE TABLE gpkg_contents(table_name, data_type, identifier, description, last_change, min_x, min_y, max_x, max_y, srs_id)",
    "CREATE TABLE gpkg_geometry_columns(table_name, column_name, geometry_type_name, srs_id, z, m)",
    "CREATE TABLE gpkg_ogr_contents(table_name, feature_count)",
];
