//! Limits and lists the tasks of one owner. `cargo run -p longhaul-tasks --example owners`

use std::{error::Error, time::Duration};

use longhaul_tasks::{Context, Failure, Filter, Job, Lane, Registry, Report, Submission, SubmitError, Tasks};
use serde::{Deserialize, Serialize};

/// Waits for some seconds.
#[derive(Serialize, Deserialize)]
struct Wait {
    seconds: u64,
}

impl Job for Wait {
    const KIND: &'static str = "wait";
    type Env = ();

    fn description(&self) -> String {
        format!("Wait for {} s.", self.seconds)
    }

    /// One at a time, in the order of submission.
    fn lanes(&self) -> Vec<Lane> {
        vec![Lane::new("waiting-room")]
    }

    fn run(self, _env: &(), ctx: &Context) -> Result<Report, Failure> {
        ctx.park(Duration::from_secs(self.seconds))?;
        Ok(Report::new())
    }
}

fn of(owner: &str) -> Submission {
    Submission { owner: Some(owner.into()), ..Submission::default() }
}

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let tasks = Tasks::builder(Registry::new(()).with::<Wait>()).max_per_owner(2).start();
    tasks.submit(Wait { seconds: 1 }, of("ann")).await?;
    tasks.submit(Wait { seconds: 1 }, of("ann")).await?;
    match tasks.submit(Wait { seconds: 1 }, of("ann")).await {
        Err(SubmitError::OwnerLimit { retry_after }) => {
            println!("ann has enough; try again in {retry_after:?}")
        }
        other => println!("unexpected: {other:?}"),
    }
    tasks.submit(Wait { seconds: 1 }, of("bob")).await?;
    let of_ann = Filter { owner: Some("ann".into()), ..Filter::default() };
    for task in tasks.list(&of_ann).await? {
        println!("task {} of ann: {}", task.id, task.status);
    }
    tasks.stop(Duration::from_secs(10)).await;
    Ok(())
}
