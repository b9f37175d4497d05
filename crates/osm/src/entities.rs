//! A batch of entities that owns its data and can be sent to another thread.

use crate::tags::{Tag, TextSpan, normalize};
use crate::{Entity, EntityKind, Info, Node, Position, Relation, Tags, Warnings, Way, warning_texts};

/// The largest entity that is read. OpenStreetMap has at most 2,000 nodes in a way, and had some tens of thousands in its
/// first years; its entities have some hundred tags at most.
const MAX_TAGS: usize = 10_000;
const MAX_TAG_BYTES: usize = 4 << 20;
const MAX_REFS: usize = 100_000;

/// In what an entity is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TooLarge {
    Tags,
    TagBytes,
    Refs,
}

impl TooLarge {
    /// A sentence for an error message.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Tags => "an entity has more than 10000 tags",
            Self::TagBytes => "the tags of an entity have more than 4 MiB",
            Self::Refs => "a way has more than 100000 nodes",
        }
    }
}

/// Entities in the order in which they were read.
///
/// One buffer holds all texts, one all tags and one all node references, so that a batch takes few allocations whatever
/// the number of its entities.
#[derive(Clone, Debug, Default)]
pub struct Entities {
    records: Vec<EntityRecord>,
    texts: String,
    tags: Vec<Tag>,
    refs: Vec<i64>,
    /// The positions that ways give for their references.
    locations: Vec<Option<Position>>,
    /// The length of the tags of the entity that is being read.
    tag_bytes: usize,
    warnings: Warnings,
}

/// The parts of an entity that are not in the shared buffers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntityRecord {
    pub(crate) kind: EntityKind,
    pub(crate) visible: bool,
    pub(crate) id: i64,
    pub(crate) version: Option<u32>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) changeset: Option<i64>,
    pub(crate) uid: Option<i64>,
    /// Empty if the user is not known.
    pub(crate) user: TextSpan,
    pub(crate) position: Option<Position>,
    /// The ends of its tags, references and locations in the buffers. They begin where those of the entity before end.
    pub(crate) tags_end: u32,
    pub(crate) refs_end: u32,
    pub(crate) locations_end: u32,
}

/// The parts of an entity that are in the shared buffers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntityData<'a> {
    pub(crate) tags: &'a [Tag],
    pub(crate) refs: &'a [i64],
    pub(crate) locations: &'a [Option<Position>],
}

impl EntityRecord {
    /// An entity without metadata, tags and references.
    pub(crate) fn new(kind: EntityKind) -> Self {
        Self {
            kind,
            visible: true,
            id: 0,
            version: None,
            timestamp: None,
            changeset: None,
            uid: None,
            user: TextSpan::default(),
            position: None,
            tags_end: 0,
            refs_end: 0,
            locations_end: 0,
        }
    }
}

impl Entities {
    /// The entities, in order.
    pub fn iter(&self) -> impl Iterator<Item = Entity<'_>> {
        self.records_with_data().map(|(record, data)| self.entity(record, data))
    }

    /// The number of entities.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are no entities.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The size of the texts, tags and references in bytes.
    pub fn size(&self) -> usize {
        self.texts.len()
            + self.tags.len() * size_of::<Tag>()
            + self.refs.len() * size_of::<i64>()
            + self.locations.len() * size_of::<Option<Position>>()
    }

    /// Takes what was noticed about the entities while they were read, also about the one at which reading failed.
    pub fn take_warnings(&mut self) -> Warnings {
        std::mem::take(&mut self.warnings)
    }

    /// Removes all entities, and keeps the allocated buffers.
    pub fn clear(&mut self) {
        self.records.clear();
        self.texts.clear();
        self.tags.clear();
        self.refs.clear();
        self.locations.clear();
        self.tag_bytes = 0;
        self.warnings = Warnings::default();
    }

    /// Adds a node.
    pub fn push_node<'t>(
        &mut self,
        id: i64,
        info: &Info<'_>,
        tags: impl IntoIterator<Item = (&'t str, &'t str)>,
        position: Position,
    ) {
        self.push(EntityKind::Node, id, info, tags, Some(position).filter(|_| info.visible));
    }

    /// Adds a way.
    pub fn push_way<'t>(
        &mut self,
        id: i64,
        info: &Info<'_>,
        tags: impl IntoIterator<Item = (&'t str, &'t str)>,
        refs: &[i64],
    ) {
        self.refs.extend_from_slice(refs);
        self.push(EntityKind::Way, id, info, tags, None);
    }

    /// Adds a way with a position for each reference, or with none.
    pub(crate) fn push_way_with_locations<'t>(
        &mut self,
        id: i64,
        info: &Info<'_>,
        tags: impl IntoIterator<Item = (&'t str, &'t str)>,
        refs: &[i64],
        locations: &[Position],
    ) {
        self.locations.extend(locations.iter().copied().map(Some));
        self.push_way(id, info, tags, refs);
    }

    /// Adds a relation.
    pub fn push_relation<'t>(
        &mut self,
        id: i64,
        info: &Info<'_>,
        tags: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) {
        self.push(EntityKind::Relation, id, info, tags, None);
    }

    fn push<'t>(
        &mut self,
        kind: EntityKind,
        id: i64,
        info: &Info<'_>,
        tags: impl IntoIterator<Item = (&'t str, &'t str)>,
        position: Option<Position>,
    ) {
        for (key, value) in tags {
            let tag = Tag { key: self.push_text(key), value: self.push_text(value) };
            self.tags.push(tag);
        }
        let user = info.user.map_or(TextSpan::default(), |user| self.push_text(user));
        let Info { version, timestamp, changeset, uid, visible, .. } = *info;
        let new = EntityRecord::new(kind);
        self.push_record(EntityRecord {
            visible,
            id,
            version,
            timestamp,
            changeset,
            uid,
            user,
            position,
            ..new
        });
    }

    /// Adds the entity whose tags and references were pushed since the one before.
    pub(crate) fn push_record(&mut self, record: EntityRecord) {
        let tags_start = self.records.last().map_or(0, |before| before.tags_end as usize);
        let found = normalize(&self.texts, &mut self.tags, tags_start);
        if found.has_empty_key {
            self.warn_of_loss(warning_texts::EMPTY_KEY, &record);
        }
        if found.has_repeated_key {
            self.warn_of_loss(warning_texts::REPEATED_KEY, &record);
        }
        self.push_normalized_record(record);
    }

    /// As [`Self::push_record`], for tags that are already [normalized](normalize).
    pub(crate) fn push_normalized_record(&mut self, record: EntityRecord) {
        self.end_locations();
        self.tag_bytes = 0;
        self.records.push(EntityRecord {
            tags_end: end(self.tags.len()),
            refs_end: end(self.refs.len()),
            locations_end: end(self.locations.len()),
            ..record
        });
    }

    /// Counts something that is left out of the entity that is being read, or that the entity is left out.
    pub(crate) fn warn_of_loss(&mut self, what: &'static str, record: &EntityRecord) {
        self.warnings.add_loss(what, record.kind, record.id);
    }

    /// Counts something unusual about the entity that is being read.
    pub(crate) fn warn(&mut self, what: &'static str, record: &EntityRecord) {
        self.warnings.add(what, record.kind, record.id);
    }

    /// Adds a text to the buffer, for use in records and tags.
    ///
    /// # Panics
    /// If the texts exceed 4 GiB. All readers limit their batches to a small part of that.
    pub(crate) fn push_text(&mut self, text: &str) -> TextSpan {
        let start = end(self.texts.len());
        self.texts.push_str(text);
        TextSpan { start, len: end(self.texts.len()) - start }
    }

    /// Adds a tag of the entity that is pushed next.
    pub(crate) fn push_tag(&mut self, key: TextSpan, value: TextSpan) {
        self.tag_bytes += (key.len + value.len) as usize;
        self.tags.push(Tag { key, value });
    }

    /// Adds a reference of the entity that is pushed next.
    pub(crate) fn push_ref(&mut self, id: i64) {
        self.refs.push(id);
    }

    /// Checks that the entity that is being read is not too large: a small file could make it expand to gigabytes.
    pub(crate) fn check_limits(&self) -> Result<(), TooLarge> {
        let tags = self.records.last().map_or(0, |last| last.tags_end as usize);
        if self.tags.len() - tags > MAX_TAGS {
            Err(TooLarge::Tags)
        } else if self.tag_bytes > MAX_TAG_BYTES {
            Err(TooLarge::TagBytes)
        } else if self.refs.len() - self.starts().0 > MAX_REFS {
            Err(TooLarge::Refs)
        } else {
            Ok(())
        }
    }

    /// Adds the position of the reference that was pushed last.
    pub(crate) fn push_location(&mut self, location: Option<Position>) {
        let (refs, locations) = self.starts();
        self.locations.resize(locations + self.refs.len() - refs - 1, None);
        self.locations.push(location);
    }

    /// Adds a position for each reference of the entity that is pushed next. `None` if `next` has none.
    pub(crate) fn push_locations(
        &mut self,
        mut next: impl FnMut() -> Option<Option<Position>>,
    ) -> Option<()> {
        let (refs, _) = self.starts();
        for _ in refs..self.refs.len() {
            self.locations.push(next()?);
        }
        Some(())
    }

    /// Gives each reference of the current entity an entry among the locations, if any of them has one.
    fn end_locations(&mut self) {
        let (refs, locations) = self.starts();
        if self.locations.len() > locations {
            self.locations.resize(locations + self.refs.len() - refs, None);
        }
    }

    /// Where the references and the locations of the current entity begin.
    fn starts(&self) -> (usize, usize) {
        self.records.last().map_or((0, 0), |last| (last.refs_end as usize, last.locations_end as usize))
    }

    /// The records, without their tags and references.
    pub(crate) fn records(&self) -> &[EntityRecord] {
        &self.records
    }

    /// The buffer that the spans of records and tags refer to.
    pub(crate) fn texts(&self) -> &str {
        &self.texts
    }

    /// Each record with its tags, references and locations.
    pub(crate) fn records_with_data(&self) -> impl Iterator<Item = (&EntityRecord, EntityData<'_>)> {
        let mut start = (0, 0, 0);
        self.records.iter().map(move |record| {
            let (tags, refs, locations) = start;
            let end = (record.tags_end as usize, record.refs_end as usize, record.locations_end as usize);
            start = end;
            let data = EntityData {
                tags: &self.tags[tags..end.0],
                refs: &self.refs[refs..end.1],
                locations: &self.locations[locations..end.2],
            };
            (record, data)
        })
    }

    fn entity<'a>(&'a self, record: &EntityRecord, data: EntityData<'a>) -> Entity<'a> {
        let EntityData { tags, refs, locations } = data;
        let id = record.id;
        let tags = Tags::new(&self.texts, tags);
        let info = Info {
            version: record.version,
            timestamp: record.timestamp,
            changeset: record.changeset,
            uid: record.uid,
            user: (record.user.len > 0).then(|| record.user.of(&self.texts)),
            visible: record.visible,
        };
        match record.kind {
            EntityKind::Node => Entity::Node(Node { id, info, tags, position: record.position }),
            EntityKind::Way => Entity::Way(Way { id, info, tags, refs, locations }),
            EntityKind::Relation => Entity::Relation(Relation { id, info, tags }),
        }
    }
}

fn end(len: usize) -> u32 {
    u32::try_from(len).expect("the buffers of a batch of entities stay below 4 GiB")
}
