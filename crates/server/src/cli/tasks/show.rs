use std::{
    io::{self, Write, stdout},
    process::ExitCode,
};

use super::format::{amount, printable, write_commit, write_error};
use crate::cli::client::{Client, Members, OrderedJson, Task};

/// Prints everything about a task.
pub async fn run(client: &Client, id: u64, json: bool) -> anyhow::Result<ExitCode> {
    let task = client.task(id).await?;
    let mut out = stdout().lock();
    match json {
        true => writeln!(out, "{}", task.text)?,
        false => write_task(&mut out, &task)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn write_task(out: &mut impl Write, task: &Task) -> io::Result<()> {
    writeln!(out, "Task {}: {}", task.id, task.status)?;
    writeln!(out, "{}", printable(&task.description))?;
    let texts = [
        ("Repository", &task.repository),
        ("Owner", &task.owner),
        ("Submitted", &task.created),
        ("Started", &task.started),
        ("Ended", &task.finished),
    ];
    for (name, text) in texts.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?))) {
        writeln!(out, "{:<11} {}", format!("{name}:"), printable(text))?;
    }
    if let Some(transaction) = &task.transaction {
        writeln!(out, "In the transaction {}", printable(transaction))?;
    }
    if let Some(progress) = &task.progress {
        writeln!(out, "{} {}", printable(&progress.step), amount(progress.amount))?;
    }
    if let Some(error) = &task.error {
        writeln!(out, "\nError:")?;
        write_error(out, error)?;
    }
    match task.commit() {
        Some(commit) => {
            writeln!(out)?;
            write_commit(out, &commit, None)?;
        }
        None => write_result(out, task)?,
    }
    task.warnings().iter().try_for_each(|warning| writeln!(out, "\nWarning: {}", printable(warning)))
}

/// Writes a result that is not a commit as an indented tree, without the warnings, which follow.
fn write_result(out: &mut impl Write, task: &Task) -> io::Result<()> {
    let result = task.result.as_ref().and_then(|result| serde_json::from_str(result.get()).ok());
    let Some(OrderedJson::Object(mut members)) = result else { return Ok(()) };
    members.0.retain(|(name, _)| !matches!(name.as_str(), "warning" | "warnings"));
    if members.0.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    write_members(out, &members, 0)
}

fn write_members(out: &mut impl Write, members: &Members, depth: usize) -> io::Result<()> {
    members.0.iter().try_for_each(|(name, value)| write_member(out, name, value, depth))
}

fn write_member(out: &mut impl Write, name: &str, value: &OrderedJson, depth: usize) -> io::Result<()> {
    let (indent, name) = ("  ".repeat(depth), printable(name));
    match value {
        OrderedJson::Object(members) => {
            writeln!(out, "{indent}{name}")?;
            write_members(out, members, depth + 1)
        }
        OrderedJson::Array(list) => list.iter().try_for_each(|value| write_member(out, &name, value, depth)),
        OrderedJson::String(text) => writeln!(out, "{indent}{name}: {}", printable(text)),
        OrderedJson::Number(number) => writeln!(out, "{indent}{name}: {number}"),
        OrderedJson::Bool(boolean) => writeln!(out, "{indent}{name}: {boolean}"),
        OrderedJson::Null => writeln!(out, "{indent}{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &str) -> String {
        let mut out = Vec::new();
        write_task(&mut out, &serde_json::from_str(json).unwrap()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_error_is_shown_with_its_causes() {
        let text = shown(
            r#"{"id":3,"status":"FAILED","description":"Import.","href":"","error":{"message":"could not read roads.gpkg","stackTrace":"could not read roads.gpkg\ncaused by: row 7\ncaused by: no geometry"}}"#,
        );
        let expected = "Task 3: FAILED\nImport.\n\nError:\n  could not read roads.gpkg\n  caused by: row 7\n  caused by: \
                        no geometry\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_task_is_shown_with_its_owner_and_times() {
        let text = shown(
            r#"{"id":3,"status":"RUNNING","description":"Import.","progress":{"task":"Importing...","amount":12.0},"created":"2026-11-30T12:00:00Z","started":"2026-11-30T12:00:01Z","owner":"jo","repository":"city"}"#,
        );
        let expected = "Task 3: RUNNING\nImport.\nRepository: city\nOwner:      jo\nSubmitted:  2026-11-30T12:00:00Z\nStarted:    \
                        2026-11-30T12:00:01Z\nImporting... 12\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_failed_task_is_shown_with_its_warnings() {
        for name in ["warning", "warnings"] {
            let text = shown(&format!(
                r#"{{"id":3,"status":"FAILED","description":"Import.","result":{{"{name}":["a view"]}},"error":{{"message":"no"}}}}"#
            ));
            assert_eq!(text, "Task 3: FAILED\nImport.\n\nError:\n  no\n\nWarning: a view\n");
        }
    }

    #[test]
    fn a_result_that_is_not_a_commit_is_shown_as_a_tree() {
        let text = shown(
            r#"{"id":3,"status":"FINISHED","description":"OSM.","result":{"OSMReport":{"nodeCount":865542,"wayCount":35778},"id":["a","b"]}}"#,
        );
        let expected =
            "Task 3: FINISHED\nOSM.\n\nOSMReport\n  nodeCount: 865542\n  wayCount: 35778\nid: a\nid: b\n";
        assert_eq!(text, expected);
    }
}
