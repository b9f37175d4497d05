//! Recognizes a submit that a client repeats because it did not get the answer.
//! `cargo run -p longhaul-tasks --example idempotency`

use std::{error::Error, time::Duration};

use longhaul_tasks::{Context, Failure, Idempotency, Job, Registry, Report, Submission, SubmitError, Tasks};
use serde::{Deserialize, Serialize};

/// Greets somebody.
#[derive(Serialize, Deserialize)]
struct Greet {
    name: String,
}

impl Job for Greet {
    const KIND: &'static str = "greet";
    type Env = ();

    fn description(&self) -> String {
        format!("Greet {}.", self.name)
    }

    fn run(self, _env: &(), _ctx: &Context) -> Result<Report, Failure> {
        Ok(Report::new().text("greeting", format!("Hello, {}!", self.name)))
    }
}

/// A request with the key that its client has chosen. The fingerprint tells whether two requests are the same.
fn request(key: &str, name: &str) -> (Greet, Submission) {
    let idempotency = Idempotency { key: key.into(), fingerprint: format!("greet {name}") };
    (Greet { name: name.into() }, Submission { idempotency: Some(idempotency), ..Submission::default() })
}

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let tasks = Tasks::builder(Registry::new(()).with::<Greet>()).start();
    let (job, submission) = request("monday-1", "Ann");
    let first = tasks.submit(job, submission).await?;
    let (job, submission) = request("monday-1", "Ann");
    let again = tasks.submit(job, submission).await?;
    println!("both submits are task {}: {}", first.id, first.id == again.id);
    let (job, submission) = request("monday-1", "Bob");
    match tasks.submit(job, submission).await {
        Err(SubmitError::KeyReused) => println!("the key was used for another request"),
        other => println!("unexpected: {other:?}"),
    }
    tasks.stop(Duration::from_secs(10)).await;
    Ok(())
}
