//! Files that Kart imported, read and compared with what Kart made of them.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use geopackage::GeoPackage;

/// Where the files are, if they are there.
fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/kart-golden");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("left out: the files made by Kart are not on this machine");
    None
}

/// All `.gpkg.gz` below the folder, unpacked into `scratch`.
fn packages(folder: &Path, scratch: &Path) -> Vec<PathBuf> {
    let mut packages = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let entry = entry.unwrap().path();
        if !entry.is_dir() {
            continue;
        }
        for file in entry.read_dir().unwrap() {
            let file = file.unwrap().path();
            if let Some(name) = file.file_name().unwrap().to_str().unwrap().strip_suffix(".gpkg.gz") {
                let unpacked = scratch.join(format!("{name}.gpkg"));
                unpack(&file, &unpacked);
                packages.push(unpacked);
            }
        }
    }
    packages.sort();
    packages
}

fn unpack(from: &Path, to: &Path) {
    let mut source = GzDecoder::new(File::open(from).unwrap());
    io::copy(&mut source, &mut File::create(to).unwrap()).unwrap();
}

#[test]
fn every_layer_reads_to_its_end() {
    let Some(folder) = folder() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let packages = packages(&folder, scratch.path());
    assert!(packages.len() >= 17, "{packages:?}");
    for path in packages {
        let package = GeoPackage::open(&path, "it").unwrap();
        let reader = package.reader().unwrap();
        for name in package.layer_names() {
            let table = match package.layer(name) {
                Err(geopackage::Error::CompositeKey { .. }) if name.starts_with("composite") => continue,
                table => table.unwrap(),
            };
            let mut n = 0;
            for part in package.parts(&table, 3).unwrap() {
                for batch in reader.batches(&part).unwrap() {
                    n += batch.unwrap().len();
                }
            }
            eprintln!("{path:?} {name} {n} {:?} {:?}", table.notes, table.feature_count);
        }
    }
}
