//! `longhaul diff`: shows what differs between two commits.

use std::{
    io::{Write, stdout},
    process::ExitCode,
};

use clap::Args;
use serde::Deserialize;

use crate::cli::{
    client::{Members, OrderedJson},
    tasks::{ServerArg, printable},
};

/// Show what differs between two commits of a repository, feature by feature
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  longhaul diff city                       what the newest commit has changed
  longhaul diff city HEAD~3..HEAD          what the last three commits have changed
  longhaul diff city v1..v2 --path roads   one layer
  longhaul diff city --json                JSON Lines, as 'kart diff -o json-lines' prints them")]
pub struct DiffArgs {
    /// The repository
    repo: String,

    /// The two commits [default: HEAD~1..HEAD]
    #[arg(value_name = "A..B")]
    range: Option<String>,

    /// Only this layer, folder or feature
    #[arg(long, value_name = "PATH")]
    path: Option<String>,

    /// Print the JSON Lines of the server, for programs
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerArg,
}

/// Prints the difference while it is received.
///
/// # Errors
/// If the request fails, or the output cannot be written.
pub async fn run(args: DiffArgs) -> anyhow::Result<ExitCode> {
    let (old, new) = match args.range.as_deref() {
        None => ("HEAD~1", "HEAD"),
        Some(range) => range.split_once("..").unwrap_or((range, "HEAD")),
    };
    let new = if new.is_empty() { "HEAD" } else { new };
    let mut query = vec![("oldRefSpec", old), ("newRefSpec", new)];
    query.extend(args.path.as_deref().map(|path| ("pathFilter", path)));
    let client = args.server.client()?;
    let mut lines = client.lines(&["repos", &args.repo, "diff.json"], &query, "application/x-ndjson").await?;
    let mut out = stdout().lock();
    while let Some(line) = lines.next().await? {
        match args.json {
            true => writeln!(out, "{line}")?,
            false => write_line(&mut out, &line)?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A line of the difference; members that are not shown are left out.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Line {
    Dataset {
        path: String,
        #[serde(rename = "+")]
        added: Option<OrderedJson>,
    },
    DatasetInfo {
        path: String,
    },
    Meta {
        key: String,
        change: Change,
    },
    Feature {
        change: Change,
    },
    File {
        path: String,
        change: Change,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Change {
    #[serde(rename = "-")]
    old: Option<OrderedJson>,
    #[serde(rename = "+")]
    new: Option<OrderedJson>,
}

impl Change {
    fn sign(&self) -> char {
        match (&self.old, &self.new) {
            (Some(_), Some(_)) => '~',
            (Some(_), None) => '-',
            (None, _) => '+',
        }
    }
}

fn write_line(out: &mut impl Write, line: &str) -> anyhow::Result<()> {
    match serde_json::from_str(line)? {
        Line::Dataset { path, added } => {
            let what = if added.is_some() { "added" } else { "deleted" };
            writeln!(out, "{} ({what})", printable(&path))?;
        }
        Line::DatasetInfo { path } => writeln!(out, "{}", printable(&path))?,
        Line::Meta { key, change } => writeln!(out, "  {} {}", change.sign(), printable(&key))?,
        Line::File { path, change } => writeln!(out, "{} {}", change.sign(), printable(&path))?,
        Line::Feature { change } => writeln!(out, "  {} {}", change.sign(), feature(&change))?,
        Line::Other => {}
    }
    Ok(())
}

/// All values of a feature that was added or deleted; of one that was changed the first, and those that differ.
fn feature(change: &Change) -> String {
    let values = match (&change.old, &change.new) {
        (Some(OrderedJson::Object(old)), Some(OrderedJson::Object(new))) => changed_values(old, new),
        (Some(OrderedJson::Object(values)), _) | (None, Some(OrderedJson::Object(values))) => {
            values.0.iter().map(|(name, value)| format!("{name}={}", value_text(value))).collect()
        }
        _ => Vec::new(),
    };
    printable(&values.join(" "))
}

fn changed_values(old: &Members, new: &Members) -> Vec<String> {
    let of = |members: &Members, name: &str| {
        members.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    let key = new.0.first().map(|(name, value)| format!("{name}={}", value_text(value)));
    let is_gone = |(name, _): &&(String, OrderedJson)| of(new, name).is_none();
    let names = new.0.iter().chain(old.0.iter().filter(is_gone)).map(|(name, _)| name);
    let changed = names.filter(|name| of(old, name) != of(new, name)).map(|name| {
        let text = |value: Option<OrderedJson>| value.as_ref().map_or_else(|| "none".to_owned(), value_text);
        format!("{name}: {} -> {}", text(of(old, name)), text(of(new, name)))
    });
    key.into_iter().chain(changed).collect()
}

/// The longest value that is shown, in characters; geometries are much longer.
const LONGEST: usize = 60;

fn value_text(value: &OrderedJson) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_shown_by_layer_and_feature() {
        let mut out = Vec::new();
        for line in [
            r#"{"type":"version","version":"kart.diff/v2","outputFormat":"JSONL+hexwkb"}"#,
            r#"{"type":"datasetInfo","path":"roads","value":{"type":"table","version":3}}"#,
            r#"{"type":"metaInfo","dataset":"roads","key":"schema.json","value":[]}"#,
            r#"{"type":"meta","dataset":"roads","key":"title","change":{"-":"a","+":"b"}}"#,
            r#"{"type":"feature","dataset":"roads","change":{"-":{"fid":1,"name":"a","old":1},"+":{"fid":1,"name":"b\n"}}}"#,
            r#"{"type":"feature","dataset":"roads","change":{"+":{"fid":2,"name":null}}}"#,
            r#"{"type":"feature","dataset":"roads","change":{"-":{"fid":3,"name":"c"}}}"#,
            r#"{"type":"dataset","path":"trees","-":{"type":"table","version":3}}"#,
            r#"{"type":"file","path":"LICENSE","change":{"+":"1674aa1"}}"#,
        ] {
            write_line(&mut out, line).unwrap();
        }
        let expected = "roads\n  ~ title\n  ~ fid=1 name: \"a\" -> \"b\\n\" old: 1 -> none\n  + fid=2 name=null\n  - fid=3 \
                        name=\"c\"\ntrees (deleted)\n+ LICENSE\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
