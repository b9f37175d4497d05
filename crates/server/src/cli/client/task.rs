use std::time::Duration;

use longhaul_tasks::Status;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::{Instant, sleep};

use super::{ApiResponse, Client, ClientError, Commit, poll_interval::PollIntervals};

/// The task document of a response.
#[derive(Clone, Debug, Deserialize)]
pub struct Task {
    /// The id.
    pub id: u64,
    /// The status.
    pub status: Status,
    /// The transaction in which it works, if any.
    #[serde(rename = "transactionId")]
    pub transaction: Option<String>,
    /// What the task does.
    #[serde(default)]
    pub description: String,
    /// The progress, while the task runs.
    pub progress: Option<Progress>,
    /// The result.
    pub result: Option<Box<RawValue>>,
    /// The error of a failed task.
    pub error: Option<TaskError>,
    /// The repository that it works on, if that was requested; so are the following.
    pub repository: Option<String>,
    /// The name of the token that has submitted it.
    pub owner: Option<String>,
    /// When it was submitted.
    pub created: Option<String>,
    /// When it was last started.
    pub started: Option<String>,
    /// When it ended.
    pub finished: Option<String>,
    /// The whole document, unparsed.
    #[serde(skip)]
    pub text: String,
}

/// The progress of a running task.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Progress {
    /// The name of the step: `Importing roads (2/3)...`
    #[serde(rename = "task")]
    pub step: String,
    /// The progress of the step: a number of features, or a percentage.
    pub amount: f64,
    /// The final amount, if it is known and was requested.
    #[serde(default)]
    pub total: Option<u64>,
}

/// The result of a dry run.
#[derive(Clone, Debug, Deserialize)]
pub struct DryRun {
    #[serde(rename = "dryRun")]
    dry_run: bool,
    /// The commit that the branch stands at.
    pub head: String,
    /// What would change in each layer.
    #[serde(default)]
    pub layer: Vec<LayerChanges>,
}

/// What an import changes in a layer.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LayerChanges {
    /// The path of the layer.
    pub path: String,
    /// How many features are new.
    pub added: u64,
    /// How many features have other values.
    pub changed: u64,
    /// How many features are gone.
    pub deleted: u64,
    /// How many features stay as they were.
    pub unchanged: u64,
    /// What changes in the columns.
    #[serde(default)]
    pub schema_change: Vec<String>,
}

/// Why a task failed.
#[derive(Clone, Debug, Deserialize)]
pub struct TaskError {
    message: Option<String>,
    #[serde(rename = "stackTrace")]
    chain: Option<String>,
}

/// The result of an export.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Exported {
    /// The commit whose layers were exported.
    #[serde(rename = "commitId")]
    pub commit: String,
    /// The number of features.
    pub features: u64,
    /// The datum shifts that were applied, in words.
    #[serde(rename = "datumShift")]
    pub shifts: Vec<String>,
}

impl Task {
    /// The commit that the task made, if any.
    pub fn commit(&self) -> Option<Commit> {
        #[derive(Deserialize)]
        struct Outcome {
            commit: Commit,
        }
        self.read_result::<Outcome>().map(|outcome| outcome.commit)
    }

    /// What a dry run would have committed; `None` if the task is no dry run.
    pub fn dry_run(&self) -> Option<DryRun> {
        self.read_result::<DryRun>().filter(|result| result.dry_run)
    }

    /// The warnings in the result; a failed task may have some, too.
    pub fn warnings(&self) -> Vec<String> {
        #[derive(Deserialize)]
        struct Outcome {
            // Tasks of OpenStreetMap data call them `warnings`.
            #[serde(alias = "warnings")]
            warning: Vec<String>,
        }
        self.read_result::<Outcome>().map(|outcome| outcome.warning).unwrap_or_default()
    }

    /// How many relations of OpenStreetMap data were read. They are not stored.
    pub fn relations(&self) -> u64 {
        #[derive(Deserialize)]
        struct Outcome {
            #[serde(rename = "relationCount")]
            relations: u64,
        }
        self.read_result::<Outcome>().map_or(0, |outcome| outcome.relations)
    }

    /// What an export wrote.
    pub fn exported(&self) -> Exported {
        self.read_result().unwrap_or_default()
    }

    fn read_result<'a, T: Deserialize<'a>>(&'a self) -> Option<T> {
        serde_json::from_str(self.result.as_ref()?.get()).ok()
    }
}

impl TaskError {
    /// The message.
    pub fn message(&self) -> &str {
        self.message.as_deref().unwrap_or("the server does not say why")
    }

    /// The causes, from the outermost to the root.
    pub fn causes(&self) -> impl Iterator<Item = &str> {
        let lines = self.chain.as_deref().unwrap_or_default().lines();
        lines.filter_map(|line| line.trim_start().strip_prefix("caused by: "))
    }
}

/// What a server remembers of a task that has ended.
#[derive(Clone, Debug, Deserialize)]
pub struct EndedTask {
    /// The id.
    pub id: u64,
    /// How it ended.
    pub status: Status,
    /// What it did.
    pub description: String,
    /// The repository that it worked on.
    pub repository: Option<String>,
    /// The name of the token that submitted it.
    pub owner: Option<String>,
    /// The name of the file that was imported.
    pub file: Option<String>,
    /// When it was started.
    pub started: Option<String>,
    /// When it ended.
    pub finished: String,
    /// The commit that it made.
    pub commit: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// The first cause of that.
    pub cause: Option<String>,
}

impl EndedTask {
    /// What came of it, in words.
    pub fn outcome(&self) -> Option<String> {
        if let Some(commit) = &self.commit {
            return Some(format!("commit {}", commit.get(..10).unwrap_or(commit)));
        }
        match (&self.error, &self.cause) {
            (Some(error), Some(cause)) => Some(format!("{error}: {cause}")),
            (Some(error), None) => Some(error.clone()),
            (None, _) => Some(self.description.clone()).filter(|_| self.file.is_none()),
        }
    }
}

#[derive(Deserialize)]
struct Remembered {
    response: RememberedTasks,
}

#[derive(Deserialize)]
struct RememberedTasks {
    #[serde(default)]
    task: Vec<EndedTask>,
}

#[derive(Deserialize)]
struct OneTask {
    task: Task,
}

#[derive(Deserialize)]
struct ManyTasks {
    tasks: Vec<OneTask>,
}

impl Client {
    /// Returns the current state of a task, with all that is known about it.
    pub async fn task(&self, id: u64) -> Result<Task, ClientError> {
        self.request_task(id, "verbose").await
    }

    /// Requests the cancel of a task; returns its state.
    pub async fn cancel(&self, id: u64) -> Result<Task, ClientError> {
        self.request_task(id, "cancel").await
    }

    /// Removes a task if it has ended; returns its last state.
    pub async fn prune(&self, id: u64) -> Result<Task, ClientError> {
        self.request_task(id, "prune").await
    }

    /// Returns the tasks that the filters of the query select, oldest first, and the unparsed document.
    pub async fn tasks(&self, query: &[(&str, &str)]) -> Result<(Vec<Task>, String), ClientError> {
        let query = [query, &[("verbose", "true")]].concat();
        let response = self.get(&["tasks.json"], &query).await?;
        let many: ManyTasks = response.read()?;
        Ok((many.tasks.into_iter().map(|one| one.task).collect(), response.text))
    }

    /// Returns the ended tasks that the filters of the query select, oldest first, and the response.
    pub async fn history(
        &self,
        query: &[(&str, &str)],
    ) -> Result<(Vec<EndedTask>, ApiResponse), ClientError> {
        let response = self.get(&["history.json"], query).await?;
        let remembered: Remembered = response.read()?;
        Ok((remembered.response.task, response))
    }

    /// Polls a task until it has ended, and calls `on_poll` with each state, including the last one.
    ///
    /// Transient errors are retried for so long, for example while the server restarts.
    pub async fn follow(
        &self,
        task: Task,
        retry_for: Duration,
        mut on_poll: impl FnMut(&Task),
    ) -> Result<Task, ClientError> {
        let mut task = task;
        let mut last_response = Instant::now();
        for pause in PollIntervals::default() {
            on_poll(&task);
            if task.status.has_ended() {
                break;
            }
            sleep(pause).await;
            match self.request_task(task.id, "verbose").await {
                Ok(now) => (task, last_response) = (now, Instant::now()),
                Err(error) if error.is_transient() && last_response.elapsed() < retry_for => {}
                Err(error) => return Err(error),
            }
        }
        Ok(task)
    }

    async fn request_task(&self, id: u64, flag: &str) -> Result<Task, ClientError> {
        self.get(&["tasks", &format!("{id}.json")], &[(flag, "true")]).await?.task()
    }
}

impl super::ApiResponse {
    /// Parses the task document.
    pub(super) fn task(self) -> Result<Task, ClientError> {
        let one: OneTask = self.read()?;
        Ok(Task { text: self.text, ..one.task })
    }
}
