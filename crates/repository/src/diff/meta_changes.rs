//! The metadata in which two versions of a layer differ.

use std::collections::BTreeMap;

use longhaul_geodata::crs::format_wkt;

use crate::{
    DatasetError,
    dataset::{
        stored::{read, read_tree},
        tree::{EntryMode, TreeEntry},
    },
    object::Id,
};

/// Items that describe how features are stored, which Kart does not show either.
const HIDDEN: [&str; 3] = ["legend", "path-structure.json", "generated-pks.json"];

/// A piece of metadata in which two versions of a layer differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaChange {
    /// `title`, `schema.json`, `crs/EPSG:4326.wkt`.
    pub key: String,
    /// The old value; `None` if it was added.
    pub old: Option<MetaValue>,
    /// The new value; `None` if it was deleted.
    pub new: Option<MetaValue>,
}

/// The value of a piece of metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetaValue {
    /// A text, such as a title or the definition of a reference system.
    Text(String),
    /// JSON without white space between its parts.
    Json(String),
}

impl MetaValue {
    fn read(git: &gix::Repository, key: &str, blob: Id) -> Result<Self, DatasetError> {
        let text = String::from_utf8_lossy(&read(git, blob)?).into_owned();
        if key.ends_with(".json") {
            return match compact_json(&text) {
                Some(json) => Ok(Self::Json(json)),
                None => Ok(Self::Text(text)),
            };
        }
        let is_crs = key.starts_with("crs/") && key.ends_with(".wkt");
        Ok(Self::Text(if is_crs { format_wkt(&text) } else { text }))
    }
}

/// The items in which two `meta` trees differ, sorted by key.
pub(super) fn meta_changes(
    git: &gix::Repository,
    old: &[TreeEntry],
    new: &[TreeEntry],
) -> Result<Vec<MetaChange>, DatasetError> {
    let (old, new) = (items(git, old)?, items(git, new)?);
    let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
    keys.sort();
    keys.dedup();
    let mut changes = Vec::new();
    for key in keys.into_iter().filter(|key| old.get(*key) != new.get(*key)) {
        let value = |items: &BTreeMap<String, Id>| {
            items.get(key).map(|blob| MetaValue::read(git, key, *blob)).transpose()
        };
        let (old, new) = (value(&old)?, value(&new)?);
        // The same content may be written in several ways.
        if old != new {
            changes.push(MetaChange { key: key.clone(), old, new });
        }
    }
    Ok(changes)
}

/// The value of one item.
pub(super) fn item(
    git: &gix::Repository,
    meta: &[TreeEntry],
    key: &str,
) -> Result<Option<MetaValue>, DatasetError> {
    let entry = meta.iter().find(|entry| entry.name == key.as_bytes() && entry.mode == EntryMode::Blob);
    entry.map(|entry| MetaValue::read(git, key, entry.id)).transpose()
}

/// The blobs of all items by key.
fn items(git: &gix::Repository, meta: &[TreeEntry]) -> Result<BTreeMap<String, Id>, DatasetError> {
    let mut items = BTreeMap::new();
    for entry in meta {
        let name = String::from_utf8_lossy(&entry.name).into_owned();
        if HIDDEN.contains(&name.as_str()) {
            continue;
        }
        match entry.mode {
            EntryMode::Blob => {
                items.insert(name, entry.id);
            }
            EntryMode::Tree => {
                let inner = read_tree(git, entry.id)?.into_iter();
                items.extend(
                    inner
                        .filter(|inner| inner.mode == EntryMode::Blob)
                        .map(|inner| (format!("{name}/{}", String::from_utf8_lossy(&inner.name)), inner.id)),
                );
            }
            EntryMode::Other(_) => {}
        }
    }
    Ok(items)
}

/// JSON without white space between its parts, its members in the same order; `None` if it is not JSON.
fn compact_json(text: &str) -> Option<String> {
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    let mut compact = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let length = if next == '"' { string_length(rest) } else { next.len_utf8() };
        let (token, after) = rest.split_at(length);
        match next {
            // Escapes that need not be are resolved.
            '"' => compact += &serde_json::to_string(&serde_json::from_str::<String>(token).ok()?).ok()?,
            ' ' | '\t' | '\n' | '\r' => {}
            _ => compact += token,
        }
        rest = after;
    }
    Some(compact)
}

/// The length of the string that the valid JSON `text` begins with.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use super::compact_json;

    #[test]
    fn json_is_compacted_without_a_change_of_its_content() {
        let text = r#" [ {"z": 1.50, "a": "x \" \\", "u": "\u00fc\ud83d\ude00"} , null,
            true] "#;
        assert_eq!(compact_json(text).unwrap(), r#"[{"z":1.50,"a":"x \" \\","u":"ü😀"},null,true]"#);
        for bad in ["", "{", "\"", "[1 2]", r#""\ud800""#] {
            assert_eq!(compact_json(bad), None, "{bad}");
        }
    }
}
