//! From all objects of a pack to a pack that Git can read, with its index.

use std::{
    fs::{self, File},
    io::BufWriter,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    thread,
};

use sha1::{Digest, Sha1};

use super::{
    PackError, Unpublished,
    appender::{Appended, HEADER},
    index::{self, IndexWriter, Located},
};
use crate::{Interrupter, object::Id};

/// A whole pack with its index, on disk and synced, which no reader sees yet.
#[derive(Debug)]
pub(crate) struct FinishedPack {
    pack: Unpublished,
    index: Unpublished,
    folder: PathBuf,
    checksum: Id,
}

/// An index but for its last lines.
type OpenIndex = (IndexWriter<BufWriter<File>>, Unpublished);

impl Appended {
    /// Completes the pack at `path` and writes its index; both are on the disk when this returns.
    pub(super) fn finish(
        self,
        path: Unpublished,
        folder: &Path,
        interrupter: &Interrupter,
    ) -> Result<FinishedPack, PackError> {
        let Self { file, end, mut objects } = self;
        let count = u32::try_from(objects.len()).map_err(|_| PackError::TooMany)?;
        file.write_all_at(&header(count), 0).map_err(PackError::disk("write"))?;

        let (checksum, (index, index_path)) = thread::scope(|scope| {
            let checksum = scope.spawn(|| checksum(&file, end, interrupter));
            let index = write_index(folder, &mut objects)?;
            Ok::<_, PackError>((checksum.join().map_err(|_| PackError::GivenUp)??, index))
        })?;
        file.write_all_at(&checksum, end).map_err(PackError::disk("write"))?;
        interrupter.check()?;
        thread::scope(|scope| {
            let synced = scope.spawn(|| file.sync_data().map_err(PackError::disk("sync")));
            finish_index(index, &checksum)?;
            synced.join().map_err(|_| PackError::GivenUp)?
        })?;
        Ok(FinishedPack { pack: path, index: index_path, folder: folder.to_owned(), checksum })
    }
}

impl FinishedPack {
    /// Gives pack and index the names under which Git finds them, the index last.
    pub(crate) fn publish(self) -> Result<(), PackError> {
        let name = gix::ObjectId::from(self.checksum).to_string();
        let place = |ending: &str| self.folder.join(format!("pack-{name}.{ending}"));
        for (from, to) in [(&self.pack, place("pack")), (&self.index, place("idx"))] {
            fs::rename(&from.0, to).map_err(PackError::disk("publish"))?;
        }
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(PackError::disk("sync the folder of"))
    }
}

fn header(count: u32) -> [u8; HEADER as usize] {
    let mut header = *b"PACK\0\0\0\x02\0\0\0\0";
    header[8..].copy_from_slice(&count.to_be_bytes());
    header
}

/// The SHA-1 of the whole pack. It covers the number of objects in the first bytes, so it cannot be taken before the
/// last object is known; what it reads is still in the page cache.
fn checksum(file: &File, end: u64, interrupter: &Interrupter) -> Result<Id, PackError> {
    let mut hasher = Sha1::new();
    let mut buffer = vec![0; 256 << 10];
    let mut at = 0;
    while at < end {
        interrupter.check()?;
        let wanted = buffer.len().min((end - at) as usize);
        file.read_exact_at(&mut buffer[..wanted], at).map_err(PackError::disk("read back"))?;
        hasher.update(&buffer[..wanted]);
        at += wanted as u64;
    }
    Ok(hasher.finalize().into())
}

fn write_index(folder: &Path, objects: &mut [Located]) -> Result<OpenIndex, PackError> {
    index::sort(objects);
    let path = folder.join(format!("tmp_idx_{}", uuid::Uuid::new_v4().simple()));
    let file = File::create_new(&path).map_err(PackError::disk("create the index of"))?;
    let path = Unpublished(path);
    let mut index = IndexWriter::new(BufWriter::with_capacity(256 << 10, file));
    index.write(objects).map_err(PackError::disk("write the index of"))?;
    Ok((index, path))
}

fn finish_index(index: IndexWriter<BufWriter<File>>, checksum: &Id) -> Result<(), PackError> {
    let file = index.finish(checksum).map_err(PackError::disk("write the index of"))?;
    file.get_ref().sync_data().map_err(PackError::disk("sync the index of"))
}
