//! Makes GeoPackages.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

/// The tables of every GeoPackage, with two reference systems.
const FRAME: &str = r#"
    PRAGMA application_id = 1196444487;
    PRAGMA user_version = 10300;
    CREATE TABLE gpkg_spatial_ref_sys (
        srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
        organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT
    );
    CREATE TABLE gpkg_contents (
        table_name TEXT PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
        last_change DATETIME, min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER
    );
    CREATE TABLE gpkg_geometry_columns (
        table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
        z TINYINT NOT NULL, m TINYINT NOT NULL
    );
    INSERT INTO gpkg_spatial_ref_sys VALUES ('WGS 84', 4326, 'EPSG', 4326,
        'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],AUTHORITY["EPSG","4326"]]', NULL);
    INSERT INTO gpkg_spatial_ref_sys VALUES ('NZTM', 2193, 'EPSG', 2193,
        'PROJCS["NZTM",GEOGCS["NZGD2000",DATUM["NZGD2000",SPHEROID["GRS 1980",6378137,298.257222101]]],AUTHORITY["EPSG","2193"]]',
        NULL);
"#;

/// Two roads with names.
pub const ROADS: &str = "
    CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT);
    INSERT INTO roads VALUES (1, 'High Street'), (2, 'Low Street');
";

/// Writes a GeoPackage into `folder`, with the tables that `sql` creates.
pub fn gpkg(folder: &Path, name: &str, sql: &str) -> PathBuf {
    let path = folder.join(name);
    let _ = std::fs::remove_file(&path);
    let file = Connection::open(&path).unwrap();
    file.execute_batch("PRAGMA synchronous = OFF; BEGIN;").unwrap();
    file.execute_batch(FRAME).unwrap();
    file.execute_batch(sql).unwrap();
    file.execute_batch("COMMIT;").unwrap();
    path
}

/// SQL that declares the geometry column of a layer of points.
pub fn points(layer: &str, srs: i32) -> String {
    format!(
        "INSERT INTO gpkg_contents (table_name, data_type, srs_id) VALUES ('{layer}', 'features', {srs});
         INSERT INTO gpkg_geometry_columns VALUES ('{layer}', 'geom', 'POINT', {srs}, 0, 0);"
    )
}

/// SQL for a point.
pub fn point(x: f64, y: f64) -> String {
    let mut bytes = b"GP\0\x01\xe6\x10\0\0\x01\x01\0\0\0".to_vec();
    bytes.extend(x.to_le_bytes());
    bytes.extend(y.to_le_bytes());
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("X'{hex}'")
}

/// SQL that fills `(fid, name)` of a table with `count` rows, `step` apart.
pub fn many(layer: &str, count: u32, step: u32) -> String {
    format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         INSERT INTO {layer} SELECT i * {step}, 'number ' || i FROM n;"
    )
}
