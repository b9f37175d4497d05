//! The index of a pack, version 2 of gitformat-pack(5): a fan-out table, sorted ids, checksums and
//! offsets, so that an object is found without reading the pack.

use std::{
    fs::File,
    io::{self, Write},
    os::unix::fs::FileExt,
    path::Path,
};

use sha1::{Digest, Sha1};

use super::PackError;
use crate::{Interrupted, Interrupter, object::Id};

const MAGIC: [u8; 8] = [0xff, b't', b'O', b'c', 0, 0, 0, 2];
/// Offsets from this value on are stored in a second table; this bit marks an index into it.
const LARGE: u64 = 1 << 31;
/// How many objects are written between two checks for an interrupt.
const BETWEEN_CHECKS: usize = 1 << 16;

/// Where an object is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PackedObject {
    pub(crate) id: Id,
    pub(crate) crc: u32,
    pub(crate) offset: u64,
}

impl PackedObject {
    /// A key that sorts like the id, and compares faster than twenty bytes.
    fn key(&self) -> (u64, [u8; 12]) {
        let (head, tail) = self.id.split_at(8);
        (u64::from_be_bytes(head.try_into().expect("eight bytes")), tail.try_into().expect("twelve bytes"))
    }
}

/// Brings the objects into the order of the index.
pub(crate) fn sort(objects: &mut [PackedObject], interrupter: &Interrupter) -> Result<(), Interrupted> {
    crate::sort::sort(objects, |object| object.id[0], PackedObject::key, interrupter)
}

/// The length of what precedes the ids: the signature and the fan-out table.
const HEAD: usize = 8 + 4 * 256;

/// Whether the index at `path` lists the object `id`. `false` if the file is no index.
pub(crate) fn contains(path: &Path, id: &Id) -> io::Result<bool> {
    let file = File::open(path)?;
    let mut head = [0; HEAD];
    match file.read_exact_at(&mut head, 0) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
        read => read?,
    }
    if head[..8] != MAGIC {
        return Ok(false);
    }
    let (counts, _) = head[8..].as_chunks::<4>();
    let count = |byte: u8| u64::from(u32::from_be_bytes(counts[usize::from(byte)]));
    let (start, end) = (id[0].checked_sub(1).map_or(0, count), count(id[0]));
    let size = file.metadata()?.len();
    if start > end || HEAD as u64 + end * 20 > size {
        return Ok(false);
    }
    let mut bytes = vec![0; ((end - start) * 20) as usize];
    file.read_exact_at(&mut bytes, HEAD as u64 + start * 20)?;
    let (ids, _) = bytes.as_chunks::<20>();
    Ok(ids.binary_search(id).is_ok())
}

/// Writes an index. Its end needs the pack's checksum.
pub(crate) struct IndexWriter<W> {
    out: Hashing<W>,
}

impl<W: Write> IndexWriter<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out: Hashing { out, hasher: Sha1::new() } }
    }

    /// Writes all but the checksums of sorted, distinct `objects`.
    pub(crate) fn write(
        &mut self,
        objects: &[PackedObject],
        interrupter: &Interrupter,
    ) -> Result<(), PackError> {
        let failed = PackError::disk("write the index of");
        self.out.write_all(&MAGIC).map_err(&failed)?;
        write_fan_out(&mut self.out, objects).map_err(&failed)?;
        for part in objects.chunks(BETWEEN_CHECKS) {
            interrupter.check()?;
            part.iter().try_for_each(|object| self.out.write_all(&object.id)).map_err(&failed)?;
        }
        for part in objects.chunks(BETWEEN_CHECKS) {
            interrupter.check()?;
            let mut crcs = part.iter().map(|object| object.crc.to_be_bytes());
            crcs.try_for_each(|crc| self.out.write_all(&crc)).map_err(&failed)?;
        }
        interrupter.check()?;
        write_offsets(&mut self.out, objects).map_err(failed)
    }

    /// Writes the checksum of the pack and that of the index.
    pub(crate) fn finish(mut self, pack_checksum: &Id) -> io::Result<W> {
        self.out.write_all(pack_checksum)?;
        let checksum = self.out.hasher.finalize();
        self.out.out.write_all(&checksum)?;
        self.out.out.flush()?;
        Ok(self.out.out)
    }
}

/// For each first byte, how many ids begin with it or a smaller one.
fn write_fan_out(out: &mut impl Write, objects: &[PackedObject]) -> io::Result<()> {
    let mut counts = [0_u32; 256];
    for object in objects {
        counts[usize::from(object.id[0])] += 1;
    }
    let mut sum = 0_u32;
    for count in counts {
        sum += count;
        out.write_all(&sum.to_be_bytes())?;
    }
    Ok(())
}

fn write_offsets(out: &mut impl Write, objects: &[PackedObject]) -> io::Result<()> {
    let mut large = Vec::new();
    for object in objects {
        let word = if object.offset < LARGE {
            object.offset as u32
        } else {
            large.push(object.offset);
            LARGE as u32 | (large.len() - 1) as u32
        };
        out.write_all(&word.to_be_bytes())?;
    }
    for offset in large {
        out.write_all(&offset.to_be_bytes())?;
    }
    Ok(())
}

/// Computes the checksum of all that is written through it.
struct Hashing<W> {
    out: W,
    hasher: Sha1,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_tells_which_objects_it_lists() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        let at = |first, last| {
            let mut id = [first; 20];
            id[19] = last;
            PackedObject { id, crc: 0, offset: 12 }
        };
        let objects = [at(0, 1), at(7, 1), at(7, 3), at(255, 9)];
        let mut index = IndexWriter::new(Vec::new());
        index.write(&objects, &Interrupter::default()).unwrap();
        std::fs::write(&path, index.finish(&[9; 20]).unwrap()).unwrap();
        assert!(objects.iter().all(|object| contains(&path, &object.id).unwrap()));
        assert!(
            [at(0, 0), at(7, 2), at(8, 1), at(255, 8)].iter().all(|no| !contains(&path, &no.id).unwrap())
        );
        std::fs::write(&path, "no index").unwrap();
        assert!(!contains(&path, &objects[0].id).unwrap());
    }

    #[test]
    fn offsets_beyond_two_gibibytes_stand_in_a_table_of_their_own() {
        let at = |first, offset| PackedObject { id: [first; 20], crc: 0, offset };
        let mut index = IndexWriter::new(Vec::new());
        index.write(&[at(1, 12), at(2, 1 << 33), at(3, LARGE)], &Interrupter::default()).unwrap();
        let bytes = index.finish(&[9; 20]).unwrap();

        let offsets = &bytes[8 + 1024 + 3 * 24..];
        assert_eq!(&offsets[..4], 12_u32.to_be_bytes());
        assert_eq!(&offsets[4..8], 0x8000_0000_u32.to_be_bytes());
        assert_eq!(&offsets[8..12], 0x8000_0001_u32.to_be_bytes());
        assert_eq!(&offsets[12..20], (1_u64 << 33).to_be_bytes());
        assert_eq!(&offsets[20..28], LARGE.to_be_bytes());
        assert_eq!(offsets.len(), 28 + 40);
    }
}
