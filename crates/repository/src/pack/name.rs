//! The names of a pack: the temporary one, and the one that readers find.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use uuid::Uuid;

use super::temporary_file::{INDEX, PACK};
use crate::object::Id;

/// The name of a pack, after the checksum that it ends with: `pack-1234…`, as Git calls it.
///
/// Until it is in place, the pack is called `tmp_pack_CHECKSUM_UUID` and its index `tmp_idx_CHECKSUM_UUID`: readers ignore such
/// names, `git gc` removes them when they are old, and two attempts that write the same pack do not disturb each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PackName(pub(super) Id);

impl PackName {
    /// The file of the pack with this ending (`pack`, `idx` or `keep`), as readers find it.
    pub(super) fn file(&self, folder: &Path, ending: &str) -> PathBuf {
        folder.join(format!("{self}.{ending}"))
    }

    /// A new temporary name for the pack.
    pub(super) fn temporary_pack(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}{}", self.temporary_start(PACK), Uuid::new_v4().simple()))
    }

    /// A new temporary name for the index.
    pub(super) fn temporary_index(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}{}", self.temporary_start(INDEX), Uuid::new_v4().simple()))
    }

    /// What all temporary names begin with that this pack, or its index, may have.
    pub(super) fn temporary_start(&self, kind: &str) -> String {
        format!("{kind}{}_", gix::ObjectId::from(self.0))
    }
}

impl fmt::Display for PackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pack-{}", gix::ObjectId::from(self.0))
    }
}

impl FromStr for PackName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let checksum =
            text.strip_prefix("pack-").and_then(|hex| gix::ObjectId::from_hex(hex.as_bytes()).ok());
        checksum.map(|checksum| Self(crate::object::bytes(checksum))).ok_or(())
    }
}
