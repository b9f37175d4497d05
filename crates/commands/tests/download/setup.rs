//! A scripted Overpass server, a harness that uses it, and test data.

use std::time::Duration;

use longhaul_commands::{Destination, DownloadFilter, DownloadOsm, DownloadParameters, OsmMapping, Overpass};
use longhaul_osm::overpass::{Client, RetryPolicy};
use longhaul_tasks::{MemoryStore, Report, ReportValue, Status, Task, store::Store};

use crate::{
    mock_server::{MockServer, Reply},
    support::{git::git, harness::Harness},
};

pub const FILTER: &str = "(node(1,2,3,4);\nway(1,2,3,4););\n(._;>;);\nout meta;";

/// As many retries as usual, almost without delays.
pub const QUICK: RetryPolicy = RetryPolicy {
    min_delay: Duration::from_millis(1),
    max_delay: Duration::from_millis(2),
    max_rate_limited: 8,
    max_overloaded: 5,
};

/// A delay that does not end during a test.
pub const SLOW: RetryPolicy = RetryPolicy {
    min_delay: Duration::from_secs(3600),
    max_delay: Duration::from_secs(3600),
    max_rate_limited: 8,
    max_overloaded: 5,
};

/// A harness whose downloads come from `server`.
pub fn harness(server: &MockServer) -> Harness {
    with_retry_policy(server, QUICK, MemoryStore::new())
}

/// A harness with this retry policy and one worker.
pub fn with_retry_policy(server: &MockServer, retry_policy: RetryPolicy, store: impl Store) -> Harness {
    let client = Client::new(server.url().parse().unwrap(), "longhaul-tests/1.0").unwrap();
    Harness::with_overpass(Overpass { client, retry_policy }, 1, store)
}

/// A harness with two workers.
pub fn harness_with_two_workers(server: &MockServer) -> Harness {
    let client = Client::new(server.url().parse().unwrap(), "longhaul-tests/1.0").unwrap();
    Harness::with_overpass(Overpass { client, retry_policy: QUICK }, 2, MemoryStore::new())
}

/// A download with [`FILTER`].
pub fn download(harness: &Harness) -> DownloadOsm {
    let destination =
        Destination { repository: harness.repository.id().to_owned(), ..Destination::default() };
    DownloadOsm {
        destination,
        filter: DownloadFilter::Filter(FILTER.to_owned()),
        mapping: None,
        parameters: DownloadParameters { bbox: Some("1,2,3,4".into()), ..DownloadParameters::default() },
        without_untagged: false,
    }
}

/// An update of the last download.
pub fn update(harness: &Harness) -> DownloadOsm {
    let parameters = DownloadParameters { update: Some(true), ..DownloadParameters::default() };
    DownloadOsm { filter: DownloadFilter::LastFilter, parameters, ..download(harness) }
}

pub fn mapped(job: DownloadOsm, mapping: &str) -> DownloadOsm {
    DownloadOsm { mapping: Some(OsmMapping::new(mapping).unwrap()), ..job }
}

/// Runs a download that must succeed, and returns its report.
#[track_caller]
pub fn downloaded(harness: &Harness, job: DownloadOsm) -> Report {
    let task = harness.run(job);
    assert_eq!(task.status, Status::Finished, "{:?}", task.error);
    (*task.result.unwrap()).clone()
}

/// The member of a report at a path.
pub fn member<'a>(report: &'a Report, path: &[&str]) -> &'a ReportValue {
    let (name, rest) = path.split_first().unwrap();
    let found = report.members().iter().find(|(known, _)| known == name);
    let node = &found.unwrap_or_else(|| panic!("no {name} in {report:?}")).1;
    match node {
        ReportValue::Element(inner) if !rest.is_empty() => member(inner, rest),
        node => node,
    }
}

#[track_caller]
pub fn number(report: &Report, path: &[&str]) -> i64 {
    match member(report, path) {
        ReportValue::Integer(number) => *number,
        other => panic!("{other:?}"),
    }
}

/// The error message of a failed task.
#[track_caller]
pub fn error_message(task: &Task) -> String {
    assert_eq!(task.status, Status::Failed, "{:?}", task.result);
    task.error.as_ref().unwrap().message.clone()
}

/// The ids of the trees of the raw layers on the branch.
pub fn raw_trees(harness: &Harness) -> [String; 2] {
    ["node", "way"].map(|layer| git(harness.git_dir(), &["rev-parse", &format!("master:{layer}")]))
}

pub fn node(id: i64, version: u32, tags: &str) -> String {
    format!(
        "<node id=\"{id}\" lat=\"1.{id:07}\" lon=\"2.0\" version=\"{version}\" timestamp=\"2016-03-18T08:20:37Z\" \
         changeset=\"{id}00\" uid=\"7\" user=\"Jo\">{tags}</node>\n"
    )
}

pub fn way(id: i64, refs: &[i64], tags: &str) -> String {
    let refs: String = refs.iter().map(|id| format!("<nd ref=\"{id}\"/>")).collect();
    format!(
        "<way id=\"{id}\" version=\"1\" timestamp=\"2016-03-18T08:20:38Z\" changeset=\"9\" uid=\"7\" \
         user=\"Jo\">{refs}{tags}</way>\n"
    )
}

/// Three nodes and a way that connects them.
pub fn small_extract() -> String {
    let street = "<tag k=\"highway\" v=\"residential\"/><tag k=\"name\" v=\"Main Street\"/>";
    [node(1, 1, ""), node(2, 1, "<tag k=\"shop\" v=\"yes\"/>"), node(3, 1, ""), way(10, &[1, 2, 3], street)]
        .concat()
}

/// So many nodes that they are read and sent in many parts.
pub fn large_extract() -> String {
    (1..=40_000).map(|id| node(id, 1, "")).collect()
}

pub fn answer(elements: &str) -> Reply {
    Reply::Send(crate::mock_server::data(elements))
}
