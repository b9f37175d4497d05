//! What the repository has of the layers `node` and `way`, for an import that adds to them.

use longhaul_geodata::{Batch, Row};
use longhaul_osm::{EntityLayer, ExistingNode, RawNodes, RawWays};
use longhaul_repository::{DatasetPath, LayerStage, Mode, PreviousReader, Stage, StageError};
use longhaul_tasks::Failure;

use super::OpenLayer;
use crate::public_error::public_error;

/// The layers `node` and `way` of the repository that are read and not written.
#[derive(Default)]
pub(super) struct ReadLayers(Vec<(&'static str, LayerStage)>);

/// The nodes and ways of the repository, for one thread.
pub(super) struct ExistingEntities {
    nodes: Option<ExistingLayer>,
    ways: Option<ExistingLayer>,
}

/// A layer, and the feature that was read last.
struct ExistingLayer {
    reader: PreviousReader,
    features: Batch,
}

impl ReadLayers {
    /// Opens those raw layers that are not among the layers that are written.
    pub(super) fn open(stage: &Stage, written: &[OpenLayer<'_>]) -> Result<Self, Failure> {
        let raw: [(&str, Box<dyn EntityLayer>); 2] =
            [(RawNodes::NAME, Box::new(RawNodes::default())), (RawWays::NAME, Box::new(RawWays::default()))];
        let mut layers = Vec::new();
        for (name, layer) in raw {
            if written.iter().any(|open| open.layer.layer().name == name) {
                continue;
            }
            let path = DatasetPath::new(name).map_err(public_error)?;
            match stage.layer(&path, layer.layer(), Mode::Add) {
                Ok(stage) => layers.push((name, stage)),
                // There is another layer of that name.
                Err(StageError::Incompatible { .. } | StageError::Occupied { .. }) => {}
                Err(error) => return Err(public_error(error).into()),
            }
        }
        Ok(Self(layers))
    }

    /// Readers of both layers for one thread.
    pub(super) fn readers(
        &self,
        stage: &Stage,
        written: &[OpenLayer<'_>],
    ) -> Result<ExistingEntities, Failure> {
        let layer = |name: &str| {
            let of_written = written.iter().find(|open| open.layer.layer().name == name);
            let of_read = self.0.iter().find(|(other, _)| *other == name).map(|(_, stage)| stage);
            let reader =
                of_written.map(|open| &open.stage).or(of_read).and_then(|layer| layer.previous(stage));
            reader.map(ExistingLayer::new).transpose()
        };
        Ok(ExistingEntities { nodes: layer(RawNodes::NAME)?, ways: layer(RawWays::NAME)? })
    }
}

impl ExistingEntities {
    /// The node with this id.
    pub(super) fn node(&mut self, id: i64) -> Result<Option<ExistingNode>, Failure> {
        let Some(nodes) = &mut self.nodes else { return Ok(None) };
        Ok(nodes.read(id)?.map(RawNodes::existing))
    }

    /// The feature of the way with this id.
    pub(super) fn way(&mut self, id: i64) -> Result<Option<Row<'_>>, Failure> {
        match &mut self.ways {
            Some(ways) => ways.read(id),
            None => Ok(None),
        }
    }

    /// The feature that was read last of the layer with this name.
    pub(super) fn last_row(&self, layer: &str) -> Option<Row<'_>> {
        let layer = if layer == RawNodes::NAME { &self.nodes } else { &self.ways };
        layer.as_ref()?.features.rows().next()
    }

    /// Whether there are ways, which may go through nodes that are moved.
    pub(super) fn has_ways(&self) -> bool {
        self.ways.is_some()
    }

    /// The ids of all ways, ascending.
    pub(super) fn way_ids(&self) -> Vec<i64> {
        self.ways.as_ref().map_or_else(Vec::new, |ways| ways.reader.keys())
    }
}

impl ExistingLayer {
    fn new(reader: PreviousReader) -> Result<Self, Failure> {
        Ok(Self { features: reader.batch().map_err(public_error)?, reader })
    }

    fn read(&mut self, id: i64) -> Result<Option<Row<'_>>, Failure> {
        self.features.clear();
        let is_found = self.reader.read(id, &mut self.features).map_err(public_error)?;
        Ok(self.features.rows().next().filter(|_| is_found))
    }
}
