//! Compares the entities of a file with those of the repository, for an import that adds to layers.
//!
//! The higher version of an entity is used; if one of the versions is not known, that of the file. A way of the file is drawn
//! from nodes of the repository where the file does not have them, and a way of the repository is drawn anew if the file moves
//! one of its nodes.

use longhaul_geodata::{Row, Value};
use longhaul_osm::{EntityKind, Node, RawWays, Warnings, Way};
use longhaul_tasks::Failure;

use super::existing::ExistingEntities;

/// The warning for an entity that is not used.
pub(super) const OLDER: &str = "is older than in the repository, which keeps its version";
const DIFFERS: &str = "differs from the same version in the repository, and replaces it";

/// The comparison, on one thread.
pub(super) struct Merge {
    pub(super) existing: ExistingEntities,
    pub(super) log: MergeLog,
    /// Whether the entity that was compared last has the version of the repository's.
    has_same_version: bool,
}

/// What the comparison has found. The lists have 8 bytes for each entity of the file at most.
#[derive(Debug, Default)]
pub(super) struct MergeLog {
    /// The nodes that are not where the repository has them: they were moved, added or deleted.
    pub(super) moved_nodes: Vec<i64>,
    /// The nodes of which the repository may have a later version.
    pub(super) outdated_nodes: Vec<i64>,
    /// The ways that are used as the file has them.
    pub(super) used_ways: Vec<i64>,
}

impl Merge {
    pub(super) fn new(existing: ExistingEntities) -> Self {
        Self { existing, log: MergeLog::default(), has_same_version: false }
    }

    /// Whether a node of the file is used. It may be deleted.
    pub(super) fn uses_node(&mut self, node: &Node<'_>, warnings: &mut Warnings) -> Result<bool, Failure> {
        let existing = self.existing.node(node.id)?;
        let is_later = existing.is_some_and(|existing| existing.is_later_than(node.info.version));
        let is_not_on_earth = node.info.visible && node.position.is_none();
        if is_later || is_not_on_earth {
            self.log.outdated_nodes.push(node.id);
        }
        if is_later {
            warnings.add(OLDER, EntityKind::Node, node.id);
        }
        if is_later || is_not_on_earth {
            return Ok(false);
        }
        self.has_same_version = existing.is_some_and(|existing| is_same(existing.version, node.info.version));
        let is_moved = existing.and_then(|existing| existing.position) != node.position;
        if is_moved && self.existing.has_ways() {
            self.log.moved_nodes.push(node.id);
        }
        Ok(true)
    }

    /// Whether a way of the file is used. It may be deleted.
    pub(super) fn uses_way(&mut self, way: &Way<'_>, warnings: &mut Warnings) -> Result<bool, Failure> {
        let existing = self.existing.way(way.id)?;
        let version = existing.map(RawWays::version);
        let is_later = version.flatten().zip(way.info.version).is_some_and(|(old, new)| old > new);
        if is_later {
            warnings.add(OLDER, EntityKind::Way, way.id);
            return Ok(false);
        }
        self.has_same_version = version.is_some_and(|version| is_same(version, way.info.version));
        self.log.used_ways.push(way.id);
        Ok(true)
    }

    /// Compares the new feature of the entity that was compared last, in the layer `node` or `way`, with that of the
    /// repository.
    pub(super) fn check_same(
        &self,
        layer: &str,
        kind: EntityKind,
        (id, feature): (i64, Row<'_>),
        warnings: &mut Warnings,
    ) {
        let old = self.existing.last_row(layer).filter(|_| self.has_same_version);
        // A line depends on the nodes, too.
        let is_compared =
            |value: &Value<'_>| kind == EntityKind::Node || !matches!(value, Value::Geometry(_));
        let differs =
            |old: Row<'_>| !old.values().filter(is_compared).eq(feature.values().filter(is_compared));
        if old.is_some_and(differs) {
            warnings.add(DIFFERS, kind, id);
        }
    }
}

impl MergeLog {
    /// Adds what another thread has found.
    pub(super) fn append(&mut self, mut other: Self) {
        self.moved_nodes.append(&mut other.moved_nodes);
        self.outdated_nodes.append(&mut other.outdated_nodes);
        self.used_ways.append(&mut other.used_ways);
    }

    /// Sorts the lists.
    pub(super) fn sort(&mut self) {
        for list in [&mut self.moved_nodes, &mut self.outdated_nodes, &mut self.used_ways] {
            list.sort_unstable();
            list.dedup();
        }
    }
}

fn is_same(existing: Option<u32>, version: Option<u32>) -> bool {
    existing.is_some() && existing == version
}
