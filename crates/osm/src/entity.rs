//! Nodes, ways and relations, borrowed from the [`Entities`](crate::Entities) that hold them.

use crate::Tags;

/// One version of a node, a way or a relation. All versions of an entity share its id.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Entity<'a> {
    /// A point.
    Node(Node<'a>),
    /// A line through nodes.
    Way(Way<'a>),
    /// A group of entities. Its members are not read.
    Relation(Relation<'a>),
}

/// The type of an entity. Ids are unique within a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityKind {
    /// [`Node`].
    Node,
    /// [`Way`].
    Way,
    /// [`Relation`].
    Relation,
}

/// A point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Node<'a> {
    /// Its id, unique among nodes.
    pub id: i64,
    /// The metadata of this version.
    pub info: Info<'a>,
    /// Its tags.
    pub tags: Tags<'a>,
    /// Its position; `None` for a deleted node, and for one whose coordinates are not on Earth.
    pub position: Option<Position>,
}

/// A line through nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Way<'a> {
    /// Its id, unique among ways.
    pub id: i64,
    /// The metadata of this version.
    pub info: Info<'a>,
    /// Its tags.
    pub tags: Tags<'a>,
    /// The ids of its nodes, in order. A closed way ends with the id with which it begins.
    pub refs: &'a [i64],
    /// The positions that the way itself gives for its nodes, as long as `refs`; empty if it gives none.
    pub locations: &'a [Option<Position>],
}

/// A group of entities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Relation<'a> {
    /// Its id, unique among relations.
    pub id: i64,
    /// The metadata of this version.
    pub info: Info<'a>,
    /// Its tags.
    pub tags: Tags<'a>,
}

/// The metadata of one version of an entity. Any part of it may be missing in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info<'a> {
    /// The version number. Later versions have higher numbers.
    pub version: Option<u32>,
    /// The time of the change, in milliseconds since 1970.
    pub timestamp: Option<i64>,
    /// The changeset that the change belongs to.
    pub changeset: Option<i64>,
    /// The numeric id of the user who made the change.
    pub uid: Option<i64>,
    /// The name of that user, not empty.
    pub user: Option<&'a str>,
    /// `false` if this version deleted the entity.
    pub visible: bool,
}

impl Default for Info<'_> {
    /// All unknown, and visible.
    fn default() -> Self {
        Self { version: None, timestamp: None, changeset: None, uid: None, user: None, visible: true }
    }
}

/// A position in WGS 84, in units of 10⁻⁷ degrees as in the OpenStreetMap database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Longitude, −180° to 180°.
    pub lon: i32,
    /// Latitude, −90° to 90°.
    pub lat: i32,
}

impl Position {
    const UNITS: f64 = 1e7;
    const MAX_LON: i64 = 1_800_000_000;
    const MAX_LAT: i64 = 900_000_000;

    /// The position at these coordinates in 10⁻⁷ degrees; `None` beyond ±180° or ±90°.
    pub fn new(lon: i64, lat: i64) -> Option<Self> {
        let is_on_earth =
            lon.unsigned_abs() <= Self::MAX_LON as u64 && lat.unsigned_abs() <= Self::MAX_LAT as u64;
        is_on_earth.then_some(Self { lon: lon as i32, lat: lat as i32 })
    }

    /// Longitude and latitude in degrees, each the floating-point number nearest to the decimal value.
    pub fn degrees(self) -> (f64, f64) {
        (f64::from(self.lon) / Self::UNITS, f64::from(self.lat) / Self::UNITS)
    }
}

impl<'a> Entity<'a> {
    /// The type of the entity.
    pub fn kind(&self) -> EntityKind {
        match self {
            Self::Node(_) => EntityKind::Node,
            Self::Way(_) => EntityKind::Way,
            Self::Relation(_) => EntityKind::Relation,
        }
    }

    /// Its id, unique within its type.
    pub fn id(&self) -> i64 {
        match self {
            Self::Node(node) => node.id,
            Self::Way(way) => way.id,
            Self::Relation(relation) => relation.id,
        }
    }

    /// The metadata of this version.
    pub fn info(&self) -> &Info<'a> {
        match self {
            Self::Node(node) => &node.info,
            Self::Way(way) => &way.info,
            Self::Relation(relation) => &relation.info,
        }
    }
}

impl EntityKind {
    /// The name of the type in OSM XML: `node`, `way` or `relation`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Way => "way",
            Self::Relation => "relation",
        }
    }
}
