use std::{fmt, str::FromStr};

/// The longest name, in characters.
const LONGEST: usize = 100;

/// The ending of folders, by which `git` knows bare repositories.
pub(crate) const FOLDER_SUFFIX: &str = ".git";

/// What a repository is called, in URLs and on disk.
///
/// Letters and digits of ASCII, `.`, `_` and `-`; it does not start with a dot and has at most 100 characters. So it
/// is always one plain component of a path. Endings that Git gives a meaning of its own (`.git`, `.lock`) are refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryName(String);

/// Why a text cannot be the name of a repository.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// It is empty.
    #[error("a repository's name cannot be empty")]
    Empty,
    /// It has more than 100 characters.
    #[error("a repository's name has at most {LONGEST} characters")]
    TooLong,
    /// It starts with a dot.
    #[error("a repository's name cannot start with a dot")]
    LeadingDot,
    /// It holds something else than letters, digits, `.`, `_` and `-`.
    #[error("a repository's name consists of letters, digits, '.', '_' and '-'")]
    Character,
    /// It ends like one of Git's own files.
    #[error("a repository's name cannot end in .git or .lock")]
    Reserved,
}

impl RepositoryName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder of a repository of this name that we make.
    pub(crate) fn folder(&self) -> String {
        format!("{}{FOLDER_SUFFIX}", self.0)
    }

    /// The name that the folder `folder` gives its repository, which may have been put there by hand without the ending.
    pub(crate) fn of_folder(folder: &str) -> Option<Self> {
        folder.strip_suffix(FOLDER_SUFFIX).unwrap_or(folder).parse().ok()
    }
}

impl FromStr for RepositoryName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let reserved = |ending: &str| {
            text.len() >= ending.len() && text[text.len() - ending.len()..].eq_ignore_ascii_case(ending)
        };
        match text {
            "" => Err(InvalidName::Empty),
            _ if text.starts_with('.') => Err(InvalidName::LeadingDot),
            _ if !text.bytes().all(legal) => Err(InvalidName::Character),
            _ if text.len() > LONGEST => Err(InvalidName::TooLong),
            _ if reserved(".git") || reserved(".lock") => Err(InvalidName::Reserved),
            _ => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
