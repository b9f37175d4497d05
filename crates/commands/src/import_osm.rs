//! A file of OpenStreetMap data becomes one commit on a branch.

use std::path::PathBuf;

use anyhow::bail;
use osm::{EntityLayer, RawNodes, RawWays, Source};
use repository::{CommitDetails, Mode};
use serde::{Deserialize, Serialize};
use tasks::{Context, Failure, Job, Lane, Report};

use crate::{
    Destination, Environment, osm_layers::OsmLayers, outward::outward, report::commit_members,
    repository_lane,
};

/// What the commit says if nobody says anything.
const MESSAGE: &str = "Updated OSM data";

/// Imports a file of OpenStreetMap data: its nodes and ways, and the layers that a mapping makes of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ImportOsm {
    /// Where the commit goes.
    #[serde(flatten)]
    pub destination: Destination,
    /// Where the file is: one that was uploaded, or one of the server's own.
    pub file: PathBuf,
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

    fn is_published(&self, env: &Environment, intent: serde_json::Value) -> anyhow::Result<bool> {
        self.destination.is_published(env, intent)
    }

    fn run(self, env: &Environment, ctx: &Context) -> Result<Report, Failure> {
        let repository = self.destination.open(env)?;
        let author = self.destination.author(&repository)?;
        let mut source = self.source()?;
        let mut stage = self.destination.stage(&repository)?;
        let interrupter = stage.interrupter();
        let _writing = ctx.on_cancel(move || interrupter.interrupt());

        let layers = self.layers();
        let mode = if self.add { Mode::Add } else { Mode::Replace };
        let tally = OsmLayers::begin(ctx, env, &mut stage, &layers, mode)?.write(&mut source)?;
        if tally.entities() == 0 {
            bail_without_elements()?;
        }
        ctx.step("Committing features...");
        let details = self.destination.details(&repository, author, &self.file_name);
        self.destination.commit(ctx, stage, worded(details), |commit| {
            tally.report(source.about()).element("commit", commit_members(commit))
        })
    }
}

impl ImportOsm {
    fn source(&self) -> anyhow::Result<Source> {
        // A pipe would be waited for without an end.
        match self.file.metadata() {
            Ok(found) if found.is_file() => Source::open(&self.file, &self.file_name).map_err(outward),
            _ => bail!("File does not exist: {}", self.uri),
        }
    }

    fn layers(&self) -> Vec<Box<dyn EntityLayer>> {
        match self.no_raw {
            true => Vec::new(),
            false => vec![Box::new(RawNodes::default()), Box::new(RawWays::default())],
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
