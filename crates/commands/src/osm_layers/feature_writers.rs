//! Makes features of entities and writes them, on one thread.

use longhaul_geodata::Batch;
use longhaul_osm::{EntityLayer, Node, Warnings, WayWithGeometry};
use longhaul_repository::{FeatureWriter, WrittenFeatures};
use longhaul_tasks::Failure;

use super::statistics::OsmStatistics;
use crate::public_error::public_error;

/// The size in bytes at which a batch is written early. The features of a usual block take a tenth of it.
const MAX_BATCH_BYTES: usize = 4 << 20;

/// The writers of one thread into the layers of one entity type.
pub(super) struct FeatureWriters<'a> {
    layers: Vec<LayerWriter<'a>>,
    warnings: Warnings,
}

struct LayerWriter<'a> {
    layer: &'a dyn EntityLayer,
    writer: FeatureWriter,
    features: Batch,
}

impl<'a> FeatureWriters<'a> {
    pub(super) fn new(layers: impl Iterator<Item = (&'a dyn EntityLayer, FeatureWriter)>) -> Self {
        let layers = layers.map(|(layer, writer)| LayerWriter {
            layer,
            writer,
            features: Batch::new(layer.layer().schema.columns.len()),
        });
        Self { layers: layers.collect(), warnings: Warnings::default() }
    }

    pub(super) fn add_node(&mut self, node: &Node<'_>) -> Result<(), Failure> {
        let Self { layers, warnings } = self;
        layers.iter_mut().try_for_each(|layer| {
            layer.layer.add_node(node, &mut layer.features, warnings);
            layer.write_if_full()
        })
    }

    pub(super) fn add_way(
        &mut self,
        way: &WayWithGeometry<'_>,
        warnings: &mut Warnings,
    ) -> Result<(), Failure> {
        self.layers.iter_mut().try_for_each(|layer| {
            layer.layer.add_way(way, &mut layer.features, warnings);
            layer.write_if_full()
        })
    }

    /// Writes all features that are in batches.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.layers.iter_mut().try_for_each(LayerWriter::write)
    }

    /// Returns what was written into each layer. The warnings are added to the statistics of the thread.
    pub(super) fn finish(
        mut self,
        mut statistics: OsmStatistics,
    ) -> Result<(Vec<WrittenFeatures>, OsmStatistics), Failure> {
        self.flush()?;
        statistics.warnings.merge(self.warnings);
        let written = self.layers.into_iter().map(|layer| Ok(layer.writer.finish().map_err(public_error)?));
        Ok((written.collect::<Result<_, Failure>>()?, statistics))
    }
}

impl LayerWriter<'_> {
    fn write_if_full(&mut self) -> Result<(), Failure> {
        if self.features.size() < MAX_BATCH_BYTES { Ok(()) } else { self.write() }
    }

    fn write(&mut self) -> Result<(), Failure> {
        if !self.features.is_empty() {
            self.writer.write(&self.features).map_err(public_error)?;
            self.features.clear();
        }
        Ok(())
    }
}
