//! Files of this machine that requests may import: those below folders that the operator has allowed.

use std::{
    fs::{self, File},
    io,
    path::{Component, Path, PathBuf},
};

use anyhow::Context as _;

/// The folders below which files may be imported.
#[derive(Clone, Debug, Default)]
pub struct ImportRoots(Vec<Root>);

#[derive(Clone, Debug)]
struct Root {
    /// The path as the operator wrote it. Requests may use it too.
    configured: PathBuf,
    /// The path without symbolic links.
    canonical: PathBuf,
}

/// Why a file cannot be imported. The errors reveal nothing about files outside of the folders, not even whether they
/// exist.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// The file is not below any of the folders, or a symbolic link in its path leads out of them.
    #[error("'{0}' is not below a folder that this server imports from; --import-root names such folders")]
    Outside(String),
    /// It is not a regular file but a folder, a device or a pipe.
    #[error("'{0}' is no regular file")]
    NotAFile(String),
    /// A path below one of the folders does not exist.
    #[error("File does not exist: {0}")]
    Missing(String),
    /// The file could not be opened.
    #[error("could not open '{file}'")]
    Io {
        /// The path in the request.
        file: String,
        /// The error of the system.
        source: io::Error,
    },
}

impl ImportRoots {
    /// Allows these folders.
    ///
    /// # Errors
    /// If one of them is not a readable folder.
    pub fn new(folders: &[PathBuf]) -> anyhow::Result<Self> {
        let root = |folder: &PathBuf| {
            let canonical = folder.canonicalize().and_then(|path| fs::read_dir(&path).map(|_| path));
            let canonical = canonical.with_context(|| format!("--import-root {}", folder.display()))?;
            anyhow::Ok(Root { configured: folder.clone(), canonical })
        };
        folders.iter().map(root).collect::<Result<_, _>>().map(Self)
    }

    /// Opens a file below one of the folders. `path` is absolute and begins with one of them, or is relative and tried in
    /// each of them.
    ///
    /// Symbolic links may be used as long as they stay inside of the folder. The path is resolved first and then opened one
    /// component at a time without following links, so a link that is exchanged in the meantime is not followed. Only
    /// regular files are opened, so no device is accessed and no pipe blocks.
    ///
    /// # Errors
    /// [`RootError`], whose messages clients may see.
    pub fn open(&self, path: &str) -> Result<File, RootError> {
        let mut error = RootError::Outside(path.to_owned());
        if path.contains("://") {
            return Err(error);
        }
        for (root, below) in self.candidates(Path::new(path)) {
            match root.open(&below, path) {
                // The file may exist below another root.
                Err(missing @ RootError::Missing(_)) => error = missing,
                opened => return opened,
            }
        }
        Err(error)
    }

    /// The roots in which a path may be, by its text alone, with the path relative to the root.
    fn candidates<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = (&'a Root, PathBuf)> {
        let is_plain = |path: &Path| {
            let mut parts = path.components();
            parts.all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        };
        self.0.iter().filter_map(move |root| {
            let below = match path.is_absolute() {
                true => path
                    .strip_prefix(&root.configured)
                    .or_else(|_| path.strip_prefix(&root.canonical))
                    .ok()?,
                false => path,
            };
            (is_plain(below) && below.file_name().is_some()).then(|| (root, below.to_owned()))
        })
    }
}

impl Root {
    fn open(&self, below: &Path, shown: &str) -> Result<File, RootError> {
        let outside = || RootError::Outside(shown.to_owned());
        let below = match self.canonical.join(below).canonicalize() {
            Ok(real) => real.strip_prefix(&self.canonical).map_err(|_| outside())?.to_owned(),
            Err(_) => return Err(self.resolve_error(below, shown)),
        };
        let io = |source: io::Error| RootError::Io { file: shown.to_owned(), source };
        let file = no_follow::open(&self.canonical, &below).map_err(io)?;
        let file = file.ok_or_else(|| RootError::NotAFile(shown.to_owned()))?;
        Ok(file)
    }

    /// Why a path cannot be resolved. A symbolic link that is broken or leads out of the root is reported as `Outside`, so
    /// that the error does not reveal what exists behind it.
    fn resolve_error(&self, below: &Path, shown: &str) -> RootError {
        let mut path = self.canonical.clone();
        for component in below.components() {
            path.push(component);
            match (fs::symlink_metadata(&path), path.canonicalize()) {
                (Err(error), _) if error.kind() == io::ErrorKind::NotFound => {
                    return RootError::Missing(shown.to_owned());
                }
                (Ok(_), Ok(real)) if real.starts_with(&self.canonical) => {}
                _ => return RootError::Outside(shown.to_owned()),
            }
        }
        RootError::Missing(shown.to_owned())
    }
}

/// Opens a path one component at a time.
#[cfg(unix)]
mod no_follow {
    use std::{fs::File, io, path::Path};

    use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, open as open_path, openat, statat};

    /// `None` if it is not a regular file.
    pub(super) fn open(root: &Path, below: &Path) -> io::Result<Option<File>> {
        let folder = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
        let file = OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let Some(name) = below.file_name() else { return Ok(None) };
        let mut parent = open_path(root, folder, Mode::empty())?;
        for component in below.parent().into_iter().flat_map(Path::components) {
            parent = openat(&parent, component.as_os_str(), folder, Mode::empty())?;
        }
        let is_file = |mode| FileType::from_raw_mode(mode) == FileType::RegularFile;
        if !is_file(statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode) {
            return Ok(None);
        }
        // The file may have been replaced since the check: NONBLOCK does not wait for a pipe, and the type is checked again.
        let opened = openat(&parent, name, file, Mode::empty())?;
        let is_regular = is_file(fstat(&opened)?.st_mode);
        Ok(is_regular.then(|| File::from(opened)))
    }
}

#[cfg(not(unix))]
mod no_follow {
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

    struct Fixture {
        _folder: tempfile::TempDir,
        base: PathBuf,
        roots: ImportRoots,
    }

    /// `in/` and `in2/` are roots, `out/` beside them is not.
    fn fixture() -> Fixture {
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
        Fixture { _folder: folder, base, roots }
    }

    impl Fixture {
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
    fn files_below_a_root_are_opened_by_absolute_and_by_relative_paths() {
        let fixture = fixture();
        for (path, text) in [
            ("a.osm", "a"),
            ("./deep/b.osm", "b"),
            ("deep//b.osm", "b"),
            ("c.osm", "c"),
            ("latest.osm", "b"),
            ("absolute.osm", "a"),
        ] {
            assert_eq!(fixture.read(path).unwrap(), text, "{path}");
        }
        assert_eq!(fixture.read(&fixture.full("in2/c.osm")).unwrap(), "c");
        assert_eq!(fixture.read(&fixture.full("in/deep/b.osm")).unwrap(), "b");
    }

    #[test]
    fn nothing_outside_of_the_roots_is_opened_or_revealed() {
        let fixture = fixture();
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
            let result = fixture.read(path);
            assert!(matches!(result, Err(RootError::Outside(_))), "{path}: {result:?}");
        }
        for path in ["out/secret", "out/nothing", "in/../out/secret", "in"] {
            let result = fixture.read(&fixture.full(path));
            assert!(matches!(result, Err(RootError::Outside(_))), "{path}: {result:?}");
        }
        assert!(matches!(ImportRoots::default().open("a.osm"), Err(RootError::Outside(_))));
    }

    #[test]
    fn only_regular_files_are_opened() {
        let fixture = fixture();
        for path in ["pipe", "deep"] {
            assert!(matches!(fixture.read(path), Err(RootError::NotAFile(_))), "{path}");
        }
    }

    #[test]
    fn a_missing_file_below_a_root_is_reported() {
        let fixture = fixture();
        for path in ["none.osm", "deep/none.osm", "none/none.osm"] {
            let result = fixture.read(path).unwrap_err();
            assert_eq!(result.to_string(), format!("File does not exist: {path}"));
        }
        assert!(ImportRoots::new(&[fixture.base.join("nothing")]).is_err());
        assert!(ImportRoots::new(&[fixture.base.join("in/a.osm")]).is_err());
    }
}
