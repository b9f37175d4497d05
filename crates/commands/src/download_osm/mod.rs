//! The job that downloads OpenStreetMap data from an Overpass server as one commit.

mod last_download;
mod parameters;

pub use parameters::DownloadParameters;

use anyhow::{anyhow, bail};
use longhaul_osm::{
    Source,
    overpass::{BoundingBox, InvalidBoundingBox, InvalidQuery, Query, QueryResponse},
};
use longhaul_repository::{Mode, Repository};
use longhaul_tasks::{Context, Failure, Job, Lane, PublishError, Report};
use serde::{Deserialize, Serialize};

use crate::{
    Destination, Environment, OsmMapping,
    job_warnings::{JobWarnings, with_warnings},
    osm_commit,
    osm_layers::{OsmStatistics, write_layers},
    osm_mapping::{RawLayers, layers},
    overpass::download_failure,
    public_error::public_error,
    staged_commit::StagedCommit,
};
use last_download::LastDownload;

/// Downloads the data that a filter selects, or updates the data of the last download.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DownloadOsm {
    /// Where the commit goes.
    #[serde(flatten)]
    pub destination: Destination,
    /// The filter that selects the data.
    #[serde(rename = "wanted")]
    pub filter: DownloadFilter,
    /// The mapping that makes layers beside `node` and `way`.
    pub mapping: Option<OsmMapping>,
    /// The parameters of the request.
    #[serde(rename = "asked")]
    pub parameters: DownloadParameters,
    /// Whether nodes without tags are left out of the layer `node`. Jobs of version 0.1.0 lack it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_untagged: bool,
}

/// The filter of a download.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DownloadFilter {
    /// A query in Overpass QL.
    Filter(String),
    /// The filter of the last download on the branch.
    LastFilter,
}

impl Job for DownloadOsm {
    const KIND: &'static str = "download-osm";
    type Env = Environment;

    fn description(&self) -> String {
        self.parameters.description()
    }

    /// The lane of the Overpass server, to which one query is sent at a time. The lane of the repository is not entered, for
    /// the reason given at [`RepositoryLocks`](crate::RepositoryLocks).
    fn lanes(&self) -> Vec<Lane> {
        vec![Lane::new("overpass")]
    }

    fn publish(&self, env: &Environment, intent: serde_json::Value) -> Result<(), PublishError> {
        self.destination.publish(env, intent)
    }

    fn run(self, env: &Environment, ctx: &Context) -> Result<Report, Failure> {
        with_warnings("warnings", |warnings| self.download(env, ctx, warnings))
    }
}

impl DownloadOsm {
    fn download(
        &self,
        env: &Environment,
        ctx: &Context,
        warnings: &mut JobWarnings,
    ) -> Result<Report, Failure> {
        let filter = self.resolve_filter(&self.destination.open(env)?)?;
        let query = Query::new(filter.clone()).map_err(|error| anyhow!(error))?;
        let response = env.overpass.query(ctx, &query)?;
        let interrupter = response.interrupter();
        let _cancel_download = ctx.on_cancel(move || interrupter.interrupt());
        let _shared = env.repository_locks.lock_shared(ctx, &self.destination.repository)?;
        self.import(env, ctx, response, &filter, warnings)
    }

    /// Imports the response as one commit.
    fn import(
        &self,
        env: &Environment,
        ctx: &Context,
        response: QueryResponse,
        filter: &str,
        warnings: &mut JobWarnings,
    ) -> Result<Report, Failure> {
        // Opens the repository again: it may have been renamed or deleted while the server worked on the query.
        let mut commit = StagedCommit::begin(ctx, env, &self.destination)?;
        // The stage is based on the current tip of the branch, and so must be the filter of an update.
        if self.resolve_filter(commit.repository())? != filter {
            bail_because_of_another_download()?;
        }
        let name = format!("the answer of {}", env.overpass.endpoint());
        let mut source =
            Source::read(response, &name).map_err(|error| download_failure(public_error(error)))?;
        let raw = RawLayers::with_untagged(!self.without_untagged);
        let layers = layers(raw, self.mapping.as_ref()).map_err(|error| anyhow!(error))?;
        let to = (&layers[..], Mode::Replace);
        let written = write_layers(ctx, env, &mut commit.stage, to, &mut source, warnings);
        let statistics = written.map_err(|failure| match source.has_failed() {
            true => download_failure(failure.into_error()),
            false => failure,
        })?;
        require_complete(&source, &statistics)?;
        statistics.require_kept(&name)?;
        ctx.step("Committing features...");
        commit.commit(
            &name,
            |message| Some(LastDownload::message(osm_commit::message(message, warnings), filter)),
            |commit| osm_commit::report(&statistics, source.metadata(), warnings, commit),
        )
    }

    /// The filter to send. For an update it is that of the last download on the branch as it is now.
    fn resolve_filter(&self, repository: &Repository) -> anyhow::Result<String> {
        match &self.filter {
            DownloadFilter::Filter(filter) => Ok(filter.clone()),
            DownloadFilter::LastFilter => {
                let branch = self.destination.branch(repository)?;
                let last = LastDownload::find(repository, &branch)?;
                last.require_unedited(repository)?;
                Ok(last.into_filter())
            }
        }
    }
}

/// Fails if the server aborted the query, or found nothing.
fn require_complete(source: &Source, statistics: &OsmStatistics) -> Result<(), Failure> {
    if let Some(remark) = source.metadata().fatal_remark() {
        return Err(download_failure(anyhow!("{remark}")));
    }
    if statistics.entities() == 0 {
        bail_without_entities()?;
    }
    Ok(())
}

/// Fails with GeoGig's message. The options that it names do not exist here.
fn bail_without_entities() -> anyhow::Result<()> {
    bail!(
        "The specified filter did not return any element.\nNo changes were made to the repository.\nTo check the \
         downloaded elements, use the --saveto and --keep-files options and verify the intermediate file."
    )
}

fn bail_because_of_another_download() -> anyhow::Result<()> {
    bail!(
        "another download with another filter was committed in the meantime, so nothing was committed; try again"
    )
}

/// Checks a filter as far as that is possible without sending it.
///
/// # Errors
/// If the filter is empty or asks for another output format than XML.
pub fn check_filter(filter: &str) -> Result<(), InvalidQuery> {
    Query::new(filter).map(drop)
}

/// The filter that selects all nodes and ways in a bounding box `S,W,N,E`.
///
/// # Errors
/// If the text is not a bounding box. The messages are GeoGig's.
pub fn filter_of_bbox(bbox: &str) -> Result<String, InvalidBoundingBox> {
    Ok(bbox.parse::<BoundingBox>()?.filter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_form_of_a_job_has_the_field_names_of_version_0_1_0() {
        let stored = r#"{"repository":"r1","branch":null,"message":null,"author":null,"wanted":{"Filter":"node(1);"},"mapping":null,"asked":{"filter":null,"bbox":"1,2,3,4","mapping":null,"update":null,"rebase":null}}"#;
        let job: DownloadOsm = serde_json::from_str(stored).unwrap();
        assert_eq!(serde_json::to_string(&job).unwrap(), stored);
        let update = stored.replace(r#"{"Filter":"node(1);"}"#, r#""LastFilter""#);
        let job: DownloadOsm = serde_json::from_str(&update).unwrap();
        assert_eq!(serde_json::to_string(&job).unwrap(), update);
    }
}
