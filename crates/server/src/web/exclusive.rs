//! Jobs that need a repository for themselves and that the client waits for.

use std::time::Duration;

use axum::http::StatusCode;
use longhaul_tasks::{Job, Status, Submission, Task, TaskId, Tasks};
use longhaul_tasks_web::ApiError;
use tokio::time;

use super::error_response::{self, ErrorResponse};

/// How long a request may wait for the repository's other tasks.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs a job on the repository's lane and waits for its end; no other task that reads or writes the repository runs
/// meanwhile. The task is pruned afterwards.
///
/// # Errors
/// 503 if the repository stays busy; the job has not run then, and will not.
pub(super) async fn run_exclusively<J: Job>(tasks: &Tasks, job: J) -> Result<Task, ErrorResponse> {
    let tasks = tasks.clone();
    // If the client disconnects, the request is dropped, but the task must be withdrawn all the same.
    let running = tokio::spawn(async move { run_or_withdraw(&tasks, job).await });
    running.await.map_err(|_| error_response::unexplained())?
}

async fn run_or_withdraw<J: Job>(tasks: &Tasks, job: J) -> Result<Task, ErrorResponse> {
    let id = tasks.submit(job, Submission::default()).await?.id;
    let task = match time::timeout(BUSY_TIMEOUT, ended(tasks, id)).await {
        Ok(task) => task?,
        Err(_) => withdraw(tasks, id).await?,
    };
    // If the server is stopping, waiting ends before the task does.
    let task = if task.status.has_ended() { task } else { withdraw(tasks, id).await? };
    tasks.prune(id).await.map_err(ApiError::from)?;
    match task.status {
        Status::Finished | Status::Failed => Ok(task),
        Status::Waiting | Status::Running | Status::Cancelled => {
            let message = "The repository is busy; please try again when its tasks have ended.";
            Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message).into())
        }
    }
}

async fn withdraw(tasks: &Tasks, id: TaskId) -> Result<Task, ApiError> {
    tasks.cancel(id).await.map_err(ApiError::from)?;
    ended(tasks, id).await
}

async fn ended(tasks: &Tasks, id: TaskId) -> Result<Task, ApiError> {
    tasks.wait(id).await.map_err(ApiError::from)?.ok_or_else(error_response::unexplained)
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use axum::response::IntoResponse as _;
    use longhaul_tasks::{Context, Failure, Filter, Lane, Registry, Report};
    use serde::{Deserialize, Serialize};

    use super::*;

    /// Takes the lane, reports that, and holds it until the test releases it.
    #[derive(Serialize, Deserialize)]
    struct Hold;

    #[derive(Serialize, Deserialize)]
    struct Quick;

    struct Signals {
        holding: mpsc::Sender<()>,
        release: Mutex<mpsc::Receiver<()>>,
    }

    impl Job for Hold {
        const KIND: &'static str = "hold";
        type Env = Signals;

        fn description(&self) -> String {
            "Holding.".into()
        }

        fn lanes(&self) -> Vec<Lane> {
            vec![Lane::new("r")]
        }

        fn run(self, signals: &Signals, _ctx: &Context) -> Result<Report, Failure> {
            signals.holding.send(())?;
            signals.release.lock().unwrap().recv()?;
            Ok(Report::new())
        }
    }

    impl Job for Quick {
        const KIND: &'static str = "quick";
        type Env = Signals;

        fn description(&self) -> String {
            "Being quick.".into()
        }

        fn lanes(&self) -> Vec<Lane> {
            vec![Lane::new("r")]
        }

        fn run(self, _signals: &Signals, _ctx: &Context) -> Result<Report, Failure> {
            Ok(Report::new())
        }
    }

    /// An engine in which a task holds the lane, that task, and what releases it.
    async fn busy() -> (Tasks, TaskId, mpsc::Sender<()>) {
        let (holding, held) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let registry = Registry::new(Signals { holding, release: Mutex::new(released) });
        let tasks = Tasks::builder(registry.with::<Hold>().with::<Quick>()).start();
        let hold = tasks.submit(Hold, Submission::default()).await.unwrap();
        held.recv().unwrap();
        (tasks, hold.id, release)
    }

    async fn listed(tasks: &Tasks) -> Vec<TaskId> {
        tasks.list(&Filter::default()).await.unwrap().iter().map(|task| task.id).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_repository_that_stays_busy_is_not_changed() {
        let (tasks, hold, release) = busy().await;
        let refusal = run_exclusively(&tasks, Quick).await.unwrap_err();
        let response = refusal.into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()["retry-after"], "5");

        release.send(()).unwrap();
        tasks.wait(hold).await.unwrap();
        assert_eq!(listed(&tasks).await, [hold]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_job_of_a_client_that_disconnects_is_withdrawn() {
        let (tasks, hold, release) = busy().await;
        let mut changes = tasks.changes();
        let request = run_exclusively(&tasks, Quick);
        assert!(time::timeout(Duration::from_secs(1), request).await.is_err(), "the client disconnects");
        while listed(&tasks).await != [hold] {
            changes.recv().await.unwrap();
        }
        release.send(()).unwrap();
        tasks.wait(hold).await.unwrap();
    }
}
