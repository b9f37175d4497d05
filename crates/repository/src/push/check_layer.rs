//! Checks a layer: its metadata, and the features that its previous version does not have.

use std::collections::HashSet;

use serde::Deserialize;

use super::{Fault, check_features::FeatureCheck};
use crate::{
    KartColumn,
    dataset::{
        Scheme,
        stored::{StoredDataset, find, read, read_tree},
        tree::EntryMode,
    },
    object::Id,
};

/// Checks the layer in the folder `new`, of which `old` has the previous version if it is a layer, too.
pub(super) fn check_layer(git: &gix::Repository, old: Option<Id>, new: Id) -> Result<(), Fault> {
    let layer = StoredDataset::open(git, new)?.ok_or_else(|| Fault::new("it is not a table"))?;
    check_columns(&layer.columns)?;
    check_coordinate_systems(git, &layer)?;
    if layer.meta.iter().any(|entry| entry.name == b"capabilities.json") {
        return Err(Fault::new("it has a file capabilities.json, which Kart refuses"));
    }
    let scheme = path_scheme(git, &layer)?;
    let old = old.map(|old| previous_features(git, old, &layer)).transpose()?.flatten();
    match layer.features {
        Some(features) if old != Some(features) => {
            FeatureCheck::new(git, &layer, scheme).check(old, features)
        }
        _ => Ok(()),
    }
}

fn check_columns(columns: &[KartColumn]) -> Result<(), Fault> {
    if columns.is_empty() {
        return Err(Fault::new("schema.json has no columns"));
    }
    let (mut ids, mut names) = (HashSet::new(), HashSet::new());
    for column in columns {
        let shown: String = column.name.chars().take(100).collect();
        let in_column = |reason: &str| Fault::new(format!("column '{}' {reason}", shown.escape_debug()));
        if column.column().is_none() {
            return Err(in_column("has a type that Kart does not know"));
        }
        if column.id.is_empty() || !ids.insert(&column.id) {
            return Err(in_column("has no id of its own"));
        }
        if !names.insert(&column.name) {
            return Err(in_column("is there twice"));
        }
    }
    Ok(())
}

/// Kart cannot export a layer that lacks the definition of a coordinate reference system.
fn check_coordinate_systems(git: &gix::Repository, layer: &StoredDataset) -> Result<(), Fault> {
    let folder = find(&layer.meta, "crs", EntryMode::Tree);
    let definitions = folder.map_or_else(|| Ok(Vec::new()), |folder| read_tree(git, folder))?;
    for crs in layer.columns.iter().filter_map(|column| column.geometry_crs.as_deref()) {
        if find(&definitions, &format!("{crs}.wkt"), EntryMode::Blob).is_none() {
            let crs: String = crs.chars().take(100).collect();
            let reason = format!(
                "the definition of its coordinate reference system '{}' is missing",
                crs.escape_debug()
            );
            return Err(Fault::Refused(reason));
        }
    }
    Ok(())
}

/// `meta/path-structure.json`.
#[derive(Deserialize)]
struct PathStructure {
    scheme: String,
    branches: u32,
    levels: u32,
    encoding: String,
}

/// How the layer's features are distributed over trees; `None` if it is the older way, whose paths are not checked.
fn path_scheme(git: &gix::Repository, layer: &StoredDataset) -> Result<Option<Scheme>, Fault> {
    let Some(id) = find(&layer.meta, "path-structure.json", EntryMode::Blob) else { return Ok(None) };
    let unknown = || Fault::new("path-structure.json is malformed");
    let structure: PathStructure = serde_json::from_slice(&read(git, id)?).map_err(|_| unknown())?;
    let scheme = match structure.scheme.as_str() {
        "int" => Scheme::Int,
        "msgpack/hash" => Scheme::Hash,
        _ => return Err(unknown()),
    };
    match (structure.branches, structure.levels, structure.encoding.as_str()) {
        (64, 4, "base64") => Ok(Some(scheme)),
        (256, _, "hex") | (64, _, "base64") => Ok(None),
        _ => Err(unknown()),
    }
}

/// The features of the previous version, if those of them that stay are readable in the new one: they name its legends.
fn previous_features(git: &gix::Repository, old: Id, layer: &StoredDataset) -> Result<Option<Id>, Fault> {
    let old = match StoredDataset::open(git, old) {
        Ok(Some(old)) => old,
        // It was there before the checks were.
        Ok(None) | Err(crate::DatasetError::Malformed(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let keeps_legends = old.legends.iter().all(|(name, legend)| layer.legends.get(name) == Some(legend));
    let same_paths = find(&old.meta, "path-structure.json", EntryMode::Blob)
        == find(&layer.meta, "path-structure.json", EntryMode::Blob);
    Ok(old.features.filter(|_| keeps_legends && same_paths))
}
