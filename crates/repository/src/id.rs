//! The permanent id of a repository, in its own configuration.

use gix::bstr::ByteSlice;
use uuid::Uuid;

/// The key of the id in a repository's configuration.
pub(crate) const KEY: &str = "longhaul.id";

/// Reads the repository's id. A repository without a usable id gets one.
///
/// Concurrent callers get the same id: the file is changed under Git's lock, and read again under it.
pub(crate) fn ensure(git: &gix::Repository) -> gix::Result<String> {
    match git.config_snapshot().string(KEY).and_then(usable) {
        Some(id) => Ok(id),
        None => write(git, usable),
    }
}

/// Gives the repository a new id, unless its id is not `old` any more.
pub(crate) fn replace(git: &gix::Repository, old: &str) -> gix::Result<String> {
    write(git, |id| usable(id).filter(|id| id != old))
}

fn write(git: &gix::Repository, keep: impl Fn(gix::bstr::BString) -> Option<String>) -> gix::Result<String> {
    let path = git.common_dir().join("config");
    let mut config = git.config_file_mut(path)?;
    if let Some(id) = config.string(KEY).and_then(keep) {
        return Ok(id);
    }
    let id = Uuid::new_v4().to_string();
    config.set_raw_value(KEY, id.as_str())?;
    config.commit()?;
    Ok(id)
}

/// The id if it is usable. An id that was written by hand is usable if it is a short plain word.
fn usable(id: gix::bstr::BString) -> Option<String> {
    let id = id.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (!id.is_empty() && id.len() <= 64 && id.bytes().all(plain)).then(|| id.to_owned())
}
