//! `longhaul history`.

use std::{
    io::{self, Write, stdout},
    process::ExitCode,
};

use clap::Args;
use jiff::Timestamp;

use super::{
    client::EndedTask,
    tasks::{ServerArg, TaskFilter, printable},
};

/// Show the tasks that have ended, also those that the server does not keep any more
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  longhaul history --since 1d                        all since yesterday
  longhaul history --status FAILED --since 7d        what failed this week, and why
  longhaul history --repository city --json          as JSON, for programs

A server remembers a task for 90 days after its end, or as long as its setting --keep-history says.")]
pub(super) struct HistoryArgs {
    #[command(flatten)]
    filter: TaskFilter,

    /// Only tasks of the token with this name
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,

    /// Most tasks to show, the oldest that were asked for
    #[arg(long, short = 'n', value_name = "N", default_value_t = 1000)]
    max_count: usize,

    #[command(flatten)]
    server: ServerArg,

    /// Print the JSON document of the server, for programs
    #[arg(long)]
    json: bool,
}

/// Prints a table of the ended tasks.
pub(super) async fn run(args: HistoryArgs) -> anyhow::Result<ExitCode> {
    let client = args.server.client()?;
    let limit = args.max_count.to_string();
    let mut query = args.filter.query();
    query.extend(args.owner.map(|owner| ("owner", owner)));
    query.push(("limit", limit));
    let query: Vec<_> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (tasks, response) = client.history(&query).await?;
    let mut out = stdout().lock();
    match (args.json, tasks.is_empty()) {
        (true, _) => writeln!(out, "{}", response.text)?,
        (false, true) => writeln!(out, "The server remembers no such tasks.")?,
        (false, false) => write_table(&mut out, &tasks)?,
    }
    Ok(ExitCode::SUCCESS)
}

const COLUMNS: [&str; 7] = ["ID", "STATUS", "ENDED", "SECONDS", "REPOSITORY", "OWNER", "OUTCOME"];

fn write_table(out: &mut impl Write, tasks: &[EndedTask]) -> io::Result<()> {
    let mut rows = vec![COLUMNS.map(String::from)];
    rows.extend(tasks.iter().map(row));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let [a, b, c, d, e, f] = [0, 1, 2, 3, 4, 5].map(width);
    for [id, status, ended, seconds, repository, owner, outcome] in &rows {
        let line = format!(
            "{id:>a$}  {status:<b$}  {ended:<c$}  {seconds:>d$}  {repository:<e$}  {owner:<f$}  {outcome}"
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn row(task: &EndedTask) -> [String; 7] {
    let text = |text: &Option<String>| printable(text.as_deref().unwrap_or_default());
    let seconds = match (parsed(task.started.as_ref()), parsed(Some(&task.finished))) {
        (Some(started), Some(finished)) => format!("{:.1}", finished.duration_since(started).as_secs_f64()),
        _ => String::new(),
    };
    let ended =
        parsed(Some(&task.finished)).map_or_else(String::new, |time| time.strftime("%F %T").to_string());
    let outcome = [task.file.as_deref(), task.outcome().as_deref()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(": ");
    [
        task.id.to_string(),
        task.status.to_string(),
        ended,
        seconds,
        text(&task.repository),
        text(&task.owner),
        printable(&outcome),
    ]
}

fn parsed(time: Option<&String>) -> Option<Timestamp> {
    time?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_shows_when_and_how_each_task_ended() {
        let tasks = [
            r#"{"id":9,"status":"FINISHED","description":"Import.","repository":"city","owner":"jo","file":"a.gpkg","started":"2026-11-30T12:00:00Z","finished":"2026-11-30T12:00:02.5Z","commit":"bea73023a9452a9d64f64264d2911ce1ec2b47f2"}"#,
            r#"{"id":10,"status":"FAILED","description":"Import.","finished":"2026-11-30T13:00:00Z","error":"could not read","cause":"row 7"}"#,
        ];
        let tasks = tasks.map(|json| serde_json::from_str(json).unwrap());
        let mut out = Vec::new();
        write_table(&mut out, &tasks).unwrap();
        let expected = "\
ID  STATUS    ENDED                SECONDS  REPOSITORY  OWNER  OUTCOME
 9  FINISHED  2026-11-30 12:00:02      2.5  city        jo     a.gpkg: commit bea73023a9
10  FAILED    2026-11-30 13:00:00                              could not read: row 7
";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
