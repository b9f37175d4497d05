//! OGC API – Features, and the list of layers.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../harness/mod.rs"]
mod harness;

mod changes;
mod clients;
mod documents;
mod golden_files;
mod imports;
mod items;
mod layer_list;
mod reference_systems;
mod tiles;
mod versions;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use harness::{Form, Server, geopackage};
use serde_json::Value;

/// A server with a repository `city` that has one layer `points`: point number n is at (n - 1, 0) and has the key n.
pub(crate) fn city(names: &[&str]) -> Server {
    let server = Server::start();
    server.init("city");
    import_points(&server, "points", names);
    server
}

/// Imports a layer of points into `city`, in place of an earlier one.
pub(crate) fn import_points(server: &Server, layer: &str, names: &[&str]) {
    import_bytes(server, "city", &geopackage::points(layer, names));
}

pub(crate) fn import_bytes(server: &Server, repository: &str, file: &[u8]) {
    let form = Form::default().file("fileUpload", "file.gpkg", file).text("overwrite", "true");
    server.import_to_the_end(repository, form);
}

/// A document that must be there.
pub(crate) fn json(server: &Server, target: &str) -> Value {
    let response = server.get(target);
    assert_eq!(response.status, 200, "{target}: {}", response.text());
    response.json()
}

/// The status and the description of an error, which must be in the form of OGC APIs.
pub(crate) fn error(server: &Server, target: &str) -> (u16, String) {
    let response = server.get(target);
    assert_eq!(response.header("content-type"), Some("application/json"), "{target}: {}", response.text());
    let document = response.json();
    assert!(document["code"].is_string(), "{document}");
    (response.status, document["description"].as_str().unwrap().to_owned())
}

/// The link of a relation, below the server's address.
pub(crate) fn link(server: &Server, document: &Value, relation: &str) -> Option<String> {
    let links = document["links"].as_array().unwrap();
    let found = links.iter().find(|link| link["rel"] == relation)?;
    let base = format!("http://{}", server.address);
    Some(found["href"].as_str().unwrap().strip_prefix(&base).unwrap().to_owned())
}

/// The features of all pages from `target` on.
pub(crate) fn all_features(server: &Server, target: &str) -> Vec<Value> {
    let mut features = Vec::new();
    let mut next = Some(target.to_owned());
    while let Some(target) = next {
        let page = json(server, &target);
        assert_eq!(page["numberReturned"], page["features"].as_array().unwrap().len());
        features.extend(page["features"].as_array().unwrap().iter().cloned());
        next = link(server, &page, "next");
    }
    features
}

/// A program of GDAL; `None`, with a message, if it is missing.
pub(crate) fn gdal(program: &str) -> Option<Command> {
    let is_there = Command::new(program).arg("--version").output().is_ok();
    if !is_there {
        eprintln!("left out: {program} is not there; install gdal-bin");
    }
    is_there.then(|| Command::new(program))
}

/// Runs a command and returns its output.
pub(crate) fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !errors.contains("ERROR"), "{command:?}:\n{text}\n{errors}");
    text
}

/// A folder of the shared test data; says so where it is absent.
pub(crate) fn shared_data(path: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(path);
    if !folder.exists() {
        eprintln!("left out: ../shared/data/{path} is not there");
        return None;
    }
    Some(folder)
}

/// What a file compressed by gzip holds.
pub(crate) fn gunzip(path: &Path) -> Vec<u8> {
    let output = Command::new("gzip").arg("-dc").arg(path).output().unwrap();
    assert!(output.status.success(), "{}", path.display());
    output.stdout
}
