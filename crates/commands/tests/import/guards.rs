//! Warnings about what an import changes, guards that hold it back, and dry runs.

use longhaul_commands::{CommitRules, Guards, ImportGeopackage, MaxDeletes};
use longhaul_tasks::{Report, ReportValue, Status, Task};

use crate::support::{
    git::git,
    gpkg::{gpkg, many, point, points},
    harness::Harness,
};

const TEN: &str = "CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT);";

fn roads(count: u32) -> String {
    if count == 0 { TEN.to_owned() } else { format!("{TEN} {}", many("roads", count, 1)) }
}

fn job(harness: &Harness, sql: &str, rules: CommitRules) -> ImportGeopackage {
    ImportGeopackage { rules, ..harness.job(&gpkg(harness.scratch(), "f.gpkg", sql)) }
}

fn guarded(guards: Guards) -> CommitRules {
    CommitRules { guards, ..CommitRules::default() }
}

fn member<'a>(report: &'a Report, name: &str) -> Option<&'a ReportValue> {
    let mut found = report.members().iter().filter(|(known, _)| known == name);
    let value = found.next().map(|(_, value)| value);
    assert!(found.next().is_none(), "{name} is there once");
    value
}

fn warnings(task: &Task) -> Vec<String> {
    match task.result.as_deref().and_then(|report| member(report, "warning")) {
        Some(ReportValue::List(warnings)) => warnings
            .iter()
            .map(|warning| match warning {
                ReportValue::Text(text) => text.clone(),
                other => panic!("{other:?}"),
            })
            .collect(),
        None => Vec::new(),
        other => panic!("{other:?}"),
    }
}

fn counts(task: &Task) -> Vec<i64> {
    let Some(ReportValue::List(layers)) = member(task.result.as_deref().unwrap(), "layer") else {
        panic!("{:?}", task.result);
    };
    let ReportValue::Element(layer) = &layers[0] else { panic!("{layers:?}") };
    let number = |name: &str| match member(layer, name) {
        Some(ReportValue::Integer(number)) => *number,
        other => panic!("{other:?}"),
    };
    ["added", "changed", "deleted", "unchanged"].map(number).to_vec()
}

#[test]
fn an_import_that_deletes_most_features_warns() {
    let harness = Harness::new();
    harness.import(job(&harness, &roads(10), CommitRules::default()));
    let task = harness.run(job(&harness, &roads(5), CommitRules::default()));
    assert_eq!((warnings(&task), counts(&task)), (vec![], vec![0, 0, 5, 5]));
    let task = harness.run(job(&harness, &roads(2), CommitRules::default()));
    assert_eq!(warnings(&task), ["layer 'roads': 3 of 5 features were deleted"]);
    let task = harness.run(job(&harness, &roads(0), CommitRules::default()));
    assert_eq!(warnings(&task), ["layer 'roads' became empty: all 2 features were deleted"]);
    assert_eq!(task.status, Status::Finished);
}

#[test]
fn an_import_that_changes_types_and_reference_systems_warns() {
    let harness = Harness::new();
    let layer = |srs, kind: &str| {
        format!(
            "CREATE TABLE trees (fid INTEGER PRIMARY KEY, geom POINT, height {kind}); {}
             INSERT INTO trees VALUES (1, {}, 1);",
            points("trees", srs),
            point(1.0, 2.0)
        )
    };
    harness.import(job(&harness, &layer(4326, "SMALLINT"), CommitRules::default()));
    let task = harness.run(job(&harness, &layer(2193, "TEXT"), CommitRules::default()));
    assert_eq!(
        warnings(&task),
        [
            "layer 'trees': the coordinate reference system of column 'geom' changed from EPSG:4326 to EPSG:2193",
            "layer 'trees': the type of column 'height' changed from integer(16) to text",
        ]
    );
    for (guards, is_held) in [
        (Guards { same_crs: Some(true), ..Guards::default() }, "sameCrs"),
        (Guards { same_schema: Some(true), ..Guards::default() }, "sameSchema"),
    ] {
        let error = harness.expect_failure(job(&harness, &layer(4326, "SMALLINT"), guarded(guards)));
        assert!(error.starts_with("held back, nothing was changed: layer 'trees': the "), "{error}");
        assert!(error.ends_with(&format!("and {is_held} is set")), "{error}");
    }
}

#[test]
fn an_import_far_outside_of_the_old_extent_warns() {
    let harness = Harness::new();
    let trees = |places: &[(f64, f64)]| {
        let values: Vec<_> =
            (1..).zip(places).map(|(fid, (x, y))| format!("({fid}, {})", point(*x, *y))).collect();
        format!(
            "CREATE TABLE trees (fid INTEGER PRIMARY KEY, geom POINT); {}
             INSERT INTO trees VALUES {};",
            points("trees", 4326),
            values.join(", ")
        )
    };
    harness.import(job(&harness, &trees(&[(5.0, 52.0), (6.0, 53.0)]), CommitRules::default()));
    let task = harness.run(job(&harness, &trees(&[(4.5, 52.0), (6.0, 53.9)]), CommitRules::default()));
    assert_eq!(warnings(&task), [] as [&str; 0]);
    // Longitude and latitude were swapped.
    let task = harness.run(job(&harness, &trees(&[(52.0, 5.0), (53.0, 6.0)]), CommitRules::default()));
    assert_eq!(
        warnings(&task),
        ["layer 'trees': the extent was 4.5,52,6,53.9 and is 52,5,53,6, far outside of the old one"]
    );
}

#[test]
fn a_guard_holds_back_an_import_that_deletes_too_much_and_says_what_it_would_have_done() {
    let harness = Harness::new();
    let commit = harness.import(job(&harness, &roads(10), CommitRules::default()));
    for (max, is_allowed) in [
        (MaxDeletes::Features(3), false),
        (MaxDeletes::Percent(39.9), false),
        (MaxDeletes::Features(4), true),
    ] {
        let rules = guarded(Guards { max_deletes: Some(max), ..Guards::default() });
        let before = harness.repository_files();
        let task = harness.run(job(&harness, &roads(6), rules));
        assert_eq!(counts(&task), [0, 0, 4, 6]);
        if is_allowed {
            assert_eq!(task.status, Status::Finished);
            continue;
        }
        assert_eq!(task.status, Status::Failed);
        let error = harness.error_text(task.error.as_ref().unwrap());
        let expected = format!("layer 'roads' would lose 4 of 10 features, and maxDeletes is {max}");
        assert_eq!(error, format!("held back, nothing was changed: {expected}"));
        assert_eq!(harness.repository_files(), before);
        assert_eq!(git(harness.git_dir(), &["rev-parse", "master"]), commit);
    }
}

#[test]
fn guards_in_the_configuration_hold_unless_the_request_says_otherwise() {
    let harness = Harness::new();
    harness.import(job(&harness, &roads(10), CommitRules::default()));
    git(harness.git_dir(), &["config", "longhaul.maxDeletes", "10%"]);
    let error = harness.expect_failure(job(&harness, &roads(6), CommitRules::default()));
    assert!(error.contains("maxDeletes is 10%"), "{error}");
    let rules = guarded(Guards { max_deletes: Some(MaxDeletes::Percent(50.0)), ..Guards::default() });
    harness.import(job(&harness, &roads(6), rules));
    git(harness.git_dir(), &["config", "longhaul.maxDeletes", "some"]);
    let error = harness.expect_failure(job(&harness, &roads(5), CommitRules::default()));
    assert!(
        error.starts_with("longhaul.maxDeletes in the configuration of the repository must be"),
        "{error}"
    );
}

#[test]
fn a_dry_run_says_what_it_would_commit_and_keeps_the_upload() {
    let harness = Harness::new();
    let first = harness.import(job(&harness, &roads(10), CommitRules::default()));
    let before = harness.repository_files();
    let dry = CommitRules { dry_run: true, ..CommitRules::default() };
    let task = harness.run(job(&harness, &roads(12), dry));
    assert_eq!(task.status, Status::Finished, "{:?}", task.error);
    assert_eq!(harness.repository_files(), before);
    assert_eq!(counts(&task), [2, 0, 0, 10]);
    let report = task.result.as_deref().unwrap();
    assert_eq!(member(report, "commit"), None);
    assert_eq!(member(report, "dryRun"), Some(&ReportValue::Boolean(true)));
    assert_eq!(member(report, "head"), Some(&ReportValue::text(&first)));
    let kept =
        harness.runtime.block_on(harness.tasks.result_file(task.id)).unwrap().expect("the upload is kept");
    assert_eq!(std::fs::read(&kept.path).unwrap(), std::fs::read(harness.scratch().join("f.gpkg")).unwrap());

    let tree = longhaul_commands::dry_run_tree(report).unwrap().to_owned();
    let rules = CommitRules {
        if_head: Some(first.clone()),
        expected_tree: Some(tree.clone()),
        ..CommitRules::default()
    };
    let other = harness.expect_failure(job(&harness, &roads(13), rules.clone()));
    assert!(other.starts_with("the import makes something else of the file than the dry run did"), "{other}");
    let commit = harness.import(ImportGeopackage {
        upload: kept.path,
        rules: rules.clone(),
        ..harness.job(std::path::Path::new("f.gpkg"))
    });
    assert_eq!(git(harness.git_dir(), &["rev-parse", &format!("{commit}^{{tree}}")]), tree);
    let late = harness.expect_failure(job(&harness, &roads(12), rules));
    assert_eq!(
        late,
        format!(
            "the branch stands at {commit}, and not at {first} as ifHead demands, so nothing was committed"
        )
    );
}

#[test]
fn an_import_without_changes_is_finished_on_request() {
    let harness = Harness::new();
    let commit = harness.import(job(&harness, &roads(3), CommitRules::default()));
    let rules = CommitRules { finish_unchanged: true, ..CommitRules::default() };
    let task = harness.run(job(&harness, &roads(3), rules.clone()));
    assert_eq!(task.status, Status::Finished, "{:?}", task.error);
    assert_eq!(task.result.as_deref(), Some(&Report::new().boolean("unchanged", true)));
    assert_eq!(git(harness.git_dir(), &["rev-parse", "master"]), commit);
    let task = harness.run(job(&harness, &roads(4), rules));
    assert!(member(task.result.as_deref().unwrap(), "commit").is_some());
}
