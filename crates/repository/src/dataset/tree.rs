//! Git's tree objects.

use std::cmp::Ordering;

use gix::objs::TreeRefIter;

use crate::object::Id;

/// A line of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TreeEntry {
    pub(crate) mode: EntryMode,
    pub(crate) name: Vec<u8>,
    pub(crate) id: Id,
}

/// What a line of a tree names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryMode {
    Tree,
    Blob,
    /// An executable file, a link, a submodule: kept as it is.
    Other(u16),
}

impl EntryMode {
    fn of(mode: gix::objs::tree::EntryMode) -> Self {
        if mode.is_tree() {
            Self::Tree
        } else if mode.value() == 0o100_644 {
            Self::Blob
        } else {
            Self::Other(mode.value())
        }
    }

    fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Tree => out.extend_from_slice(b"40000 "),
            Self::Blob => out.extend_from_slice(b"100644 "),
            Self::Other(bits) => out.extend_from_slice(format!("{bits:o} ").as_bytes()),
        }
    }
}

impl TreeEntry {
    pub(crate) fn tree(name: impl Into<Vec<u8>>, id: Id) -> Self {
        Self { mode: EntryMode::Tree, name: name.into(), id }
    }

    pub(crate) fn blob(name: impl Into<Vec<u8>>, id: Id) -> Self {
        Self { mode: EntryMode::Blob, name: name.into(), id }
    }

    /// Git's order: by name, as if a tree's ended in a slash.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        self.sort_bytes().cmp(other.sort_bytes())
    }

    fn sort_bytes(&self) -> impl Iterator<Item = u8> {
        self.name.iter().copied().chain((self.mode == EntryMode::Tree).then_some(b'/'))
    }
}

/// Appends one line.
pub(crate) fn write_line(out: &mut Vec<u8>, mode: EntryMode, name: &[u8], id: &Id) {
    mode.write(out);
    out.extend_from_slice(name);
    out.push(0);
    out.extend_from_slice(id);
}

/// The bytes of a tree with these entries, which may come in any order.
pub(crate) fn encode(mut entries: Vec<TreeEntry>) -> Vec<u8> {
    entries.sort_by(TreeEntry::order);
    let mut out = Vec::new();
    for entry in &entries {
        write_line(&mut out, entry.mode, &entry.name, &entry.id);
    }
    out
}

/// Reads the bytes of a tree.
pub(crate) fn decode(bytes: &[u8]) -> gix::Result<Vec<TreeEntry>> {
    TreeRefIter::from_bytes(bytes, gix::hash::Kind::Sha1)
        .map(|entry| {
            let entry = entry.map_err(gix::Error::from_error)?;
            Ok(TreeEntry {
                mode: EntryMode::of(entry.mode),
                name: entry.filename.to_vec(),
                id: entry.oid.as_bytes().try_into().map_err(gix::Error::from_error)?,
            })
        })
        .collect()
}
