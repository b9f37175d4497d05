//! A walk through the pages in a real Chromium, driven by Playwright.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../harness/mod.rs"]
mod harness;

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use harness::{Server, geopackage, server::longhaul};

const NEEDED: [&str; 3] = ["chromium", "node", "npm"];

/// The screenshots, to look at: `target/screenshots`.
fn screenshots() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Installs what drives the browser, and checks pages for accessibility. `None`, and a message, if something is missing.
fn driver() -> Option<PathBuf> {
    let missing: Vec<_> = NEEDED.into_iter().filter(|program| !is_on_path(program)).collect();
    if !missing.is_empty() {
        println!("LEFT OUT: the walk in a real browser needs {}", missing.join(", "));
        return None;
    }
    let version = Command::new("node").arg("--version").output().unwrap();
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    if version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok()) < Some(20) {
        println!("LEFT OUT: the walk in a real browser needs Node 20 or newer, and this is {version}");
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
    std::fs::create_dir_all(&folder).unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    for file in ["package.json", "package-lock.json", "walk.mjs", "checks.mjs"] {
        std::fs::copy(source.join(file), folder.join(file)).unwrap();
    }
    let mut install = Command::new("npm");
    install
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"])
        .current_dir(&folder);
    let output = install.stdin(Stdio::null()).output().unwrap();
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        assert!(std::env::var_os("CI").is_none(), "npm ci failed: {why}");
        println!("LEFT OUT: the walk in a real browser needs packages of npm: {why}");
        return None;
    }
    Some(folder)
}

fn is_on_path(program: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|folder| folder.join(program).is_file())
}

fn new_token(file: &str, name: &str) -> String {
    let mut command = longhaul();
    let output = command
        .args(["token", "new", name, "--file", file, "--role", name])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The package with its points in the Netherlands.
fn spread(package: &[u8]) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), package).unwrap();
    let mut connection = rusqlite::Connection::open(file.path()).unwrap();
    let transaction = connection.transaction().unwrap();
    {
        let mut update = transaction.prepare("UPDATE streets SET geom = ?2 WHERE fid = ?1").unwrap();
        let count: i64 = transaction.query_row("SELECT count(*) FROM streets", [], |row| row.get(0)).unwrap();
        for fid in 1..=count {
            let (column, row) = (fid % 200, fid / 200);
            let mut point = b"GP\0\x01\xe6\x10\0\0\x01\x01\0\0\0".to_vec();
            point.extend_from_slice(&(3.5 + column as f64 * 0.018).to_le_bytes());
            point.extend_from_slice(&(51.0 + row as f64 * 0.024).to_le_bytes());
            update.execute(rusqlite::params![fid, point]).unwrap();
        }
    }
    transaction.commit().unwrap();
    drop(connection);
    std::fs::read(file.path()).unwrap()
}

#[test]
fn a_reader_and_a_writer_walk_through_the_pages_in_chromium() {
    let Some(driver) = driver() else { return };
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens.toml");
    let tokens = tokens.to_str().unwrap();
    let (admin, reader) = (new_token(tokens, "admin"), new_token(tokens, "reader"));
    // An Overpass server that never answers, so that a download runs until it is cancelled.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let overpass = format!("http://{}/api/interpreter", silent.local_addr().unwrap());
    let server = Server::start_with(&["--tokens", tokens, "--overpass", &overpass]);
    let names: Vec<String> =
        (0..20_000).map(|number| format!("a street with a rather long name, number {number}")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    std::fs::write(folder.path().join("first.gpkg"), spread(&geopackage::points("streets", &names))).unwrap();
    names[6] = "Kerkplein";
    names.pop();
    std::fs::write(folder.path().join("second.gpkg"), spread(&geopackage::points("streets", &names)))
        .unwrap();

    let walk = Command::new("node")
        .arg("walk.mjs")
        .arg(format!("http://{}", server.address))
        .args([folder.path(), screenshots().as_path()])
        .envs([("ADMIN", admin), ("READER", reader)])
        .current_dir(&driver)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (out, errors) = (String::from_utf8_lossy(&walk.stdout), String::from_utf8_lossy(&walk.stderr));
    println!("{out}");
    assert!(walk.status.success(), "{out}\n{errors}");
    server.stop();
}
