//! Keeps tasks in a file, and stops gracefully. Run it twice: what the first run did not finish, the second does.
//!
//! ```sh
//! cargo run -p longhaul-tasks --features sqlite --example restart -- tasks.sqlite
//! ```

use std::{error::Error, time::Duration};

use longhaul_tasks::{
    Context, Failure, Filter, Job, Registry, Report, SqliteStore, Status, Submission, Tasks,
};
use serde::{Deserialize, Serialize};

/// Counts slowly.
#[derive(Serialize, Deserialize)]
struct Count {
    to: u64,
}

impl Job for Count {
    const KIND: &'static str = "count";
    type Env = ();

    fn description(&self) -> String {
        format!("Count to {}.", self.to)
    }

    fn run(self, _env: &(), ctx: &Context) -> Result<Report, Failure> {
        ctx.step("Counting...").total(Some(self.to)).unit("numbers");
        for number in ctx.track(1..=self.to) {
            number?;
            // Waits without a worker slot; ends at once when the task is cancelled or the engine stops.
            ctx.park(Duration::from_millis(100))?;
        }
        Ok(Report::new())
    }
}

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "tasks.sqlite".into());
    let store = SqliteStore::open(&path)?;
    let tasks = Tasks::builder(Registry::new(()).with::<Count>()).store(store.clone()).start();
    let unfinished = Filter { status: vec![Status::Waiting, Status::Running], ..Filter::default() };
    if tasks.totals(&unfinished).await?.all() == 0 {
        let task = tasks.submit(Count { to: 50 }, Submission::default()).await?;
        println!("task {} is in {path}", task.id);
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    for task in tasks.list(&Filter::default()).await? {
        println!("task {}: {}, started {} times", task.id, task.status, task.attempt);
    }
    // A running job is asked to stop and waits again; the next process starts it.
    let has_ended = tasks.stop(Duration::from_secs(10)).await;
    println!("stopped {}", if has_ended { "gracefully" } else { "while a job was still running" });
    store.close();
    Ok(())
}
