//! Where the features of a layer are, without their values.

use gix::{ObjectId, bstr::ByteSlice};
use longhaul_geodata::Value;

use super::{
    feature_path::{packed_key, unpack_keys},
    feature_tree::FeatureTreeWalk,
    stored::DatasetError,
    tree::EntryMode,
};
use crate::layer_path::key_of;

/// A feature of a layer: its key, and the blob that holds its other values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureEntry {
    /// Its primary key.
    pub key: PackedKey,
    /// Its blob in the repository.
    pub blob: ObjectId,
}

/// A primary key in the form in which the file name of a feature encodes it: MessagePack of an array of the key's values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PackedKey(Vec<u8>);

impl PackedKey {
    /// The key with these bytes; `None` if they are no key.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Option<Self> {
        let bytes = bytes.into();
        unpack_keys(&bytes).is_some().then_some(Self(bytes))
    }

    /// The key that a file name encodes.
    pub(crate) fn of_file_name(name: &[u8]) -> Option<Self> {
        packed_key(name).and_then(Self::from_bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its values; there is one, unless another program made the layer.
    pub fn values(&self) -> Vec<Value<'_>> {
        unpack_keys(&self.0).unwrap_or_default()
    }

    /// The whole number that it is, if it is one.
    pub fn integer(&self) -> Option<i64> {
        match self.values()[..] {
            [Value::Integer(number)] => Some(number),
            _ => None,
        }
    }

    /// The key as listings show it: a number, a text, or Kart's file name where it is neither, or a text with slashes.
    pub fn text(&self) -> String {
        let mut name = String::new();
        super::feature_path::file_name(&self.0, &mut name);
        key_of(name.as_bytes().as_bstr())
    }
}

/// The entries of a layer in the order of their paths in Git. No blob is read.
///
/// Trees are read while the iterator advances. It ends after the first error.
pub struct FeatureEntries {
    pub(super) walk: FeatureTreeWalk,
}

impl Iterator for FeatureEntries {
    type Item = Result<FeatureEntry, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        for entry in self.walk.by_ref() {
            return Some(match entry {
                Err(error) => Err(error.into()),
                Ok(entry) if entry.mode != EntryMode::Blob => continue,
                Ok(entry) => PackedKey::of_file_name(&entry.name)
                    .map(|key| FeatureEntry { key, blob: entry.id.into() })
                    .ok_or(DatasetError::Malformed("the name of a feature")),
            });
        }
        None
    }
}
