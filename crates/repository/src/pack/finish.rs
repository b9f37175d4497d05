//! From all objects of a pack to a pack that Git can read, with its index.

use std::{
    fs::{self, File},
    io::BufWriter,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    thread,
};

use super::{
    PackError,
    appender::Appended,
    checksum::{checksum, header},
    index::{self, IndexWriter, Located},
    unbreakable::Unbreakable,
    unfinished::{KEPT_BY_US, Unfinished, Unpublished},
};
use crate::{Interrupter, object::Id};

/// A whole pack with its index, on disk and synced, which no reader sees yet.
#[derive(Debug)]
pub(crate) struct FinishedPack {
    pack: Unfinished,
    index: Unfinished,
    folder: PathBuf,
    checksum: Id,
}

/// Keeps a pack from being repacked until a ref leads to it.
#[derive(Debug)]
#[must_use = "dropping it leaves the pack to Git's housekeeping"]
pub(crate) struct KeptPack {
    _keep: Unpublished,
}

/// An index but for its last lines.
type OpenIndex = (IndexWriter<BufWriter<File>>, Unfinished);

impl Appended {
    /// Completes the pack at `path` and writes its index; both are on the disk when this returns.
    pub(super) fn finish(
        self,
        path: Unfinished,
        folder: &Path,
        interrupter: &Interrupter,
    ) -> Result<FinishedPack, PackError> {
        let Self { file, end, mut objects, checksum: early } = self;
        let count = u32::try_from(objects.len()).map_err(|_| PackError::TooMany)?;
        file.write_all_at(&header(count), 0).map_err(PackError::disk("write"))?;

        let (checksum, (index, index_path)) = thread::scope(|scope| {
            let checksum =
                scope.spawn(|| match early.map(|early| early.finish(count, end)).transpose()?.flatten() {
                    Some(checksum) => Ok(checksum),
                    None => checksum(&file, count, end, interrupter),
                });
            let index = write_index(folder, &mut objects, interrupter)?;
            Ok::<_, PackError>((checksum.join().map_err(|_| PackError::GivenUp)??, index))
        })?;
        file.write_all_at(&checksum, end).map_err(PackError::disk("write"))?;
        interrupter.check()?;
        let start = PackError::disk("start a thread that syncs");
        let pack_synced = Unbreakable::begin("pack-sync", move || file.sync_data()).map_err(start)?;
        let start = PackError::disk("start a thread that syncs the index of");
        let index_synced =
            Unbreakable::begin("index-sync", move || finish_index(index, &checksum)).map_err(start)?;
        index_synced.wait(interrupter)??;
        pack_synced.wait(interrupter)?.map_err(PackError::disk("sync"))?;
        Ok(FinishedPack { pack: path, index: index_path, folder: folder.to_owned(), checksum })
    }
}

impl FinishedPack {
    /// Gives pack and index the names under which Git finds them, the index last.
    ///
    /// As long as the result lives Git's housekeeping leaves the pack alone, though no ref leads to it yet.
    pub(crate) fn publish(self) -> Result<KeptPack, PackError> {
        let name = gix::ObjectId::from(self.checksum).to_string();
        let place = |ending: &str| self.folder.join(format!("pack-{name}.{ending}"));
        let keep = Unpublished(place("keep"));
        // Never half written: what is not whole counts as somebody else's, and stays.
        let mark = Unfinished::pack(&self.folder);
        fs::write(&mark.0, KEPT_BY_US).map_err(PackError::disk("publish"))?;
        mark.rename(&keep.0).map_err(PackError::disk("publish"))?;
        let pack = Unpublished(place("pack"));
        self.pack.rename(&pack.0).map_err(PackError::disk("publish"))?;
        self.index.rename(&place("idx")).map_err(PackError::disk("publish"))?;
        pack.stays();
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(PackError::disk("sync the folder of"))?;
        Ok(KeptPack { _keep: keep })
    }
}

fn write_index(
    folder: &Path,
    objects: &mut [Located],
    interrupter: &Interrupter,
) -> Result<OpenIndex, PackError> {
    index::sort(objects, interrupter)?;
    let path = Unfinished::index(folder);
    let file = File::create_new(&path.0).map_err(PackError::disk("create the index of"))?;
    let mut index = IndexWriter::new(BufWriter::with_capacity(256 << 10, file));
    index.write(objects, interrupter)?;
    Ok((index, path))
}

fn finish_index(index: IndexWriter<BufWriter<File>>, checksum: &Id) -> Result<(), PackError> {
    let file = index.finish(checksum).map_err(PackError::disk("write the index of"))?;
    file.get_ref().sync_data().map_err(PackError::disk("sync the index of"))
}
