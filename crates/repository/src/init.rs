//! Makes a bare repository without a commit, as `git init --bare` does, but without sample hooks.

use std::{fs, io, io::Write, path::Path};

use gix::bstr::BStr;
use uuid::Uuid;

use crate::{Identity, id};

/// The folders in it, those within others first.
const FOLDERS: [&str; 7] =
    ["objects/info", "objects/pack", "objects", "refs/heads", "refs/tags", "refs", "info"];

/// Writes it into the new folder `folder`, and syncs it.
pub(crate) fn write(
    folder: &Path,
    head: &gix::refs::FullName,
    identity: Option<&Identity>,
) -> io::Result<()> {
    for inner in FOLDERS {
        fs::create_dir_all(folder.join(inner))?;
    }
    write_synced(&folder.join("HEAD"), format!("ref: {head}\n").as_bytes())?;
    write_synced(&folder.join("config"), &config(identity).map_err(io::Error::other)?)?;
    for inner in FOLDERS.into_iter().chain([""]) {
        fs::File::open(folder.join(inner))?.sync_all()?;
    }
    Ok(())
}

fn config(identity: Option<&Identity>) -> gix::Result<Vec<u8>> {
    let mut config = gix::config::File::default();
    let mut set = |key: &str, value: &str| config.set_raw_value(key, BStr::new(value)).map(drop);
    set("core.repositoryFormatVersion", "0")?;
    set("core.fileMode", "true")?;
    set("core.bare", "true")?;
    // A reflog tells an operator who moved a branch and when, and lets them move it back.
    set("core.logAllRefUpdates", "always")?;
    set("kart.repostructure.version", "3")?;
    set(id::KEY, &Uuid::new_v4().to_string())?;
    if let Some(identity) = identity {
        set("user.name", &identity.name)?;
        set("user.email", &identity.email)?;
    }
    Ok(config.to_bstring().into())
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
