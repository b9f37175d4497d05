//! Makes features of entities and writes them, on one thread.

use longhaul_geodata::Batch;
use longhaul_osm::{
    EntityKind, EntityLayer, ExistingNode, Node, RawNodes, RawWays, Warnings, Way, WayVisitor,
    WayWithGeometry,
};
use longhaul_repository::{FeatureWriter, PreviousReader, WrittenFeatures};
use longhaul_tasks::Failure;

use super::{
    merge::{Merge, MergeLog},
    statistics::{OsmStatistics, ThreadStatistics},
};
use crate::public_error::public_error;

/// The size in bytes at which a batch is written early. The features of a usual block take a tenth of it.
const MAX_BATCH_BYTES: usize = 4 << 20;

/// The writers of one thread into the layers of one entity type.
pub(super) struct FeatureWriters<'a> {
    layers: Vec<LayerWriter<'a>>,
    pub(super) statistics: ThreadStatistics<'a>,
    /// `None` if the layers are replaced.
    merge: Option<Merge>,
}

pub(super) struct LayerWriter<'a> {
    layer: &'a dyn EntityLayer,
    writer: FeatureWriter,
    features: Batch,
    /// The features that the repository has, if the import adds to them.
    previous: Option<PreviousReader>,
    /// The keys of those of them that do not stay.
    removed: Vec<i64>,
}

/// What one thread has done.
pub(super) struct ThreadResult {
    /// What was written into each layer, and which features do not stay there.
    pub(super) layers: Vec<(WrittenFeatures, Vec<i64>)>,
    pub(super) log: MergeLog,
}

impl<'a> FeatureWriters<'a> {
    pub(super) fn new(
        layers: Vec<LayerWriter<'a>>,
        statistics: ThreadStatistics<'a>,
        merge: Option<Merge>,
    ) -> Self {
        Self { layers, statistics, merge }
    }

    /// Writes a node, or removes one that was deleted.
    pub(super) fn add_node(&mut self, node: &Node<'_>) -> Result<(), Failure> {
        let Self { layers, statistics, merge } = self;
        let OsmStatistics { warnings, kept, .. } = &mut **statistics;
        if let Some(merge) = merge
            && !merge.uses_node(node, warnings)?
        {
            return Ok(());
        }
        let mut is_kept = false;
        for layer in layers {
            let before = layer.features.len();
            layer.layer.add_node(node, &mut layer.features, warnings);
            is_kept |= layer.end_entity(node.id, before, EntityKind::Node, merge.as_ref(), warnings)?;
        }
        *kept += u64::from(is_kept);
        Ok(())
    }

    fn add_way(&mut self, way: &WayWithGeometry<'_>, warnings: &mut Warnings) -> Result<(), Failure> {
        let mut is_kept = false;
        for layer in &mut self.layers {
            let before = layer.features.len();
            layer.layer.add_way(way, &mut layer.features, warnings);
            is_kept |=
                layer.end_entity(way.way.id, before, EntityKind::Way, self.merge.as_ref(), warnings)?;
        }
        self.statistics.kept += u64::from(is_kept);
        Ok(())
    }

    /// The ways that the repository has, if the import adds to them.
    pub(super) fn merge(&mut self) -> Option<&mut Merge> {
        self.merge.as_mut()
    }

    /// Writes all features that are in batches.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.layers.iter_mut().try_for_each(LayerWriter::write)
    }

    /// Returns what was done.
    pub(super) fn finish(mut self) -> Result<ThreadResult, Failure> {
        self.flush()?;
        let Self { layers, mut statistics, merge } = self;
        let layers = layers.into_iter().map(|layer| {
            statistics.removed += layer.removed.len() as u64;
            Ok((layer.writer.finish().map_err(public_error)?, layer.removed))
        });
        let layers = layers.collect::<Result<_, Failure>>()?;
        let log = merge.map(|merge| merge.log).unwrap_or_default();
        Ok(ThreadResult { layers, log })
    }
}

impl WayVisitor for FeatureWriters<'_> {
    type Error = Failure;

    fn visit(&mut self, way: &WayWithGeometry<'_>, warnings: &mut Warnings) -> Result<(), Failure> {
        self.add_way(way, warnings)
    }

    fn is_used(&mut self, way: &Way<'_>, warnings: &mut Warnings) -> Result<bool, Failure> {
        self.merge.as_mut().map_or(Ok(true), |merge| merge.uses_way(way, warnings))
    }

    fn without_geometry(&mut self, way: &Way<'_>) -> Result<(), Failure> {
        self.layers.iter_mut().for_each(|layer| layer.remove_previous(way.id));
        Ok(())
    }

    fn existing_node(&mut self, id: i64) -> Result<Option<ExistingNode>, Failure> {
        self.merge.as_mut().map_or(Ok(None), |merge| merge.existing.node(id))
    }
}

impl<'a> LayerWriter<'a> {
    pub(super) fn new(
        layer: &'a dyn EntityLayer,
        writer: FeatureWriter,
        previous: Option<PreviousReader>,
    ) -> Self {
        let features = Batch::new(layer.layer().schema.columns.len());
        Self { layer, writer, features, previous, removed: Vec::new() }
    }

    /// Called after an entity was given to the layer, which had `before` features in its batch. Returns whether the layer has
    /// made a feature of it. If not, it removes the feature that the repository has of the entity.
    fn end_entity(
        &mut self,
        id: i64,
        before: usize,
        kind: EntityKind,
        merge: Option<&Merge>,
        warnings: &mut Warnings,
    ) -> Result<bool, Failure> {
        let is_kept = self.features.len() > before;
        if !is_kept {
            self.remove_previous(id);
        }
        let name = &self.layer.layer().name;
        if let Some(merge) = merge.filter(|_| [RawNodes::NAME, RawWays::NAME].contains(&&**name))
            && let Some(feature) = self.features.rows().nth(before)
        {
            merge.check_same(name, kind, (id, feature), warnings);
        }
        if self.features.size() >= MAX_BATCH_BYTES {
            self.write()?;
        }
        Ok(is_kept)
    }

    fn remove_previous(&mut self, id: i64) {
        if self.previous.as_ref().is_some_and(|previous| previous.contains(id)) {
            self.removed.push(id);
        }
    }

    fn write(&mut self) -> Result<(), Failure> {
        if !self.features.is_empty() {
            self.writer.write(&self.features).map_err(public_error)?;
            self.features.clear();
        }
        Ok(())
    }
}
