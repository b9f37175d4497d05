//! The result of a download for every response of a server.

use longhaul_tasks::Status;

use crate::{
    mock_server::{MockServer, Reply, error_page, recorded, replayed},
    setup::{
        answer, download, downloaded, error_message, harness, mapped, member, number, raw_trees,
        small_extract,
    },
    support::{
        git::{assert_clean, git},
        harness::Harness,
        rows::rows,
    },
};
use longhaul_tasks::ReportValue;

const FAILED: &str =
    "Failed to fetch data from overpass server. (Did you try to use a standard OSM server instead?) ";
const EMPTY: &str = "The specified filter did not return any element.\nNo changes were made to the repository.\nTo \
                     check the downloaded elements, use the --saveto and --keep-files options and verify the \
                     intermediate file.";

const NOTHING_KEPT: &str = " has nothing that could be kept: 0 nodes, ";

/// The numbers of nodes, ways and ways without geometry of a recorded response that becomes a commit; otherwise a part of the
/// error message.
type Outcome = Result<(i64, i64, i64), &'static str>;

const OUTCOMES: [(&str, Outcome); 33] = [
    ("01-bbox-out-meta.xml", Ok((83, 17, 0))),
    ("02-bbox-out-meta.json", Err("application/json and not with OSM data")),
    ("03-empty.xml", Err(EMPTY)),
    ("04-empty.json", Err("application/json and not with OSM data")),
    ("05-syntax-error-400.html", Err("line 1: parse error: ')' expected - ';' found.")),
    ("06-syntax-error-json-400.html", Err("line 1: parse error: Unknown type \"nodes\"")),
    ("07-static-error-bbox-400.html", Err("line 1: parse error: Unknown query clause")),
    ("08-empty-body-400.html", Err("Your input contains only whitespace.")),
    ("09-no-data-get.html", Err("Your input contains only whitespace.")),
    ("10-get-query.xml", Err(EMPTY)),
    ("11-raw-body-post.xml", Ok((1, 0, 0))),
    ("12-out-body-no-meta.xml", Err(NOTHING_KEPT)),
    ("13-out-geom.xml", Ok((0, 1, 0))),
    ("14-out-count.xml", Err(EMPTY)),
    ("15-options.txt", Err("is no OpenStreetMap file")),
    ("16-status.txt", Err("text/plain and not with OSM data")),
    ("16b-status-busy.txt", Err("text/plain and not with OSM data")),
    ("16c-status-after.txt", Err("text/plain and not with OSM data")),
    ("17-timestamp.txt", Err("text/plain and not with OSM data")),
    (
        "20-timeout-remark.xml",
        Err("runtime error: Query timed out in \"around\" at line 1 after 12 seconds."),
    ),
    ("21-timeout-remark.json", Err("application/json and not with OSM data")),
    (
        "22-partial-then-timeout.xml",
        Err("runtime error: Query timed out in \"around\" at line 1 after 9 seconds."),
    ),
    ("23-maxsize-remark.xml", Err("runtime error: Query ran out of memory in \"bbox-query\" at line 1.")),
    ("24-maxsize-too-large-504.html", Err("The server is probably too busy to handle your request.")),
    ("25-timeout-huge.html", Err("The server is probably too busy to handle your request.")),
    ("26-out-csv.txt", Err("text/csv and not with OSM data")),
    ("27-two-outs-ways-before-nodes.xml", Ok((3, 1, 1))),
    ("28-qt-order.xml", Ok((83, 17, 0))),
    ("29-attic-date-unsupported.txt", Err("runtime error: Tried to use museum file")),
    ("30-way-missing-nodes.xml", Err(NOTHING_KEPT)),
    ("40-rate-limited-429.html", Err("the server takes no more queries from this address for now")),
    ("50-dispatcher-down.html", Err("(i.e. the database management system) is turned off.")),
    ("51-truncated-200.txt", Err("is truncated")),
];

/// How often a query is sent to a server with this response.
fn times_asked(name: &str) -> usize {
    match &name[..2] {
        "24" | "25" | "50" => 5,
        "40" => 8,
        _ => 1,
    }
}

#[test]
fn every_recorded_response_has_the_right_result() {
    let Some(folder) = recorded() else { return };
    for (name, outcome) in OUTCOMES {
        let sent = replayed(&folder.join(name));
        let server = MockServer::start((0..9).map(|_| Reply::Send(sent.clone())));
        let harness = harness(&server);
        let before = harness.repository_files();
        match outcome {
            Ok(counts) => {
                let report = downloaded(&harness, download(&harness));
                let count = |member: &str| number(&report, &["OSMReport", member]);
                assert_eq!(
                    (count("nodeCount"), count("wayCount"), count("unpprocessedCount")),
                    counts,
                    "{name}"
                );
                assert_eq!(*member(&report, &["osmBase"]), ReportValue::text("2016-11-09T15:50:10Z"));
                assert_clean(harness.git_dir());
            }
            Err(expected) => {
                let task = harness.run(download(&harness));
                let message = error_message(&task);
                assert!(message.contains(expected), "{name}: {message}");
                let is_known =
                    message.starts_with(FAILED) || message == EMPTY || message.contains(NOTHING_KEPT);
                assert!(is_known, "{name}: {message}");
                harness.error_text(task.error.as_ref().unwrap());
                assert_eq!(harness.repository_files(), before, "{name}");
            }
        }
        let queries = server.requests().iter().filter(|request| request.method == "POST").count();
        assert_eq!(queries, times_asked(name), "{name}");
    }
}

#[test]
fn order_and_compression_of_a_response_do_not_matter() {
    let Some(folder) = recorded() else { return };
    let packed = ["31-gzip.headers", "31-gzip.xml.gz"].map(|name| std::fs::read(folder.join(name)).unwrap());
    let answers = [
        replayed(&folder.join("01-bbox-out-meta.xml")),
        replayed(&folder.join("28-qt-order.xml")),
        packed.concat(),
    ];
    let trees = answers.map(|sent| {
        let server = MockServer::start([Reply::Send(sent)]);
        let harness = harness(&server);
        downloaded(&harness, download(&harness));
        raw_trees(&harness)
    });
    assert_eq!(trees[0], trees[1]);
    assert_eq!(trees[0], trees[2]);
}

#[test]
fn a_download_becomes_a_commit_with_the_filter_in_its_message() {
    let server = MockServer::start([answer(&small_extract())]);
    let harness = harness(&server);
    let report = downloaded(&harness, download(&harness));
    for (name, value) in [
        ("latestChangeset", 300),
        ("latestTimestamp", 1_458_289_238_000),
        ("processedEntities", 4),
        ("nodeCount", 3),
        ("wayCount", 1),
        ("unpprocessedCount", 0),
    ] {
        assert_eq!(number(&report, &["OSMReport", name]), value, "{name}");
    }
    let head = git(harness.git_dir(), &["rev-parse", "master"]);
    assert_eq!(*member(&report, &["commit", "id"]), ReportValue::text(&head));
    let message = git(harness.git_dir(), &["log", "-1", "--format=%B"]);
    let filter = r#""(node(1,2,3,4);\nway(1,2,3,4););\n(._;>;);\nout meta;""#;
    assert_eq!(message, format!("Updated OSM data\n\nOverpass-Filter: {filter}"));
    assert_eq!(rows(&harness.repository, &head, "node").len(), 3);
    assert!(rows(&harness.repository, &head, "way")[0].contains("Main Street"));
    assert_clean(harness.git_dir());
    assert_eq!(server.requests()[0].body, format!("data={}", encoded(crate::setup::FILTER)));
}

fn tip(harness: &Harness) -> String {
    git(harness.git_dir(), &["rev-parse", "master"])
}

fn encoded(filter: &str) -> String {
    let mut encoded = String::new();
    for byte in filter.bytes() {
        match byte {
            b' ' => encoded.push('+'),
            b'.' | b'_' => encoded.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            byte => encoded += &format!("%{byte:02X}"),
        }
    }
    encoded
}

#[test]
fn the_same_download_again_has_nothing_to_commit() {
    let server = MockServer::start([answer(&small_extract()), answer(&small_extract())]);
    let harness = harness(&server);
    downloaded(&harness, download(&harness));
    let head = git(harness.git_dir(), &["rev-parse", "master"]);
    let message = error_message(&harness.run(download(&harness)));
    assert_eq!(message, format!("Nothing to commit after {head}"));
}

#[test]
fn a_mapping_makes_layers_beside_the_raw_ones_and_warns_of_invalid_values() {
    let server = MockServer::start([
        answer(&small_extract()),
        answer(&small_extract().replace("Main Street", "High Street")),
    ]);
    let harness = harness(&server);
    let mapping = r#"{"rules": [
        {"name": "shops", "filter": {"shop": []}, "fields": {"shop": {"name": "kind", "type": "STRING"},
         "geom": {"name": "geom", "type": "POINT"}}},
        {"name": "streets", "filter": {"highway": []}, "fields": {"name": {"name": "number", "type": "LONG"},
         "geom": {"name": "geom", "type": "LINESTRING"}}}]}"#;
    let report = downloaded(&harness, mapped(download(&harness), mapping));
    let trees = git(harness.git_dir(), &["ls-tree", "--name-only", "master"]);
    assert_eq!(trees.lines().skip(1).collect::<Vec<_>>(), ["node", "shops", "streets", "way"]);
    let ReportValue::List(warnings) = member(&report, &["warnings"]) else { panic!("{report:?}") };
    let warning = "1 × way has a value of 'name' that is no LONG for layer 'streets': 10";
    assert_eq!(warnings, &[ReportValue::text(warning)]);
    assert_eq!(rows(&harness.repository, &tip(&harness), "shops").len(), 1);
    // A later download without a mapping does not change the layers of the mapping.
    downloaded(&harness, download(&harness));
    assert_eq!(rows(&harness.repository, &tip(&harness), "streets").len(), 1);
}

#[test]
fn xml_is_what_it_contains_whatever_its_media_type() {
    use crate::mock_server::{answer as response, osm};
    for content_type in ["text/xml", "application/xml; charset=utf-8"] {
        let page = b"<html><body><p>Error: out of order</p></body></html>".to_vec();
        let server = MockServer::start([
            Reply::Send(response("200 OK", content_type, osm(&small_extract()))),
            Reply::Send(response("200 OK", content_type, page)),
        ]);
        let harness = harness(&server);
        downloaded(&harness, download(&harness));
        assert_eq!(rows(&harness.repository, &tip(&harness), "node").len(), 3);
        let message = error_message(&harness.run(download(&harness)));
        assert!(message.starts_with(FAILED) && message.contains("it begins with <html>"), "{message}");
    }
}

#[test]
fn a_failed_download_has_its_warnings() {
    let relations = "<relation id=\"1\" version=\"1\"/><relation id=\"2\" version=\"1\"/>";
    let area = "<area id=\"1\"/>";
    let whole = answer(&small_extract());
    let broken = crate::mock_server::data(&(small_extract() + area + "<node id=\"x\"/>"));
    let server = MockServer::start([
        answer(&(relations.to_owned() + area)),
        whole,
        answer(&(small_extract() + relations + area)),
        Reply::Send(broken),
    ]);
    let harness = harness(&server);
    let warnings = |task: &longhaul_tasks::Task| {
        let result = task.result.as_ref().expect("a failed task has its warnings");
        member(result, &["warnings"]).clone()
    };
    let expected = ReportValue::List(vec![ReportValue::text("1 × <area> was not kept")]);
    let task = harness.run(download(&harness));
    assert!(error_message(&task).contains("nothing that could be kept: 0 nodes, 0 ways and 2 relations"));
    assert_eq!(warnings(&task), expected);
    downloaded(&harness, download(&harness));
    let task = harness.run(download(&harness));
    assert!(error_message(&task).starts_with("Nothing to commit after"));
    assert_eq!(warnings(&task), expected);
    let task = harness.run(download(&harness));
    assert!(error_message(&task).starts_with(FAILED), "{}", error_message(&task));
    assert_eq!(warnings(&task), expected);
}

#[test]
fn a_download_leaves_out_nodes_without_tags_on_request() {
    let server = MockServer::start([answer(&small_extract())]);
    let harness = harness(&server);
    let job = longhaul_commands::DownloadOsm { without_untagged: true, ..download(&harness) };
    let report = downloaded(&harness, job);
    assert_eq!(number(&report, &["OSMReport", "nodeCount"]), 3, "they are counted");
    assert_eq!(rows(&harness.repository, &tip(&harness), "node").len(), 1);
    assert_eq!(rows(&harness.repository, &tip(&harness), "way").len(), 1);
}

#[test]
fn a_forbidden_query_is_not_retried() {
    for (status, expected) in [("406 Not Acceptable", "--user-agent"), ("403 Forbidden", "it may be banned")]
    {
        let server = MockServer::start((0..3).map(|_| Reply::Send(error_page(status, "x"))));
        let harness = harness(&server);
        let message = error_message(&harness.run(download(&harness)));
        assert!(message.starts_with(FAILED) && message.contains(expected), "{message}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn an_unreachable_server_is_reported() {
    let harness = Harness::new();
    let message = error_message(&harness.run(download(&harness)));
    assert!(message.contains("Did you try to use a standard OSM server instead?"), "{message}");
    assert!(message.contains("Connection refused"), "{message}");
}

#[test]
fn a_truncated_response_is_not_committed() {
    let whole = crate::mock_server::data(&crate::setup::large_extract());
    for cut in [whole.len() - 3, whole.len() / 2, 400] {
        let server = MockServer::start([Reply::Send(whole[..cut].to_vec())]);
        let harness = harness(&server);
        let before = harness.repository_files();
        let message = error_message(&harness.run(download(&harness)));
        assert!(message.starts_with(FAILED), "{message}");
        assert_eq!(harness.repository_files(), before);
    }
}

#[test]
fn a_deleted_repository_is_reported() {
    let server = MockServer::start([Reply::Stall(Vec::new())]);
    let harness = harness(&server);
    harness.repositories.delete(harness.repository.name()).unwrap();
    let task = harness.run(download(&harness));
    assert_eq!((task.status, error_message(&task).as_str()), (Status::Failed, "the repository was deleted"));
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn what_was_left_out_stands_in_the_message_before_the_filter() {
    let far = "<node id=\"9\" version=\"1\" lat=\"95\" lon=\"1\"/>";
    let server = MockServer::start([answer(&(small_extract() + far)), answer(&small_extract())]);
    let harness = harness(&server);
    downloaded(&harness, download(&harness));
    let message = git(harness.git_dir(), &["log", "-1", "--format=%B"]);
    let lost = "Updated OSM data\n\nNot as in the source:\n * 1 × node lies beyond ±90° or ±180°, and is left out: 9\n\n";
    assert!(message.starts_with(&format!("{lost}Overpass-Filter: ")), "{message}");
    let unchanged = error_message(&harness.run(crate::setup::update(&harness)));
    assert!(unchanged.starts_with("Nothing to commit after"), "the update knows the filter: {unchanged}");
}
