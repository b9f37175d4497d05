//! The job that imports a file of OpenStreetMap data as one commit.

use std::path::PathBuf;

use anyhow::{anyhow, bail};
use longhaul_osm::Source;
use longhaul_repository::Mode;
use longhaul_tasks::{Context, Failure, Job, Lane, PublishError, Report};
use serde::{Deserialize, Serialize};

use crate::{
    Destination, Environment, OsmMapping,
    dry_run::keep_upload,
    job_warnings::{JobWarnings, with_warnings},
    osm_commit,
    osm_layers::write_layers,
    osm_mapping::{RawLayers, layers},
    public_error::public_error,
    repository_lane,
    staged_commit::StagedCommit,
};

/// The location of a file of OpenStreetMap data.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum OsmFile {
    /// The path of an uploaded file in the data folder.
    Uploaded(PathBuf),
    /// A file on the server, as the request names it. It must be below an import root when the job runs.
    OfServer(String),
}

impl Default for OsmFile {
    fn default() -> Self {
        Self::Uploaded(PathBuf::new())
    }
}

/// Imports a file of OpenStreetMap data: all nodes and ways, and the layers of a mapping.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ImportOsm {
    /// Where the commit goes.
    #[serde(flatten)]
    pub destination: Destination,
    /// The file.
    pub file: OsmFile,
    /// The name of the file for messages.
    pub file_name: String,
    /// The file as the request names it, for the description.
    pub uri: String,
    /// The repository as the request names it, for the description.
    pub repository_uri: String,
    /// Whether features are added to the existing layers instead of replacing them.
    pub add: bool,
    /// Whether the layers `node` and `way` are omitted.
    pub no_raw: bool,
    /// The mapping that makes further layers.
    pub mapping: Option<OsmMapping>,
    /// Whether nodes without tags are left out of the layer `node`. Jobs of version 0.1.0 lack it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_untagged: bool,
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
        env.input_names.remember(ctx, &self.file_name);
        with_warnings("warnings", |warnings| self.import(env, ctx, warnings))
    }
}

impl ImportOsm {
    fn import(
        &self,
        env: &Environment,
        ctx: &Context,
        warnings: &mut JobWarnings,
    ) -> Result<Report, Failure> {
        let mut commit = StagedCommit::begin(ctx, env, &self.destination)?;
        let mut source = self.source(env)?;
        let layers = layers(self.raw_layers(), self.mapping.as_ref()).map_err(|error| anyhow!(error))?;
        let mode = if self.add { Mode::Add } else { Mode::Replace };
        let statistics = write_layers(ctx, env, &mut commit.stage, (&layers, mode), &mut source, warnings)?;
        // A saved Overpass response. Nodes and ways that are missing from it must not count as deleted.
        if let Some(remark) = source.metadata().fatal_remark() {
            return Err(Failure::new(anyhow!("{} is not complete: {remark}", self.file_name)));
        }
        if statistics.entities() == 0 {
            bail_without_entities()?;
        }
        statistics.require_kept(&self.file_name)?;
        ctx.step("Committing features...");
        let report = commit.commit(
            &self.file_name,
            |message| Some(osm_commit::message(message, warnings)),
            |commit| osm_commit::report(&statistics, source.metadata(), warnings, commit),
        )?;
        if let OsmFile::Uploaded(upload) = &self.file
            && self.destination.rules.dry_run
        {
            keep_upload(ctx, &env.upload(upload), &self.file_name)?;
        }
        Ok(report)
    }

    fn raw_layers(&self) -> RawLayers {
        if self.no_raw { RawLayers::None } else { RawLayers::with_untagged(!self.without_untagged) }
    }

    fn source(&self, env: &Environment) -> anyhow::Result<Source> {
        let missing = || anyhow!("File does not exist: {}", self.uri);
        match &self.file {
            OsmFile::Uploaded(path) => {
                // Opening a named pipe would block forever.
                let path = env.upload(path);
                path.metadata().ok().filter(|metadata| metadata.is_file()).ok_or_else(missing)?;
                Source::open(&path, &self.file_name).map_err(public_error)
            }
            OsmFile::OfServer(path) => {
                let file = env.import_roots.open(path).map_err(public_error)?;
                Source::read(file, &self.file_name).map_err(public_error)
            }
        }
    }
}

/// Fails with GeoGig's message.
fn bail_without_entities() -> anyhow::Result<()> {
    bail!("The specified filter did not contain any valid element.\nNo changes were made to the repository.")
}
