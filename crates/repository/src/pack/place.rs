//! Puts finished packs in their place, where readers find them.
//!
//! A pack that is in place is never removed here, whoever put it there: another publication may rely on it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    leftovers::{files, pack_checksum},
    name::PackName,
    temporary_file::{INDEX, KEEP_FILE_CONTENT, PACK, TemporaryFile, is_our_keep_file},
};
use crate::{object::Id, sync::sync_folder};

/// Gives a finished pack and its index in `folder` the names under which Git finds them, the index last, and syncs the folder.
/// Does what is left to do where that was begun before. `false` if the files are not there.
///
/// A `.keep` file is written first, so that Git does not repack the pack before a ref leads to it; [`remove_keep_file`] removes it.
pub(crate) fn place(folder: &Path, name: PackName) -> io::Result<bool> {
    let mut moves = Vec::new();
    for (kind, ending) in [(PACK, "pack"), (INDEX, "idx")] {
        let to = name.file(folder, ending);
        if to.try_exists()? {
            continue;
        }
        match temporary(folder, &name.temporary_start(kind))? {
            Some(from) => moves.push((from, to)),
            None => return Ok(false),
        }
    }
    write_keep_file(folder, name)?;
    for (from, to) in moves {
        fs::rename(from, to)?;
    }
    sync_folder(folder)?;
    Ok(true)
}

/// Removes the `.keep` file of [`place`]. One that somebody else wrote stays.
pub(crate) fn remove_keep_file(folder: &Path, name: PackName) -> io::Result<()> {
    let path = name.file(folder, "keep");
    if is_our_keep_file(&path) { fs::remove_file(path) } else { Ok(()) }
}

/// The pack with temporary names that contains the object: how an intent of version 0.1.0, which names no pack, finds it.
///
/// That version gave pack and index unrelated names. They get those that [`place`] looks for.
pub(crate) fn find_holding(folder: &Path, object: &Id) -> io::Result<Option<PackName>> {
    for index in files(folder, INDEX)? {
        if !super::index::contains(&index, object)? {
            continue;
        }
        let Some(name) = pack_checksum(&index)?.map(PackName) else { continue };
        let is_in_place = name.file(folder, "pack").try_exists()?;
        if !is_in_place && temporary(folder, &name.temporary_start(PACK))?.is_none() {
            let Some(pack) = pack_with(folder, name)? else { continue };
            fs::rename(pack, name.temporary_pack(folder))?;
        }
        if temporary(folder, &name.temporary_start(INDEX))?.is_none() {
            fs::rename(index, name.temporary_index(folder))?;
        }
        return Ok(Some(name));
    }
    Ok(None)
}

/// The file with a temporary name that ends with the checksum of this pack.
fn pack_with(folder: &Path, name: PackName) -> io::Result<Option<PathBuf>> {
    for pack in files(folder, PACK)? {
        if pack_checksum(&pack)? == Some(name.0) {
            return Ok(Some(pack));
        }
    }
    Ok(None)
}

fn write_keep_file(folder: &Path, name: PackName) -> io::Result<()> {
    let path = name.file(folder, "keep");
    if path.try_exists()? {
        return Ok(());
    }
    // Written under a temporary name, so that it is never incomplete: an incomplete file would not be recognized as ours.
    let mark = TemporaryFile::pack(folder);
    fs::write(&mark.0, KEEP_FILE_CONTENT)?;
    mark.rename(&path)
}

fn temporary(folder: &Path, start: &str) -> io::Result<Option<PathBuf>> {
    Ok(files(folder, start)?.into_iter().next())
}
