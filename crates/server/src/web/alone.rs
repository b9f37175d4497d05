//! Work that nothing else may touch a repository during.

use std::time::Duration;

use axum::http::StatusCode;
use tasks::{Job, Status, Submission, Task, TaskId, Tasks};
use tasks_web::ApiError;
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
/// 503 if the repository stays busy; nothing was done then.
async fn run_alone<J: Job>(tasks: &Tasks, job: J) -> Result<Task, Refusal> {
    let id = tasks.submit(job, Submission::default()).await?.id;
    let ended = match time::timeout(PATIENCE, ended(tasks, id)).await {
        Ok(ended) => ended?,
        Err(_) => {
            tasks.cancel(id).await.map_err(ApiError::from)?;
            ended(tasks, id).await?
        }
    };
    tasks.prune(id).await.map_err(ApiError::from)?;
    match ended.status {
        Status::Cancelled => {
            let message = "The repository is busy; please try again when its tasks have ended.";
            Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message).into())
        }
        _ => Ok(ended),
    }
}

async fn ended(tasks: &Tasks, id: TaskId) -> Result<Task, ApiError> {
    tasks.wait(id).await.map_err(ApiError::from)?.ok_or_else(failure::unexplained)
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use serde::{Deserialize, Serialize};
    use tasks::{Context, Failure, Filter, Lane, Registry, Report};

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

    #[tokio::test(start_paused = true)]
    async fn a_repository_that_stays_busy_is_left_alone() {
        let (holding, held) = mpsc::channel();
        let (let_go, told) = mpsc::channel();
        let registry = Registry::new(Hands { holding, let_go: Mutex::new(told) });
        let tasks = Tasks::builder(registry.with::<Hold>().with::<Quick>()).start();
        let hold = tasks.submit(Hold, Submission::default()).await.unwrap();
        held.recv().unwrap();

        let refusal = run_alone(&tasks, Quick).await.unwrap_err();
        let printer =
            tasks_web::Printer { format: Default::default(), base: Default::default(), verbose: false };
        let response = refusal.response(&printer);
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()["retry-after"], "5");

        let_go.send(()).unwrap();
        tasks.wait(hold.id).await.unwrap();
        let left: Vec<_> = tasks.list(&Filter::default()).await.unwrap().iter().map(|task| task.id).collect();
        assert_eq!(left, [hold.id]);
    }
}
