//! The job that imports layers of a GeoPackage as one commit.

mod features;
mod stored_types;

use std::path::PathBuf;

use anyhow::{anyhow, bail};
use longhaul_geopackage::{GeoPackage, Interrupter, Table};
use longhaul_repository::{DatasetPath, Mode, Stage};
use longhaul_tasks::{Context, Failure, Job, Lane, PublishError, Report};
use serde::{Deserialize, Serialize};

use crate::{
    Author, Destination, Environment,
    job_warnings::{JobWarnings, with_warnings},
    public_error::public_error,
    report::commit_report,
    repository_lane,
    staged_commit::StagedCommit,
};
use features::import_features;
use stored_types::keep_stored_types;

/// Imports layers of an uploaded GeoPackage.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ImportGeopackage {
    /// The id of the repository, which a rename does not change.
    pub repository: String,
    /// The local branch to commit to; `None` for the branch of HEAD.
    pub branch: Option<String>,
    /// The path of the uploaded file; empty if the request had none.
    pub upload: PathBuf,
    /// The name of the file for messages.
    pub file_name: String,
    /// The layer to import; `None` for all layers.
    pub layer: Option<String>,
    /// The path of the layer in the repository; `None` for its name.
    pub dest: Option<String>,
    /// Whether the features are added to the existing layer instead of replacing it.
    pub add: bool,
    /// The column that identifies features; `None` for the primary key of the table.
    pub fid_attribute: Option<String>,
    /// The commit message; `None` for the message that Kart writes.
    pub message: Option<String>,
    /// The author; `None` for the identity in the configuration of the repository.
    pub author: Option<Author>,
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
        with_warnings("warning", |warnings| self.import(env, ctx, warnings))
    }
}

/// A layer to import, and its path in the repository.
struct SelectedLayer {
    table: Table,
    path: DatasetPath,
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
        let package = GeoPackage::open_interruptible(&self.upload, &self.file_name, &interrupter);
        let package = package.map_err(public_error)?;
        warnings.extend(package.warnings().iter().cloned());
        let layers = self.selected_layers(&package)?;
        warnings.extend(layers.iter().flat_map(|layer| layer.table.warnings.iter().cloned()));
        for (index, layer) in layers.iter().enumerate() {
            ctx.step(format!("Importing {} ({}/{})...", layer.table.layer.name, index + 1, layers.len()))
                .total(layer.table.feature_count)
                .unit("features");
            self.import_layer(env, ctx, &package, &mut commit.stage, layer)?;
        }
        ctx.step("Committing...");
        commit.commit(&self.file_name, |message| message, |commit| warnings.add_to(commit_report(commit)))
    }

    fn destination(&self) -> Destination {
        Destination {
            repository: self.repository.clone(),
            branch: self.branch.clone(),
            message: self.message.clone(),
            author: self.author.clone(),
        }
    }

    fn selected_layers(&self, package: &GeoPackage) -> anyhow::Result<Vec<SelectedLayer>> {
        let names = match &self.layer {
            Some(layer) => vec![layer.clone()],
            None => package.layer_names().to_vec(),
        };
        if names.is_empty() {
            bail!("{} has no layers", self.file_name);
        }
        if self.dest.is_some() && names.len() > 1 {
            bail!("{} has {} layers: say with layer which one goes to dest", self.file_name, names.len());
        }
        names.iter().map(|name| self.selected_layer(package, name)).collect()
    }

    fn selected_layer(&self, package: &GeoPackage, name: &str) -> anyhow::Result<SelectedLayer> {
        let table = match &self.fid_attribute {
            Some(column) => package.layer_keyed_by(name, column),
            None => package.layer(name),
        };
        let path = DatasetPath::new(self.dest.as_deref().unwrap_or(name)).map_err(public_error)?;
        Ok(SelectedLayer { table: table.map_err(public_error)?, path })
    }

    fn import_layer(
        &self,
        env: &Environment,
        ctx: &Context,
        package: &GeoPackage,
        stage: &mut Stage,
        SelectedLayer { table, path }: &SelectedLayer,
    ) -> Result<(), Failure> {
        let mode = if self.add { Mode::Add } else { Mode::Replace };
        let mut layer = table.layer.clone();
        if let Some(stored) = stage.previous_columns(path).map_err(public_error)? {
            keep_stored_types(&mut layer, &stored);
        }
        let mut layer = stage.layer(path, &layer, mode).map_err(public_error)?;
        import_features(ctx, package, table, stage, &mut layer, env.threads)?;
        stage.finish(layer).map_err(public_error)?;
        Ok(())
    }
}
