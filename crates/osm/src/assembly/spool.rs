//! Entities put aside: in a file without a name, part by part.

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

use super::{versions, versions::SortedVersions};
use crate::{Entities, EntityKind, Error, entities::EntityRecord, tags::TextSpan};

/// A spool that is being written, by several threads at once.
pub(super) struct Spool {
    file: File,
    end: AtomicU64,
    parts: Mutex<Vec<SpoolPart>>,
}

/// A spool that is whole: its parts in the order in which they were read.
pub(super) struct SpoolReader {
    file: File,
    parts: Vec<SpoolPart>,
}

struct SpoolPart {
    /// The number of the block they came in.
    number: u64,
    offset: u64,
    len: u64,
    /// Only of nodes: ways can be looked at again.
    versions: Option<SortedVersions>,
}

impl Spool {
    pub(super) fn new(scratch: &Path) -> Result<Self, Error> {
        let file = tempfile::tempfile_in(scratch).map_err(Error::temporary_file("make"))?;
        Ok(Self { file, end: AtomicU64::new(0), parts: Mutex::default() })
    }

    /// Puts the entities of a kind aside that came in block `number`.
    pub(super) fn add(&self, number: u64, entities: &Entities, kind: EntityKind) -> Result<(), Error> {
        let bytes = encode(entities, kind);
        let len = bytes.len() as u64;
        let offset = self.end.fetch_add(len, Relaxed);
        self.file.write_all_at(&bytes, offset).map_err(Error::temporary_file("write"))?;
        let versions =
            (kind == EntityKind::Node).then(|| SortedVersions::new(versions(entities, EntityKind::Node)));
        let part = SpoolPart { number, offset, len, versions };
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).push(part);
        Ok(())
    }

    pub(super) fn finish(self) -> SpoolReader {
        let mut parts = self.parts.into_inner().unwrap_or_else(PoisonError::into_inner);
        parts.sort_unstable_by_key(|part| part.number);
        SpoolReader { file: self.file, parts }
    }
}

impl SpoolReader {
    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    /// The numbers of the blocks that the parts came in.
    pub(super) fn numbers(&self) -> Vec<u64> {
        self.parts.iter().map(|part| part.number).collect()
    }

    /// The versions of all entities, if they were kept.
    pub(super) fn take_versions(&mut self) -> Vec<SortedVersions> {
        self.parts.iter_mut().filter_map(|part| part.versions.take()).collect()
    }

    /// Puts the entities of a part in the place of what `entities` held.
    pub(super) fn read(&self, part: usize, entities: &mut Entities) -> Result<(), Error> {
        let SpoolPart { offset, len, .. } = &self.parts[part];
        let mut bytes = vec![0; *len as usize];
        self.file.read_exact_at(&mut bytes, *offset).map_err(Error::temporary_file("read"))?;
        entities.clear();
        decode(&mut &bytes[..], entities).ok_or_else(|| {
            let what = io::Error::new(io::ErrorKind::InvalidData, "it is not what was written");
            Error::temporary_file("read")(what)
        })
    }
}

/// The entities of a kind with all texts of the run. Most numbers are small, or differ little from the one before.
fn encode(entities: &Entities, kind: EntityKind) -> Vec<u8> {
    let mut out = Vec::with_capacity(entities.size() / 2);
    let texts = entities.texts();
    put(texts.len() as u64, &mut out);
    out.extend_from_slice(texts.as_bytes());
    let (mut last_id, mut last_ref) = (0, 0);
    for (record, tags, refs) in entities.records_with_data().filter(|(record, ..)| record.kind == kind) {
        out.push(flags(record));
        put_difference(record.id, &mut last_id, &mut out);
        record.version.iter().for_each(|version| put(u64::from(*version), &mut out));
        let optional = [record.timestamp, record.changeset, record.uid];
        optional.iter().flatten().for_each(|number| put(zigzag(*number), &mut out));
        put_span(record.user, &mut out);
        if kind == EntityKind::Node {
            put(zigzag(record.position.lon.into()), &mut out);
            put(zigzag(record.position.lat.into()), &mut out);
        }
        put(tags.len() as u64, &mut out);
        for tag in tags {
            put_span(tag.key, &mut out);
            put_span(tag.value, &mut out);
        }
        put(refs.len() as u64, &mut out);
        refs.iter().for_each(|id| put_difference(*id, &mut last_ref, &mut out));
    }
    out
}

const VISIBLE: u8 = 1;
const VERSION: u8 = 2;
const TIMESTAMP: u8 = 4;
const CHANGESET: u8 = 8;
const UID: u8 = 16;
const NODE: u8 = 32;

/// Which of the optional parts follow.
fn flags(record: &EntityRecord) -> u8 {
    let flag = |is: bool, flag| if is { flag } else { 0 };
    flag(record.visible, VISIBLE)
        | flag(record.version.is_some(), VERSION)
        | flag(record.timestamp.is_some(), TIMESTAMP)
        | flag(record.changeset.is_some(), CHANGESET)
        | flag(record.uid.is_some(), UID)
        | flag(record.kind == EntityKind::Node, NODE)
}

/// Reads what [`encode`] wrote; nothing if it was something else.
fn decode(bytes: &mut &[u8], entities: &mut Entities) -> Option<()> {
    let len = get(bytes)?;
    let texts = take(bytes, len)?;
    entities.push_text(std::str::from_utf8(texts).ok()?);
    let (mut last_id, mut last_ref) = (0, 0);
    while let Some(flags) = take(bytes, 1) {
        let flags = flags[0];
        let has = |flag| flags & flag != 0;
        let mut record = EntityRecord::new(if has(NODE) { EntityKind::Node } else { EntityKind::Way });
        record.visible = has(VISIBLE);
        record.id = get_difference(bytes, &mut last_id)?;
        if has(VERSION) {
            record.version = Some(u32::try_from(get(bytes)?).ok()?);
        }
        for (flag, number) in
            [(TIMESTAMP, &mut record.timestamp), (CHANGESET, &mut record.changeset), (UID, &mut record.uid)]
        {
            if has(flag) {
                *number = Some(unzigzag(get(bytes)?));
            }
        }
        record.user = get_span(bytes)?;
        if has(NODE) {
            record.position.lon = i32::try_from(unzigzag(get(bytes)?)).ok()?;
            record.position.lat = i32::try_from(unzigzag(get(bytes)?)).ok()?;
        }
        for _ in 0..get(bytes)? {
            entities.push_tag(get_span(bytes)?, get_span(bytes)?);
        }
        for _ in 0..get(bytes)? {
            entities.push_ref(get_difference(bytes, &mut last_ref)?);
        }
        entities.push_normalized_record(record);
    }
    Some(())
}

fn put(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_difference(number: i64, last: &mut i64, out: &mut Vec<u8>) {
    put(zigzag(number.wrapping_sub(*last)), out);
    *last = number;
}

fn put_span(span: TextSpan, out: &mut Vec<u8>) {
    put(span.start.into(), out);
    put(span.len.into(), out);
}

fn get(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7F) << shift;
        if *byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn get_difference(bytes: &mut &[u8], last: &mut i64) -> Option<i64> {
    *last = last.wrapping_add(unzigzag(get(bytes)?));
    Some(*last)
}

fn get_span(bytes: &mut &[u8]) -> Option<TextSpan> {
    Some(TextSpan { start: u32::try_from(get(bytes)?).ok()?, len: u32::try_from(get(bytes)?).ok()? })
}

fn take<'a>(bytes: &mut &'a [u8], len: u64) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(usize::try_from(len).ok()?)?;
    *bytes = rest;
    Some(taken)
}

fn zigzag(number: i64) -> u64 {
    (number as u64) << 1 ^ (number >> 63) as u64
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Info, Position};

    #[test]
    fn what_is_put_aside_comes_back_as_it_was() {
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
