//! Reads arbitrary bytes as a GeoPackage.

use rusqlite::Connection;

use crate::reading;

pub(crate) fn run(data: &[u8]) {
    reading::read_bytes(data);
}

/// Small pages, so that a small file has many.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let rows = |count| {
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
             INSERT INTO a SELECT i, x'47500001e61000000101000000000000000000f03f0000000000000040', 'name ' || i, i / 3.0 FROM n;"
        )
    };
    let without = "CREATE TABLE b(k TEXT PRIMARY KEY, v INTEGER) WITHOUT ROWID; INSERT INTO b VALUES('x', 1), ('y', 2);";
    [rows(3), rows(60), format!("{}{without}", rows(1)), without.to_owned()].map(|sql| package(&sql)).into()
}

fn package(sql: &str) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let database = Connection::open(file.path()).unwrap();
    database
        .execute_batch("PRAGMA page_size = 512; PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF;")
        .unwrap();
    database.execute_batch(TABLES).unwrap();
    database.execute_batch(sql).unwrap();
    drop(database);
    std::fs::read(file.path()).unwrap()
}

const TABLES: &str = "
    PRAGMA application_id = 0x47504B47;
    CREATE TABLE gpkg_spatial_ref_sys(srs_name TEXT, srs_id INTEGER PRIMARY KEY, organization TEXT, organization_coordsys_id
        INTEGER, definition TEXT, description TEXT);
    INSERT INTO gpkg_spatial_ref_sys VALUES('WGS 84', 4326, 'EPSG', 4326, 'GEOGCS[\"WGS 84\",AUTHORITY[\"EPSG\",\"4326\"]]', NULL);
    CREATE TABLE gpkg_contents(table_name TEXT PRIMARY KEY, data_type TEXT, identifier TEXT, description TEXT, last_change TEXT,
        min_x REAL, min_y REAL, max_x REAL, max_y REAL, srs_id INTEGER);
    INSERT INTO gpkg_contents VALUES('a', 'features', 'A', 'of points', '', 0, 0, 1, 1, 4326);
    CREATE TABLE gpkg_geometry_columns(table_name TEXT, column_name TEXT, geometry_type_name TEXT, srs_id INTEGER, z INTEGER,
        m INTEGER);
    INSERT INTO gpkg_geometry_columns VALUES('a', 'geom', 'POINT', 4326, 0, 0);
    CREATE TABLE a(fid INTEGER PRIMARY KEY, geom POINT, name TEXT(80), size REAL);
";
