//! Copies the objects of a repository.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use super::copier::{Copier, Found, Same, Way, names};

/// What belongs to a pack, in the order in which it is copied: Git does not see a pack that has no index.
const PARTS_OF_A_PACK: [&str; 6] = ["pack", "rev", "bitmap", "mtimes", "promisor", "idx"];
/// How often the objects are listed before it is an error that some vanish each time.
const MAX_LISTINGS: usize = 100;

/// The files of objects in a copy, relative to its folder.
pub(super) struct Objects(BTreeSet<PathBuf>);

/// Copies loose objects, then packs: `git repack` writes a pack before it removes what is in it. Lists them again until none has
/// vanished, because it may be in a pack that is not listed. `None` if there is no repository any more.
pub(super) fn copy(from: &Path, to: &Path, copier: &mut Copier) -> io::Result<Option<Objects>> {
    for _ in 0..MAX_LISTINGS {
        let mut listing = Listing { from, to, copier, seen: BTreeSet::new(), has_vanished: false };
        listing.copy_loose()?;
        listing.copy_packs()?;
        let Listing { seen, has_vanished, .. } = listing;
        if !from.join("HEAD").exists() {
            return Ok(None);
        }
        if !has_vanished {
            return Ok(Some(Objects(seen)));
        }
    }
    Err(io::Error::other("objects vanish again and again while they are copied"))
}

struct Listing<'a> {
    from: &'a Path,
    to: &'a Path,
    copier: &'a mut Copier,
    seen: BTreeSet<PathBuf>,
    has_vanished: bool,
}

impl Listing<'_> {
    fn copy_loose(&mut self) -> io::Result<()> {
        let objects = self.from.join("objects");
        for folder in names(&objects)?.into_iter().filter(|name| is_hexadecimal(name, 2)) {
            let files = names(&objects.join(&folder))?;
            for file in files.iter().filter(|name| is_hexadecimal(name, 38)) {
                self.copy(Path::new("objects").join(&folder).join(file), Way::Copy)?;
            }
        }
        Ok(())
    }

    fn copy_packs(&mut self) -> io::Result<()> {
        // Where Git looks for objects, too.
        let alternates = PathBuf::from("objects/info/alternates");
        if self.from.join(&alternates).exists() {
            self.copy(alternates, Way::Copy)?;
        }
        let there: BTreeSet<_> = names(&self.from.join("objects/pack"))?.into_iter().collect();
        let packs =
            there.iter().map(Path::new).filter(|name| name.extension().is_some_and(|end| end == "idx"));
        for index in packs.filter(|name| name.as_os_str().as_encoded_bytes().starts_with(b"pack-")) {
            let parts = PARTS_OF_A_PACK.iter().map(|end| index.with_extension(end));
            for part in parts.filter(|part| there.contains(part.as_os_str())) {
                self.copy(Path::new("objects/pack").join(part), Way::Link)?;
            }
        }
        Ok(())
    }

    fn copy(&mut self, file: PathBuf, way: Way) -> io::Result<()> {
        let to = self.to.join(&file);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        match self.copier.copy(&self.from.join(&file), &to, Same::Named, way)? {
            Found::There => drop(self.seen.insert(file)),
            Found::Vanished => self.has_vanished = true,
        }
        Ok(())
    }
}

impl Objects {
    /// Removes from the copy what is not among these: in the repository it is packed now, or was not needed.
    pub(super) fn remove_others(&self, to: &Path) -> io::Result<()> {
        for folder in names(&to.join("objects"))? {
            let folder = Path::new("objects").join(folder);
            for file in names(&to.join(&folder))? {
                let file = folder.join(file);
                if !self.0.contains(&file) {
                    fs::remove_file(to.join(file))?;
                }
            }
        }
        Ok(())
    }
}

fn is_hexadecimal(name: &OsStr, length: usize) -> bool {
    name.len() == length && name.as_encoded_bytes().iter().all(u8::is_ascii_hexdigit)
}
