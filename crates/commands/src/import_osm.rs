//! A file of OpenStreetMap data becomes one commit on a branch.

use std::path::PathBuf;

use anyhow::{anyhow, bail};
use longhaul_osm::Source;
use longhaul_repository::{CommitDetails, Mode};
use longhaul_tasks::{Context, Failure, Job, Lane, PublishError, Report};
use serde::{Deserialize, Serialize};

use crate::{
    Destination, Environment, OsmMapping, osm_layers::OsmLayers, osm_mapping::layers,
    public_error::public_error, report::commit_members, repository_lane,
};

/// What the commit says if nobody says anything.
pub(crate) const MESSAGE: &str = "Updated OSM data";

/// Where a file of OpenStreetMap data is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum OsmFile {
    /// One that was uploaded.
    Uploaded(PathBuf),
    /// One of the server's own, as a request named it; it must lie under an import root when it is opened.
    OfServer(String),
}

impl Default for OsmFile {
    fn default() -> Self {
        Self::Uploaded(PathBuf::new())
    }
}

/// Imports a file of OpenStreetMap data: its nodes and ways, and the layers that a mapping makes of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ImportOsm {
    /// Where the commit goes.
    #[serde(flatten)]
    pub destination: Destination,
    /// Where the file is.
    pub file: OsmFile,
    /// What the file is called, for messages.
    pub file_name: String,
    /// The file and the repository as the request names them, for the description.
    pub uri: String,
    /// As `uri`.
    pub repository_uri: String,
    /// Whether features are added to those of the layers that are there, or replace them.
    pub add: bool,
    /// Whether the layers `node` and `way` are left out.
    pub no_raw: bool,
    /// Layers that are made of it, beside `node` and `way`.
    pub mapping: Option<OsmMapping>,
}

impl Job for ImportOsm {
    const KIND: &'static str = "import-osm";
    type Env = Environment;

    fn description(&self) -> String {
        format!("osm import {}, repository: {}", self.uri, self.repository_uri)
    }

    fn lanes(&self) -> Vec<Lane> {
        vec![repository_lane(&self.destination.repository)]
    }

    fn publish(&self, env: &Environment, intent: serde_json::Value) -> Result<(), PublishError> {
        self.destination.publish(env, intent)
    }

    fn run(self, env: &Environment, ctx: &Context) -> Result<Report, Failure> {
        let repository = self.destination.open(env)?;
        let author = self.destination.author(&repository)?;
        let mut source = self.source(env)?;
        let mut stage = self.destination.stage(&repository)?;
        let interrupter = stage.interrupter();
        let _writing = ctx.on_cancel(move || interrupter.interrupt());

        let layers = layers(!self.no_raw, self.mapping.as_ref()).map_err(|error| anyhow!(error))?;
        let mode = if self.add { Mode::Add } else { Mode::Replace };
        let statistics = OsmLayers::begin(ctx, env, &mut stage, &layers, mode)?.write(&mut source)?;
        // An answer of Overpass that was saved: what is missing would be taken for deleted.
        if let Some(remark) = source.metadata().fatal_remark() {
            return Err(Failure::new(anyhow!("{} is not complete: {remark}", self.file_name)));
        }
        if statistics.entities() == 0 {
            bail_without_elements()?;
        }
        ctx.step("Committing features...");
        let details = self.destination.details(&repository, author, &self.file_name);
        self.destination.commit(ctx, env, stage, worded(details), |commit| {
            statistics.report(source.metadata()).element("commit", commit_members(commit))
        })
    }
}

impl ImportOsm {
    fn source(&self, env: &Environment) -> anyhow::Result<Source> {
        let missing = || anyhow!("File does not exist: {}", self.uri);
        match &self.file {
            OsmFile::Uploaded(path) => {
                // A pipe would be waited for without an end.
                path.metadata().ok().filter(|found| found.is_file()).ok_or_else(missing)?;
                Source::open(path, &self.file_name).map_err(public_error)
            }
            OsmFile::OfServer(path) => {
                let file = env.import_roots.open(path).map_err(public_error)?;
                Source::read(file, &self.file_name).map_err(public_error)
            }
        }
    }
}

/// The words of GeoGig's clients.
fn bail_without_elements() -> anyhow::Result<()> {
    bail!("The specified filter did not contain any valid element.\nNo changes were made to the repository.")
}

fn worded(details: CommitDetails) -> CommitDetails {
    let said = details.message.filter(|message| !message.trim().is_empty());
    CommitDetails { message: Some(said.unwrap_or_else(|| MESSAGE.to_owned())), ..details }
}
