use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};

use crate::access::Token;

/// How the entry of a token begins in the file.
const ENTRY: &str = "[[token]]";

/// The text of a file of tokens, with its comments.
pub(super) struct TokenFile {
    path: PathBuf,
    text: String,
}

impl TokenFile {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        Ok(Self { path: path.to_owned(), text })
    }

    /// As [`read`](Self::read); without the file, one that is still to be made.
    pub(super) fn read_or_new(path: &Path) -> anyhow::Result<Self> {
        match path.symlink_metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Ok(Self { path: path.to_owned(), text: String::new() })
            }
            _ => Self::read(path),
        }
    }

    pub(super) fn tokens(&self) -> anyhow::Result<Vec<Token>> {
        Token::read_all(&self.text).with_context(|| format!("reading the tokens in {}", self.path.display()))
    }

    /// Appends the token, after checking that the result is valid. Returns who can read the file, as a sentence.
    pub(super) fn add(self, token: &Token) -> anyhow::Result<String> {
        let adding = || format!("adding a token to {}", self.path.display());
        if self.tokens()?.iter().any(|known| known.name == token.name) {
            bail!("{} already has a token '{}'", self.path.display(), token.name);
        }
        let before = &self.text;
        let gap = if before.is_empty() || before.ends_with("\n\n") { "" } else { "\n" };
        let line_end = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
        let added = format!("{line_end}{gap}{}", token.to_toml()?);
        Token::read_all(&format!("{before}{added}")).with_context(adding)?;
        let mut file = open_to_append(&self.path).with_context(adding)?;
        file.write_all(added.as_bytes()).and_then(|()| file.sync_all()).with_context(adding)?;
        readers(&self.path, &file).with_context(adding)
    }

    /// Removes the token of this name; the file is replaced as a whole, and keeps its owner and mode.
    pub(super) fn remove(self, name: &str) -> anyhow::Result<()> {
        let path = self.path.display();
        let before = self.tokens()?;
        ensure!(before.iter().any(|token| token.name == name), "{path} has no token '{name}'");
        ensure!(
            before.len() > 1,
            "'{name}' is the only token of {path}, and a server keeps its tokens rather than take a file without any; \
             add another one first"
        );
        let rest = without(&self.text, name)
            .with_context(|| format!("remove the entry of '{name}' from {path} by hand"))?;
        let names = |tokens: &[Token]| tokens.iter().map(|token| token.name.clone()).collect::<Vec<_>>();
        let mut expected = names(&before);
        expected.retain(|known| known != name);
        ensure!(
            names(&Token::read_all(&rest)?) == expected,
            "remove the entry of '{name}' from {path} by hand"
        );
        self.replace(&rest).with_context(|| format!("writing {path}"))
    }

    fn replace(&self, text: &str) -> anyhow::Result<()> {
        let path = self.path.canonicalize()?;
        let folder = path.parent().context("the file is in no folder")?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        copy_owner_and_mode(&path, file.as_file())?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&path)?;
        Ok(())
    }
}

/// The text without the entry of this name. Comments between entries belong to the one that follows.
fn without(text: &str, name: &str) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is_entry = |at: &usize| lines[*at].trim_start().starts_with(ENTRY);
    let starts: Vec<usize> = (0..lines.len()).filter(is_entry).collect();
    let ends = starts.iter().skip(1).copied().chain([lines.len()]);
    let (start, end) = starts.iter().copied().zip(ends).find(|(start, end)| {
        let tokens = Token::read_all(&lines[*start..*end].concat()).unwrap_or_default();
        tokens.first().is_some_and(|token| token.name == name)
    })?;
    let is_gap = |line: &&&str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let kept = lines[start..end].iter().rev().take_while(is_gap).count();
    Some([&lines[..start], &lines[end - kept..]].concat().concat())
}

/// Opens the file for appending. A new one may be read by the group of its folder, so that a server that runs as another user than
/// the one who makes tokens can be in that group.
#[cfg(unix)]
fn open_to_append(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
    match OpenOptions::new().append(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => {
            let folder =
                path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            // Not permitted to everybody; then it stays the group of the user.
            let _ = fchown(&file, None, Some(fs::metadata(folder)?.gid()));
            file.set_permissions(fs::Permissions::from_mode(0o640))?;
            Ok(file)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => OpenOptions::new().append(true).open(path),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn open_to_append(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

#[cfg(unix)]
fn readers(path: &Path, file: &File) -> std::io::Result<String> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = file.metadata()?;
    let group = if metadata.mode() & 0o040 == 0 {
        String::new()
    } else {
        format!(" and the group {}", metadata.gid())
    };
    Ok(format!("{} can be read by the user {}{group} (by number).", path.display(), metadata.uid()))
}

#[cfg(not(unix))]
fn readers(_path: &Path, _file: &File) -> std::io::Result<String> {
    Ok(String::new())
}

#[cfg(unix)]
fn copy_owner_and_mode(from: &Path, to: &File) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let metadata = fs::metadata(from)?;
    fchown(to, Some(metadata.uid()), Some(metadata.gid()))?;
    to.set_permissions(metadata.permissions())
}

#[cfg(not(unix))]
fn copy_owner_and_mode(_from: &Path, _to: &File) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use super::*;

    #[test]
    fn an_entry_is_removed_and_the_comments_of_others_stay() {
        let entry = |name: &str, digit: &str| {
            format!("[[token]]\nname = '{name}'\nsha256 = '{}'\nrole = 'reader'\n", digit.repeat(64))
        };
        let (a, b, c) = (entry("a", "a"), entry("b", "b"), entry("c", "c"));
        let text = format!("# ours\n\n# of a\n{a}\n# of b\n{b}\n# of c\n{c}# the end\n");
        let without_b = format!("# ours\n\n# of a\n{a}\n# of b\n\n# of c\n{c}# the end\n");
        assert_eq!(without(&text, "b").as_deref(), Some(&*without_b));
        let without_c = format!("# ours\n\n# of a\n{a}\n# of b\n{b}\n# of c\n# the end\n");
        assert_eq!(without(&text, "c").as_deref(), Some(&*without_c));
        assert_eq!(without(&text, "d"), None);
        assert_eq!(without("token = []", "a"), None);
    }
}
