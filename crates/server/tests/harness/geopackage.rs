//! Builds small GeoPackages.

use rusqlite::{Connection, params};

/// A GeoPackage with one layer of points, and a column `name`; the keys run from 1.
pub fn points(layer: &str, names: &[&str]) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let connection = Connection::open(file.path()).unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    let table = format!("CREATE TABLE \"{layer}\" (fid INTEGER PRIMARY KEY, geom POINT, name TEXT)");
    connection.execute_batch(&table).unwrap();
    connection
        .execute("INSERT INTO gpkg_contents VALUES (?1, 'features', ?1, '', '2026-01-01T00:00:00Z', 0, 0, 9, 9, 4326)", [layer])
        .unwrap();
    connection
        .execute("INSERT INTO gpkg_geometry_columns VALUES (?1, 'geom', 'POINT', 4326, 0, 0)", [layer])
        .unwrap();
    let transaction = connection.unchecked_transaction().unwrap();
    {
        let mut insert =
            transaction.prepare(&format!("INSERT INTO \"{layer}\" VALUES (?1, ?2, ?3)")).unwrap();
        for (at, name) in names.iter().enumerate() {
            insert.execute(params![at as i64 + 1, point(at as f64, 0.0), name]).unwrap();
        }
    }
    transaction.commit().unwrap();
    drop(connection);
    std::fs::read(file.path()).unwrap()
}

/// A GeoPackage in which `sql` was run.
pub fn with(package: &[u8], sql: &str) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), package).unwrap();
    Connection::open(file.path()).unwrap().execute_batch(sql).unwrap();
    std::fs::read(file.path()).unwrap()
}

/// A point in GeoPackage's encoding.
fn point(x: f64, y: f64) -> Vec<u8> {
    let mut bytes = b"GP\0\x01".to_vec();
    bytes.extend_from_slice(&4326_i32.to_le_bytes());
    bytes.push(1);
    bytes.extend_from_slice(&1_u32.to_le_bytes());
    bytes.extend_from_slice(&x.to_le_bytes());
    bytes.extend_from_slice(&y.to_le_bytes());
    bytes
}

const SCHEMA: &str = "
    PRAGMA application_id = 0x47504B47;
    PRAGMA user_version = 10300;
    CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
        organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
    INSERT INTO gpkg_spatial_ref_sys VALUES ('WGS 84', 4326, 'EPSG', 4326,
        'GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\",6378137,298.257223563]],AUTHORITY[\"EPSG\",\"4326\"]]', NULL);
    CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT, description TEXT,
        last_change DATETIME, min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER);
    CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
        srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL);
";
