//! The statistics and the report of an import of OpenStreetMap data.

use std::{
    ops::{Deref, DerefMut},
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::bail;
use longhaul_osm::{Entity, EntityKind, SourceMetadata, Warnings, WayStatistics};
use longhaul_tasks::Report;

use super::merge::OLDER;
use crate::job_warnings::JobWarnings;

/// What was read, and the problems of it.
#[derive(Debug, Default)]
pub(crate) struct OsmStatistics {
    pub(crate) nodes: u64,
    pub(crate) ways: u64,
    pub(crate) relations: u64,
    /// The highest of all entities; `None` if no entity has one.
    latest_changeset: Option<i64>,
    /// The latest of all entities, in milliseconds since 1970.
    latest_timestamp: Option<i64>,
    pub(super) way_statistics: WayStatistics,
    /// How many entities became features. Some of them may have been replaced by later versions.
    pub(super) kept: u64,
    /// How many features of the repository were removed by an import that adds to them.
    pub(super) removed: u64,
    /// The layers that were left as they are, because the data has nothing that says what is in them.
    pub(super) untouched_layers: Vec<String>,
    pub(crate) warnings: Warnings,
}

/// The statistics of an import, to which its threads add theirs.
#[derive(Debug, Default)]
pub(super) struct SharedStatistics(Mutex<OsmStatistics>);

/// The statistics of one thread. They are added to those of the import when they are dropped, so that a failed import has
/// them, too.
pub(super) struct ThreadStatistics<'a> {
    own: OsmStatistics,
    of_import: &'a SharedStatistics,
}

impl OsmStatistics {
    /// The number of entities that were read.
    pub(crate) fn entities(&self) -> u64 {
        self.nodes + self.ways + self.relations
    }

    /// Counts an entity that was read.
    pub(super) fn add(&mut self, entity: &Entity<'_>) {
        match entity.kind() {
            EntityKind::Node => self.nodes += 1,
            EntityKind::Way => self.ways += 1,
            EntityKind::Relation => self.relations += 1,
        }
        let info = entity.info();
        self.latest_changeset = self.latest_changeset.max(info.changeset);
        self.latest_timestamp = self.latest_timestamp.max(info.timestamp);
    }

    /// Adds the statistics of another thread.
    pub(super) fn merge(&mut self, other: Self) {
        self.nodes += other.nodes;
        self.ways += other.ways;
        self.relations += other.relations;
        self.latest_changeset = self.latest_changeset.max(other.latest_changeset);
        self.latest_timestamp = self.latest_timestamp.max(other.latest_timestamp);
        self.way_statistics += other.way_statistics;
        self.kept += other.kept;
        self.removed += other.removed;
        self.untouched_layers.extend(other.untouched_layers);
        self.warnings.merge(other.warnings);
    }

    /// Fails if nothing was kept of what was read and nothing removed: a commit would only empty the layers. What the
    /// repository has in a later version counts as kept.
    pub(crate) fn require_kept(&self, name: &str) -> anyhow::Result<()> {
        let outdated: u64 =
            [EntityKind::Node, EntityKind::Way].iter().map(|kind| self.warnings.count(OLDER, *kind)).sum();
        if self.kept + self.removed + outdated == 0 {
            let counted =
                |count: u64, kind: &str| format!("{count} {kind}{}", if count == 1 { "" } else { "s" });
            let [nodes, ways, relations] =
                [(self.nodes, "node"), (self.ways, "way"), (self.relations, "relation")]
                    .map(|(n, kind)| counted(n, kind));
            bail!(
                "{name} has nothing that could be kept: {nodes}, {ways} and {relations}. Nothing was committed."
            );
        }
        Ok(())
    }

    /// The report of the task: GeoGig's `OSMReport`, and further members. `unpprocessedCount` is GeoGig's spelling. An
    /// unknown changeset or timestamp is -1.
    pub(crate) fn report(&self, metadata: &SourceMetadata, warnings: &JobWarnings) -> Report {
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let osm_report = Report::new()
            .integer("latestChangeset", self.latest_changeset.unwrap_or(-1))
            .integer("latestTimestamp", self.latest_timestamp.unwrap_or(-1))
            .integer("processedEntities", count(self.entities()))
            .integer("nodeCount", count(self.nodes))
            .integer("wayCount", count(self.ways))
            .integer("unpprocessedCount", count(self.way_statistics.without_geometry));
        let report = Report::new()
            .element("OSMReport", osm_report)
            .integer("relationCount", count(self.relations))
            .integer("missingNodeCount", count(self.way_statistics.missing_nodes))
            .integer("repeatedPositionCount", count(self.way_statistics.repeated_positions));
        let report = warnings.add_to(report);
        match &metadata.osm_base {
            Some(osm_base) => report.text("osmBase", osm_base),
            None => report,
        }
    }

    /// Adds what people should know of the data: the remarks of the server, what was not kept, and what is unusual. What
    /// most files have is a figure of the report instead: relations, which are never kept, and equal positions in succession.
    pub(super) fn add_warnings(&self, metadata: &SourceMetadata, warnings: &mut JobWarnings) {
        warnings.extend(metadata.remarks.iter().cloned());
        for (element, count) in &metadata.unused {
            warnings.add(format!("{count} × <{element}> was not kept"), true);
        }
        if !self.untouched_layers.is_empty() {
            let names: Vec<_> = self.untouched_layers.iter().map(|name| format!("'{name}'")).collect();
            warnings.add(
                format!(
                    "the data has ways and no nodes: what is made of nodes was left as it is: {}",
                    names.join(", ")
                ),
                false,
            );
        }
        for (message, warning) in self.warnings.iter() {
            warnings.add(message, warning.is_loss);
        }
    }
}

impl SharedStatistics {
    pub(super) fn lock(&self) -> MutexGuard<'_, OsmStatistics> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn of_thread(&self) -> ThreadStatistics<'_> {
        ThreadStatistics { own: OsmStatistics::default(), of_import: self }
    }

    pub(super) fn into_inner(self) -> OsmStatistics {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for ThreadStatistics<'_> {
    type Target = OsmStatistics;

    fn deref(&self) -> &OsmStatistics {
        &self.own
    }
}

impl DerefMut for ThreadStatistics<'_> {
    fn deref_mut(&mut self) -> &mut OsmStatistics {
        &mut self.own
    }
}

impl Drop for ThreadStatistics<'_> {
    fn drop(&mut self) {
        self.of_import.lock().merge(std::mem::take(&mut self.own));
    }
}
