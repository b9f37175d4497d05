//! Reads the refs of a repository, and writes them to its copy.

use std::{collections::BTreeMap, fs, io, path::Path};

use super::copier::{Copier, names};

/// All refs of a repository, as they were at one time, and its HEAD.
pub(super) struct Refs {
    head: Vec<u8>,
    /// The id of an object by the name of its ref, both as bytes.
    direct: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The content of refs to refs.
    symbolic: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Refs {
    /// Loose refs are read before packed ones: `git pack-refs` writes the packed ones first and then removes the loose ones.
    /// `None` if there is no repository any more.
    pub(super) fn read(repository: &Path) -> io::Result<Option<Self>> {
        let Some(head) = read(&repository.join("HEAD"))? else { return Ok(None) };
        let mut refs = Self { head, direct: BTreeMap::new(), symbolic: BTreeMap::new() };
        refs.read_loose(&repository.join("refs"), b"refs")?;
        refs.read_packed(&read(&repository.join("packed-refs"))?.unwrap_or_default());
        Ok(Some(refs))
    }

    fn read_loose(&mut self, folder: &Path, prefix: &[u8]) -> io::Result<()> {
        for name in names(folder)? {
            let path = folder.join(&name);
            let full_name = [prefix, b"/", name.as_encoded_bytes()].concat();
            let Ok(found) = fs::symlink_metadata(&path) else { continue };
            if found.is_dir() {
                self.read_loose(&path, &full_name)?;
            } else if found.is_file() && !full_name.ends_with(b".lock") {
                // One that was packed meanwhile is in packed-refs, which is read later.
                let Some(content) = read(&path)? else { continue };
                match content.trim_ascii_end() {
                    b"" => {}
                    symbolic if symbolic.starts_with(b"ref:") => {
                        drop(self.symbolic.insert(full_name, content))
                    }
                    id => drop(self.direct.insert(full_name, id.to_vec())),
                }
            }
        }
        Ok(())
    }

    /// Lines are `ID NAME`, `^ID` of what a tag refers to, or comments.
    fn read_packed(&mut self, content: &[u8]) {
        for line in content.split(|byte| *byte == b'\n') {
            let mut words = line.splitn(2, |byte| *byte == b' ');
            let (Some(id), Some(name)) = (words.next(), words.next()) else { continue };
            if !id.starts_with(b"#") {
                self.direct.entry(name.trim_ascii_end().to_vec()).or_insert_with(|| id.to_vec());
            }
        }
    }

    /// Makes these the refs of the copy: all in its `packed-refs`, which is replaced in one step.
    pub(super) fn write(&self, repository: &Path, copier: &mut Copier) -> io::Result<()> {
        let mut packed = b"# pack-refs with: sorted \n".to_vec();
        for (name, id) in &self.direct {
            packed.extend([id.as_slice(), b" ", name, b"\n"].concat());
        }
        copier.write(&packed, &repository.join("packed-refs"))?;
        copier.write(&self.head, &repository.join("HEAD"))?;
        self.remove_loose(&repository.join("refs"), b"refs")?;
        for (name, content) in &self.symbolic {
            let path = repository.join(path_of(name));
            fs::create_dir_all(path.parent().unwrap_or(repository))?;
            copier.write(content, &path)?;
        }
        Ok(())
    }

    fn remove_loose(&self, folder: &Path, prefix: &[u8]) -> io::Result<()> {
        for name in names(folder)? {
            let path = folder.join(&name);
            let full_name = [prefix, b"/", name.as_encoded_bytes()].concat();
            match fs::symlink_metadata(&path)?.is_dir() {
                true => self.remove_loose(&path, &full_name)?,
                false if self.symbolic.contains_key(&full_name) => {}
                false => fs::remove_file(&path)?,
            }
        }
        Ok(())
    }
}

fn path_of(name: &[u8]) -> &Path {
    use std::os::unix::ffi::OsStrExt as _;
    Path::new(std::ffi::OsStr::from_bytes(name))
}

/// The content of a file; `None` if it is gone.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        content => content.map(Some),
    }
}
