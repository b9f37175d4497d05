//! Paths as clients write them, `roads/17`, and their paths in Git's tree.

use gix::{
    ObjectId,
    bstr::{BStr, BString, ByteSlice},
};

use crate::dataset::{self, feature_path};

/// The most components of a layer's path.
const DEEPEST: usize = 32;

/// Where in Git's tree the layer, feature or folder `path` is, if it is there.
pub(crate) fn git_path(tree: &gix::Tree<'_>, path: &str) -> gix::Result<Option<BString>> {
    let path = path.trim_matches('/');
    let there = |path: &str| -> gix::Result<bool> { Ok(tree.lookup_entry(path.split('/'))?.is_some()) };
    if let Some((layer, Some(key))) = split_at_layer(tree, path)? {
        for path_in_git in feature_paths(key) {
            let path_in_git = format!("{layer}/{path_in_git}");
            if there(&path_in_git)? {
                return Ok(Some(path_in_git.into()));
            }
        }
    }
    Ok(there(path)?.then(|| path.into()))
}

/// Splits `path` into a layer that is there and the key of a feature that may be.
pub(crate) fn split_at_layer<'p>(
    tree: &gix::Tree<'_>,
    path: &'p str,
) -> gix::Result<Option<(&'p str, Option<&'p str>)>> {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    for end in ends.take(DEEPEST) {
        let layer = &path[..end];
        let Some(entry) = tree.lookup_entry(layer.split('/'))?.filter(|entry| entry.mode().is_tree()) else {
            return Ok(None);
        };
        if is_layer(&entry.object()?.into_tree())? {
            return Ok(Some((layer, path.get(end + 1..))));
        }
    }
    Ok(None)
}

pub(crate) fn is_layer(tree: &gix::Tree<'_>) -> gix::Result<bool> {
    Ok(tree.lookup_entry([dataset::FOLDER])?.is_some_and(|entry| entry.mode().is_tree()))
}

pub(crate) fn schema_of(layer: &gix::Tree<'_>) -> gix::Result<Option<ObjectId>> {
    let schema = layer.lookup_entry([dataset::FOLDER, "meta", "schema.json"])?;
    Ok(schema.map(|entry| entry.object_id()))
}

/// The primary key that a file name encodes, or the file name where the key cannot be part of a path.
pub(crate) fn key_of(file_name: &BStr) -> String {
    let packed = feature_path::packed_key(file_name);
    let shown = packed.as_deref().and_then(feature_path::unpack_key).and_then(|key| match key {
        longhaul_geodata::Value::Integer(number) => Some(number.to_string()),
        longhaul_geodata::Value::Text(text) if is_showable(text) => Some(text.to_owned()),
        _ => None,
    });
    shown.unwrap_or_else(|| file_name.to_str_lossy().into_owned())
}

fn is_showable(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| c == '/' || c.is_control())
}

/// The paths below a layer at which there may be the feature `key`: a number, a text, or Kart's own file name.
pub(crate) fn feature_paths(key: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut packed = Vec::new();
    if let Ok(number) = key.parse() {
        feature_path::pack_key(longhaul_geodata::Value::Integer(number), &mut packed);
        paths.push(path_of(feature_path::Scheme::tree_of_integer(number), &packed));
        paths.push(path_of(feature_path::Scheme::tree_of_hash(&packed), &packed));
    }
    feature_path::pack_key(longhaul_geodata::Value::Text(key), &mut packed);
    paths.push(path_of(feature_path::Scheme::tree_of_hash(&packed), &packed));
    if let Some(packed) = feature_path::packed_key(key.as_bytes()) {
        if let Some(longhaul_geodata::Value::Integer(number)) = feature_path::unpack_key(&packed) {
            paths.push(path_of(feature_path::Scheme::tree_of_integer(number), &packed));
        }
        paths.push(path_of(feature_path::Scheme::tree_of_hash(&packed), &packed));
    }
    paths
}

fn path_of(tree: u32, packed: &[u8]) -> String {
    let mut path = format!("{}/feature/", dataset::FOLDER);
    for level in (0..feature_path::LEVELS).rev() {
        path.push(feature_path::DIGITS[(tree >> (6 * level) & 63) as usize] as char);
        path.push('/');
    }
    feature_path::file_name(packed, &mut path);
    path
}
