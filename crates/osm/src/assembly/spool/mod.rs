//! Stores entities in an unnamed temporary file, part by part.

mod encoding;

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use super::versions::SortedVersions;
use crate::{Entities, EntityKind, Error};

/// A spool to which several threads add entities.
pub(super) struct Spool {
    file: File,
    end: AtomicU64,
    parts: Mutex<Vec<SpoolPart>>,
}

/// A complete spool: its parts, in the order of the blocks.
pub(super) struct SpoolReader {
    file: File,
    parts: Vec<SpoolPart>,
}

/// The entities of one block.
struct SpoolPart {
    block_number: u64,
    offset: u64,
    len: u64,
    /// Only for nodes. The versions of ways are read from the file when they are needed.
    versions: Option<SortedVersions>,
}

impl Spool {
    pub(super) fn new(scratch: &Path) -> Result<Self, Error> {
        let file = tempfile::tempfile_in(scratch).map_err(Error::temporary_file("make"))?;
        Ok(Self { file, end: AtomicU64::new(0), parts: Mutex::default() })
    }

    /// Adds the entities of a type that are in block `block_number`.
    pub(super) fn add(&self, block_number: u64, entities: &Entities, kind: EntityKind) -> Result<(), Error> {
        let bytes = encoding::encode(entities, kind);
        let len = bytes.len() as u64;
        let offset = self.end.fetch_add(len, Relaxed);
        self.file.write_all_at(&bytes, offset).map_err(Error::temporary_file("write"))?;
        let versions = (kind == EntityKind::Node).then(|| SortedVersions::of(entities, EntityKind::Node));
        let part = SpoolPart { block_number, offset, len, versions };
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).push(part);
        Ok(())
    }

    pub(super) fn finish(self) -> SpoolReader {
        let mut parts = self.parts.into_inner().unwrap_or_else(PoisonError::into_inner);
        parts.sort_unstable_by_key(|part| part.block_number);
        SpoolReader { file: self.file, parts }
    }
}

impl SpoolReader {
    /// The number of parts.
    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    /// The block number of each part.
    pub(super) fn block_numbers(&self) -> Vec<u64> {
        self.parts.iter().map(|part| part.block_number).collect()
    }

    /// The versions in each part, if it is a spool of nodes. They can be taken once.
    pub(super) fn take_versions(&mut self) -> Vec<SortedVersions> {
        self.parts.iter_mut().filter_map(|part| part.versions.take()).collect()
    }

    /// Reads a part into `entities`, whose former content is dropped.
    pub(super) fn read(&self, part: usize, entities: &mut Entities) -> Result<(), Error> {
        let SpoolPart { offset, len, .. } = &self.parts[part];
        let mut bytes = vec![0; *len as usize];
        self.file.read_exact_at(&mut bytes, *offset).map_err(Error::temporary_file("read"))?;
        entities.clear();
        encoding::decode(&mut &bytes[..], entities).ok_or_else(|| {
            let error = io::Error::new(io::ErrorKind::InvalidData, "it is not what was written");
            Error::temporary_file("read")(error)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Info, Position, entities::EntityRecord};

    #[test]
    fn entities_are_read_as_they_were_added() {
        let mut entities = Entities::default();
        let info = Info {
            version: Some(u32::MAX),
            timestamp: Some(-1),
            changeset: Some(i64::MAX),
            uid: Some(7),
            user: Some("Ünü"),
            visible: false,
        };
        entities.push_way(i64::MIN, &info, [("b", "2"), ("a", "1")], &[i64::MAX, i64::MIN, 0]);
        entities.push_node(5, &info, [("k", "v")], Position { lon: i32::MIN, lat: i32::MAX });
        entities.push_way(-3, &Info::default(), [], &[]);
        let mut located = EntityRecord::new(EntityKind::Way);
        located.id = 9;
        for (id, location) in [(4, None), (5, Some(Position { lon: -1, lat: 900_000_000 })), (6, None)] {
            entities.push_ref(id);
            location.into_iter().for_each(|location| entities.push_location(Some(location)));
        }
        entities.push_record(located);

        let folder = tempfile::tempdir().expect("a folder");
        for kind in [EntityKind::Node, EntityKind::Way] {
            let spool = Spool::new(folder.path()).expect("a spool");
            spool.add(0, &entities, kind).expect("room");
            let mut found = Entities::default();
            spool.finish().read(0, &mut found).expect("what was written");
            let wanted: Vec<_> = entities.iter().filter(|entity| entity.kind() == kind).collect();
            assert_eq!(found.iter().collect::<Vec<_>>(), wanted);
        }
    }
}
