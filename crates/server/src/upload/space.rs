//! How much room the disk has.

use std::{io, path::Path};

/// Bytes that we may still write to the file system of `folder`.
#[cfg(unix)]
pub(super) fn free(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Not known here; the disk itself will say when it is full.
#[cfg(not(unix))]
pub(super) fn free(_folder: &Path) -> io::Result<u64> {
    Ok(u64::MAX)
}
