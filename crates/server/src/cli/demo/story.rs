use std::time::{Duration, Instant};

use anyhow::bail;
use indicatif::HumanBytes;
use longhaul_tasks::Status;
use tokio::time::sleep;

use super::{Folder, MAP, MAP_NAME, Page};
use crate::cli::client::{Client, Document, Task, Upload};

/// The demo's own part, step by step.
pub(super) struct Story<'a> {
    client: &'a Client,
    folder: &'a Folder,
}

/// Between two polls. The map is imported within milliseconds, and some of it should be seen.
const PAUSE: Duration = Duration::from_millis(1);

impl<'a> Story<'a> {
    pub(super) fn new(client: &'a Client, folder: &'a Folder) -> Self {
        Self { client, folder }
    }

    /// Makes a repository under a name that is free yet.
    pub(super) async fn make_repository(&self, page: &mut Page) -> anyhow::Result<String> {
        let numbered = (2..).map(|number| format!("natural-earth-{number}"));
        for name in std::iter::once("natural-earth".to_owned()).chain(numbered) {
            if self.folder.repository(&name).exists() {
                continue;
            }
            page.heading("A repository")?;
            page.command(&format!("curl -X PUT {}/repos/{name}/init.json", self.client.server()))?;
            page.line(&self.client.put(&["repos", &name, "init.json"]).await?.text)?;
            return Ok(name);
        }
        bail!("every name for the repository is taken")
    }

    /// Uploads the map; the server answers with a task at once.
    pub(super) async fn start_import(&self, page: &mut Page, repository: &str) -> anyhow::Result<Task> {
        let map = Upload::bundled(MAP_NAME, MAP);
        let size = HumanBytes(map.length);
        page.heading(&format!("An import of {MAP_NAME} ({size}): the answer is a task, at once"))?;
        let server = self.client.server();
        page.command(&format!(
            "curl -F fileUpload=@{MAP_NAME} '{server}/repos/{repository}/import.json?format=gpkg'"
        ))?;
        let task = self.client.import(repository, &[], map, |_| {}).await?;
        page.line(&task.text)?;
        Ok(task)
    }

    /// Polls the task and prints every answer that differs from the one before; the task when it has ended.
    pub(super) async fn poll(&self, page: &mut Page, mut task: Task) -> anyhow::Result<Task> {
        page.heading("The task, whenever it has changed")?;
        page.command(&format!("curl {}/tasks/{}.json", self.client.server(), task.id))?;
        let begin = Instant::now();
        let mut polls = 0;
        while !task.status.has_ended() {
            sleep(PAUSE).await;
            let now = self.client.task(task.id).await?;
            polls += 1;
            if now.text != task.text && !now.status.has_ended() {
                page.line(&format!("{:6.3} s  {}", begin.elapsed().as_secs_f64(), now.text))?;
            }
            task = now;
        }
        page.line(&format!(
            "{:6.3} s  {}, seen by poll {polls}",
            begin.elapsed().as_secs_f64(),
            task.status
        ))?;
        Ok(task)
    }

    /// Prints the last document of the task.
    ///
    /// # Errors
    /// If the task did not finish.
    pub(super) fn show_end(&self, page: &mut Page, task: &Task) -> anyhow::Result<()> {
        page.heading("Its last document")?;
        let document: Document = serde_json::from_str(&task.text)?;
        page.line(&document.pretty())?;
        match task.status {
            Status::Finished => Ok(()),
            status => bail!("the import is {status} instead of FINISHED"),
        }
    }
}
