//! Replaces our column ids in a commit by Kart's.
//!
//! A column id of Kart depends on the path of the imported file, so ours differ. Column ids are in schemas, in legends,
//! through legends in every feature, and through features in lists of generated keys. After the replacement the trees must
//! be equal byte for byte: the translated tree has the same blob ids as Kart's.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::support::git::{File, blobs, files};

/// The replacements for one repository and its history.
#[derive(Default)]
pub struct Translation {
    /// Our strings and Kart's: column ids, names of legends, blob ids.
    replacements: BTreeMap<String, String>,
}

impl Translation {
    /// Adds the column ids, from our schema and Kart's schema of a dataset.
    ///
    /// # Panics
    /// If an id has another counterpart than in an earlier version: then only one of the two has kept the column
    /// id.
    pub fn learn(&mut self, ours: &str, karts: &str) {
        let ids = |schema: &str| -> Vec<String> {
            let schema: Vec<Value> = serde_json::from_str(schema).unwrap();
            schema.iter().map(|column| column["id"].as_str().unwrap().to_owned()).collect()
        };
        let (ours, karts) = (ids(ours), ids(karts));
        assert_eq!(ours.len(), karts.len(), "as many columns");
        for (our, kart) in ours.iter().zip(karts) {
            let known = self.replacements.insert(our.clone(), kart.clone());
            assert!(known.is_none_or(|known| known == kart), "column {our} continues another one");
        }
        let mut distinct: Vec<_> = self.replacements.values().collect();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), self.replacements.len(), "no two columns of ours are one of Kart's");
    }

    /// The files of our commit, with Kart's strings.
    pub fn apply(&mut self, git_dir: &Path, commit: &str) -> BTreeMap<String, File> {
        let mut files = files(git_dir, commit);
        // In this order, because each of these files contains strings of those before.
        files.sort_by_key(|file| match &file.path {
            path if path.contains("/meta/legend/") => 0,
            path if path.contains("/feature/") => 1,
            _ => 2,
        });
        let bytes = blobs(git_dir, files.iter().map(|file| file.id.as_str()));
        let translated = files.into_iter().zip(bytes).map(|(file, bytes)| self.file(file, &bytes));
        translated.map(|file| (file.path.clone(), file)).collect()
    }

    fn file(&mut self, file: File, bytes: &[u8]) -> File {
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        if folder.ends_with("/meta/legend") {
            let bytes = self.bytes(bytes);
            let digest = hex(&Sha256::digest(&bytes)[..20]);
            self.replacements.insert(name.to_owned(), digest.clone());
            return File { id: blob_id(&bytes), path: format!("{folder}/{digest}"), ..file };
        }
        if folder.contains("/.table-dataset/feature/") {
            // A MessagePack array of two elements with a string of 40 characters.
            assert_eq!(bytes[..3], [0x92, 0xd9, 40], "{}", file.path);
            let (head, values) = bytes.split_at(43);
            let id = blob_id(&[&self.bytes(head), values].concat());
            self.replacements.insert(file.id, id.clone());
            return File { id, ..file };
        }
        let bytes = match name {
            "schema.json" | "generated-pks.json" => self.bytes(bytes),
            _ => bytes.to_vec(),
        };
        File { id: blob_id(&bytes), ..file }
    }

    /// Replaces all known strings. Each has the length of its replacement, and none
    /// occurs by chance.
    pub fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for length in [36, 40] {
            let mut at = 0;
            while let Some(window) = bytes.get(at..at + length) {
                let word = std::str::from_utf8(window).ok().and_then(|word| self.replacements.get(word));
                match word {
                    Some(word) => {
                        bytes[at..at + length].copy_from_slice(word.as_bytes());
                        at += length;
                    }
                    None => at += 1,
                }
            }
        }
        bytes
    }
}

/// The Git id of a blob.
pub fn blob_id(bytes: &[u8]) -> String {
    let digest = Sha1::new().chain_update(format!("blob {}\0", bytes.len())).chain_update(bytes);
    hex(&digest.finalize())
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
