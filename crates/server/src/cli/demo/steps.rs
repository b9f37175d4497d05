use std::time::{Duration, Instant};

use anyhow::bail;
use indicatif::HumanBytes;
use longhaul_tasks::Status;
use tokio::time::sleep;

use super::{DemoFolder, MAP, MAP_NAME, Output};
use crate::cli::client::{Client, OrderedJson, Task, Upload};

/// The steps of the demo that send requests.
pub(super) struct Steps<'a> {
    client: &'a Client,
    folder: &'a DemoFolder,
}

/// The pause between two polls. Short, because the import takes milliseconds and its progress should be visible.
const POLL_INTERVAL: Duration = Duration::from_millis(1);

impl<'a> Steps<'a> {
    pub(super) fn new(client: &'a Client, folder: &'a DemoFolder) -> Self {
        Self { client, folder }
    }

    /// Creates a repository under a free name.
    pub(super) async fn create_repository(&self, out: &mut Output) -> anyhow::Result<String> {
        let numbered = (2..).map(|number| format!("natural-earth-{number}"));
        for name in std::iter::once("natural-earth".to_owned()).chain(numbered) {
            if self.folder.repository(&name).exists() {
                continue;
            }
            out.heading("A repository")?;
            out.command(&format!("curl -X PUT {}/repos/{name}/init.json", self.client.server()))?;
            out.line(&self.client.put(&["repos", &name, "init.json"]).await?.text)?;
            return Ok(name);
        }
        bail!("no free name for the repository")
    }

    /// Uploads the map; the response is a task.
    pub(super) async fn start_import(&self, out: &mut Output, repository: &str) -> anyhow::Result<Task> {
        let map = Upload::bundled(MAP_NAME, MAP);
        let size = HumanBytes(map.length);
        out.heading(&format!("An import of {MAP_NAME} ({size}): the response is a task"))?;
        let server = self.client.server();
        out.command(&format!(
            "curl -F fileUpload=@{MAP_NAME} '{server}/repos/{repository}/import.json?format=gpkg'"
        ))?;
        let task = self.client.import(repository, &[], map, None, |_| {}).await?;
        out.line(&task.text)?;
        Ok(task)
    }

    /// Polls the task until it has ended, and prints every response that differs from the one before.
    pub(super) async fn poll(&self, out: &mut Output, mut task: Task) -> anyhow::Result<Task> {
        out.heading("The task, each time it has changed")?;
        out.command(&format!("curl {}/tasks/{}.json", self.client.server(), task.id))?;
        let begin = Instant::now();
        let mut polls = 0;
        while !task.status.has_ended() {
            sleep(POLL_INTERVAL).await;
            let now = self.client.task(task.id).await?;
            polls += 1;
            if now.text != task.text && !now.status.has_ended() {
                out.line(&format!("{:6.3} s  {}", begin.elapsed().as_secs_f64(), now.text))?;
            }
            task = now;
        }
        out.line(&format!("{:6.3} s  {}, on poll {polls}", begin.elapsed().as_secs_f64(), task.status))?;
        Ok(task)
    }

    /// Prints the final document of the task.
    ///
    /// # Errors
    /// If the task did not finish.
    pub(super) fn show_final_document(&self, out: &mut Output, task: &Task) -> anyhow::Result<()> {
        out.heading("Its final document")?;
        let document: OrderedJson = serde_json::from_str(&task.text)?;
        out.line(&document.pretty())?;
        match task.status {
            Status::Finished => Ok(()),
            status => bail!("the import is {status} instead of FINISHED"),
        }
    }
}
