//! Which layers an export has.

use longhaul_repository::{Dataset, DatasetPath, Repository};

use super::{Export, ExportError};

/// The layers of the export, opened.
pub(super) fn selected_layers(repository: &Repository, export: &Export) -> Result<Vec<Dataset>, ExportError> {
    let paths = match &export.layers {
        Some(paths) => paths.clone(),
        None => repository.datasets(export.commit)?,
    };
    check_count(export, paths.len())?;
    let mut missing = Vec::new();
    let mut layers = Vec::new();
    for path in &paths {
        match open(repository, export, path)? {
            Some(layer) => layers.push(layer),
            None => missing.push(path.to_string()),
        }
    }
    match missing.is_empty() {
        true => Ok(layers),
        false => Err(ExportError::MissingLayers { revision: export.root.clone(), layers: missing }),
    }
}

fn check_count(export: &Export, count: usize) -> Result<(), ExportError> {
    match count {
        0 => Err(ExportError::NoLayers(export.root.clone())),
        1 => Ok(()),
        _ if export.format.holds_several_layers() => Ok(()),
        count => Err(ExportError::SeveralLayers { format: export.format.name(), count }),
    }
}

fn open(
    repository: &Repository,
    export: &Export,
    path: &DatasetPath,
) -> Result<Option<Dataset>, ExportError> {
    repository
        .dataset(export.commit, path)
        .map_err(|source| ExportError::Dataset { layer: path.to_string(), source })
}
