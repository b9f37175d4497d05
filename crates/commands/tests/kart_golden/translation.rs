//! Our commits with Kart's column ids in place of ours.
//!
//! A column id depends on where a file lay when Kart imported it, so ours are others; and they stand in schemas, in
//! legends, through these in every feature, and through those in lists of generated keys. Once they are exchanged, all
//! that is left must be the same, byte for byte: the translated tree has the very blob ids of Kart's.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::support::git::{File, blobs, files};

/// What has been learnt of one repository and its history.
#[derive(Default)]
pub struct Translation {
    /// Kart's words for ours: column ids, names of legends, ids of blobs.
    replacements: BTreeMap<String, String>,
}

impl Translation {
    /// Learns the column ids from the schema of `dataset` as we have it and as Kart has it.
    ///
    /// # Panics
    /// If an id that was learnt from an earlier version is now another's: then one of the two continued a column that the
    /// other began anew.
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

    /// The files of our commit as Kart would have them.
    pub fn apply(&mut self, git_dir: &Path, commit: &str) -> BTreeMap<String, File> {
        let mut files = files(git_dir, commit);
        // Each of these stands in those after it.
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
            let bytes = self.text(bytes);
            let digest = hex(&Sha256::digest(&bytes)[..20]);
            self.replacements.insert(name.to_owned(), digest.clone());
            return File { id: blob_id(&bytes), path: format!("{folder}/{digest}"), ..file };
        }
        if folder.contains("/.table-dataset/feature/") {
            // An array of two, and a text of forty characters.
            assert_eq!(bytes[..3], [0x92, 0xd9, 40], "{}", file.path);
            let (head, values) = bytes.split_at(43);
            let id = blob_id(&[&self.text(head), values].concat());
            self.replacements.insert(file.id, id.clone());
            return File { id, ..file };
        }
        let bytes = match name {
            "schema.json" | "generated-pks.json" => self.text(bytes),
            _ => bytes.to_vec(),
        };
        File { id: blob_id(&bytes), ..file }
    }

    /// Exchanges every word that is known, wherever it stands: all are as long as what takes their place, and none
    /// occurs by chance.
    fn text(&self, bytes: &[u8]) -> Vec<u8> {
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

/// The name that Git gives to a blob.
pub fn blob_id(bytes: &[u8]) -> String {
    let digest = Sha1::new().chain_update(format!("blob {}\0", bytes.len())).chain_update(bytes);
    hex(&digest.finalize())
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
