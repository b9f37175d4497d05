//! The reference systems of a layer.

use longhaul_geodata::Crs;
use rusqlite::Result;

use crate::metadata::{GeometryColumn, ReferenceSystem, SystemTables};

/// The reference systems of a layer: that of its geometries, and that of its contents, which should be the same.
pub(super) struct LayerReferenceSystems {
    /// The identifier of the one of the geometries.
    pub(super) of_geometry: Option<String>,
    /// All that are defined.
    pub(super) all: Vec<Crs>,
    /// Why the one of the geometries is left out.
    pub(super) left_out: Option<String>,
}

impl LayerReferenceSystems {
    pub(super) fn read(
        tables: SystemTables<'_>,
        geometries: &[GeometryColumn],
        of_contents: Option<i64>,
    ) -> Result<Self> {
        let own = geometries.first().and_then(|geometry| geometry.srs_id);
        let geometry = ReferenceSystem::read(tables, own.or(of_contents))?;
        let contents = ReferenceSystem::read(tables, of_contents)?;
        let left_out = geometry.unknown().map(str::to_owned);
        let geometry = geometry.into_crs();
        Ok(Self {
            of_geometry: geometry.as_ref().map(|crs| crs.identifier.clone()),
            all: distinct(geometry, contents.into_crs()),
            left_out,
        })
    }
}

fn distinct(first: Option<Crs>, second: Option<Crs>) -> Vec<Crs> {
    let mut all: Vec<Crs> = first.into_iter().chain(second).collect();
    all.dedup_by(|second, first| second.identifier == first.identifier);
    all
}
