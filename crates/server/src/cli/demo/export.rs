//! Shows the way out: a layer as a file.

use anyhow::ensure;
use indicatif::HumanBytes;
use longhaul_tasks::Status;

use super::{DemoFolder, Output};
use crate::cli::{
    client::{Client, Task},
    export::{RETRY_TIMEOUT, download},
};

/// The layer that is exported, as a FlatGeobuf.
const LAYER: &str = "countries";

/// Exports a layer and downloads the file.
pub(super) async fn show(
    out: &mut Output,
    client: &Client,
    folder: &DemoFolder,
    repository: &str,
) -> anyhow::Result<Task> {
    out.heading("And out again: a layer as a FlatGeobuf, with its spatial index")?;
    let server = client.server();
    out.command(&format!("curl '{server}/repos/{repository}/export.json?format=fgb&path={LAYER}'"))?;
    let task = client.export(repository, &[("format", "fgb"), ("path", LAYER)]).await?;
    let task = client.follow(task, RETRY_TIMEOUT, |_| {}).await?;
    out.line(&task.text)?;
    ensure!(task.status == Status::Finished, "the export is {} instead of FINISHED", task.status);
    out.command(&format!("curl -o {LAYER}.fgb {server}/tasks/{}/download", task.id))?;
    let file = folder.path().join(format!("{LAYER}.fgb"));
    let downloaded = download(client, task.id, &file).await?;
    let features = task.exported().features;
    out.line(&format!("{LAYER}.fgb: {features} features, {}", HumanBytes(downloaded.bytes)))?;
    Ok(task)
}
