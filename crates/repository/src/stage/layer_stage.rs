//! A layer that is being written.

use std::{collections::HashSet, sync::Arc};

use longhaul_geodata::{Column, DataType, GeometryType, Layer, Schema, geometry::Extent};

use super::{
    Mode, StageError,
    columns::align,
    feature_entries::FeatureEntries,
    feature_writer::{WriterSetup, WrittenFeatures},
    finished_layer::FinishedLayer,
    key_generator::KeyGenerator,
    key_text::key_error,
    previous_features::PreviousFeatures,
};
use crate::{
    DatasetPath, FeatureCounts, FeatureReader, Interrupter, PackError, Repository,
    dataset::{
        KartColumn, Scheme, feature::FeatureEncoder, generated_keys::GeneratedKeys, legend::Legend,
        stored::StoredDataset,
    },
};

/// The column that holds generated keys.
const GENERATED: &str = "auto_pk";

/// A layer whose features are being written.
pub struct LayerStage {
    layer: Layer,
    mode: Mode,
    columns: Vec<KartColumn>,
    legend: Legend,
    setup: Arc<WriterSetup>,
    dataset: Option<StoredDataset>,
    key_generator: Option<KeyGenerator>,
    feature_entries: FeatureEntries,
    interrupter: Interrupter,
    generated_keys: Option<GeneratedKeys>,
    /// The extent of the features that were written.
    extent: Option<Extent>,
    /// The integer keys of features of the previous version that do not stay.
    removed: Vec<i64>,
}

impl LayerStage {
    pub(super) fn new(
        git: &gix::Repository,
        interrupter: Interrupter,
        path: DatasetPath,
        layer: &Layer,
        mode: Mode,
        dataset: Option<StoredDataset>,
    ) -> Result<Self, StageError> {
        let (key, geometry) = (layer.schema.primary_key(), layer.schema.geometry());
        let layer = keyed(layer, &path)?;
        if let (Some(dataset), Mode::Add) = (&dataset, mode) {
            check_fit(&path, &layer.schema, dataset)?;
        }
        let mut columns = continued(&path, &layer.schema, dataset.as_ref());
        if let (Some(dataset), Mode::Add) = (&dataset, mode) {
            widen(&mut columns, &dataset.columns);
        }
        let legend = Legend::of(&columns);
        let scheme = Scheme::of(&layer.schema);
        let previous = match &dataset {
            Some(dataset) => Some(PreviousFeatures::read(git, dataset, &legend, scheme, mode, &interrupter)?),
            None => None,
        };
        let key_generator = match key {
            Some(_) => None,
            None => {
                let keys = dataset.as_ref().map(|dataset| dataset.generated_keys(git)).transpose()?.flatten();
                let highest =
                    previous.as_ref().and_then(PreviousFeatures::highest).filter(|_| mode == Mode::Add);
                Some(KeyGenerator::new(columns[0].clone(), keys, mode, highest))
            }
        };
        let generated_keys = match (&dataset, key) {
            (Some(dataset), Some(key)) => kept_keys(git, dataset, &columns[key])?,
            _ => None,
        };
        let encoder = FeatureEncoder::new(&legend.name(), legend.values.len(), key);
        Ok(Self {
            layer,
            mode,
            columns,
            legend,
            setup: Arc::new(WriterSetup { path, encoder, key, geometry, scheme, previous }),
            dataset,
            key_generator,
            feature_entries: FeatureEntries::new(scheme),
            interrupter,
            generated_keys,
            extent: None,
            removed: Vec::new(),
        })
    }

    /// Whether features must be written by one thread, in order. That is so where keys are generated.
    pub fn is_sequential(&self) -> bool {
        self.setup.key.is_none()
    }

    /// The only generator of keys, for the one writer of a sequential layer.
    pub(super) fn take_key_generator(&mut self) -> Option<KeyGenerator> {
        self.key_generator.take()
    }

    pub(super) fn setup(&self) -> Arc<WriterSetup> {
        self.setup.clone()
    }

    /// Adds what a writer has written.
    pub fn collect(&mut self, written: WrittenFeatures) {
        self.feature_entries.append(written.feature_entries);
        let extents = [self.extent, written.extent].into_iter().flatten();
        self.extent = extents.reduce(Extent::union);
        if let Some(keys) = written.keys {
            self.generated_keys = Some(keys.into_keys());
        }
    }

    /// Removes the features with these integer keys, which must ascend, from those that were collected: others are
    /// written instead, or none.
    ///
    /// # Errors
    /// If it is interrupted.
    pub fn withdraw(&mut self, keys: &[i64]) -> Result<(), StageError> {
        self.feature_entries.remove(keys, &self.interrupter)?;
        Ok(())
    }

    /// Removes the features that the branch has with these integer keys, where features are added. One that is written
    /// again stays.
    pub fn remove_previous(&mut self, mut keys: Vec<i64>) {
        self.removed.append(&mut keys);
    }

    /// A reader of the features that the branch has, in the order of the layer's columns; `None` if it has no such layer.
    pub(super) fn previous_features(&self, repository: &Repository) -> Option<FeatureReader> {
        let dataset = self.dataset.as_ref()?;
        Some(FeatureReader::for_columns(repository, dataset, &self.columns))
    }

    /// Sorts the entries of the features, and adds those of the previous version that stay.
    pub(super) fn close(mut self) -> Result<FinishedLayer, StageError> {
        let Ok(setup) = Arc::try_unwrap(self.setup) else {
            return Err(PackError::Aborted.into());
        };
        let repeated = |key| key_error(&setup.path, key, "occurs in more than one row");
        self.feature_entries.sort(&self.interrupter)?.map_err(repeated)?;
        let written = self.feature_entries.len() as u64;
        let mut counts = FeatureCounts { added: written, ..FeatureCounts::default() };
        let mut known = HashSet::new();
        if let Some(mut previous) = setup.previous {
            counts = previous.counts(&self.feature_entries, &self.interrupter)?;
            known = std::mem::take(&mut previous.trees);
            match self.mode {
                Mode::Replace => counts.deleted = previous.len() - (written - counts.added),
                Mode::Add => {
                    let before = previous.len();
                    let mut stay = previous.into_feature_entries(&self.interrupter)?;
                    self.removed.sort_unstable();
                    stay.remove(&self.removed, &self.interrupter)?;
                    self.feature_entries.complete_with(stay);
                    counts.deleted = before + counts.added - self.feature_entries.len() as u64;
                }
            }
        }
        Ok(FinishedLayer {
            path: setup.path,
            layer: self.layer,
            columns: self.columns,
            legend: self.legend,
            generated_keys: self.generated_keys,
            keep_descriptions: self.mode == Mode::Add && self.dataset.is_some(),
            dataset: self.dataset,
            feature_entries: self.feature_entries,
            counts,
            extent: self.extent,
            known,
        })
    }
}

/// The layer with a column for generated keys if it has no primary key.
fn keyed(layer: &Layer, path: &DatasetPath) -> Result<Layer, StageError> {
    let mut layer = layer.clone();
    let columns = &mut layer.schema.columns;
    match columns.iter().filter(|column| column.primary_key).count() {
        0 => columns.insert(0, generated_column(columns)),
        1 => {}
        _ => return Err(StageError::CompositeKey(path.clone())),
    }
    Ok(layer)
}

/// The generated keys that stay: those of a layer whose features come with them, as from an export.
fn kept_keys(
    git: &gix::Repository,
    dataset: &StoredDataset,
    key: &KartColumn,
) -> Result<Option<GeneratedKeys>, StageError> {
    Ok(dataset.generated_keys(git)?.filter(|keys| keys.column.id == key.id))
}

fn generated_column(others: &[Column]) -> Column {
    let is_free = |name: &String| !others.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    let mut names = (1..).map(|number| format!("{GENERATED}_{number}"));
    let name = Some(GENERATED.to_owned()).filter(is_free).or_else(|| names.find(is_free));
    Column {
        name: name.expect("the numbers do not end"),
        data_type: DataType::Integer { size: 64 },
        primary_key: true,
    }
}

/// The columns of the schema. One that continues a previous column has its id.
fn continued(path: &DatasetPath, schema: &Schema, dataset: Option<&StoredDataset>) -> Vec<KartColumn> {
    let previous = dataset.map_or(&[][..], |dataset| &dataset.columns);
    let legends = dataset.into_iter().flat_map(|dataset| dataset.legends.values());
    align(path.as_str(), schema, previous, legends)
}

/// Widens the columns so that they hold the features that stay, too.
fn widen(columns: &mut [KartColumn], previous: &[KartColumn]) {
    for column in columns {
        if let Some(old) = previous.iter().find(|old| old.id == column.id) {
            column.geometry_type.clone_from(&old.geometry_type);
            column.size = column.size.max(old.size);
            column.length = column.length.zip(old.length).map(|(new, old)| new.max(old));
        }
    }
}

/// Checks that features with these columns can be added to the dataset.
fn check_fit(path: &DatasetPath, schema: &Schema, dataset: &StoredDataset) -> Result<(), StageError> {
    for old in &dataset.columns {
        let same_name = schema.columns.iter().find(|column| column.name == old.name);
        let reason = match same_name.map(|column| KartColumn::new(old.id.clone(), column)) {
            None => format!("they have no column '{}'", old.name),
            Some(new) if new.data_type != old.data_type => {
                format!("column '{}' is {} there and {} here", old.name, old.data_type, new.data_type)
            }
            Some(new) if new.primary_key_index != old.primary_key_index => {
                format!("column '{}' is the primary key of only one of them", old.name)
            }
            Some(new) if new.geometry_crs != old.geometry_crs => {
                let crs = |crs: Option<String>| crs.unwrap_or_else(|| "none".to_owned());
                let (there, here) = (crs(old.geometry_crs.clone()), crs(new.geometry_crs));
                format!("the coordinate reference system is {there} there and {here} here")
            }
            Some(new) if !holds(old.geometry_type.as_deref(), new.geometry_type.as_deref()) => {
                let kind = |kind: &Option<String>| kind.clone().unwrap_or_else(|| "none".to_owned());
                format!(
                    "the geometries are {} there and {} here",
                    kind(&old.geometry_type),
                    kind(&new.geometry_type)
                )
            }
            Some(_) => continue,
        };
        return Err(StageError::Incompatible { path: path.clone(), reason });
    }
    Ok(())
}

/// Whether a column for geometries of one type can hold those of another. Earlier versions, and Kart, stored the names of
/// types as files have them, so their case does not count.
fn holds(old: Option<&str>, new: Option<&str>) -> bool {
    let kind = |kind: Option<&str>| GeometryType::named(kind.unwrap_or_default(), false, false);
    let (old, new) = (kind(old), kind(new));
    (old.z, old.m) == (new.z, new.m) && (old.name == new.name || old.name == "GEOMETRY")
}
