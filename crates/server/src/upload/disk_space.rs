//! Free disk space.

use std::{io, path::Path};

/// Bytes that can still be written to the file system of `folder`.
#[cfg(unix)]
pub(crate) fn free(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Unknown on this platform: writing fails when the disk is full.
#[cfg(not(unix))]
pub(crate) fn free(_folder: &Path) -> io::Result<u64> {
    Ok(u64::MAX)
}
