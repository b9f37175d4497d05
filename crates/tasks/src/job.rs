//! The job: a value that says what to do with which arguments. An application implements it for each kind of its tasks.

use std::{fmt, future::Future, sync::Arc};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Context, Failure, Report};

/// Work to do in the background; runs on a worker thread and may block.
///
/// It is stored as JSON and may be started again from there after a crash, so what it holds must still mean the same then.
pub trait Job: Serialize + DeserializeOwned + Send + 'static {
    /// The stable name under which it is stored: `import-geopackage`.
    const KIND: &'static str;

    /// What the application gives to every job: folders, clients, connections.
    type Env: Send + Sync + 'static;

    /// What was asked for, in words for users.
    fn description(&self) -> String;

    /// The lanes that it occupies: jobs that share one never run at the same time.
    fn lanes(&self) -> Vec<Lane> {
        Vec::new()
    }

    /// Runs the job. The report becomes the task's result, unless the job has sealed one.
    fn run(self, env: &Self::Env, ctx: &Context) -> Result<Report, Failure>;

    /// Completes the publication that was sealed with `intent`, whatever part of it has been done already.
    ///
    /// Called when the task was interrupted, or failed, after its [seal](Context::seal), and again until it answers: a sealed
    /// task is always rolled forward. It may be called any number of times, and must have the same effect each time.
    ///
    /// # Errors
    /// [`PublishError::Retry`] (which `?` makes of any error) if it could not be done now, [`PublishError::Impossible`] if it
    /// never can.
    fn publish(&self, env: &Self::Env, intent: serde_json::Value) -> Result<(), PublishError> {
        let _ = (env, intent);
        Err(PublishError::nothing_to_publish())
    }
}

/// A [`Job`] that awaits instead of blocking.
///
/// Its future is polled on a worker thread, so it need not be `Send`; it is dropped as soon as the task is cancelled.
pub trait AsyncJob: Serialize + DeserializeOwned + Send + 'static {
    /// As [`Job::KIND`].
    const KIND: &'static str;

    /// As [`Job::Env`].
    type Env: Send + Sync + 'static;

    /// As [`Job::description`].
    fn description(&self) -> String;

    /// As [`Job::lanes`].
    fn lanes(&self) -> Vec<Lane> {
        Vec::new()
    }

    /// As [`Job::run`]; may be written as an `async fn`.
    fn run(self, env: &Self::Env, ctx: &Context) -> impl Future<Output = Result<Report, Failure>>;

    /// As [`Job::publish`].
    fn publish(&self, env: &Self::Env, intent: serde_json::Value) -> Result<(), PublishError> {
        let _ = (env, intent);
        Err(PublishError::nothing_to_publish())
    }
}

/// Why a sealed effect is not published.
#[derive(Debug)]
pub enum PublishError {
    /// It could not be published now, because a disk is full or a server is away; it is tried again.
    Retry(anyhow::Error),
    /// It never can be, because what it builds on is gone or was changed by somebody else; the task is FAILED.
    Impossible(anyhow::Error),
}

impl PublishError {
    /// The publication can never be completed, for this reason.
    pub fn impossible(reason: impl Into<anyhow::Error>) -> Self {
        Self::Impossible(reason.into())
    }

    fn nothing_to_publish() -> Self {
        Self::impossible(anyhow::anyhow!("this kind of job cannot complete a publication"))
    }
}

impl<E: Into<anyhow::Error>> From<E> for PublishError {
    fn from(error: E) -> Self {
        Self::Retry(error.into())
    }
}

/// A concurrency key: of the jobs that name the same lane one runs at a time, in the order of submission.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lane(Arc<str>);

impl Lane {
    /// The lane of this name.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lane({})", self.0)
    }
}

/// What [`Tasks::submit`](crate::Tasks::submit) takes: every [`Job`] and every [`AsyncJob`].
///
/// `Style` is only there to tell the two apart, and is always inferred.
pub trait Submittable<Style>: Serialize {
    #[doc(hidden)]
    fn kind() -> &'static str;
    #[doc(hidden)]
    fn description_text(&self) -> String;
    #[doc(hidden)]
    fn lane_list(&self) -> Vec<Lane>;
}

#[doc(hidden)]
pub enum Blocking {}

#[doc(hidden)]
pub enum Awaiting {}

impl<J: Job> Submittable<Blocking> for J {
    fn kind() -> &'static str {
        J::KIND
    }
    fn description_text(&self) -> String {
        self.description()
    }
    fn lane_list(&self) -> Vec<Lane> {
        self.lanes()
    }
}

impl<J: AsyncJob> Submittable<Awaiting> for J {
    fn kind() -> &'static str {
        J::KIND
    }
    fn description_text(&self) -> String {
        self.description()
    }
    fn lane_list(&self) -> Vec<Lane> {
        self.lanes()
    }
}
