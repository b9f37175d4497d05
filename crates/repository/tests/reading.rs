//! Reading the history, and the layers and features of a commit.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod support;

use std::{path::Path, process::Command};

use longhaul_repository::{LogQuery, LsTreeKind, LsTreeQuery, ReadError, Repositories, Repository};
use support::{commit, git, repository, shared_data};

fn log(repository: &Repository, query: LogQuery) -> Vec<String> {
    let page = repository.log(&query).unwrap();
    page.commits.iter().map(|commit| commit.id.to_string()).collect()
}

fn nodes(repository: &Repository, query: LsTreeQuery) -> Vec<String> {
    repository.ls_tree(&query).unwrap().map(|node| node.unwrap().path).collect()
}

/// Two layers, one of them in a folder, and files that belong to none.
const LAYERS: &[(&str, &str)] = &[
    (".kart.repostructure.version", "3\n"),
    ("README.md", "no layer"),
    ("roads/metadata.xml", "<x/>"),
    ("roads/.table-dataset/meta/schema.json", "[]"),
    ("roads/.table-dataset/feature/A/A/A/A/kQE=", "one"),
    ("roads/.table-dataset/feature/A/A/A/B/kU0=", "seventy-seven"),
    ("water/lakes/.table-dataset/meta/schema.json", "[ ]"),
    ("water/lakes/.table-dataset/feature/5/3/U/_/kaFh", "a"),
    ("empty/.table-dataset/meta/schema.json", "[  ]"),
];

#[test]
fn a_repository_without_commits_has_an_empty_history_and_no_layers() {
    let (_folder, repository) = repository();
    assert!(log(&repository, LogQuery::default()).is_empty());
    assert!(nodes(&repository, LsTreeQuery::default()).is_empty());
    assert!(repository.log_range(&LogQuery::default()).unwrap().is_none());
}

#[test]
fn a_commit_says_who_when_and_what() {
    let (_folder, repository) = repository();
    let first = commit(repository.path(), "master", 1_700_000_000, &[], &[("x", "1")]);
    let second = commit(repository.path(), "master", 1_700_000_001, &[&first], &[("x", "2")]);
    let page = repository.log(&LogQuery::default()).unwrap();
    let newest = &page.commits[0];
    assert_eq!(newest.id.to_string(), second);
    assert_eq!(newest.parents[0].to_string(), first);
    assert_eq!(newest.tree.to_string(), git(repository.path(), &["rev-parse", "HEAD^{tree}"]));
    assert_eq!(
        (newest.author.identity.name.as_str(), newest.committer.identity.email.as_str()),
        ("Jo", "kim@example.org")
    );
    assert_eq!((newest.author.timestamp, newest.author.time_zone_offset), (1_700_000_001_000, 3_600_000));
    assert_eq!(newest.message, "a change\n");
    assert!(page.commits[1].parents.is_empty());
    assert!(!page.has_next);
}

#[test]
fn pages_cut_the_history_without_gap_or_overlap() {
    let (_folder, repository) = repository();
    let mut commits: Vec<String> = Vec::new();
    for number in 0..7 {
        let parents: Vec<_> = commits.last().map(String::as_str).into_iter().collect();
        commits.push(commit(
            repository.path(),
            "master",
            1000 + number,
            &parents,
            &[("x", &number.to_string())],
        ));
    }
    commits.reverse();
    let page = |page| repository.log(&LogQuery { page, show: 3, ..LogQuery::default() }).unwrap();
    let mut seen = Vec::new();
    for (number, (len, has_next)) in [(3, true), (3, true), (1, false), (0, false)].into_iter().enumerate() {
        let page = page(number);
        assert_eq!((page.commits.len(), page.has_next), (len, has_next), "page {number}");
        seen.extend(page.commits.iter().map(|commit| commit.id.to_string()));
    }
    assert_eq!(seen, commits);
    let cut = LogQuery { offset: 1, limit: Some(4), page: 1, show: 3, ..LogQuery::default() };
    assert_eq!(log(&repository, cut), commits[4..5]);
    let range = repository
        .log_range(&LogQuery { offset: 1, limit: Some(4), ..LogQuery::default() })
        .unwrap()
        .unwrap();
    assert_eq!(
        (range.until.id.to_string(), range.since.id.to_string(), range.count),
        (commits[1].clone(), commits[4].clone(), 4)
    );
    assert!(
        log(&repository, LogQuery { page: usize::MAX, show: usize::MAX, ..LogQuery::default() }).is_empty()
    );
}

#[test]
fn the_walk_stops_at_since_in_order_of_time() {
    let (_folder, repository) = repository();
    let root = commit(repository.path(), "master", 10, &[], &[("x", "0")]);
    let theirs = commit(repository.path(), "side", 20, &[&root], &[("x", "1")]);
    let ours = commit(repository.path(), "master", 30, &[&root], &[("x", "2")]);
    let merge = commit(repository.path(), "master", 40, &[&ours, &theirs], &[("x", "3")]);
    let since = |since: &str| log(&repository, LogQuery { since: Some(since.into()), ..LogQuery::default() });
    // Git's `master~1..master` would list `theirs` too.
    assert_eq!(since("master~1"), [merge.as_str()]);
    assert_eq!(since("side"), [merge.clone(), ours.clone()]);
    let first = LogQuery { first_parent_only: true, ..LogQuery::default() };
    assert_eq!(log(&repository, first), [merge.clone(), ours.clone(), root.clone()]);
    let until = LogQuery { until: Some("side".into()), ..LogQuery::default() };
    assert_eq!(log(&repository, until), [theirs.clone(), root.clone()]);
    let between = LogQuery { committed: Some(20_000..=30_000), ..LogQuery::default() };
    assert_eq!(log(&repository, between), [ours, theirs]);
}

#[test]
fn commits_of_one_second_come_before_their_parents() {
    let (_folder, repository) = repository();
    let path = repository.path();
    let root = commit(path, "master", 10, &[], &[("x", "0")]);
    let short = commit(path, "master", 10, &[&root], &[("x", "1")]);
    let long = commit(path, "master", 10, &[&root], &[("x", "2")]);
    let longer = commit(path, "master", 10, &[&long], &[("x", "3")]);
    let longest = commit(path, "master", 10, &[&longer], &[("x", "4")]);
    let merge = commit(path, "master", 10, &[&short, &longest], &[("x", "5")]);
    let listed = log(&repository, LogQuery::default());
    let place = |id: &String| listed.iter().position(|listed| listed == id).unwrap();
    assert_eq!(listed.len(), 6);
    for (child, parent) in [
        (&merge, &short),
        (&merge, &longest),
        (&longest, &longer),
        (&longer, &long),
        (&long, &root),
        (&short, &root),
    ] {
        assert!(place(child) < place(parent));
    }
}

#[test]
fn a_history_with_a_wrong_clock_is_still_told_once_and_in_order() {
    let (_folder, repository) = repository();
    let future = commit(repository.path(), "master", 4_000_000_000, &[], &[("x", "0")]);
    let past = commit(repository.path(), "master", 5, &[&future], &[("x", "1")]);
    let tip = commit(repository.path(), "master", 100, &[&past], &[("x", "2")]);
    assert_eq!(log(&repository, LogQuery::default()), [tip, past, future]);
}

#[test]
fn the_history_of_a_path_holds_the_commits_that_changed_it() {
    let (_folder, repository) = repository();
    let changed = |path: &str, content: &'static str| -> Vec<(&str, &str)> {
        LAYERS.iter().map(|&(file, old)| (file, if file == path { content } else { old })).collect()
    };
    let path = repository.path();
    let first = commit(path, "master", 1, &[], &[("README.md", "nothing yet")]);
    let made = commit(path, "master", 2, &[&first], LAYERS);
    let feature = "roads/.table-dataset/feature/A/A/A/B/kU0=";
    let edit = commit(path, "master", 3, &[&made], &changed(feature, "new"));
    let undo = commit(path, "master", 4, &[&edit], LAYERS);
    let lakes = "water/lakes/.table-dataset/feature/5/3/U/_/kaFh";
    let lake = commit(path, "master", 5, &[&undo], &changed(lakes, "new"));
    let of = |paths: &[&str]| {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        log(&repository, LogQuery { paths, ..LogQuery::default() })
    };
    assert_eq!(of(&["roads"]), [undo.clone(), edit.clone(), made.clone()]);
    assert_eq!(of(&["roads/77"]), [undo.clone(), edit.clone(), made.clone()]);
    assert_eq!(of(&["roads/1"]), [made.as_str()]);
    assert_eq!(of(&["water/lakes/a"]), [lake.clone(), made.clone()]);
    assert_eq!(of(&["water"]), [lake.clone(), made.clone()]);
    assert_eq!(of(&["roads/1", "water/lakes"]), [lake, made]);
    assert!(of(&["none", "", "roads/none", "/", "//"]).is_empty());
}

#[test]
fn what_names_no_commit_is_an_error() {
    let (_folder, repository) = repository();
    commit(repository.path(), "master", 1, &[], LAYERS);
    let long = "x".repeat(100_000);
    for bad in [
        "nope",
        "",
        "master:roads",
        ":/a",
        "master^{/a}",
        "master..side",
        "^master",
        "@{u}",
        "HEAD~2000000000",
        "-",
        "\0",
        &long,
    ] {
        let query = LogQuery { until: Some(bad.into()), ..LogQuery::default() };
        assert!(matches!(repository.log(&query), Err(ReadError::UnknownRevision(_))), "{bad:?}");
    }
    assert!(matches!(repository.branch_tip("a..b"), Err(ReadError::InvalidBranch(_))));
    assert!(matches!(repository.branch_tip("refs/heads/master"), Err(ReadError::InvalidBranch(_))));
    assert_eq!(repository.branch_tip("none").unwrap(), None);
}

#[test]
fn the_tree_lists_layers_and_features() {
    let (_folder, repository) = repository();
    commit(repository.path(), "master", 1, &[], LAYERS);
    let all = LsTreeQuery { recursive: true, ..LsTreeQuery::default() };
    let list = |path: &str, query: &LsTreeQuery| {
        nodes(&repository, LsTreeQuery { path: Some(path.into()), ..query.clone() })
    };
    let plain = LsTreeQuery::default();
    let layers = ["empty", "roads", "water/lakes"];
    assert_eq!(nodes(&repository, plain.clone()), layers);
    assert_eq!(list("master", &plain), layers);
    assert_eq!(list("master:", &plain), layers);
    assert_eq!(nodes(&repository, all.clone()), ["roads/1", "roads/77", "water/lakes/a"]);
    let with_trees = LsTreeQuery { show_trees: true, ..all.clone() };
    assert_eq!(
        nodes(&repository, with_trees),
        ["empty", "roads", "roads/1", "roads/77", "water/lakes", "water/lakes/a"]
    );
    assert_eq!(nodes(&repository, LsTreeQuery { only_trees: true, ..all.clone() }), layers);
    assert_eq!(list("roads", &plain), ["roads/1", "roads/77"]);
    assert_eq!(list("HEAD:roads/77", &plain), ["roads/77"]);
    assert_eq!(list("roads/kU0=", &plain), ["roads/kU0="]);
    assert_eq!(list("water", &plain), ["water/lakes"]);
    assert_eq!(list("/water/lakes/", &all), ["water/lakes/a"]);
    assert!(list("empty", &all).is_empty());
    for missing in ["none", "roads/2", "roads/.table-dataset", "master:none", "README.md", "a/../roads"] {
        let query = LsTreeQuery { path: Some(missing.into()), ..all.clone() };
        assert!(matches!(repository.ls_tree(&query), Err(ReadError::UnknownPath(_))), "{missing:?}");
    }
    let query = LsTreeQuery { path: Some("nope:roads".into()), ..all };
    assert!(matches!(repository.ls_tree(&query), Err(ReadError::UnknownRevision(_))));
}

#[test]
fn a_node_knows_its_object_and_its_schema() {
    let (_folder, repository) = repository();
    commit(repository.path(), "master", 1, &[], LAYERS);
    let query = LsTreeQuery { recursive: true, show_trees: true, ..LsTreeQuery::default() };
    let nodes: Vec<_> = repository.ls_tree(&query).unwrap().map(Result::unwrap).collect();
    let of = |path: &str| git(repository.path(), &["rev-parse", &format!("HEAD:{path}")]);
    let schema = of("roads/.table-dataset/meta/schema.json");
    let (layer, feature) = (&nodes[1], &nodes[3]);
    assert_eq!((layer.kind, layer.id.to_string()), (LsTreeKind::Tree, of("roads")));
    assert_eq!(
        (feature.kind, feature.id.to_string()),
        (LsTreeKind::Feature, of("roads/.table-dataset/feature/A/A/A/B/kU0="))
    );
    for node in [layer, feature] {
        assert_eq!(node.schema.unwrap().to_string(), schema);
    }
}

#[test]
fn a_few_objects_that_unfold_to_billions_of_folders_are_refused() {
    let (_folder, repository) = repository();
    let path = repository.path();
    let mut tree = git(path, &["mktree"]);
    for _ in 0..20 {
        let listing = tempfile::NamedTempFile::new().unwrap();
        let lines: Vec<_> =
            ["a", "b", "c"].iter().map(|name| format!("040000 tree {tree}\t{name}")).collect();
        std::fs::write(listing.path(), lines.join("\n") + "\n").unwrap();
        let made = Command::new("git")
            .arg("-C")
            .arg(path)
            .args(["mktree"])
            .stdin(std::fs::File::open(listing.path()).unwrap())
            .output();
        tree = String::from_utf8(made.unwrap().stdout).unwrap().trim().to_owned();
    }
    let bomb = git(path, &["commit-tree", &tree, "-m", "bomb"]);
    git(path, &["update-ref", "refs/heads/master", &bomb]);
    let last = repository.ls_tree(&LsTreeQuery::default()).unwrap().last();
    assert!(matches!(last, Some(Err(ReadError::Git { .. }))));
}

#[test]
fn repositories_that_kart_made_are_read_as_kart_reads_them() {
    let Some(golden) = shared_data("kart-golden/kart-made-repos") else { return };
    let folder = tempfile::tempdir().unwrap();
    let repos = folder.path().join("repos");
    let mut names: Vec<String> = Vec::new();
    for file in std::fs::read_dir(&golden).unwrap() {
        let file = file.unwrap().file_name().into_string().unwrap();
        names.extend(file.strip_suffix(".tgz").map(str::to_owned));
    }
    assert!(!names.is_empty());
    for name in &names {
        clone_bare(&golden.join(format!("{name}.tgz")), folder.path(), &repos.join(format!("{name}.git")));
    }
    let repositories = Repositories::open(&repos).unwrap();
    for name in &names {
        let repository = repositories.get(&name.parse().unwrap()).unwrap().unwrap();
        assert_history_is(&repository, &golden.join(format!("{name}.log.json")));
        assert_features_are_those_of_git(&repository);
    }
}

fn clone_bare(archive: &Path, scratch: &Path, to: &Path) {
    let unpacked = Command::new("tar")
        .args(["--no-same-owner", "-xzf"])
        .arg(archive)
        .arg("-C")
        .arg(scratch)
        .status()
        .unwrap();
    assert!(unpacked.success());
    let name = archive.file_stem().unwrap();
    let from = scratch.join(name).join(".kart");
    git(scratch, &["clone", "--quiet", "--bare", from.to_str().unwrap(), to.to_str().unwrap()]);
}

fn assert_history_is(repository: &Repository, kart_log: &Path) {
    let expected: serde_json::Value = serde_json::from_slice(&std::fs::read(kart_log).unwrap()).unwrap();
    let commits = repository.log(&LogQuery::default()).unwrap().commits;
    assert_eq!(commits.len(), expected.as_array().unwrap().len(), "{}", repository.name());
    for (commit, expected) in commits.iter().zip(expected.as_array().unwrap()) {
        assert_eq!(commit.id.to_string(), expected["commit"]);
        assert_eq!(commit.message.trim_end(), expected["message"].as_str().unwrap().trim_end());
        assert_eq!(commit.author.identity.name, expected["authorName"]);
        assert_eq!(commit.author.identity.email, expected["authorEmail"]);
        assert_eq!(commit.committer.identity.name, expected["committerName"]);
        let time = jiff::Timestamp::from_millisecond(commit.committer.timestamp).unwrap();
        assert_eq!(time.to_string(), expected["commitTime"]);
        let minutes = commit.committer.time_zone_offset / 60_000;
        let sign = if minutes < 0 { '-' } else { '+' };
        let offset = format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60);
        assert_eq!(offset, expected["commitTimeOffset"]);
        let parents: Vec<_> = commit.parents.iter().map(ToString::to_string).collect();
        assert_eq!(serde_json::to_value(parents).unwrap(), expected["parents"]);
    }
}

/// Every feature that Git lists is listed, and is found again by the path it is listed with.
fn assert_features_are_those_of_git(repository: &Repository) {
    let files = git(repository.path(), &["ls-tree", "-r", "--format=%(objectname) %(path)", "HEAD"]);
    let mut expected: Vec<_> = files
        .lines()
        .filter(|line| line.contains("/.table-dataset/feature/"))
        .map(|line| line.split_once(' ').unwrap().0.to_owned())
        .collect();
    let query = LsTreeQuery { recursive: true, ..LsTreeQuery::default() };
    let nodes: Vec<_> = repository.ls_tree(&query).unwrap().map(Result::unwrap).collect();
    let mut listed: Vec<_> = nodes.iter().map(|node| node.id.to_string()).collect();
    listed.sort();
    expected.sort();
    assert!(!expected.is_empty());
    assert_eq!(listed, expected);
    for node in nodes.iter().take(50) {
        let query = LsTreeQuery { path: Some(node.path.clone()), ..LsTreeQuery::default() };
        let again: Vec<_> = repository.ls_tree(&query).unwrap().map(Result::unwrap).collect();
        assert_eq!(again, std::slice::from_ref(node));
    }
}
