use gix::{ObjectId, bstr::BStr};

use crate::Identity;

/// A commit as Git keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: ObjectId,
    /// The root tree.
    pub tree: ObjectId,
    /// Its parents: none for a first commit, several for a merge.
    pub parents: Vec<ObjectId>,
    /// Who made the change.
    pub author: Person,
    /// Who recorded it.
    pub committer: Person,
    /// The whole message, as it was given. Bytes that are not UTF-8 become U+FFFD.
    pub message: String,
}

/// Who did something, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who. Either part may be empty in commits of other programs.
    pub identity: Identity,
    /// When, in milliseconds since 1970; Git keeps whole seconds.
    pub timestamp: i64,
    /// How far the person's clock was ahead of UTC, in milliseconds: -14400000 is UTC-4.
    pub time_zone_offset: i64,
}

impl Commit {
    /// Reads the commit object `id`.
    pub(crate) fn read(git: &gix::Repository, id: ObjectId) -> gix::Result<Self> {
        Self::from_bytes(id, &git.find_commit(id)?.data)
    }

    /// Reads the bytes of the commit object `id`.
    pub(crate) fn from_bytes(id: ObjectId, bytes: &[u8]) -> gix::Result<Self> {
        let commit = gix::objs::CommitRef::from_bytes(bytes, gix::hash::Kind::Sha1)?;
        Ok(Self {
            id,
            tree: commit.tree(),
            parents: commit.parents().collect(),
            author: Person::of(commit.author()?),
            committer: Person::of(commit.committer()?),
            message: text(commit.message),
        })
    }
}

impl Person {
    /// A time that cannot be read counts as 1970: one bad commit must not hide a history.
    fn of(signature: gix::actor::SignatureRef<'_>) -> Self {
        let time = signature.time().unwrap_or_default();
        Self {
            identity: Identity { name: text(signature.name).trim().to_owned(), email: text(signature.email) },
            timestamp: time.seconds.saturating_mul(1000),
            time_zone_offset: i64::from(time.offset) * 1000,
        }
    }
}

fn text(bytes: &BStr) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
