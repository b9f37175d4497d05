//! The job that exports layers into a file for download.

use std::sync::Arc;

use anyhow::anyhow;
use longhaul_layer_index::IndexCache;
use longhaul_projection::ProjectionError;
use longhaul_repository::{DatasetPath, Repository};
use longhaul_tasks::{Context, Failure, Job, Report, ReportValue};
use serde::{Deserialize, Serialize};

use crate::{
    Environment,
    export::{Export, ExportFormat, ExportProgress, Exported, Window},
    public_error::public_error,
};

/// Exports layers of a commit. It takes no lane: while it runs, imports go on, and its repository is neither deleted nor renamed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ExportLayers {
    /// The id of the repository, which a rename does not change.
    pub repository: String,
    /// What was asked for, for messages: `HEAD`, a branch, a commit.
    pub root: String,
    /// The commit that it named when it was asked for; `None` if it named none.
    pub commit: Option<String>,
    /// The paths of the layers; none for all layers.
    pub layers: Vec<String>,
    /// The format of the file.
    pub format: ExportFormat,
    /// Only features that meet this box.
    #[serde(default)]
    pub window: Option<Window>,
    /// The reference system of the file, `EPSG:2193`; `None` for that of the layers.
    #[serde(default)]
    pub crs: Option<String>,
    /// The name of the file, without its ending.
    pub file_name: String,
}

impl Job for ExportLayers {
    const KIND: &'static str = "export";
    type Env = Environment;

    fn description(&self) -> String {
        format!("Export to {}", self.format.title())
    }

    fn run(self, env: &Environment, ctx: &Context) -> Result<Report, Failure> {
        let _exists = env.repository_locks.lock_shared(ctx, &self.repository)?;
        let found = env.repositories.by_id(&self.repository).map_err(public_error)?;
        let repository = found.ok_or_else(|| anyhow!("the repository was deleted"))?;
        let export = self.export(&repository, env.layer_indexes.clone())?;
        let name = format!("{}.{}", self.file_name, self.format.name());
        let path = ctx.result_file(&name, self.format.task_media_type())?;
        let exported = export.write(&repository, &path, &TaskProgress(ctx)).map_err(public_error)?;
        Ok(self.report(&export, exported))
    }
}

impl ExportLayers {
    fn export(&self, repository: &Repository, indexes: Option<Arc<IndexCache>>) -> anyhow::Result<Export> {
        let commit = self.commit.as_deref().ok_or_else(|| unresolved(&self.root))?;
        let layers = self.layers.iter().map(|path| DatasetPath::new(path).map_err(public_error));
        let layers = layers.collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Export {
            commit: repository.commit_named(commit).map_err(public_error)?,
            layers: Some(layers).filter(|layers| !layers.is_empty()),
            format: self.format,
            window: self.window.clone(),
            crs: self
                .crs
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|error: ProjectionError| public_error(error))?,
            root: self.root.clone(),
            indexes,
        })
    }

    fn report(&self, export: &Export, exported: Exported) -> Report {
        let report = Report::new()
            .result_file(self.format.task_media_type())
            .text("commitId", export.commit.to_string())
            .integer("features", exported.features as i64);
        let shifts = exported.shifts.into_iter().map(ReportValue::text);
        let report = if shifts.len() == 0 { report } else { report.list("datumShift", shifts) };
        with_warnings(report, exported.warnings)
    }
}

/// The report with what the format could not hold.
pub(crate) fn with_warnings(report: Report, warnings: Vec<String>) -> Report {
    match warnings.is_empty() {
        true => report,
        false => report.list("warning", warnings.into_iter().map(ReportValue::text)),
    }
}

/// The error of a name that names no commit, in GeoGig's words.
pub(crate) fn unresolved(name: &str) -> anyhow::Error {
    anyhow!("RefSpec doesn't resolve to a commit: '{name}'")
}

/// The progress of an export, as that of its task.
pub(crate) struct TaskProgress<'a>(pub(crate) &'a Context);

impl ExportProgress for TaskProgress<'_> {
    fn begin_layer(&self, layer: &str, number: usize, count: usize, features: u64) {
        self.0
            .step(format!("Exporting {layer} ({number}/{count})..."))
            .total(Some(features))
            .unit("features");
    }

    fn advance(&self, features: u64) {
        // A cancel is noticed by `is_stopped`.
        let _ = self.0.advance(features);
    }

    fn is_stopped(&self) -> bool {
        self.0.is_cancelled()
    }
}
