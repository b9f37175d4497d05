//! The job that imports layers of a GeoPackage as one commit.

mod features;
mod selection;
mod stored_types;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::anyhow;
use longhaul_geopackage::{Findings, GeoPackage, Interrupter, Reader, Warning};
use longhaul_repository::{Mode, Stage};
use longhaul_tasks::{Context, Failure, Job, Lane, PublishError, Report};
use serde::{Deserialize, Serialize};

use crate::{
    Author, CommitRules, Destination, Environment,
    dry_run::keep_upload,
    job_warnings::{JobWarnings, with_warnings},
    public_error::public_error,
    report::commit_report,
    repository_lane,
    staged_commit::StagedCommit,
};
use features::import_features;
use selection::SelectedLayer;
use stored_types::keep_stored_types;

/// Imports layers of an uploaded GeoPackage.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ImportGeopackage {
    /// The id of the repository, which a rename does not change.
    pub repository: String,
    /// The local branch to commit to; `None` for the branch of HEAD.
    pub branch: Option<String>,
    /// The path of the uploaded file in the data folder; empty if the request had none.
    pub upload: PathBuf,
    /// The name of the file for messages.
    pub file_name: String,
    /// The layer to import; `None` for all layers.
    pub layer: Option<String>,
    /// Further layers to import, beside `layer`.
    #[serde(default)]
    pub more_layers: Vec<String>,
    /// Layers that are not imported.
    #[serde(default)]
    pub except: Vec<String>,
    /// The path of the layer in the repository; `None` for its name.
    pub dest: Option<String>,
    /// Whether the features are added to the existing layer instead of replacing it.
    pub add: bool,
    /// Whether values that cannot be read are replaced instead of stopping the import.
    #[serde(default)]
    pub lenient: bool,
    /// The column that identifies features; `None` for the primary key of the table.
    pub fid_attribute: Option<String>,
    /// The commit message; `None` for the message that Kart writes.
    pub message: Option<String>,
    /// The author; `None` for the identity in the configuration of the repository.
    pub author: Option<Author>,
    /// What is demanded of the commit.
    #[serde(default, skip_serializing_if = "CommitRules::is_default")]
    pub rules: CommitRules,
}

impl Job for ImportGeopackage {
    const KIND: &'static str = "import-geopackage";
    type Env = Environment;

    fn description(&self) -> String {
        "Importing GeoPackage database file.".to_owned()
    }

    fn lanes(&self) -> Vec<Lane> {
        vec![repository_lane(&self.repository)]
    }

    fn publish(&self, env: &Environment, intent: serde_json::Value) -> Result<(), PublishError> {
        self.destination().publish(env, intent)
    }

    fn run(self, env: &Environment, ctx: &Context) -> Result<Report, Failure> {
        if self.upload.as_os_str().is_empty() {
            // GeoGig's text. Its clients expect the task to fail, and not the request.
            return Err(Failure::new(anyhow!(
                "Request must specify one and only one fileUpload in the request body"
            )));
        }
        env.input_names.remember(ctx, &self.file_name);
        with_warnings("warning", |warnings| self.import(env, ctx, warnings))
    }
}

impl ImportGeopackage {
    fn import(
        &self,
        env: &Environment,
        ctx: &Context,
        warnings: &mut JobWarnings,
    ) -> Result<Report, Failure> {
        let destination = self.destination();
        let mut commit = StagedCommit::begin(ctx, env, &destination)?;
        let interrupter = Interrupter::default();
        let _cancel_reading = ctx.on_cancel({
            let interrupter = interrupter.clone();
            move || interrupter.interrupt()
        });
        let upload = env.upload(&self.upload);
        let package = GeoPackage::open_interruptible(&upload, &self.file_name, &interrupter);
        let package = package.map_err(public_error)?.lenient(self.lenient);
        let mut found = package.warnings().to_vec();
        let imported = self.import_layers(env, ctx, &package, &mut commit.stage, &mut found);
        for warning in Warning::merge(found) {
            warnings.add(warning.to_string(), warning.is_loss);
        }
        imported?;
        ctx.step("Committing...");
        let default = commit.stage.default_message(&self.file_name);
        let report = commit.commit(
            &self.file_name,
            |message| warnings.with_losses(message, &default),
            |commit| warnings.add_to(commit_report(commit)),
        )?;
        if self.rules.dry_run {
            keep_upload(ctx, &upload, &self.file_name)?;
        }
        Ok(report)
    }

    fn destination(&self) -> Destination {
        Destination {
            repository: self.repository.clone(),
            branch: self.branch.clone(),
            message: self.message.clone(),
            author: self.author.clone(),
            rules: self.rules.clone(),
        }
    }

    /// Imports the selected layers into the stage. `warnings` get all that was noticed, also before an error.
    fn import_layers(
        &self,
        env: &Environment,
        ctx: &Context,
        package: &GeoPackage,
        stage: &mut Stage,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), Failure> {
        let layers = self.selected_layers(package, warnings)?;
        let mut readers = (0..env.threads.max(1))
            .map(|_| package.reader().map_err(public_error))
            .collect::<Result<Vec<_>, _>>()?;
        let mut wal_warning = package.wal_warning();
        for (index, layer) in layers.iter().enumerate() {
            ctx.step(format!("Importing {} ({}/{})...", layer.table.layer.name, index + 1, layers.len()))
                .total(layer.table.feature_count.or_else(|| package.count_rows(&layer.table)))
                .unit("features");
            let findings = Mutex::default();
            let imported = self.import_layer(ctx, package, stage, layer, &mut readers, &findings);
            let findings: Findings = findings.into_inner().unwrap_or_else(PoisonError::into_inner);
            warnings.extend(layer.table.warnings_of(&findings));
            imported?;
            let is_incomplete = layer.table.feature_count.is_some_and(|count| count != findings.rows);
            warnings.extend(wal_warning.take_if(|_| is_incomplete));
        }
        Ok(())
    }

    fn import_layer(
        &self,
        ctx: &Context,
        package: &GeoPackage,
        stage: &mut Stage,
        SelectedLayer { table, path }: &SelectedLayer,
        readers: &mut [Reader],
        findings: &Mutex<Findings>,
    ) -> Result<(), Failure> {
        let mode = if self.add { Mode::Add } else { Mode::Replace };
        let mut layer = table.layer.clone();
        if let Some(stored) = stage.previous_columns(path).map_err(public_error)? {
            keep_stored_types(&mut layer, &stored);
        }
        let mut layer = stage.layer(path, &layer, mode).map_err(public_error)?;
        import_features(ctx, package, table, stage, &mut layer, readers, findings)?;
        stage.finish(layer).map_err(public_error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_version_0_1_0_stored_is_read() {
        let stored = r#"{"repository":"r1","branch":null,"upload":"u/1","file_name":"a.gpkg","layer":"roads","dest":null,"add":false,"fid_attribute":null,"message":null,"author":null}"#;
        let job: ImportGeopackage = serde_json::from_str(stored).unwrap();
        assert_eq!(job.layer.as_deref(), Some("roads"));
        assert!(job.more_layers.is_empty() && job.except.is_empty() && !job.lenient);
    }
}
