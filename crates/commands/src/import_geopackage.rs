//! The layers of a GeoPackage become one commit on a branch.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow, bail};
use geopackage::{GeoPackage, Table};
use jiff::Timestamp;
use repository::{CommitDetails, DatasetPath, Identity, Mode, Repository, Stage};
use serde::{Deserialize, Serialize};
use tasks::{Context, Failure, Job, Lane, Node, Report};

use crate::{
    Environment, layer_import::import_features, outward::outward, report::commit_report, repository_lane,
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

/// Who made a change.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Author {
    /// The name.
    pub name: String,
    /// The address, if it is known.
    pub email: Option<String>,
}

/// What the import is about to publish, as the task's journal keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct Intent {
    repository: String,
    branch: String,
    old: Option<String>,
    new: String,
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

    fn is_published(&self, env: &Environment, intent: serde_json::Value) -> anyhow::Result<bool> {
        let intent: Intent = serde_json::from_value(intent).context("could not read what was sealed")?;
        let repository = self.repository(env)?;
        let new = intent.new.parse().context("could not read the commit that was sealed")?;
        repository.branch_contains(&intent.branch, new).map_err(outward)
    }

    fn run(self, env: &Environment, ctx: &Context) -> Result<Report, Failure> {
        let repository = self.repository(env)?;
        let author = self.author(&repository)?;
        let reading = geopackage::Interrupter::default();
        let _reading = ctx.on_cancel({
            let reading = reading.clone();
            move || reading.interrupt()
        });
        let package = GeoPackage::open_interruptible(&self.upload, &self.file_name, &reading);
        let package = package.map_err(outward)?;

        let mut stage = Stage::open(&repository, &self.branch(&repository)?).map_err(outward)?;
        let interrupter = stage.interrupter();
        let _writing = ctx.on_cancel(move || interrupter.interrupt());

        let layers = self.layers(&package)?;
        let mut notes = package.notes().to_vec();
        for (at, layer) in layers.iter().enumerate() {
            let name = &layer.table.layer.name;
            ctx.step(format!("Importing {name} ({}/{})...", at + 1, layers.len()))
                .total(layer.table.feature_count)
                .unit("features");
            notes.extend(layer.table.notes.iter().cloned());
            self.import_layer(env, ctx, &package, &mut stage, layer)?;
        }
        ctx.step("Committing...");
        self.commit(ctx, stage, &repository, author, notes)
    }
}

/// A layer of the file, and where it is to be kept.
struct Chosen {
    table: Table,
    path: DatasetPath,
}

impl ImportGeopackage {
    fn repository(&self, env: &Environment) -> anyhow::Result<Repository> {
        let found = env.repositories.by_id(&self.repository).map_err(outward);
        let found = found.context("could not look for the repository")?;
        found.ok_or_else(|| anyhow!("the repository was deleted"))
    }

    fn branch(&self, repository: &Repository) -> anyhow::Result<String> {
        match &self.branch {
            Some(branch) => Ok(branch.clone()),
            None => repository
                .head_branch()
                .map_err(outward)?
                .ok_or_else(|| anyhow!("the repository's HEAD stands on no branch; name one with root")),
        }
    }

    fn author(&self, repository: &Repository) -> anyhow::Result<Identity> {
        let Some(author) = &self.author else {
            return Ok(repository.identity());
        };
        let email = author.email.as_deref().unwrap_or_default();
        Identity::clean(&author.name, email)
            .ok_or_else(|| anyhow!("'{}' is no name for an author", author.name.escape_debug()))
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

    fn commit(
        &self,
        ctx: &Context,
        stage: Stage,
        repository: &Repository,
        author: Identity,
        notes: Vec<String>,
    ) -> Result<Report, Failure> {
        let details = CommitDetails {
            author,
            committer: repository.identity(),
            message: self.message.clone(),
            source: self.file_name.clone(),
            time: Timestamp::now(),
        };
        let staged = stage.commit(&details).map_err(outward)?;
        let mut report = commit_report(staged.commit());
        if !notes.is_empty() {
            report = report.list("warning", notes.into_iter().map(Node::text));
        }
        let intent = Intent {
            repository: self.repository.clone(),
            branch: staged.branch().to_owned(),
            old: staged.previous_tip().map(|id| id.to_string()),
            new: staged.commit().id.to_string(),
        };
        let _sealed = ctx.seal(&intent, &report)?;
        staged.publish().map_err(outward)?;
        Ok(report)
    }
}
