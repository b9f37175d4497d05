//! The path of a dataset in the tree, by the rules of Kart and of Git.

use std::fmt;

/// The path of a dataset, `roads` or `transport/roads`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatasetPath(String);

/// A name that cannot be a dataset's path.
#[derive(Debug, thiserror::Error)]
#[error("a layer cannot be kept as '{}': {reason}", path.escape_debug())]
pub struct BadPath {
    path: String,
    reason: &'static str,
}

const FORBIDDEN: &[char] = &[':', '<', '>', '"', '|', '?', '*'];
const DEVICES: &[&str] = &["CON", "PRN", "AUX", "NUL"];
/// Longest component a file system takes, so that a clone can be checked out.
const LONGEST: usize = 255;
/// The most components, fewer than the depth to which layers are listed.
const MOST_PARTS: usize = 16;
/// How many characters of a path a message shows.
const SHOWN: usize = 200;

impl DatasetPath {
    /// The path for a name as it was given: `\` counts as `/`, and slashes at both ends are removed.
    ///
    /// # Errors
    /// If Kart or Git would refuse it.
    pub fn new(name: &str) -> Result<Self, BadPath> {
        let path = name.replace('\\', "/");
        let path = path.trim_matches('/');
        let fault = if path.split('/').count() > MOST_PARTS {
            Some("it has more than 16 parts")
        } else {
            path.split('/').find_map(fault)
        };
        match fault {
            None => Ok(Self(path.to_owned())),
            Some(reason) => Err(BadPath { path: path.chars().take(SHOWN).collect(), reason }),
        }
    }

    /// The path of a dataset in a tree. It may break the rules.
    pub(crate) fn of_tree(path: String) -> Self {
        Self(path)
    }

    /// The path with `/` between its components.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that must differ between two datasets of one repository: Kart distinguishes paths that differ
    /// by more than letter case, by Unicode's full case folding: `ß` is `ss`.
    pub(crate) fn folded(&self) -> String {
        self.0.to_uppercase().to_lowercase()
    }

    pub(crate) fn components(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }
}

impl fmt::Display for DatasetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn fault(component: &str) -> Option<&'static str> {
    let rules: [(bool, &'static str); 7] = [
        (component.is_empty(), "a part of it is empty"),
        (component.len() > LONGEST, "a part of it is longer than 255 bytes"),
        (
            component.chars().any(|c| c < ' ' || FORBIDDEN.contains(&c)),
            "it holds a control character or one of : < > \" | ? *",
        ),
        (
            component.trim_start_matches(is_ignored).starts_with('.') || component.ends_with('.'),
            "a part of it starts or ends with a dot",
        ),
        (component.ends_with(' '), "a part of it ends with a space"),
        (is_device(component), "a part of it is the name of a device on Windows"),
        (is_short_name_of_git(component), "a part of it may stand for a file of Git's on Windows"),
    ];
    rules.into_iter().find_map(|(broken, reason)| broken.then_some(reason))
}

/// Invisible characters, which macOS ignores in names: it would take `\u{200c}.git` for `.git`.
fn is_ignored(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

fn is_device(component: &str) -> bool {
    let name = component.to_ascii_uppercase();
    let numbered = name.strip_prefix("COM").or_else(|| name.strip_prefix("LPT"));
    DEVICES.contains(&name.as_str())
        || numbered.is_some_and(|number| matches!(number.as_bytes(), [b'1'..=b'9']))
}

/// `git~1`, `gitmod~1`, `gi7eba~1`: what NTFS may call `.git` and its like; `git fsck` objects.
fn is_short_name_of_git(component: &str) -> bool {
    let name = component.to_ascii_lowercase();
    name.starts_with("gi") && name.contains('~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_are_straightened() {
        assert_eq!(DatasetPath::new("\\a\\b/").unwrap().as_str(), "a/b");
    }

    #[test]
    fn what_kart_or_git_refuses_is_refused() {
        for bad in [
            "",
            "/",
            "a//b",
            "a:b",
            "a\u{1}",
            ".a",
            "a.",
            "a ",
            "a/./b",
            "con",
            "x/COM1",
            "git~1",
            "GITMOD~2",
            "..",
            "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a",
            "\u{200c}.git",
            "x/\u{feff}.gitmodules",
        ] {
            assert!(DatasetPath::new(bad).is_err(), "{bad:?}");
        }
        for good in ["a", "a/b/c", "Straße", "com10", "a b", "digit", "\"".replace('"', "x").as_str()] {
            assert!(DatasetPath::new(good).is_ok(), "{good:?}");
        }
    }
}
