//! The job that exports the differences of two commits into a file for download.

use anyhow::Context as _;
use longhaul_repository::{DatasetPath, Interrupter, Repository};
use longhaul_tasks::{Context, Failure, Job, Report};
use serde::{Deserialize, Serialize};

use crate::{
    Environment,
    export::{ExportChanges, ExportFormat},
    export_layers::{TaskProgress, unresolved, with_warnings},
    public_error::public_error,
};

/// Exports the features in which two commits differ as a GeoPackage. As [`ExportLayers`](crate::ExportLayers), it takes no lane.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ExportDiff {
    /// The id of the repository, which a rename does not change.
    pub repository: String,
    /// What was asked for as the old commit, for messages.
    pub old_ref: String,
    /// The commit that it named then, or `[EMPTY]`; `None` if it named none.
    pub old: Option<String>,
    /// What was asked for as the new commit, for messages.
    pub new_ref: String,
    /// The commit that it named then; `None` if it named none.
    pub new: Option<String>,
    /// The paths of the layers; none for all layers that differ.
    pub layers: Vec<String>,
    /// The name of the file, without its ending.
    pub file_name: String,
}

impl Job for ExportDiff {
    const KIND: &'static str = "export-diff";
    type Env = Environment;

    fn description(&self) -> String {
        "Export changes between two commits to Geopackage database".to_owned()
    }

    fn run(self, env: &Environment, ctx: &Context) -> Result<Report, Failure> {
        let _exists = env.repository_locks.lock_shared(ctx, &self.repository)?;
        let found = env.repositories.by_id(&self.repository).map_err(public_error)?;
        let repository = found.context("the repository was deleted")?;
        let export = self.export(&repository)?;
        let media_type = ExportFormat::Gpkg.task_media_type();
        let path = ctx.result_file(&format!("{}.gpkg", self.file_name), media_type)?;
        let interrupter = Interrupter::default();
        let _cancel_reading = ctx.on_cancel({
            let interrupter = interrupter.clone();
            move || interrupter.interrupt()
        });
        let exported = export.write(&repository, &path, &TaskProgress(ctx), &interrupter);
        let exported = exported.map_err(public_error)?;
        let counts = exported.counts;
        let report = Report::new()
            .result_file(media_type)
            .text("commitId", export.new.to_string())
            .integer("features", (counts.added + counts.changed) as i64)
            .integer("added", counts.added as i64)
            .integer("changed", counts.changed as i64)
            .integer("deleted", counts.deleted as i64);
        Ok(with_warnings(report, exported.warnings))
    }
}

impl ExportDiff {
    fn export(&self, repository: &Repository) -> anyhow::Result<ExportChanges> {
        let old = self.old.as_deref().ok_or_else(|| unresolved(&self.old_ref))?;
        let new = self.new.as_deref().ok_or_else(|| unresolved(&self.new_ref))?;
        let layers = self.layers.iter().map(|path| DatasetPath::new(path).map_err(public_error));
        let layers = layers.collect::<anyhow::Result<Vec<_>>>()?;
        Ok(ExportChanges {
            old: repository.compared_commit(old).map_err(public_error)?,
            new: repository.commit_named(new).map_err(public_error)?,
            range: format!("{}..{}", self.old_ref, self.new_ref),
            layers: Some(layers).filter(|layers| !layers.is_empty()),
        })
    }
}
