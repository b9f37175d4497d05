//! Files that Kart imported: what is read from them must be what Kart made of them.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use longhaul_geodata::{Column, DataType, Row, Value};
use longhaul_geopackage::{Error, GeoPackage, Table};
use serde_json::{Map, Value as Json, json};
use tempfile::TempDir;

/// A file and what Kart said about it.
struct Sample {
    name: String,
    package: PathBuf,
    /// The blobs of the repository's metadata, by path.
    meta: Map<String, Json>,
    /// The lines of a diff that adds everything; none for some files.
    diff: Vec<Json>,
}

/// The samples, and the folder in which their packages live; none where they are not at hand.
fn samples() -> Option<(Vec<Sample>, TempDir)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/kart-golden");
    if !folder.is_dir() {
        eprintln!("left out: the files imported by Kart are not on this machine");
        return None;
    }
    let scratch = tempfile::tempdir().unwrap();
    let packages = folders(&folder).into_iter().flat_map(|folder| packages(&folder));
    let samples: Vec<_> = packages.map(|package| sample(&package, scratch.path())).collect();
    assert_eq!(samples.len(), 18);
    Some((samples, scratch))
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    paths(folder).into_iter().filter(|path| path.is_dir()).collect()
}

fn packages(folder: &Path) -> Vec<PathBuf> {
    let is_package = |path: &PathBuf| path.to_str().unwrap().ends_with(".gpkg.gz");
    paths(folder).into_iter().filter(is_package).collect()
}

fn paths(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn sample(package: &Path, scratch: &Path) -> Sample {
    let folder = package.parent().unwrap();
    let name = package.file_name().unwrap().to_str().unwrap().strip_suffix(".gpkg.gz").unwrap().to_owned();
    let unpacked = scratch.join(format!("{name}.gpkg"));
    io::copy(&mut GzDecoder::new(File::open(package).unwrap()), &mut File::create(&unpacked).unwrap())
        .unwrap();
    let golden = read(&folder.join(format!("golden{}.json", commit(&name))));
    let golden: Json = serde_json::from_str(&golden.unwrap()).unwrap();
    let diff = read(&folder.join("kart-diff.jsonl")).unwrap_or_default();
    Sample {
        name,
        package: unpacked,
        meta: golden["meta"].as_object().unwrap().clone(),
        diff: diff.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
    }
}

/// Where several files were imported one after the other: the commit of this one.
fn commit(name: &str) -> String {
    let (version, last) = match name.split_at_checked(name.len() - 1) {
        Some(("re-v", version)) => (version, 6),
        Some(("re-nopk", version)) => (version, 2),
        _ => return String::new(),
    };
    match last - version.parse::<u32>().unwrap() {
        0 => String::new(),
        before => format!(".HEAD-{before}"),
    }
}

/// The text of a file, or of its compressed form.
fn read(path: &Path) -> Option<String> {
    if let Ok(text) = fs::read_to_string(path) {
        return Some(text);
    }
    let mut text = String::new();
    let packed = File::open(format!("{}.gz", path.display())).ok()?;
    GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    Some(text)
}

/// The layers of a sample that a dataset can be made of.
fn tables(sample: &Sample, package: &GeoPackage) -> Vec<Table> {
    let tables = package.layer_names().iter().filter_map(|name| match package.layer(name) {
        Err(Error::CompositeKey { .. }) if name.starts_with("composite_pk") => None,
        table => Some(table.unwrap_or_else(|error| panic!("{}: {error}", sample.name))),
    });
    tables.collect()
}

#[test]
fn layers_are_described_as_kart_describes_them() {
    let Some((samples, _scratch)) = samples() else { return };
    for sample in samples {
        let package = GeoPackage::open(&sample.package, "it").unwrap();
        for table in tables(&sample, &package) {
            let layer = &table.layer;
            let item = |path: &str| {
                let item = sample.meta.get(&format!("{}/{path}", layer.name));
                item.map(|item| item["text"].as_str().unwrap().to_owned())
            };
            let place = format!("{}, {}", sample.name, layer.name);
            assert_eq!(layer.title, item(".table-dataset/meta/title"), "{place}");
            assert_eq!(layer.description, item(".table-dataset/meta/description"), "{place}");
            assert_eq!(layer.metadata_xml, item("metadata.xml"), "{place}");
            for crs in &layer.crs {
                let path = format!(".table-dataset/meta/crs/{}.wkt", crs.identifier);
                assert_eq!(Some(&crs.wkt), item(&path).as_ref(), "{place}");
            }
            assert_eq!(layer.crs.len(), count_crs(&sample, &layer.name), "{place}");
            let columns: Vec<_> = layer.schema.columns.iter().map(column_in_json).collect();
            let schema = item(".table-dataset/meta/schema.json").unwrap();
            assert_eq!(columns, columns_of_kart(&schema), "{place}");
        }
    }
}

fn count_crs(sample: &Sample, layer: &str) -> usize {
    let folder = format!("{layer}/.table-dataset/meta/crs/");
    sample.meta.keys().filter(|path| path.starts_with(&folder)).count()
}

/// The columns without their ids, and without the key that Kart adds where there is none.
fn columns_of_kart(schema: &str) -> Vec<Json> {
    let columns: Vec<Json> = serde_json::from_str(schema).unwrap();
    let columns = columns.into_iter().filter(|column| column["name"] != "auto_pk");
    let without_id = columns.map(|mut column| {
        column.as_object_mut().unwrap().remove("id");
        column
    });
    without_id.collect()
}

fn column_in_json(column: &Column) -> Json {
    let mut json = match &column.data_type {
        DataType::Boolean => json!({"dataType": "boolean"}),
        DataType::Blob { length } => json!({"dataType": "blob", "length": length}),
        DataType::Date => json!({"dataType": "date"}),
        DataType::Float { size } => json!({"dataType": "float", "size": size}),
        DataType::Geometry { kind, crs } => {
            json!({"dataType": "geometry", "geometryType": kind.to_string(), "geometryCRS": crs})
        }
        DataType::Integer { size } => json!({"dataType": "integer", "size": size}),
        DataType::Text { length } => json!({"dataType": "text", "length": length}),
        DataType::Timestamp { utc: true } => json!({"dataType": "timestamp", "timezone": "UTC"}),
        other => panic!("no GeoPackage has {other:?}"),
    };
    let object = json.as_object_mut().unwrap();
    object.retain(|_, value| !value.is_null());
    object.insert("name".into(), json!(column.name));
    if column.primary_key {
        object.insert("primaryKeyIndex".into(), json!(0));
    }
    json
}

#[test]
fn features_are_those_that_kart_imported() {
    let Some((samples, _scratch)) = samples() else { return };
    let mut compared = 0;
    for sample in samples.iter().filter(|sample| !sample.diff.is_empty()) {
        let package = GeoPackage::open(&sample.package, "it").unwrap();
        for table in tables(sample, &package) {
            let (ours, karts) = (features(&package, &table), features_of_kart(sample, &table.layer.name));
            assert_eq!(ours.len(), karts.len(), "{}, {}", sample.name, table.layer.name);
            for (ours, kart) in ours.iter().zip(&karts) {
                assert_eq!(ours, kart, "{}, {}", sample.name, table.layer.name);
            }
            compared += ours.len();
        }
    }
    assert!(compared > 2_500, "{compared}");
}

#[test]
fn every_layer_reads_to_its_end() {
    let Some((samples, _scratch)) = samples() else { return };
    for sample in samples {
        let package = GeoPackage::open(&sample.package, "it").unwrap();
        for table in tables(&sample, &package) {
            let features = features(&package, &table).len() as u64;
            assert_eq!(
                table.feature_count.unwrap_or(features),
                features,
                "{}, {}",
                sample.name,
                table.layer.name
            );
        }
    }
}

fn features_of_kart(sample: &Sample, layer: &str) -> Vec<String> {
    let features = sample.diff.iter().filter(|line| line["type"] == "feature" && line["dataset"] == layer);
    let mut texts: Vec<_> = features
        .map(|line| {
            let mut feature = line["change"]["+"].clone();
            feature.as_object_mut().unwrap().remove("auto_pk");
            feature.to_string()
        })
        .collect();
    texts.sort();
    texts
}

/// All features of a layer, read in several parts.
fn features(package: &GeoPackage, table: &Table) -> Vec<String> {
    let reader = package.reader().unwrap();
    let mut texts = Vec::new();
    for part in package.parts(table, 3).unwrap() {
        for batch in reader.batches(&part).unwrap() {
            texts.extend(batch.unwrap().rows().map(|row| feature_in_json(table, row).to_string()));
        }
    }
    texts.sort();
    texts
}

fn feature_in_json(table: &Table, row: Row<'_>) -> Json {
    let columns = table.layer.schema.columns.iter();
    let values = columns.zip(row.values()).map(|(column, value)| (column.name.clone(), value_in_json(value)));
    Json::Object(values.collect())
}

fn value_in_json(value: Value<'_>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(value) => json!(value),
        Value::Integer(value) => json!(value),
        Value::Float(value) => json!(value),
        Value::Text(value) => json!(value),
        Value::Blob(bytes) => json!(hex(bytes)),
        Value::Geometry(geometry) => json!(hex(body(geometry)).to_uppercase()),
    }
}

/// The well-known binary of a stored geometry.
fn body(geometry: &[u8]) -> &[u8] {
    let envelope = [0, 32, 48, 48, 64][usize::from(geometry[3] >> 1 & 7)];
    &geometry[8 + envelope..]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
