//! The words of OpenStreetMap: nodes, ways and relations, borrowed from the [`Entities`](crate::Entities) they lie in.

use crate::Tags;

/// A thing with an id, which versions of it share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Entity<'a> {
    /// A point.
    Node(Node<'a>),
    /// A line through nodes.
    Way(Way<'a>),
    /// A group of others. What is in it is not read.
    Relation(Relation<'a>),
}

/// Which of the three an entity is; each has ids of its own.
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
    /// Its id among the nodes.
    pub id: i64,
    /// Who made this version of it, and when.
    pub info: Info<'a>,
    /// What is said of it.
    pub tags: Tags<'a>,
    /// Where it is; means nothing of a node that was deleted.
    pub position: Position,
}

/// A line through nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Way<'a> {
    /// Its id among the ways.
    pub id: i64,
    /// Who made this version of it, and when.
    pub info: Info<'a>,
    /// What is said of it.
    pub tags: Tags<'a>,
    /// The ids of its nodes in order; that of the first is repeated at the end of a closed way.
    pub refs: &'a [i64],
}

/// A group of others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Relation<'a> {
    /// Its id among the relations.
    pub id: i64,
    /// Who made this version of it, and when.
    pub info: Info<'a>,
    /// What is said of it.
    pub tags: Tags<'a>,
}

/// What is known of one version of an entity. Files leave out what they like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info<'a> {
    /// Its number, which grows from version to version.
    pub version: Option<u32>,
    /// When it was made, in milliseconds since 1970.
    pub timestamp: Option<i64>,
    /// With which changeset.
    pub changeset: Option<i64>,
    /// The number of the user who made it.
    pub uid: Option<i64>,
    /// The name of that user, never empty.
    pub user: Option<&'a str>,
    /// Whether the entity exists: a version that says no is that of a deletion.
    pub visible: bool,
}

impl Default for Info<'_> {
    /// Nothing is known but that it exists.
    fn default() -> Self {
        Self { version: None, timestamp: None, changeset: None, uid: None, user: None, visible: true }
    }
}

/// A place on earth in units of 10⁻⁷ degrees, as OpenStreetMap keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Eastward, −180° to 180°.
    pub lon: i32,
    /// Northward, −90° to 90°.
    pub lat: i32,
}

impl Position {
    const UNITS: f64 = 1e7;

    /// Longitude and latitude in degrees: the numbers nearest to the decimal fractions.
    pub fn degrees(self) -> (f64, f64) {
        (f64::from(self.lon) / Self::UNITS, f64::from(self.lat) / Self::UNITS)
    }
}

impl<'a> Entity<'a> {
    /// Which of the three it is.
    pub fn kind(&self) -> EntityKind {
        match self {
            Self::Node(_) => EntityKind::Node,
            Self::Way(_) => EntityKind::Way,
            Self::Relation(_) => EntityKind::Relation,
        }
    }

    /// Its id among its kind.
    pub fn id(&self) -> i64 {
        match self {
            Self::Node(node) => node.id,
            Self::Way(way) => way.id,
            Self::Relation(relation) => relation.id,
        }
    }

    /// What is known of this version of it.
    pub fn info(&self) -> &Info<'a> {
        match self {
            Self::Node(node) => &node.info,
            Self::Way(way) => &way.info,
            Self::Relation(relation) => &relation.info,
        }
    }
}

impl EntityKind {
    /// The word of XML files: `node`, `way`, `relation`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Way => "way",
            Self::Relation => "relation",
        }
    }
}
