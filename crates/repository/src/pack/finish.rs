//! Completes a pack, so that Git can read it, and writes its index.

use std::{
    fs::File,
    io::{self, BufWriter},
    os::unix::fs::FileExt,
    path::Path,
    thread,
};

use super::{
    PackError,
    appender::Appended,
    checksum::{checksum, header},
    detached::DetachedIo,
    index::{self, IndexWriter, PackedObject},
    name::PackName,
    temporary_file::TemporaryFile,
};
use crate::{Interrupter, object::Id, sync::sync_folder};

/// A whole pack with its index: synced, under temporary names, and not visible to readers. Both files are removed when it is
/// dropped.
#[derive(Debug)]
pub(crate) struct FinishedPack {
    pack: TemporaryFile,
    index: TemporaryFile,
    name: PackName,
}

/// An index without its checksums.
type OpenIndex = (IndexWriter<BufWriter<File>>, TemporaryFile);

impl Appended {
    /// Completes the pack at `path` and writes its index; both are on the disk when this returns.
    ///
    /// Waits for the disk, but not after an interrupt.
    pub(super) fn finish(
        self,
        path: TemporaryFile,
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
            Ok::<_, PackError>((checksum.join().map_err(|_| PackError::Aborted)??, index))
        })?;
        file.write_all_at(&checksum, end).map_err(PackError::disk("write"))?;
        interrupter.check()?;
        let start = PackError::disk("start a thread that syncs");
        let pack_synced = DetachedIo::begin("pack-sync", move || file.sync_data()).map_err(start)?;
        let start = PackError::disk("start a thread that syncs the index of");
        let index_synced =
            DetachedIo::begin("index-sync", move || finish_index(index, &checksum)).map_err(start)?;
        index_synced.wait(interrupter)??;
        pack_synced.wait(interrupter)?.map_err(PackError::disk("sync"))?;
        let mut finished = FinishedPack { pack: path, index: index_path, name: PackName(checksum) };
        finished.name_files(folder).map_err(PackError::disk("name"))?;
        let start = PackError::disk("start a thread that syncs the folder of");
        let folder = folder.to_owned();
        let folder_synced = DetachedIo::begin("folder-sync", move || sync_folder(&folder)).map_err(start)?;
        folder_synced.wait(interrupter)?.map_err(PackError::disk("sync the folder of"))?;
        Ok(finished)
    }
}

impl FinishedPack {
    /// The name that the pack will have.
    pub(crate) fn name(&self) -> PackName {
        self.name
    }

    /// Leaves the files where they are, so that [`place`](super::place::place) finds them.
    pub(crate) fn persist(self) {
        self.pack.persist();
        self.index.persist();
    }

    /// Gives the files temporary names that contain the pack's name. Only complete and synced files have such names.
    fn name_files(&mut self, folder: &Path) -> io::Result<()> {
        self.pack.move_to(self.name.temporary_pack(folder))?;
        self.index.move_to(self.name.temporary_index(folder))
    }
}

fn write_index(
    folder: &Path,
    objects: &mut [PackedObject],
    interrupter: &Interrupter,
) -> Result<OpenIndex, PackError> {
    index::sort(objects, interrupter)?;
    let path = TemporaryFile::index(folder);
    let file = File::create_new(&path.0).map_err(PackError::disk("create the index of"))?;
    let mut index = IndexWriter::new(BufWriter::with_capacity(256 << 10, file));
    index.write(objects, interrupter)?;
    Ok((index, path))
}

fn finish_index(index: IndexWriter<BufWriter<File>>, checksum: &Id) -> Result<(), PackError> {
    let file = index.finish(checksum).map_err(PackError::disk("write the index of"))?;
    file.get_ref().sync_data().map_err(PackError::disk("sync the index of"))
}
