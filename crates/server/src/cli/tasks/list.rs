use std::{
    io::{self, Write, stdout},
    process::ExitCode,
};

use clap::Args;
use jiff::Timestamp;
use longhaul_tasks::Status;

use super::format::{amount, printable};
use crate::{
    cli::client::{Client, Task},
    settings::HumanDuration,
};

/// Which tasks are meant.
#[derive(Debug, Default, Args)]
pub struct TaskFilter {
    /// Only tasks of this status: WAITING, RUNNING, FINISHED, FAILED or CANCELLED; several are separated by commas
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,

    /// Only tasks on this repository
    #[arg(long, value_name = "NAME")]
    repository: Option<String>,

    /// Only tasks submitted since this time, such as 2026-11-30T12:00:00Z, or so long ago, such as 2h
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
}

/// Prints a table of the tasks.
pub(super) async fn run(client: &Client, filter: &TaskFilter, json: bool) -> anyhow::Result<ExitCode> {
    let query = filter.query();
    let query: Vec<_> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (tasks, text) = client.tasks(&query).await?;
    let mut out = stdout().lock();
    match (json, tasks.is_empty()) {
        (true, _) => writeln!(out, "{text}")?,
        (false, true) if query.is_empty() => writeln!(out, "The server has no tasks.")?,
        (false, true) => writeln!(out, "The server has no such tasks.")?,
        (false, false) => write_table(&mut out, &tasks)?,
    }
    Ok(ExitCode::SUCCESS)
}

impl TaskFilter {
    /// The parameters of a request for these tasks.
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let status = self.status.as_ref().map(|status| status.to_ascii_uppercase());
        let parameters = [
            ("status", status),
            ("repository", self.repository.clone()),
            ("since", self.since.as_deref().map(since)),
        ];
        parameters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// A time for the server: so long ago, or as it was given.
fn since(text: &str) -> String {
    let ago = text.parse::<HumanDuration>().ok().and_then(|ago| Timestamp::now().checked_sub(ago.0).ok());
    ago.map_or_else(|| text.to_owned(), |time| time.to_string())
}

const COLUMNS: [&str; 6] = ["ID", "STATUS", "REPOSITORY", "OWNER", "PROGRESS", "DESCRIPTION"];
/// Longest text in the column of the progress, in characters.
const MAX_PROGRESS: usize = 48;

fn write_table(out: &mut impl Write, tasks: &[Task]) -> io::Result<()> {
    let mut rows = vec![COLUMNS.map(String::from)];
    rows.extend(tasks.iter().map(row));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(width);
    for [id, status, repository, owner, progress, description] in &rows {
        let line =
            format!("{id:>a$}  {status:<b$}  {repository:<c$}  {owner:<d$}  {progress:<e$}  {description}");
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn row(task: &Task) -> [String; 6] {
    let text = |text: &Option<String>| printable(text.as_deref().unwrap_or_default());
    let progress = truncated(printable(&progress(task)));
    let (id, status) = (task.id.to_string(), task.status.to_string());
    [id, status, text(&task.repository), text(&task.owner), progress, printable(&task.description)]
}

/// The progress, the commit or the error of the task.
fn progress(task: &Task) -> String {
    match (&task.progress, &task.error, task.commit()) {
        (Some(progress), ..) if progress.amount > 0.0 => {
            format!("{} {}", progress.step, amount(progress.amount))
        }
        (Some(progress), ..) => progress.step.clone(),
        (None, Some(error), _) => error.message().to_owned(),
        (None, None, Some(commit)) if task.status == Status::Finished => {
            format!("commit {}", commit.id.get(..10).unwrap_or(&commit.id))
        }
        _ => String::new(),
    }
}

fn truncated(text: String) -> String {
    match text.char_indices().nth(MAX_PROGRESS) {
        None => text,
        Some(_) => text.chars().take(MAX_PROGRESS - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(json: &str) -> Task {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_table_shows_the_progress_or_outcome_of_each_task() {
        let tasks = [
            task(
                r#"{"id":9,"status":"WAITING","description":"Import.","href":"","repository":"city","owner":"jo"}"#,
            ),
            task(
                r#"{"id":10,"status":"RUNNING","description":"Import.","progress":{"task":"Importing roads (2/3)...","amount":12345.0}}"#,
            ),
            task(
                r#"{"id":11,"status":"FAILED","description":"Import.","error":{"message":"Nothing to commit after bea73023a9452a9d64f64264d2911ce1ec2b47f2","stackTrace":""}}"#,
            ),
            task(r#"{"id":12,"status":"CANCELLED","description":"Export.","result":{}}"#),
        ];
        let mut out = Vec::new();
        write_table(&mut out, &tasks).unwrap();
        let expected = "\
ID  STATUS     REPOSITORY  OWNER  PROGRESS                                          DESCRIPTION
 9  WAITING    city        jo                                                       Import.
10  RUNNING                       Importing roads (2/3)... 12,345                   Import.
11  FAILED                        Nothing to commit after bea73023a9452a9d64f6426…  Import.
12  CANCELLED                                                                       Export.
";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
