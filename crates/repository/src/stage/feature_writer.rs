//! Writes the features of one thread: rows become blobs, and the blobs that the
//! branch does not have yet go into the pack.

use std::sync::Arc;

use longhaul_geodata::{
    Batch, Row, Value,
    geometry::{Extent, quick_extent},
};

use super::{
    StageError,
    feature_entries::{FeatureEntries, LONGEST_NAME},
    key_generator::KeyGenerator,
    key_text::{key_error, value_text},
    previous_features::PreviousFeatures,
};
use crate::{
    DatasetPath, Interrupter, PackError,
    dataset::{
        Scheme,
        feature::FeatureEncoder,
        feature_path::{file_name, pack_key},
    },
    object::{Id, ObjectKind, id_of},
    pack::ObjectSink,
};

/// How many rows are compressed to find out whether compression pays.
const SAMPLE: usize = 64;
/// The share of the bytes that compression must save: it costs many times as much time as storing.
const WORTH: f64 = 0.4;

/// What all writers of a layer share.
pub(super) struct WriterSetup {
    pub(super) path: DatasetPath,
    pub(super) encoder: FeatureEncoder,
    /// The column of the primary key; `None` where keys are generated.
    pub(super) key: Option<usize>,
    /// The column of the geometry.
    pub(super) geometry: Option<usize>,
    pub(super) scheme: Scheme,
    pub(super) previous: Option<PreviousFeatures>,
}

/// Writes features of one layer, on one thread.
pub struct FeatureWriter {
    setup: Arc<WriterSetup>,
    git: gix::Repository,
    sink: ObjectSink,
    feature_entries: FeatureEntries,
    keys: Option<KeyGenerator>,
    interrupter: Interrupter,
    compress: Option<bool>,
    extent: Option<Extent>,
    blob: Vec<u8>,
    projected: Vec<u8>,
    packed: Vec<u8>,
    name: String,
}

/// What a writer has written: the entries of its features, and the keys that it generated.
pub struct WrittenFeatures {
    pub(super) feature_entries: FeatureEntries,
    pub(super) keys: Option<KeyGenerator>,
    /// The extent of their geometries, as far as the envelopes of these are right.
    pub(super) extent: Option<Extent>,
}

impl FeatureWriter {
    pub(super) fn new(
        setup: Arc<WriterSetup>,
        git: gix::Repository,
        sink: ObjectSink,
        keys: Option<KeyGenerator>,
        interrupter: Interrupter,
    ) -> Self {
        Self {
            interrupter,
            feature_entries: FeatureEntries::new(setup.scheme),
            setup,
            git,
            sink,
            keys,
            compress: None,
            extent: None,
            blob: Vec::new(),
            projected: Vec::new(),
            packed: Vec::new(),
            name: String::new(),
        }
    }

    /// Adds features, their values in the order of the layer's columns.
    ///
    /// # Errors
    /// If a row has no usable key, or the disk fails.
    pub fn write(&mut self, batch: &Batch) -> Result<(), StageError> {
        if self.compress.is_none() {
            self.compress = Some(self.compression_pays(batch));
        }
        batch.rows().try_for_each(|row| self.write_row(row))
    }

    /// Writes what is buffered.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn finish(mut self) -> Result<WrittenFeatures, StageError> {
        if let Some(mut keys) = self.keys.take() {
            let mut late = Vec::new();
            keys.assign_pending(&self.git, &self.interrupter, &mut |key, id, blob| {
                late.push((key, id, blob))
            })?;
            for (key, id, blob) in late {
                self.write_with_integer_key(key, id, &blob)?;
            }
            self.keys = Some(keys);
        }
        self.sink.flush()?;
        Ok(WrittenFeatures { feature_entries: self.feature_entries, keys: self.keys, extent: self.extent })
    }

    fn write_row(&mut self, row: Row<'_>) -> Result<(), StageError> {
        self.measure(row);
        let mut blob = std::mem::take(&mut self.blob);
        self.setup.encoder.encode(row, &mut blob);
        let id = id_of(ObjectKind::Blob, &blob)?;
        let done = match self.setup.key {
            Some(column) => self.write_with_key(row.value(column), id, &blob),
            None => self.write_without_key(id, &blob),
        };
        self.blob = blob;
        done
    }

    /// Adds the geometry of a row to the extent. What does not decode has none.
    fn measure(&mut self, row: Row<'_>) {
        if let Some(Value::Geometry(bytes)) = self.setup.geometry.map(|column| row.value(column))
            && let Some(extent) = quick_extent(bytes)
        {
            self.extent = Some(self.extent.map_or(extent, |all| all.union(extent)));
        }
    }

    fn write_with_key(&mut self, key: Value<'_>, id: Id, blob: &[u8]) -> Result<(), StageError> {
        match (self.setup.scheme, key) {
            (Scheme::Int, Value::Integer(key)) => self.write_with_integer_key(key, id, blob),
            (_, Value::Null) => Err(self.bad_key(Value::Null, "cannot identify a feature")),
            (Scheme::Int, other) => Err(self.bad_key(other, "is not an integer")),
            (Scheme::Hash, Value::Geometry(_)) => Err(self.bad_key(key, "is a geometry")),
            (Scheme::Hash, key) => self.write_with_named_key(key, id, blob),
        }
    }

    fn write_without_key(&mut self, id: Id, blob: &[u8]) -> Result<(), StageError> {
        // A sequential layer has one writer; a second one has no key generator.
        let Some(keys) = &mut self.keys else { return Err(PackError::Aborted.into()) };
        match keys.key_for(id, blob) {
            Some(key) => self.write_with_integer_key(key, id, blob),
            // Its key is assigned at the end.
            None => Ok(()),
        }
    }

    fn write_with_integer_key(&mut self, key: i64, id: Id, blob: &[u8]) -> Result<(), StageError> {
        let old = self.setup.previous.as_ref().and_then(|previous| previous.of_integer(key));
        let id = self.keep_or_add(old, id, blob)?;
        self.feature_entries.push_integer(key, id);
        Ok(())
    }

    fn write_with_named_key(&mut self, key: Value<'_>, id: Id, blob: &[u8]) -> Result<(), StageError> {
        pack_key(key, &mut self.packed);
        self.name.clear();
        file_name(&self.packed, &mut self.name);
        if self.name.len() > LONGEST_NAME {
            return Err(self.bad_key(key, "is too long to be the name of a file"));
        }
        let previous = self.setup.previous.as_ref();
        let old = previous.and_then(|previous| previous.of_name(self.name.as_bytes()));
        let id = self.keep_or_add(old, id, blob)?;
        self.feature_entries.push_named(&self.packed, &self.name, id);
        Ok(())
    }

    /// The id of the feature's blob: `old` if that has the same values.
    fn keep_or_add(&mut self, old: Option<Id>, id: Id, blob: &[u8]) -> Result<Id, StageError> {
        if let (Some(old), Some(previous)) = (old, &self.setup.previous) {
            let encoder = &self.setup.encoder;
            if old == id || previous.is_equivalent(&self.git, old, blob, encoder, &mut self.projected)? {
                return Ok(old);
            }
        }
        if self.compress == Some(true) {
            self.sink.add_compressed(id, ObjectKind::Blob, blob)?;
        } else {
            self.sink.add_stored(id, ObjectKind::Blob, blob)?;
        }
        Ok(id)
    }

    fn compression_pays(&mut self, batch: &Batch) -> bool {
        let step = (batch.len() / SAMPLE).max(1);
        let (mut before, mut after) = (0, 0);
        for row in batch.rows().step_by(step) {
            self.setup.encoder.encode(row, &mut self.blob);
            before += self.blob.len();
            after += self.sink.compressed_len(&self.blob);
        }
        (after as f64) < before as f64 * (1.0 - WORTH)
    }

    fn bad_key(&self, key: Value<'_>, reason: &'static str) -> StageError {
        key_error(&self.setup.path, value_text(key), reason)
    }
}
