//! Exports as tasks.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../support/mod.rs"]
mod support;

use std::{fs, io::Read, process::Command};

use longhaul_commands::{ExportFormat, ExportLayers};
use longhaul_tasks::{Status, Submission, Task};
use support::{
    gpkg::{ROADS, gpkg, many, point, points},
    harness::Harness,
};

/// An export of all layers of HEAD.
fn job(harness: &Harness, format: ExportFormat) -> ExportLayers {
    let commit = harness.repository.commit_named("HEAD").ok();
    ExportLayers {
        repository: harness.repository.id().to_owned(),
        root: "HEAD".into(),
        commit: commit.map(|commit| commit.to_string()),
        format,
        file_name: "out".into(),
        ..ExportLayers::default()
    }
}

fn read(harness: &Harness, task: &Task) -> Vec<u8> {
    let file = harness.runtime.block_on(harness.tasks.result_file(task.id)).unwrap();
    let mut bytes = Vec::new();
    file.expect("a finished export offers a file").file.read_to_end(&mut bytes).unwrap();
    bytes
}

/// A harness with two roads.
fn with_roads() -> Harness {
    let harness = Harness::new();
    harness.import(harness.job(&gpkg(harness.scratch(), "roads.gpkg", ROADS)));
    harness
}

#[test]
fn an_export_is_of_the_commit_that_was_there_when_it_was_asked_for() {
    let harness = with_roads();
    let asked = job(&harness, ExportFormat::Csv);
    let changed = ROADS.replace("High", "Higher");
    harness.import(harness.job(&gpkg(harness.scratch(), "roads.gpkg", &changed)));
    let task = harness.run(asked);
    assert_eq!(task.status, Status::Finished, "{:?}", task.error);
    assert_eq!(read(&harness, &task), b"fid,name\r\n1,High Street\r\n2,Low Street\r\n");
}

#[test]
fn an_export_of_nothing_fails() {
    let harness = Harness::new();
    let error = harness.expect_failure(job(&harness, ExportFormat::Gpkg));
    assert_eq!(error, "RefSpec doesn't resolve to a commit: 'HEAD'");
}

#[test]
fn a_layer_that_the_format_cannot_hold_fails_and_leaves_no_file() {
    let harness = Harness::new();
    let curve = "X'47500001E610000001080000000300000000000000000000000000000000000000000000000000F03F000000000000F03F00000000000000400000000000000000'";
    let sql = format!(
        "CREATE TABLE arcs (fid INTEGER PRIMARY KEY, geom GEOMETRY); INSERT INTO arcs VALUES (1, {curve}); {}",
        points("arcs", 4326).replace("'POINT'", "'GEOMETRY'")
    );
    harness.import(harness.job(&gpkg(harness.scratch(), "arcs.gpkg", &sql)));
    let error = harness.expect_failure(job(&harness, ExportFormat::GeoJson));
    assert_eq!(error, r#"layer "arcs", feature 1: GeoJSON has no CIRCULARSTRING"#);
    assert_eq!(fs::read_dir(harness.scratch().join("results")).unwrap().count(), 0);
    for format in [ExportFormat::Gpkg, ExportFormat::Fgb, ExportFormat::Csv] {
        assert_eq!(harness.run(job(&harness, format)).status, Status::Finished);
    }
}

/// SQL for a geometry in well-known binary, little-endian.
fn blob(code: u32, count: Option<u32>, rest: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![1];
    bytes.extend(code.to_le_bytes());
    count.into_iter().for_each(|count| bytes.extend(count.to_le_bytes()));
    rest.iter().for_each(|part| bytes.extend(part));
    bytes
}

fn numbers(numbers: &[f64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

#[test]
fn features_of_a_flatgeobuf_get_the_dimensions_of_later_ones() {
    let harness = Harness::new();
    let point = |code, position: &[f64]| blob(code, None, &[numbers(position)]);
    let line = blob(2, Some(2), &[numbers(&[0.0, 0.0, 1.0, 1.0])]);
    let geometries = [
        point(1, &[1.0, 2.0]),
        blob(7, Some(2), &[point(1, &[5.0, 6.0]), line]),
        point(1001, &[3.0, 4.0, 5.0]),
        point(2001, &[3.0, 4.0, 6.0]),
        point(1, &[7.0, 8.0]),
    ];
    let mut sql = points("shapes", 4326).replace("'POINT', 4326, 0, 0", "'GEOMETRY', 4326, 2, 2");
    sql += "CREATE TABLE shapes (fid INTEGER PRIMARY KEY, geom GEOMETRY, name TEXT);";
    for (at, geometry) in geometries.iter().enumerate() {
        let hex: String = geometry.iter().map(|byte| format!("{byte:02x}")).collect();
        sql += &format!("INSERT INTO shapes VALUES ({at}, X'47500001e6100000{hex}', 'n{at}');");
    }
    harness.import(harness.job(&gpkg(harness.scratch(), "shapes.gpkg", &sql)));
    let task = harness.run(job(&harness, ExportFormat::Fgb));
    assert_eq!(task.status, Status::Finished, "{:?}", task.error);
    let file = harness.scratch().join("read.fgb");
    fs::write(&file, read(&harness, &task)).unwrap();
    let output =
        Command::new("ogrinfo").args(["-al", "-q"]).arg(&file).output().expect("GDAL's ogrinfo runs");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let text = String::from_utf8(output.stdout).unwrap();
    let is_of_feature = |line: &&str| line.contains(" ZM (") || line.starts_with("name");
    let mut found: Vec<&str> = text.lines().map(str::trim).filter(is_of_feature).collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "GEOMETRYCOLLECTION ZM (POINT ZM (5 6 nan nan),LINESTRING ZM (0 0 nan nan,1 1 nan nan))",
            "POINT ZM (1 2 nan nan)",
            "POINT ZM (3 4 5 nan)",
            "POINT ZM (3 4 nan 6)",
            "POINT ZM (7 8 nan nan)",
            "name (String) = n0",
            "name (String) = n1",
            "name (String) = n2",
            "name (String) = n3",
            "name (String) = n4",
        ]
    );
}

#[test]
fn a_cancelled_export_leaves_nothing() {
    let harness = Harness::new();
    let sql = format!(
        "CREATE TABLE t (fid INTEGER PRIMARY KEY, name TEXT, geom POINT); {} {}",
        many("t (fid, name)", 100_000, 1),
        points("t", 4326)
    );
    let sql = format!("{sql} UPDATE t SET geom = {}", point(1.0, 2.0));
    harness.import(harness.job(&gpkg(harness.scratch(), "t.gpkg", &sql)));
    for format in ExportFormat::all() {
        let task = harness.runtime.block_on(async {
            let id = harness.tasks.submit(job(&harness, format), Submission::default()).await.unwrap().id;
            loop {
                let task = harness.tasks.get(id).await.unwrap().unwrap();
                let has_begun = task.progress.as_ref().is_some_and(|progress| progress.done > 0);
                if let Some(progress) = task.progress.filter(|_| has_begun) {
                    assert_eq!((progress.total, &*progress.unit), (Some(100_000), "features"));
                }
                if has_begun || task.status.has_ended() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            harness.tasks.cancel(id).await.unwrap();
            harness.tasks.wait(id).await.unwrap().unwrap()
        });
        assert_eq!(task.status, Status::Cancelled, "{format:?}");
        assert!(task.result.is_none());
        assert_eq!(fs::read_dir(harness.scratch().join("results")).unwrap().count(), 0, "{format:?}");
    }
}

#[test]
fn a_stored_export_of_this_version_is_read_by_the_next() {
    let stored = r#"{"repository":"id","root":"HEAD","commit":null,"layers":["a/b"],"format":"geojsonl",
        "window":"0,1,2,3,EPSG:4326","crs":"EPSG:2193","file_name":"out"}"#;
    let job: ExportLayers = serde_json::from_str(stored).unwrap();
    let again: serde_json::Value = serde_json::to_value(&job).unwrap();
    assert_eq!(again, serde_json::from_str::<serde_json::Value>(stored).unwrap());
}
