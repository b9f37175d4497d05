//! Imports without a commit: what their tasks say, and the upload that they keep.

use std::{fs, path::Path};

use anyhow::Context as _;
use longhaul_repository::Commit;
use longhaul_tasks::{Context, Report, ReportValue};

/// GeoGig's id of nothing, for a branch that is not there.
const NOTHING: &str = "0000000000000000000000000000000000000000";
/// The name of a kept upload whose own name is too long for a file.
const FALLBACK_NAME: &str = "upload";
/// The longest name of a file that is kept, in bytes.
const LONGEST_NAME: usize = 200;

/// The id of the commit that a branch stands at, as `ifHead` takes it.
pub(crate) fn head_text(head: Option<impl ToString>) -> String {
    head.map_or_else(|| NOTHING.to_owned(), |head| head.to_string())
}

/// The report of an import without its commit.
pub(crate) fn without_commit(report: Report) -> Report {
    let members = report.members().iter().filter(|(name, _)| name != "commit");
    members.fold(Report::new(), |report, (name, value)| report.with(name, value.clone()))
}

/// The report of a dry run: what it would have committed on top of `head`.
pub(crate) fn dry_run_report(report: Report, commit: &Commit, head: Option<impl ToString>) -> Report {
    without_commit(report)
        .boolean("dryRun", true)
        .text("head", head_text(head))
        .text("tree", commit.tree.to_string())
}

/// The tree that the dry run of this report would have committed; `None` if it is not the report of a dry run.
pub fn dry_run_tree(report: &Report) -> Option<&str> {
    match (report.get("dryRun"), report.get("tree")) {
        (Some(ReportValue::Boolean(true)), Some(ReportValue::Text(tree))) => Some(tree),
        _ => None,
    }
}

/// Keeps the upload as a file of the task, for as long as the task is kept, so that a second task can commit it. The report does not
/// offer the file, so it cannot be downloaded.
pub(crate) fn keep_upload(ctx: &Context, upload: &Path, file_name: &str) -> anyhow::Result<()> {
    let keeping = "could not keep the uploaded file";
    let is_usable =
        file_name.len() <= LONGEST_NAME && Path::new(file_name).file_name() == Some(file_name.as_ref());
    let name = if is_usable { file_name } else { FALLBACK_NAME };
    let kept = ctx.result_file(name, "application/octet-stream").context(keeping)?;
    // The upload itself is removed with the end of the task.
    fs::hard_link(upload, &kept).or_else(|_| fs::copy(upload, &kept).map(drop)).context(keeping)
}
