//! Work that nothing else may touch a repository during.

use std::time::Duration;

use axum::http::StatusCode;
use longhaul_tasks::{Job, Status, Submission, Task, TaskId, Tasks};
use longhaul_tasks_web::ApiError;
use tokio::time;

use super::{
    Web,
    failure::{self, Refusal},
};

/// How long a request may wait for the repository's other tasks.
const PATIENCE: Duration = Duration::from_secs(5);

impl Web {
    /// As [`run_alone`].
    pub(super) async fn run_alone<J: Job>(&self, job: J) -> Result<Task, Refusal> {
        run_alone(&self.tasks, job).await
    }
}

/// Runs a job on the repository's lane and waits for its end; so no task that reads or writes the repository runs
/// meanwhile. The task leaves no trace.
///
/// # Errors
/// 503 if the repository stays busy; nothing was done then, and nothing will be.
async fn run_alone<J: Job>(tasks: &Tasks, job: J) -> Result<Task, Refusal> {
    let tasks = tasks.clone();
    // A request whose client went away is dropped; what was not done by then must be given up all the same.
    let running = tokio::spawn(async move { run_or_give_up(&tasks, job).await });
    running.await.map_err(|_| failure::unexplained())?
}

async fn run_or_give_up<J: Job>(tasks: &Tasks, job: J) -> Result<Task, Refusal> {
    let id = tasks.submit(job, Submission::default()).await?.id;
    let task = match time::timeout(PATIENCE, ended(tasks, id)).await {
        Ok(task) => task?,
        Err(_) => give_up(tasks, id).await?,
    };
    // A stop ends the waiting before the task.
    let task = if task.status.has_ended() { task } else { give_up(tasks, id).await? };
    tasks.prune(id).await.map_err(ApiError::from)?;
    match task.status {
        Status::Finished | Status::Failed => Ok(task),
        Status::Waiting | Status::Running | Status::Cancelled => {
            let message = "The repository is busy; please try again when its tasks have ended.";
            Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message).into())
        }
    }
}

async fn give_up(tasks: &Tasks, id: TaskId) -> Result<Task, ApiError> {
    tasks.cancel(id).await.map_err(ApiError::from)?;
    ended(tasks, id).await
}

async fn ended(tasks: &Tasks, id: TaskId) -> Result<Task, ApiError> {
    tasks.wait(id).await.map_err(ApiError::from)?.ok_or_else(failure::unexplained)
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use longhaul_tasks::{Context, Failure, Filter, Lane, Registry, Report};
    use serde::{Deserialize, Serialize};

    use super::*;

    /// Takes the lane, says so, and keeps it until it is told to let go.
    #[derive(Serialize, Deserialize)]
    struct Hold;

    #[derive(Serialize, Deserialize)]
    struct Quick;

    struct Hands {
        holding: mpsc::Sender<()>,
        let_go: Mutex<mpsc::Receiver<()>>,
    }

    impl Job for Hold {
        const KIND: &'static str = "hold";
        type Env = Hands;

        fn description(&self) -> String {
            "Holding.".into()
        }

        fn lanes(&self) -> Vec<Lane> {
            vec![Lane::new("r")]
        }

        fn run(self, hands: &Hands, _ctx: &Context) -> Result<Report, Failure> {
            hands.holding.send(())?;
            hands.let_go.lock().unwrap().recv()?;
            Ok(Report::new())
        }
    }

    impl Job for Quick {
        const KIND: &'static str = "quick";
        type Env = Hands;

        fn description(&self) -> String {
            "Being quick.".into()
        }

        fn lanes(&self) -> Vec<Lane> {
            vec![Lane::new("r")]
        }

        fn run(self, _hands: &Hands, _ctx: &Context) -> Result<Report, Failure> {
            Ok(Report::new())
        }
    }

    /// An engine in which a task holds the lane, that task, and what makes it let go.
    async fn busy() -> (Tasks, TaskId, mpsc::Sender<()>) {
        let (holding, held) = mpsc::channel();
        let (let_go, told) = mpsc::channel();
        let registry = Registry::new(Hands { holding, let_go: Mutex::new(told) });
        let tasks = Tasks::builder(registry.with::<Hold>().with::<Quick>()).start();
        let hold = tasks.submit(Hold, Submission::default()).await.unwrap();
        held.recv().unwrap();
        (tasks, hold.id, let_go)
    }

    async fn listed(tasks: &Tasks) -> Vec<TaskId> {
        tasks.list(&Filter::default()).await.unwrap().iter().map(|task| task.id).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_repository_that_stays_busy_is_left_alone() {
        let (tasks, hold, let_go) = busy().await;
        let refusal = run_alone(&tasks, Quick).await.unwrap_err();
        let printer = longhaul_tasks_web::Printer::default();
        let response = refusal.response(&printer);
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()["retry-after"], "5");

        let_go.send(()).unwrap();
        tasks.wait(hold).await.unwrap();
        assert_eq!(listed(&tasks).await, [hold]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_client_asked_for_that_went_away_is_given_up_too() {
        let (tasks, hold, let_go) = busy().await;
        let mut changes = tasks.changes();
        let request = run_alone(&tasks, Quick);
        assert!(time::timeout(Duration::from_secs(1), request).await.is_err(), "the client leaves");
        while listed(&tasks).await != [hold] {
            changes.recv().await.unwrap();
        }
        let_go.send(()).unwrap();
        tasks.wait(hold).await.unwrap();
    }
}
