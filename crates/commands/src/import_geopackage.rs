//! The layers of a GeoPackage become one commit on a branch.

use std::path::PathBuf;

use anyhow::bail;
use longhaul_geopackage::{GeoPackage, Table};
use longhaul_repository::{Commit, DatasetPath, Mode, Stage};
use longhaul_tasks::{Context, Failure, Job, Lane, Node, PublishError, Report};
use serde::{Deserialize, Serialize};

use crate::{
    Author, Destination, Environment, layer_import::import_features, outward::outward, report::commit_report,
    repository_lane,
};

/// Imports layers of a GeoPackage that was uploaded.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ImportGeopackage {
    /// The id of the repository, which stays when it is renamed.
    pub repository: String,
    /// The local branch to commit to; the one HEAD stands on if none is named.
    pub branch: Option<String>,
    /// Where the file is.
    pub upload: PathBuf,
    /// What the file is called, for messages.
    pub file_name: String,
    /// The one layer to import; all of them if none is named.
    pub layer: Option<String>,
    /// The path under which to keep the layer, if not its own name.
    pub dest: Option<String>,
    /// Whether features are added to those of the layer that are there, or replace them.
    pub add: bool,
    /// The column that tells features apart, if not the table's own primary key.
    pub fid_attribute: Option<String>,
    /// The commit's message; in Kart's words if there is none.
    pub message: Option<String>,
    /// Who made the change; whom the repository's configuration names if nobody is.
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
        let destination = self.destination();
        let repository = destination.open(env)?;
        let author = destination.author(&repository)?;
        let reading = longhaul_geopackage::Interrupter::default();
        let _reading = ctx.on_cancel({
            let reading = reading.clone();
            move || reading.interrupt()
        });
        let package = GeoPackage::open_interruptible(&self.upload, &self.file_name, &reading);
        let package = package.map_err(outward)?;

        let mut stage = destination.stage(&repository)?;
        let interrupter = stage.interrupter();
        let _writing = ctx.on_cancel(move || interrupter.interrupt());

        let layers = self.layers(&package)?;
        let mut warnings = package.warnings().to_vec();
        for (at, layer) in layers.iter().enumerate() {
            let name = &layer.table.layer.name;
            ctx.step(format!("Importing {name} ({}/{})...", at + 1, layers.len()))
                .total(layer.table.feature_count)
                .unit("features");
            warnings.extend(layer.table.warnings.iter().cloned());
            self.import_layer(env, ctx, &package, &mut stage, layer)?;
        }
        ctx.step("Committing...");
        let details = destination.details(&repository, author, &self.file_name);
        destination.commit(ctx, env, stage, details, |commit| report(commit, warnings))
    }
}

/// A layer of the file, and where it is to be kept.
struct Chosen {
    table: Table,
    path: DatasetPath,
}

impl ImportGeopackage {
    fn destination(&self) -> Destination {
        Destination {
            repository: self.repository.clone(),
            branch: self.branch.clone(),
            message: self.message.clone(),
            author: self.author.clone(),
        }
    }

    fn layers(&self, package: &GeoPackage) -> anyhow::Result<Vec<Chosen>> {
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
        names.iter().map(|name| self.layer(package, name)).collect()
    }

    fn layer(&self, package: &GeoPackage, name: &str) -> anyhow::Result<Chosen> {
        let table = match &self.fid_attribute {
            Some(column) => package.layer_keyed_by(name, column),
            None => package.layer(name),
        };
        let path = DatasetPath::new(self.dest.as_deref().unwrap_or(name)).map_err(outward)?;
        Ok(Chosen { table: table.map_err(outward)?, path })
    }

    fn import_layer(
        &self,
        env: &Environment,
        ctx: &Context,
        package: &GeoPackage,
        stage: &mut Stage,
        Chosen { table, path }: &Chosen,
    ) -> Result<(), Failure> {
        let mode = if self.add { Mode::Add } else { Mode::Replace };
        let mut layer = stage.layer(path, &table.layer, mode).map_err(outward)?;
        import_features(ctx, package, table, stage, &mut layer, env.threads)?;
        stage.finish(layer).map_err(outward)?;
        Ok(())
    }
}

fn report(commit: &Commit, warnings: Vec<String>) -> Report {
    let report = commit_report(commit);
    match warnings.is_empty() {
        true => report,
        false => report.list("warning", warnings.into_iter().map(Node::text)),
    }
}
