//! Clients that export and read files of layers, and checks of what they got.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use rusqlite::Connection;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    changes::is_dry_run,
    clients::{Client, REPOSITORIES, task},
    harness::{Request, Response, Server, names_in},
    observations::Observations,
};

/// The files of versions that clients got: the tag for each address with a commit, which has the same bytes forever.
#[derive(Default)]
pub struct SeenFiles(Mutex<BTreeMap<String, String>>);

impl SeenFiles {
    fn saw(&self, file: &Response) {
        let digest = Sha256::digest(&file.body);
        let tag: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(file.header("etag"), Some(format!("\"{tag}\"").as_str()), "half of a file was sent");
        // Without the server, whose port changes with each start.
        let address = file.header("content-location").unwrap();
        let address = address[address.find("/repos/").unwrap()..].to_owned();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = seen.entry(address.clone()).or_insert_with(|| tag.clone());
        assert_eq!(*first, tag, "the bytes of {address} changed");
    }
}

impl Client {
    /// Submits an export of the layer that all imports have.
    pub fn export(&mut self) -> Option<()> {
        if self.is_busy() {
            return self.poll();
        }
        let repository = self.random.pick(&REPOSITORIES)?;
        let format = self.random.pick(&["gpkg", "fgb", "csv"])?;
        let (mark, highest) = self.observed.begin_submit();
        let target = format!("/repos/{repository}/export.json?format={format}&path=points");
        let answer = self.send(Request::new("GET", &target))?;
        match answer.status {
            200 => self.observed.submitted(mark, highest, None, &task(&answer)),
            503 | 429 => self.observed.refused(),
            status => panic!("an export was answered with {status}: {}", answer.text()),
        }
        Some(())
    }

    /// Reads a file of the layer, which is made if it is missing.
    pub fn read_file(&mut self) -> Option<()> {
        let repository = self.random.pick(&REPOSITORIES)?;
        let ending = self.random.pick(&["gpkg", "fgb"])?;
        let target = format!("/repos/{repository}/files/points.{ending}");
        let answer = self.send(Request::new("GET", &target))?;
        match answer.status {
            200 => self.observed.files.saw(&answer),
            // Nothing was imported yet, or the server is stopping.
            404 | 503 => {}
            status => panic!("{target} was answered with {status}: {}", answer.text()),
        }
        Some(())
    }
}

/// Whether a document is that of an export.
pub fn is_export(task: &Value) -> bool {
    task["description"].as_str().is_some_and(|description| description.starts_with("Export to "))
}

/// The file of each export that is FINISHED is whole, and besides those of dry runs no other file of a task or of the cache is there.
pub fn files_are_whole(server: &Server, observed: &Observations) {
    let seen = observed.tasks();
    let results = names_in(&server.data("results"));
    for name in &results {
        let end = seen.get(&name.parse().unwrap()).and_then(|seen| seen.end.as_ref());
        if end.is_some_and(is_dry_run) {
            continue;
        }
        let is_of_export = end.is_some_and(|end| is_export(end) && end["status"] == "FINISHED");
        assert!(is_of_export, "results/{name} was left: {end:?}");
        let files = names_in(&server.data("results").join(name));
        assert!(files.len() == 1 && !files[0].starts_with('.'), "results/{name} has {files:?}");
    }
    for (id, end) in seen.iter().filter_map(|(id, seen)| Some((id, seen.end.as_ref()?))) {
        if is_export(end) && results.contains(&id.to_string()) {
            let download = server.get(&format!("/tasks/{id}/download"));
            assert_eq!(download.status, 200, "{}", download.text());
            check_export(server, end, &download.body);
        }
    }
    for section in ["files", "index"] {
        let names = names_in(&server.data("cache").join(section));
        assert!(names.iter().all(|name| !name.starts_with('.')), "cache/{section} has {names:?}");
    }
}

/// The file has the features of its commit, as many as the result says.
fn check_export(server: &Server, task: &Value, file: &[u8]) {
    let features = task["result"]["features"].as_u64().unwrap();
    let found = match task["description"].as_str().unwrap() {
        "Export to CSV" => file.split(|byte| *byte == b'\n').count() as u64 - 2,
        "Export to Geopackage database" => features_of_package(file),
        _ => {
            assert!(files_of_commit(server, &task["result"]["commitId"]).contains(&file.to_vec()), "{task}");
            features
        }
    };
    assert_eq!(found, features, "{task}");
}

fn features_of_package(file: &[u8]) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export.gpkg");
    std::fs::write(&path, file).unwrap();
    let package = Connection::open(&path).unwrap();
    let check: String = package.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    package.query_row("SELECT count(*) FROM points", [], |row| row.get::<_, i64>(0)).unwrap() as u64
}

/// The FlatGeobuf of the layer in the repository that has the commit.
fn files_of_commit(server: &Server, commit: &Value) -> Vec<Vec<u8>> {
    let commit = commit.as_str().unwrap();
    let of_repository = |name: &&str| server.get(&format!("/repos/{name}/at/{commit}/files/points.fgb"));
    let found = REPOSITORIES.iter().map(of_repository).filter(|answer| answer.status == 200);
    found.map(|answer| answer.body).collect()
}
