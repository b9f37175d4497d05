//! The selection of layers and their paths in the repository.

use longhaul_commands::ImportGeopackage;

use crate::support::{
    git::{assert_clean, git},
    gpkg::{ROADS, gpkg, point, points},
    harness::Harness,
    rows::rows,
};

const BOTH: &str = "
    CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT);
    INSERT INTO roads VALUES (1, 'High Street');
    CREATE TABLE water (fid INTEGER PRIMARY KEY);
    INSERT INTO water VALUES (1);
";

fn layers(harness: &Harness, commit: &str) -> Vec<String> {
    let datasets = harness.repository.datasets(commit.parse().unwrap()).unwrap();
    datasets.iter().map(ToString::to_string).collect()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn one_layer_of_many_is_imported_alone() {
    let harness = Harness::new();
    let file = gpkg(harness.scratch(), "f.gpkg", BOTH);
    let commit = harness.import(ImportGeopackage { layer: some("water"), ..harness.job(&file) });
    assert_eq!(layers(&harness, &commit), ["water"]);
}

#[test]
fn a_layer_is_kept_under_another_name() {
    let harness = Harness::new();
    let file = gpkg(harness.scratch(), "f.gpkg", BOTH);
    let job =
        ImportGeopackage { layer: some("roads"), dest: some("/transport\\main/"), ..harness.job(&file) };
    let commit = harness.import(job);
    assert_eq!(layers(&harness, &commit), ["transport/main"]);
    assert_eq!(rows(&harness.repository, &commit, "transport/main"), ["1|High Street"]);
    let message = git(harness.git_dir(), &["log", "-1", "--format=%B", &commit]);
    assert_eq!(message, "Import from f.gpkg:roads to transport/main/");
    assert_clean(harness.git_dir());
}

#[test]
fn the_message_of_several_layers_lists_them() {
    let harness = Harness::new();
    let commit = harness.import(harness.job(&gpkg(harness.scratch(), "f.gpkg", BOTH)));
    let message = git(harness.git_dir(), &["log", "-1", "--format=%B", &commit]);
    assert_eq!(message, "Import 2 datasets from f.gpkg:\n\n * roads/\n * water/".replace("\n\n", "\n"));
}

#[test]
fn a_layer_that_is_not_there_is_named() {
    let harness = Harness::new();
    let file = gpkg(harness.scratch(), "f.gpkg", BOTH);
    let error = harness.expect_failure(ImportGeopackage { layer: some("trees"), ..harness.job(&file) });
    assert_eq!(error, r#"f.gpkg has no layer "trees""#);
    let error =
        harness.expect_failure(ImportGeopackage { layer: some("gpkg_contents"), ..harness.job(&file) });
    assert_eq!(error, r#"f.gpkg has no layer "gpkg_contents""#);
}

#[test]
fn one_dest_does_not_do_for_several_layers() {
    let harness = Harness::new();
    let file = gpkg(harness.scratch(), "f.gpkg", BOTH);
    let error = harness.expect_failure(ImportGeopackage { dest: some("x"), ..harness.job(&file) });
    assert_eq!(error, "f.gpkg has 2 layers: say with layer which one goes to dest");
}

#[test]
fn a_file_without_layers_is_refused() {
    let harness = Harness::new();
    let error = harness.expect_failure(harness.job(&gpkg(harness.scratch(), "f.gpkg", "")));
    assert_eq!(error, "f.gpkg has no layers");
}

#[test]
fn an_empty_table_becomes_an_empty_layer() {
    let harness = Harness::new();
    let file = gpkg(harness.scratch(), "f.gpkg", "CREATE TABLE roads (fid INTEGER PRIMARY KEY);");
    let commit = harness.import(harness.job(&file));
    assert!(rows(&harness.repository, &commit, "roads").is_empty());
    let listed =
        git(harness.git_dir(), &["ls-tree", "--name-only", &format!("{commit}:roads/.table-dataset")]);
    assert_eq!(listed, "meta");
    assert_clean(harness.git_dir());
}

#[test]
fn layers_whose_names_differ_only_by_case_are_refused() {
    let harness = Harness::new();
    for (one, other) in [("Straße", "STRASSE"), ("Été", "éTÉ")] {
        let sql = format!(
            "CREATE TABLE \"{one}\" (fid INTEGER PRIMARY KEY); CREATE TABLE \"{other}\" (fid INTEGER PRIMARY KEY);"
        );
        let error = harness.expect_failure(harness.job(&gpkg(harness.scratch(), "f.gpkg", &sql)));
        assert!(error.contains(one) && error.contains(other), "{error}");
        assert!(error.contains("differs from it only by upper and lower case"), "{error}");
    }
}

#[test]
fn two_layers_of_one_file_cannot_be_kept_as_one() {
    let harness = Harness::new();
    let sql =
        r#"CREATE TABLE "a/b" (fid INTEGER PRIMARY KEY); CREATE TABLE "a\b" (fid INTEGER PRIMARY KEY);"#;
    let error = harness.expect_failure(harness.job(&gpkg(harness.scratch(), "f.gpkg", sql)));
    assert_eq!(error, "two layers would both be kept as 'a/b'");
}

#[test]
fn a_layer_does_not_stand_inside_another() {
    let harness = Harness::new();
    let roads = gpkg(harness.scratch(), "f.gpkg", ROADS);
    harness.import(harness.job(&roads));
    let error = harness.expect_failure(ImportGeopackage { dest: some("ROADS/new"), ..harness.job(&roads) });
    assert_eq!(error, "a layer cannot be kept as 'ROADS/new': it would be inside the layer 'roads'");

    let both = r#"CREATE TABLE "a/b" (fid INTEGER PRIMARY KEY); CREATE TABLE a (fid INTEGER PRIMARY KEY);"#;
    let error = harness.expect_failure(harness.job(&gpkg(harness.scratch(), "g.gpkg", both)));
    assert_eq!(error, "a layer cannot be kept as 'a/b': it would be inside the layer 'a'");
}

#[test]
fn a_layer_does_not_swallow_another() {
    let harness = Harness::new();
    let roads = gpkg(harness.scratch(), "f.gpkg", ROADS);
    harness.import(ImportGeopackage { dest: some("a/b/c"), ..harness.job(&roads) });
    let error = harness.expect_failure(ImportGeopackage { dest: some("a/b"), ..harness.job(&roads) });
    assert_eq!(error, "a layer cannot be kept as 'a/b': the layer 'a/b/c' would be inside it");
    let commit = harness.import(ImportGeopackage { dest: some("a/bc"), ..harness.job(&roads) });
    assert_eq!(layers(&harness, &commit), ["a/b/c", "a/bc"]);
}

#[test]
fn a_layer_does_not_take_the_place_of_a_file() {
    let harness = Harness::new();
    let roads = gpkg(harness.scratch(), "f.gpkg", ROADS);
    let first = harness.import(harness.job(&roads));
    let tree = git(harness.git_dir(), &["rev-parse", &format!("{first}^{{tree}}")]);
    git(harness.git_dir(), &["read-tree", &tree]);
    let file = git(harness.git_dir(), &["rev-parse", &format!("{first}:.kart.repostructure.version")]);
    git(harness.git_dir(), &["update-index", "--add", "--cacheinfo", &format!("100644,{file},notes")]);
    let tree = git(harness.git_dir(), &["write-tree"]);
    let commit = git(harness.git_dir(), &["commit-tree", &tree, "-p", &first, "-m", "a file"]);
    git(harness.git_dir(), &["update-ref", "refs/heads/master", &commit]);
    for dest in ["notes", "notes/roads"] {
        let error = harness.expect_failure(ImportGeopackage { dest: some(dest), ..harness.job(&roads) });
        assert!(error.contains("'notes' is a file"), "{error}");
    }
}

#[test]
fn names_that_git_or_kart_refuse_are_refused() {
    let harness = Harness::new();
    let long = "x".repeat(300);
    let names = [
        ".git",
        "a:b",
        "../x",
        "a/../b",
        "a/./b",
        "/",
        "a\u{1}b",
        "line\nbreak",
        "x/.git/hooks/post-update",
        "CON",
        "git~1",
        ".kart.repostructure.version",
        "ends.",
        "ends ",
        "a//b",
        "a?b",
        "a*b",
        "<a>",
        "\u{200c}.git",
        long.as_str(),
    ];
    for name in names {
        let sql =
            format!("CREATE TABLE \"{name}\" (fid INTEGER PRIMARY KEY); INSERT INTO \"{name}\" VALUES (1);");
        let file = gpkg(harness.scratch(), "f.gpkg", &sql);
        let error = harness.expect_failure(harness.job(&file));
        assert!(error.starts_with("a layer cannot be kept as '"), "{name:?}: {error}");
        assert!(!error.contains(|c: char| c.is_control()), "{error:?}");

        // The name is refused as `dest` too.
        let roads = gpkg(harness.scratch(), "g.gpkg", ROADS);
        let error = harness.expect_failure(ImportGeopackage { dest: some(name), ..harness.job(&roads) });
        assert!(error.starts_with("a layer cannot be kept as '"), "{name:?}: {error}");
    }
}

#[test]
fn a_name_that_only_looks_dangerous_is_kept() {
    let harness = Harness::new();
    for name in ["-rf", "--upload-pack=x", "$(id)", "a'b;--", "%2e%2e", "Ünï cödé", "日本語", "@{0}", "refs"]
    {
        let roads = gpkg(harness.scratch(), "f.gpkg", ROADS);
        let commit = harness.import(ImportGeopackage { dest: some(name), ..harness.job(&roads) });
        assert_eq!(rows(&harness.repository, &commit, name).len(), 2, "{name}");
    }
    assert_clean(harness.git_dir());
}

#[test]
fn reference_systems_of_any_name_make_sound_files() {
    let harness = Harness::new();
    let long = "x".repeat(5000);
    let names = [
        ".git\\x",
        ".git",
        "..",
        "a/../b",
        "line\nbreak",
        "tab\t",
        "git~1",
        "CON",
        ".gitmodules",
        "\u{200c}.git",
        " ",
        ":",
        &long,
    ];
    for (at, name) in names.iter().enumerate() {
        for wkt in [
            format!(r#"LOCAL_CS["{name}",UNIT["metre",1]]"#),
            format!(r#"LOCAL_CS["x",UNIT["metre",1],AUTHORITY["{name}","{name}"]]"#),
            format!(r#"LOCAL_CS["x",UNIT["metre",1],AUTHORITY["","{name}"]]"#),
            name.to_string(),
        ] {
            let sql = format!(
                "CREATE TABLE trees (fid INTEGER PRIMARY KEY, geom POINT); INSERT INTO trees VALUES ({at}, {}); {}
                 INSERT INTO gpkg_spatial_ref_sys VALUES ('x', 7, 'x', 7, '{wkt}', NULL);",
                point(1.0, 2.0),
                points("trees", 7),
            );
            let task = harness.run(harness.job(&gpkg(harness.scratch(), "f.gpkg", &sql)));
            // Two imports may have the same identifier.
            assert!(
                task.result.is_some()
                    || harness.error_text(task.error.as_ref().unwrap()).starts_with("Nothing to commit")
            );
        }
    }
    assert_clean(harness.git_dir());
}
