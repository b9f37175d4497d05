//! A long list of objects, of which only the end is kept in memory.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use super::{index::Located, unfinished::Unfinished};

/// How many objects are kept in memory, at 32 bytes each; where a pack has no more, no file is made.
const KEPT: usize = if cfg!(test) { 8 } else { 1 << 22 };
/// How long an object is on the disk: as long as in memory.
const LONG: usize = 32;

/// Objects in the order in which they came.
pub(super) struct Roll {
    folder: PathBuf,
    /// What came first, in a file that has no name any more.
    earlier: Option<File>,
    earlier_count: usize,
    recent: Vec<Located>,
}

impl Roll {
    /// An empty one, which may make a file in `folder`.
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), earlier: None, earlier_count: 0, recent: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.earlier_count + self.recent.len()
    }

    pub(super) fn push(&mut self, object: Located) -> io::Result<()> {
        if self.recent.len() == KEPT {
            self.put_away()?;
        }
        self.recent.push(object);
        Ok(())
    }

    pub(super) fn get(&self, at: usize) -> io::Result<Located> {
        match (&self.earlier, at.checked_sub(self.earlier_count)) {
            (Some(earlier), None) => {
                let mut bytes = [0; LONG];
                earlier.read_exact_at(&mut bytes, (at * LONG) as u64)?;
                Ok(decode(&bytes))
            }
            (_, recent) => Ok(self.recent[recent.unwrap_or(at)]),
        }
    }

    /// All of them, in memory.
    pub(super) fn into_list(self) -> io::Result<Vec<Located>> {
        let Some(earlier) = &self.earlier else { return Ok(self.recent) };
        let mut list = Vec::with_capacity(self.len());
        let mut bytes = vec![0; KEPT.min(1 << 14) * LONG];
        let end = self.earlier_count * LONG;
        for start in (0..end).step_by(bytes.len()) {
            let long = bytes.len().min(end - start);
            earlier.read_exact_at(&mut bytes[..long], start as u64)?;
            let (objects, _) = bytes[..long].as_chunks::<LONG>();
            list.extend(objects.iter().map(decode));
        }
        list.extend(self.recent);
        Ok(list)
    }

    fn put_away(&mut self) -> io::Result<()> {
        let earlier = match &self.earlier {
            Some(file) => file,
            None => self.earlier.insert(nameless(&self.folder)?),
        };
        let bytes: Vec<u8> = self.recent.iter().flat_map(encode).collect();
        earlier.write_all_at(&bytes, (self.earlier_count * LONG) as u64)?;
        self.earlier_count += self.recent.len();
        self.recent.clear();
        Ok(())
    }
}

/// A file that is gone once it is closed, however that comes about.
fn nameless(folder: &Path) -> io::Result<File> {
    let path = Unfinished::index(folder);
    File::options().read(true).write(true).create_new(true).open(&path.0)
}

fn encode(object: &Located) -> [u8; LONG] {
    let mut bytes = [0; LONG];
    bytes[..20].copy_from_slice(&object.id);
    bytes[20..24].copy_from_slice(&object.crc.to_ne_bytes());
    bytes[24..].copy_from_slice(&object.offset.to_ne_bytes());
    bytes
}

fn decode(bytes: &[u8; LONG]) -> Located {
    let part = |start| bytes[start..start + 4].try_into().expect("four bytes");
    Located {
        id: bytes[..20].try_into().expect("twenty bytes"),
        crc: u32::from_ne_bytes(part(20)),
        offset: u64::from_ne_bytes(bytes[24..].try_into().expect("eight bytes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_away_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let object = |at: usize| Located { id: [at as u8; 20], crc: 7 * at as u32, offset: 1 << (at % 40) };
        for count in [0, 1, KEPT, KEPT + 1, 5 * KEPT + 3] {
            let mut roll = Roll::new(folder.path());
            (0..count).for_each(|at| roll.push(object(at)).unwrap());
            assert_eq!(roll.len(), count);
            let is = |found: Located, at| {
                (found.id, found.crc, found.offset) == {
                    let Located { id, crc, offset } = object(at);
                    (id, crc, offset)
                }
            };
            assert!((0..count).all(|at| is(roll.get(at).unwrap(), at)));
            let list = roll.into_list().unwrap();
            assert_eq!(list.len(), count);
            assert!(list.into_iter().enumerate().all(|(at, found)| is(found, at)));
            assert_eq!(folder.path().read_dir().unwrap().count(), 0, "its file has no name");
        }
    }
}
