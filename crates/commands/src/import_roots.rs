//! Files of this machine that requests may name: those under folders that its operator named for that.

use std::{
    fs::{self, File},
    io,
    path::{Component, Path, PathBuf},
};

use anyhow::Context as _;

/// The folders whose files may be read, and everything below them.
#[derive(Clone, Debug, Default)]
pub struct ImportRoots(Vec<Root>);

#[derive(Clone, Debug)]
struct Root {
    /// As its operator wrote it, and as requests may.
    named: PathBuf,
    /// Without links.
    real: PathBuf,
}

/// Why a file is not read. None of them tells what is outside of the folders, not even whether it is there.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// It is not below any of the folders, or a link on the way leads out of them.
    #[error("'{0}' is not below a folder that this server imports from; --import-root names such folders")]
    Outside(String),
    /// It is a folder, a device or the like.
    #[error("'{0}' is no regular file")]
    NoFile(String),
    /// There is none, at a place where there might be.
    #[error("File does not exist: {0}")]
    Missing(String),
    /// The system does not let us.
    #[error("could not open '{file}'")]
    Io {
        /// The file, as it was named.
        file: String,
        /// What the system says.
        source: io::Error,
    },
}

impl ImportRoots {
    /// These folders.
    ///
    /// # Errors
    /// If one is none.
    pub fn new(folders: &[PathBuf]) -> anyhow::Result<Self> {
        let root = |named: &PathBuf| {
            let real = named.canonicalize().and_then(|real| fs::read_dir(&real).map(|_| real));
            let real = real.with_context(|| format!("--import-root {}", named.display()))?;
            anyhow::Ok(Root { named: named.clone(), real })
        };
        folders.iter().map(root).collect::<Result<_, _>>().map(Self)
    }

    /// Opens a file below one of the folders: `path` begins with one of them, or is looked for below each of them.
    ///
    /// Links may be followed as long as they stay inside. What is opened is what was checked: once it is known where
    /// the path leads, every step there is taken without following links, so that nobody can exchange one meanwhile.
    /// Nothing but a regular file is opened, so that no device is touched and no pipe waited for.
    ///
    /// # Errors
    /// [`RootError`], which tells only what a sender may know.
    pub fn open(&self, path: &str) -> Result<File, RootError> {
        let mut error = RootError::Outside(path.to_owned());
        if path.contains("://") {
            return Err(error);
        }
        for (root, below) in self.candidates(Path::new(path)) {
            match root.open(&below, path) {
                // It may be below another one.
                Err(missing @ RootError::Missing(_)) => error = missing,
                opened => return opened,
            }
        }
        Err(error)
    }

    /// Where a path might be, by its form alone.
    fn candidates<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = (&'a Root, PathBuf)> {
        let is_plain = |path: &Path| {
            let mut parts = path.components();
            parts.all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        };
        self.0.iter().filter_map(move |root| {
            let below = match path.is_absolute() {
                true => path.strip_prefix(&root.named).or_else(|_| path.strip_prefix(&root.real)).ok()?,
                false => path,
            };
            (is_plain(below) && below.file_name().is_some()).then(|| (root, below.to_owned()))
        })
    }
}

impl Root {
    fn open(&self, below: &Path, shown: &str) -> Result<File, RootError> {
        let outside = || RootError::Outside(shown.to_owned());
        let below = match self.real.join(below).canonicalize() {
            Ok(real) => real.strip_prefix(&self.real).map_err(|_| outside())?.to_owned(),
            Err(_) => return Err(self.why_not(below, shown)),
        };
        let io = |source: io::Error| RootError::Io { file: shown.to_owned(), source };
        let file = steps::open(&self.real, &below).map_err(io)?;
        let file = file.ok_or_else(|| RootError::NoFile(shown.to_owned()))?;
        Ok(file)
    }

    /// Why a path leads nowhere. A link on the way that leads out, or to nothing, is not spoken of: what is missing
    /// behind it is not ours to tell.
    fn why_not(&self, below: &Path, shown: &str) -> RootError {
        let mut place = self.real.clone();
        for component in below.components() {
            place.push(component);
            match (fs::symlink_metadata(&place), place.canonicalize()) {
                (Err(error), _) if error.kind() == io::ErrorKind::NotFound => {
                    return RootError::Missing(shown.to_owned());
                }
                (Ok(_), Ok(real)) if real.starts_with(&self.real) => {}
                _ => return RootError::Outside(shown.to_owned()),
            }
        }
        RootError::Missing(shown.to_owned())
    }
}

/// Opening a file step by step.
#[cfg(unix)]
mod steps {
    use std::{fs::File, io, path::Path};

    use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, open as open_path, openat, statat};

    /// `None` if it is no regular file.
    pub(super) fn open(root: &Path, below: &Path) -> io::Result<Option<File>> {
        let folder = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
        let file = OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let Some(name) = below.file_name() else { return Ok(None) };
        let mut place = open_path(root, folder, Mode::empty())?;
        for component in below.parent().into_iter().flat_map(Path::components) {
            place = openat(&place, component.as_os_str(), folder, Mode::empty())?;
        }
        let is_file = |mode| FileType::from_raw_mode(mode) == FileType::RegularFile;
        if !is_file(statat(&place, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode) {
            return Ok(None);
        }
        // In case it was exchanged just now: a pipe would not be waited for, and is seen through below.
        let opened = openat(&place, name, file, Mode::empty())?;
        let is_regular = is_file(fstat(&opened)?.st_mode);
        Ok(is_regular.then(|| File::from(opened)))
    }
}

#[cfg(not(unix))]
mod steps {
    use std::{fs::File, io, path::Path};

    pub(super) fn open(root: &Path, below: &Path) -> io::Result<Option<File>> {
        let path = root.join(below);
        if !path.symlink_metadata()?.is_file() {
            return Ok(None);
        }
        let file = File::open(path)?;
        let is_regular = file.metadata()?.is_file();
        Ok(is_regular.then_some(file))
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::{io::Read, os::unix::fs::symlink};

    use super::*;

    struct Place {
        _folder: tempfile::TempDir,
        base: PathBuf,
        roots: ImportRoots,
    }

    /// `in/` with files and links is a root, `out/` beside it is not.
    fn place() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        for (path, text) in
            [("in/a.osm", "a"), ("in/deep/b.osm", "b"), ("out/secret", "s"), ("in2/c.osm", "c")]
        {
            fs::create_dir_all(base.join(path).parent().unwrap()).unwrap();
            fs::write(base.join(path), text).unwrap();
        }
        symlink("deep/b.osm", base.join("in/latest.osm")).unwrap();
        symlink(base.join("in/a.osm"), base.join("in/absolute.osm")).unwrap();
        symlink("../out/secret", base.join("in/leak")).unwrap();
        symlink("../out", base.join("in/way-out")).unwrap();
        symlink("../out/nothing", base.join("in/dangling")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(base.join("in/pipe")).status().unwrap();
        assert!(made.success());
        let roots = ImportRoots::new(&[base.join("in"), base.join("in2")]).unwrap();
        Place { _folder: folder, base, roots }
    }

    impl Place {
        fn read(&self, path: &str) -> Result<String, RootError> {
            let mut text = String::new();
            self.roots.open(path)?.read_to_string(&mut text).unwrap();
            Ok(text)
        }

        fn full(&self, path: &str) -> String {
            self.base.join(path).to_str().unwrap().to_owned()
        }
    }

    #[test]
    fn files_below_a_root_are_opened_by_their_whole_path_or_from_the_root_on() {
        let place = place();
        for (path, text) in [
            ("a.osm", "a"),
            ("./deep/b.osm", "b"),
            ("deep//b.osm", "b"),
            ("c.osm", "c"),
            ("latest.osm", "b"),
            ("absolute.osm", "a"),
        ] {
            assert_eq!(place.read(path).unwrap(), text, "{path}");
        }
        assert_eq!(place.read(&place.full("in2/c.osm")).unwrap(), "c");
        assert_eq!(place.read(&place.full("in/deep/b.osm")).unwrap(), "b");
    }

    #[test]
    fn nothing_leads_out_and_nobody_learns_what_is_there() {
        let place = place();
        for path in [
            "../out/secret",
            "deep/../a.osm",
            "leak",
            "way-out/secret",
            "way-out/nothing",
            "dangling",
            "/etc/passwd",
            "/nothing/at/all",
            "..",
            ".",
            "",
            "/",
            "http://example.org/x.osm",
        ] {
            let refused = place.read(path);
            assert!(matches!(refused, Err(RootError::Outside(_))), "{path}: {refused:?}");
        }
        for path in ["out/secret", "out/nothing", "in/../out/secret", "in"] {
            let refused = place.read(&place.full(path));
            assert!(matches!(refused, Err(RootError::Outside(_))), "{path}: {refused:?}");
        }
        assert!(matches!(ImportRoots::default().open("a.osm"), Err(RootError::Outside(_))));
    }

    #[test]
    fn what_is_no_regular_file_is_not_opened() {
        let place = place();
        for path in ["pipe", "deep"] {
            assert!(matches!(place.read(path), Err(RootError::NoFile(_))), "{path}");
        }
    }

    #[test]
    fn what_is_missing_is_said_to_be() {
        let place = place();
        for path in ["none.osm", "deep/none.osm", "none/none.osm"] {
            let refused = place.read(path).unwrap_err();
            assert_eq!(refused.to_string(), format!("File does not exist: {path}"));
        }
        assert!(ImportRoots::new(&[place.base.join("nothing")]).is_err());
        assert!(ImportRoots::new(&[place.base.join("in/a.osm")]).is_err());
    }
}
