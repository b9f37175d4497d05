//! What Overpass has of an area becomes one commit on a branch.

mod fetch;
mod last_download;

pub use fetch::Overpass;

use anyhow::{anyhow, bail};
use longhaul_osm::{
    Source,
    overpass::{BoundingBox, Query, QueryResponse},
};
use longhaul_repository::{CommitDetails, Mode, Repository};
use longhaul_tasks::{Context, Failure, Job, Lane, PublishError, Report};
use serde::{Deserialize, Serialize};

use crate::{
    Destination, Environment, OsmMapping,
    osm_layers::{OsmLayers, OsmStatistics},
    osm_mapping::layers,
    public_error::public_error,
    report::commit_members,
};
use fetch::{fetch, fetch_failed};
use last_download::LastDownload;

/// The longest part of a description, in characters: filters and mappings may be whole files.
const LONGEST_WORDS: usize = 2000;

/// Downloads what a filter selects of OpenStreetMap, or what is new of what was downloaded last.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DownloadOsm {
    /// Where the commit goes.
    #[serde(flatten)]
    pub destination: Destination,
    /// What is to be downloaded.
    pub wanted: OsmArea,
    /// Layers that are made of it, beside `node` and `way`.
    pub mapping: Option<OsmMapping>,
    /// What the request said.
    pub asked: DownloadWords,
}

/// What is to be downloaded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum OsmArea {
    /// What a query in Overpass QL selects.
    Filter(String),
    /// What the last download on the branch selected.
    LastFilter,
}

/// What a request for a download said, for its description.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DownloadWords {
    /// The filter, or what it is called.
    pub filter: Option<String>,
    /// The area.
    pub bbox: Option<String>,
    /// The mapping, or what it is called.
    pub mapping: Option<String>,
    /// Whether it is an update.
    pub update: Option<bool>,
    /// How an update is to be brought together with other changes; there are none, so both ways are the same.
    pub rebase: Option<bool>,
}

impl Job for DownloadOsm {
    const KIND: &'static str = "download-osm";
    type Env = Environment;

    fn description(&self) -> String {
        self.asked.description()
    }

    /// The server that is asked, which takes one query at a time from us. The repository is not among them:
    /// [`RepositoryLocks`](crate::RepositoryLocks) says why.
    fn lanes(&self) -> Vec<Lane> {
        vec![Lane::new("overpass")]
    }

    fn publish(&self, env: &Environment, intent: serde_json::Value) -> Result<(), PublishError> {
        self.destination.publish(env, intent)
    }

    fn run(self, env: &Environment, ctx: &Context) -> Result<Report, Failure> {
        let filter = self.filter(&self.destination.open(env)?)?;
        let query = Query::new(filter.clone()).map_err(|error| anyhow!(error))?;
        let answer = fetch(ctx, &env.overpass, &query)?;
        let interrupter = answer.interrupter();
        let _fetching = ctx.on_cancel(move || interrupter.interrupt());
        let _shared = env.repository_locks.lock_shared(ctx, &self.destination.repository)?;
        self.import(env, ctx, answer, &filter)
    }
}

impl DownloadOsm {
    /// Makes a commit of what comes.
    fn import(
        &self,
        env: &Environment,
        ctx: &Context,
        answer: QueryResponse,
        filter: &str,
    ) -> Result<Report, Failure> {
        // Afresh: while the server took its time the repository may have been renamed, or deleted.
        let repository = self.destination.open(env)?;
        let author = self.destination.author(&repository)?;
        let mut stage = self.destination.stage(&repository)?;
        let interrupter = stage.interrupter();
        let _writing = ctx.on_cancel(move || interrupter.interrupt());
        // The stage stands on what the branch has now, and so must an update.
        if self.filter(&repository)? != filter {
            bail_because_of_another_download()?;
        }

        let name = format!("the answer of {}", env.overpass.client.endpoint());
        let mut source = Source::read(answer, &name).map_err(|error| fetch_failed(public_error(error)))?;
        let layers = layers(true, self.mapping.as_ref()).map_err(|error| anyhow!(error))?;
        let written = OsmLayers::begin(ctx, env, &mut stage, &layers, Mode::Replace)?.write(&mut source);
        let statistics = written.map_err(|failure| match source.has_failed() {
            true => fetch_failed(failure.into_error()),
            false => failure,
        })?;
        require_all_of(&source, &statistics)?;

        ctx.step("Committing features...");
        let details = self.destination.details(&repository, author, &name);
        let message = LastDownload::message(details.message, filter);
        let details = CommitDetails { message: Some(message), ..details };
        self.destination.commit(ctx, env, stage, details, |commit| {
            statistics.report(source.metadata()).element("commit", commit_members(commit))
        })
    }

    /// What the server is asked for. Of an update, as the branch has it now.
    fn filter(&self, repository: &Repository) -> anyhow::Result<String> {
        match &self.wanted {
            OsmArea::Filter(filter) => Ok(filter.clone()),
            OsmArea::LastFilter => {
                let branch = self.destination.branch(repository)?;
                let last = LastDownload::on(repository, &branch)?;
                last.require_untouched(repository)?;
                Ok(last.into_filter())
            }
        }
    }
}

/// Whether all that was asked for came, and was anything.
fn require_all_of(source: &Source, statistics: &OsmStatistics) -> Result<(), Failure> {
    if let Some(remark) = source.metadata().fatal_remark() {
        return Err(fetch_failed(anyhow!("{remark}")));
    }
    if statistics.entities() == 0 {
        bail_without_elements()?;
    }
    Ok(())
}

/// The words of GeoGig's clients, though there is nothing to save to and to keep.
fn bail_without_elements() -> anyhow::Result<()> {
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

impl DownloadWords {
    fn description(&self) -> String {
        let or_null = |words: &Option<String>| words.as_deref().map_or("null".into(), shown);
        let mut description =
            format!("osm download filter: {}, bbox: {}", or_null(&self.filter), or_null(&self.bbox));
        if let Some(mapping) = &self.mapping {
            description += &format!(", mapping: {}", shown(mapping));
        }
        if let Some(update) = self.update {
            description += &format!(", update: {update}");
        }
        if let Some(rebase) = self.rebase {
            description += &format!(", rebase: {rebase}");
        }
        description
    }
}

fn shown(words: &str) -> String {
    match words.char_indices().nth(LONGEST_WORDS) {
        Some((end, _)) => format!("{}...", &words[..end]),
        None => words.to_owned(),
    }
}

/// Checks a filter as far as that is possible without asking the server.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_filter(filter: &str) -> Result<(), longhaul_osm::overpass::InvalidQuery> {
    Query::new(filter).map(drop)
}

/// The filter that selects all nodes and ways of an area, written `S,W,N,E`.
///
/// # Errors
/// In the words of GeoGig's clients, if it is no area.
pub fn filter_of_bbox(bbox: &str) -> Result<String, longhaul_osm::overpass::InvalidBoundingBox> {
    Ok(bbox.parse::<BoundingBox>()?.filter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_says_what_the_request_said() {
        let words = DownloadWords { bbox: Some("1,2,3,4".into()), ..DownloadWords::default() };
        assert_eq!(words.description(), "osm download filter: null, bbox: 1,2,3,4");
        let words = DownloadWords {
            filter: Some("node(1);out meta;".into()),
            mapping: Some("roads.json".into()),
            update: Some(false),
            rebase: Some(true),
            ..DownloadWords::default()
        };
        assert_eq!(
            words.description(),
            "osm download filter: node(1);out meta;, bbox: null, mapping: roads.json, update: false, rebase: true"
        );
        let words = DownloadWords { filter: Some("ö".repeat(5000)), ..DownloadWords::default() };
        assert_eq!(words.description(), format!("osm download filter: {}..., bbox: null", "ö".repeat(2000)));
    }
}
