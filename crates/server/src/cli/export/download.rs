//! Downloads the file of a task.

use std::path::{Path, PathBuf};

use anyhow::Context;
use tokio::io::AsyncWriteExt;

use crate::cli::client::Client;

/// What was downloaded.
pub struct Downloaded {
    /// The size of the file.
    pub bytes: u64,
}

/// Downloads the file that the task offers to `output`. It is written beside its place and renamed once it is whole.
pub async fn download(client: &Client, task: u64, output: &Path) -> anyhow::Result<Downloaded> {
    let part = PartFile(part_of(output));
    let failed = || format!("cannot write {}", output.display());
    let mut file = tokio::fs::File::create(&part.0).await.with_context(failed)?;
    let mut response = client.download(task).await?;
    let mut bytes = 0;
    while let Some(chunk) = response.next().await? {
        file.write_all(&chunk).await.with_context(failed)?;
        bytes += chunk.len() as u64;
    }
    file.sync_all().await.with_context(failed)?;
    drop(file);
    tokio::fs::rename(&part.0, output).await.with_context(failed)?;
    Ok(Downloaded { bytes })
}

fn part_of(output: &Path) -> PathBuf {
    let name = output.file_name().unwrap_or_default().to_string_lossy();
    output.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

/// The file while it is written. Dropping it removes it, if it is there.
struct PartFile(PathBuf);

impl Drop for PartFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
