//! Recorded results of Kart.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::support::git::File;

/// A folder with the results of imports by Kart.
pub struct Golden(PathBuf);

/// The folder with this name; `None`, with a message, if it is not on this machine.
pub fn golden(name: &str) -> Option<Golden> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/kart-golden");
    if !all.is_dir() {
        eprintln!("LEFT OUT: {name} was not compared, since the files made by Kart are not on this machine");
        return None;
    }
    let folder = all.join(name);
    assert!(folder.is_dir(), "{name} is missing among the files made by Kart");
    Some(Golden(folder))
}

impl Golden {
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Unpacks `NAME.gpkg.gz` into `scratch`.
    pub fn unpack(&self, name: &str, scratch: &Path) -> PathBuf {
        let unpacked = scratch.join(format!("{name}.gpkg"));
        let packed = fs::read(self.0.join(format!("{name}.gpkg.gz"))).unwrap();
        fs::write(&unpacked, gunzip(&packed)).unwrap();
        unpacked
    }

    /// The tree of a commit: `""` for the newest, `.HEAD-1` for its parent.
    pub fn tree(&self, at: &str) -> Vec<File> {
        let file = |line: &str| {
            let (head, path) = line.split_once('\t').unwrap();
            let head: Vec<&str> = head.split(' ').collect();
            File { mode: head[0].to_owned(), id: head[2].to_owned(), path: path.to_owned() }
        };
        self.text(&format!("tree{at}.txt")).lines().map(file).collect()
    }

    /// The recorded facts about a commit.
    pub fn facts(&self, at: &str) -> Value {
        serde_json::from_str(&self.text(&format!("golden{at}.json"))).unwrap()
    }

    /// The rows that Kart printed: the dataset, and the values by column.
    pub fn rows(&self, name: &str) -> Option<Vec<(String, Value)>> {
        let text = self.lines(name)?;
        let mut rows = Vec::new();
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            if line["type"] == "feature" {
                let dataset = line["dataset"].as_str().unwrap().to_owned();
                rows.push((dataset, line["change"]["+"].clone()));
            }
        }
        Some(rows)
    }

    /// The lines that Kart printed.
    pub fn lines(&self, name: &str) -> Option<String> {
        let packed = fs::read(self.0.join(name)).ok()?;
        Some(String::from_utf8(gunzip(&packed)).unwrap())
    }

    /// The text of a file, which may be compressed.
    fn text(&self, name: &str) -> String {
        match fs::read(self.0.join(name)) {
            Ok(bytes) => String::from_utf8(bytes).unwrap(),
            Err(_) => {
                let packed = fs::read(self.0.join(format!("{name}.gz"))).unwrap();
                String::from_utf8(gunzip(&packed)).unwrap()
            }
        }
    }
}

fn gunzip(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    bytes
}
