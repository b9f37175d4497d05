//! A list of objects that spills to a file where it is long.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use super::{index::PackedObject, temporary_file::TemporaryFile};

/// How many objects are kept in memory, at 32 bytes each. A shorter list makes no file.
const IN_MEMORY: usize = if cfg!(test) { 8 } else { 1 << 22 };
/// How many bytes an object takes, in the file as in memory.
const OBJECT_SIZE: usize = 32;

/// Objects in the order in which they came.
pub(super) struct SpillingList {
    folder: PathBuf,
    /// The first objects, in a file without a name.
    spilled: Option<File>,
    spilled_count: usize,
    recent: Vec<PackedObject>,
}

impl SpillingList {
    /// An empty list, which may make a file in `folder`.
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), spilled: None, spilled_count: 0, recent: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.spilled_count + self.recent.len()
    }

    pub(super) fn push(&mut self, object: PackedObject) -> io::Result<()> {
        if self.recent.len() == IN_MEMORY {
            self.spill()?;
        }
        self.recent.push(object);
        Ok(())
    }

    pub(super) fn get(&self, at: usize) -> io::Result<PackedObject> {
        match (&self.spilled, at.checked_sub(self.spilled_count)) {
            (Some(spilled), None) => {
                let mut bytes = [0; OBJECT_SIZE];
                spilled.read_exact_at(&mut bytes, (at * OBJECT_SIZE) as u64)?;
                Ok(decode(&bytes))
            }
            (_, recent) => Ok(self.recent[recent.unwrap_or(at)]),
        }
    }

    /// All objects, in memory.
    pub(super) fn into_list(self) -> io::Result<Vec<PackedObject>> {
        let Some(spilled) = &self.spilled else { return Ok(self.recent) };
        let mut list = Vec::with_capacity(self.len());
        let mut bytes = vec![0; IN_MEMORY.min(1 << 14) * OBJECT_SIZE];
        let end = self.spilled_count * OBJECT_SIZE;
        for start in (0..end).step_by(bytes.len()) {
            let length = bytes.len().min(end - start);
            spilled.read_exact_at(&mut bytes[..length], start as u64)?;
            let (objects, _) = bytes[..length].as_chunks::<OBJECT_SIZE>();
            list.extend(objects.iter().map(decode));
        }
        list.extend(self.recent);
        Ok(list)
    }

    fn spill(&mut self) -> io::Result<()> {
        let spilled = match &self.spilled {
            Some(file) => file,
            None => self.spilled.insert(nameless(&self.folder)?),
        };
        let bytes: Vec<u8> = self.recent.iter().flat_map(encode).collect();
        spilled.write_all_at(&bytes, (self.spilled_count * OBJECT_SIZE) as u64)?;
        self.spilled_count += self.recent.len();
        self.recent.clear();
        Ok(())
    }
}

/// A file without a name: the operating system removes it when it is closed.
fn nameless(folder: &Path) -> io::Result<File> {
    let path = TemporaryFile::index(folder);
    File::options().read(true).write(true).create_new(true).open(&path.0)
}

fn encode(object: &PackedObject) -> [u8; OBJECT_SIZE] {
    let mut bytes = [0; OBJECT_SIZE];
    bytes[..20].copy_from_slice(&object.id);
    bytes[20..24].copy_from_slice(&object.crc.to_ne_bytes());
    bytes[24..].copy_from_slice(&object.offset.to_ne_bytes());
    bytes
}

fn decode(bytes: &[u8; OBJECT_SIZE]) -> PackedObject {
    let part = |start| bytes[start..start + 4].try_into().expect("four bytes");
    PackedObject {
        id: bytes[..20].try_into().expect("twenty bytes"),
        crc: u32::from_ne_bytes(part(20)),
        offset: u64::from_ne_bytes(bytes[24..].try_into().expect("eight bytes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spill_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let object =
            |at: usize| PackedObject { id: [at as u8; 20], crc: 7 * at as u32, offset: 1 << (at % 40) };
        for count in [0, 1, IN_MEMORY, IN_MEMORY + 1, 5 * IN_MEMORY + 3] {
            let mut list = SpillingList::new(folder.path());
            (0..count).for_each(|at| list.push(object(at)).unwrap());
            assert_eq!(list.len(), count);
            let is = |found: PackedObject, at| {
                (found.id, found.crc, found.offset) == {
                    let PackedObject { id, crc, offset } = object(at);
                    (id, crc, offset)
                }
            };
            assert!((0..count).all(|at| is(list.get(at).unwrap(), at)));
            let list = list.into_list().unwrap();
            assert_eq!(list.len(), count);
            assert!(list.into_iter().enumerate().all(|(at, found)| is(found, at)));
            assert_eq!(folder.path().read_dir().unwrap().count(), 0, "its file has no name");
        }
    }
}
