use std::time::Duration;

use longhaul_tasks::Status;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::{Instant, sleep};

use super::{Client, ClientError, Commit, pace::Pace};

/// A task as the server tells of it.
#[derive(Clone, Debug, Deserialize)]
pub struct Task {
    /// Its number.
    pub id: u64,
    /// Where it is in its life.
    pub status: Status,
    /// The transaction it works in, if any.
    #[serde(rename = "transactionId")]
    pub transaction: Option<String>,
    /// What was asked for.
    #[serde(default)]
    pub description: String,
    /// What it is doing; only while it runs.
    pub progress: Option<Progress>,
    /// What it made.
    pub result: Option<Box<RawValue>>,
    /// Why it failed.
    pub error: Option<Failure>,
    /// The whole document, as it came.
    #[serde(skip)]
    pub text: String,
}

/// What a running task is doing.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Progress {
    /// The step in words: `Importing roads (2/3)...`
    #[serde(rename = "task")]
    pub step: String,
    /// How far the step is: a count of features, or a percentage.
    pub amount: f64,
    /// How far it will go, where that is known and was asked for.
    #[serde(default)]
    pub total: Option<u64>,
}

/// Why a task failed.
#[derive(Clone, Debug, Deserialize)]
pub struct Failure {
    message: Option<String>,
    #[serde(rename = "stackTrace")]
    chain: Option<String>,
}

/// How long polls may fail before a task is given up. A server starts again within that.
const PATIENCE: Duration = Duration::from_secs(30);

impl Task {
    /// The commit that it made, if it made one.
    pub fn commit(&self) -> Option<Commit> {
        #[derive(Deserialize)]
        struct Outcome {
            commit: Commit,
        }
        self.read_result::<Outcome>().map(|outcome| outcome.commit)
    }

    /// What it has to say besides.
    pub fn warnings(&self) -> Vec<String> {
        #[derive(Deserialize)]
        struct Outcome {
            warning: Vec<String>,
        }
        self.read_result::<Outcome>().map(|outcome| outcome.warning).unwrap_or_default()
    }

    fn read_result<'a, T: Deserialize<'a>>(&'a self) -> Option<T> {
        serde_json::from_str(self.result.as_ref()?.get()).ok()
    }
}

impl Failure {
    /// What went wrong.
    pub fn message(&self) -> &str {
        self.message.as_deref().unwrap_or("the server does not say why")
    }

    /// Why, from the outermost cause to the root.
    pub fn causes(&self) -> impl Iterator<Item = &str> {
        let lines = self.chain.as_deref().unwrap_or_default().lines();
        lines.filter_map(|line| line.trim_start().strip_prefix("caused by: "))
    }
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
    /// The task as it is now.
    pub async fn task(&self, id: u64) -> Result<Task, ClientError> {
        self.ask_for_task(id, None).await
    }

    /// Asks the task to stop; the task as it is now.
    pub async fn cancel(&self, id: u64) -> Result<Task, ClientError> {
        self.ask_for_task(id, Some("cancel")).await
    }

    /// Has the task forgotten if it has ended; the task once more.
    pub async fn prune(&self, id: u64) -> Result<Task, ClientError> {
        self.ask_for_task(id, Some("prune")).await
    }

    /// Every task, oldest first, and the whole document as it came.
    pub async fn tasks(&self) -> Result<(Vec<Task>, String), ClientError> {
        let answer = self.get(&["tasks.json"], &[]).await?;
        let many: ManyTasks = answer.read()?;
        Ok((many.tasks.into_iter().map(|one| one.task).collect(), answer.text))
    }

    /// Follows a task until it has ended, and shows `seen` every state of it that comes by, the last one too.
    ///
    /// A server that does not answer for a moment is asked again.
    pub async fn follow(&self, task: Task, mut seen: impl FnMut(&Task)) -> Result<Task, ClientError> {
        let mut task = task;
        let mut answered = Instant::now();
        for pause in Pace::default() {
            seen(&task);
            if task.status.has_ended() {
                break;
            }
            sleep(pause).await;
            match self.ask_for_task(task.id, Some("verbose")).await {
                Ok(now) => (task, answered) = (now, Instant::now()),
                Err(error) if error.may_pass() && answered.elapsed() < PATIENCE => {}
                Err(error) => return Err(error),
            }
        }
        Ok(task)
    }

    async fn ask_for_task(&self, id: u64, wish: Option<&str>) -> Result<Task, ClientError> {
        let wish: Vec<_> = wish.map(|wish| (wish, "true")).into_iter().collect();
        self.get(&["tasks", &format!("{id}.json")], &wish).await?.task()
    }
}

impl super::Answer {
    /// The task that the answer tells of.
    pub(super) fn task(self) -> Result<Task, ClientError> {
        let one: OneTask = self.read()?;
        Ok(Task { text: self.text, ..one.task })
    }
}
