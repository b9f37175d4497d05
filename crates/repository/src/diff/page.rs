//! The features in which two commits differ, page by page.

use gix::ObjectId;
use longhaul_geodata::{Value, geometry::well_known_text};

use super::{CommitDiff, DiffError, FeatureChange, LayerDiff, LayerValues, path_filter::PathFilter};
use crate::{DatasetError, Interrupter, ReadError, Repository};

/// How Kart and Git name a commit without layers.
const EMPTY: [&str; 2] = ["[EMPTY]", "0000000000000000000000000000000000000000"];

/// Which differences are asked for.
#[derive(Clone, Debug)]
pub struct DiffQuery {
    /// The old commit; `[EMPTY]` is one without layers.
    pub old: String,
    /// The new commit.
    pub new: String,
    /// Only those of these layers, features and folders; all if there are none.
    pub paths: Vec<String>,
    /// The page, from 0.
    pub page: usize,
    /// Features on a page.
    pub show: usize,
}

/// One page of the features that differ.
#[derive(Clone, Debug)]
pub struct DiffPage {
    /// The features.
    pub features: Vec<FeatureDifference>,
    /// Whether another page follows.
    pub has_next: bool,
}

/// A feature that differs.
#[derive(Clone, Debug)]
pub struct FeatureDifference {
    /// Its layer and key, `roads/17`, as in the entries of a [listing](crate::LsTreeEntry).
    pub path: String,
    /// Its blobs.
    pub change: FeatureChange,
    /// Its geometry, or the last one it had, if that was asked for and there is one.
    pub geometry: Option<FeatureGeometry>,
}

/// A geometry as text.
#[derive(Clone, Debug)]
pub struct FeatureGeometry {
    /// Well-known text.
    pub wkt: String,
    /// The identifier of its reference system.
    pub crs: Option<String>,
}

impl Repository {
    /// The commit of this name; `None` for `[EMPTY]`, which names a commit without layers.
    ///
    /// # Errors
    /// If it names no commit.
    pub fn compared_commit(&self, name: &str) -> Result<Option<ObjectId>, ReadError> {
        match EMPTY.contains(&name) {
            true => Ok(None),
            false => self.commit_named(name).map(Some),
        }
    }

    /// Compares the commits of a query. Layers and files outside of its paths are left out; of a layer of which a path names
    /// one feature, the others are not.
    ///
    /// # Errors
    /// If a name is not one of a commit, or as with [`Self::diff`].
    pub fn compare(&self, query: &DiffQuery, interrupter: &Interrupter) -> Result<CommitDiff, DiffError> {
        let (old, new) = (self.compared_commit(&query.old)?, self.compared_commit(&query.new)?);
        let mut diff = self.diff(old, new, interrupter)?;
        let filter = PathFilter::new(&query.paths);
        diff.layers.retain(|layer| filter.touches(layer.path.as_str()));
        diff.files.retain(|file| filter.covers(&file.path));
        Ok(diff)
    }

    /// One page of the features that differ, by layer and key.
    ///
    /// # Errors
    /// As with [`Self::compare`].
    pub fn diff_page(
        &self,
        query: &DiffQuery,
        with_geometries: bool,
        interrupter: &Interrupter,
    ) -> Result<DiffPage, DiffError> {
        let mut skipped = query.page.saturating_mul(query.show);
        let filter = PathFilter::new(&query.paths);
        let mut page = DiffPage { features: Vec::new(), has_next: false };
        for layer in self.compare(query, interrupter)?.layers {
            let layer = self.layer_diff(&layer)?;
            for change in layer.features(interrupter)? {
                let change = change?;
                let path = change.path(layer.path().as_str());
                if !filter.covers(&path) {
                    continue;
                }
                if skipped > 0 {
                    skipped -= 1;
                    continue;
                }
                if page.features.len() == query.show {
                    page.has_next = true;
                    return Ok(page);
                }
                let geometry = if with_geometries { geometry_of(&layer, &change)? } else { None };
                page.features.push(FeatureDifference { path, change, geometry });
            }
        }
        Ok(page)
    }
}

/// The new geometry of a feature, or the old one if it was deleted.
fn geometry_of(layer: &LayerDiff, change: &FeatureChange) -> Result<Option<FeatureGeometry>, DatasetError> {
    let values = match layer.new_values(change)? {
        Some(values) => Some(values),
        None => layer.old_values(change)?,
    };
    values.map_or(Ok(None), |values| geometry_in(&values))
}

fn geometry_in(values: &LayerValues<'_>) -> Result<Option<FeatureGeometry>, DatasetError> {
    for (column, value) in values.columns().iter().zip(values.decode()?) {
        if let Value::Geometry(bytes) = value {
            let wkt = well_known_text(bytes).map_err(|_| DatasetError::Malformed("a geometry"))?;
            return Ok(Some(FeatureGeometry { wkt, crs: column.geometry_crs.clone() }));
        }
    }
    Ok(None)
}
