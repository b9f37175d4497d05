//! Which layers are imported, and where they are kept.

use longhaul_commands::ImportGeopackage;

use crate::support::{
    git::{assert_clean, git},
    gpkg::{ROADS, gpkg, point, points},
    rows::rows,
    studio::Studio,
};

const BOTH: &str = "
    CREATE TABLE roads (fid INTEGER PRIMARY KEY, name TEXT);
    INSERT INTO roads VALUES (1, 'High Street');
    CREATE TABLE water (fid INTEGER PRIMARY KEY);
    INSERT INTO water VALUES (1);
";

fn layers(studio: &Studio, commit: &str) -> Vec<String> {
    let datasets = studio.repository.datasets(commit.parse().unwrap()).unwrap();
    datasets.iter().map(ToString::to_string).collect()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn one_layer_of_many_is_imported_alone() {
    let studio = Studio::new();
    let file = gpkg(studio.scratch(), "f.gpkg", BOTH);
    let commit = studio.import(ImportGeopackage { layer: some("water"), ..studio.job(&file) });
    assert_eq!(layers(&studio, &commit), ["water"]);
}

#[test]
fn a_layer_is_kept_under_another_name() {
    let studio = Studio::new();
    let file = gpkg(studio.scratch(), "f.gpkg", BOTH);
    let job = ImportGeopackage { layer: some("roads"), dest: some("/transport\\main/"), ..studio.job(&file) };
    let commit = studio.import(job);
    assert_eq!(layers(&studio, &commit), ["transport/main"]);
    assert_eq!(rows(&studio.repository, &commit, "transport/main"), ["1|High Street"]);
    let message = git(studio.git_dir(), &["log", "-1", "--format=%B", &commit]);
    assert_eq!(message, "Import from f.gpkg:roads to transport/main/");
    assert_clean(studio.git_dir());
}

#[test]
fn the_message_of_several_layers_lists_them() {
    let studio = Studio::new();
    let commit = studio.import(studio.job(&gpkg(studio.scratch(), "f.gpkg", BOTH)));
    let message = git(studio.git_dir(), &["log", "-1", "--format=%B", &commit]);
    assert_eq!(message, "Import 2 datasets from f.gpkg:\n\n * roads/\n * water/".replace("\n\n", "\n"));
}

#[test]
fn a_layer_that_is_not_there_is_named() {
    let studio = Studio::new();
    let file = gpkg(studio.scratch(), "f.gpkg", BOTH);
    let refusal = studio.refusal(ImportGeopackage { layer: some("trees"), ..studio.job(&file) });
    assert_eq!(refusal, r#"f.gpkg has no layer "trees""#);
    let refusal = studio.refusal(ImportGeopackage { layer: some("gpkg_contents"), ..studio.job(&file) });
    assert_eq!(refusal, r#"f.gpkg has no layer "gpkg_contents""#);
}

#[test]
fn one_dest_does_not_do_for_several_layers() {
    let studio = Studio::new();
    let file = gpkg(studio.scratch(), "f.gpkg", BOTH);
    let refusal = studio.refusal(ImportGeopackage { dest: some("x"), ..studio.job(&file) });
    assert_eq!(refusal, "f.gpkg has 2 layers: say with layer which one goes to dest");
}

#[test]
fn a_file_without_layers_is_refused() {
    let studio = Studio::new();
    let refusal = studio.refusal(studio.job(&gpkg(studio.scratch(), "f.gpkg", "")));
    assert_eq!(refusal, "f.gpkg has no layers");
}

#[test]
fn an_empty_table_becomes_an_empty_layer() {
    let studio = Studio::new();
    let file = gpkg(studio.scratch(), "f.gpkg", "CREATE TABLE roads (fid INTEGER PRIMARY KEY);");
    let commit = studio.import(studio.job(&file));
    assert!(rows(&studio.repository, &commit, "roads").is_empty());
    let listed =
        git(studio.git_dir(), &["ls-tree", "--name-only", &format!("{commit}:roads/.table-dataset")]);
    assert_eq!(listed, "meta");
    assert_clean(studio.git_dir());
}

#[test]
fn layers_whose_names_differ_only_by_case_are_refused() {
    let studio = Studio::new();
    for (one, other) in [("Straße", "STRASSE"), ("Été", "éTÉ")] {
        let sql = format!(
            "CREATE TABLE \"{one}\" (fid INTEGER PRIMARY KEY); CREATE TABLE \"{other}\" (fid INTEGER PRIMARY KEY);"
        );
        let refusal = studio.refusal(studio.job(&gpkg(studio.scratch(), "f.gpkg", &sql)));
        assert!(refusal.contains(one) && refusal.contains(other), "{refusal}");
        assert!(refusal.contains("differs from it only by upper and lower case"), "{refusal}");
    }
}

#[test]
fn two_layers_of_one_file_cannot_be_kept_as_one() {
    let studio = Studio::new();
    let sql =
        r#"CREATE TABLE "a/b" (fid INTEGER PRIMARY KEY); CREATE TABLE "a\b" (fid INTEGER PRIMARY KEY);"#;
    let refusal = studio.refusal(studio.job(&gpkg(studio.scratch(), "f.gpkg", sql)));
    assert_eq!(refusal, "two layers would both be kept as 'a/b'");
}

#[test]
fn a_layer_does_not_stand_inside_another() {
    let studio = Studio::new();
    let roads = gpkg(studio.scratch(), "f.gpkg", ROADS);
    studio.import(studio.job(&roads));
    let refusal = studio.refusal(ImportGeopackage { dest: some("ROADS/new"), ..studio.job(&roads) });
    assert_eq!(refusal, "a layer cannot be kept as 'ROADS/new': it would be inside the layer 'roads'");

    let both = r#"CREATE TABLE "a/b" (fid INTEGER PRIMARY KEY); CREATE TABLE a (fid INTEGER PRIMARY KEY);"#;
    let refusal = studio.refusal(studio.job(&gpkg(studio.scratch(), "g.gpkg", both)));
    assert_eq!(refusal, "a layer cannot be kept as 'a/b': it would be inside the layer 'a'");
}

#[test]
fn a_layer_does_not_swallow_another() {
    let studio = Studio::new();
    let roads = gpkg(studio.scratch(), "f.gpkg", ROADS);
    studio.import(ImportGeopackage { dest: some("a/b/c"), ..studio.job(&roads) });
    let refusal = studio.refusal(ImportGeopackage { dest: some("a/b"), ..studio.job(&roads) });
    assert_eq!(refusal, "a layer cannot be kept as 'a/b': the layer 'a/b/c' would be inside it");
    let commit = studio.import(ImportGeopackage { dest: some("a/bc"), ..studio.job(&roads) });
    assert_eq!(layers(&studio, &commit), ["a/b/c", "a/bc"]);
}

#[test]
fn a_layer_does_not_take_the_place_of_a_file() {
    let studio = Studio::new();
    let roads = gpkg(studio.scratch(), "f.gpkg", ROADS);
    let first = studio.import(studio.job(&roads));
    let tree = git(studio.git_dir(), &["rev-parse", &format!("{first}^{{tree}}")]);
    git(studio.git_dir(), &["read-tree", &tree]);
    let file = git(studio.git_dir(), &["rev-parse", &format!("{first}:.kart.repostructure.version")]);
    git(studio.git_dir(), &["update-index", "--add", "--cacheinfo", &format!("100644,{file},notes")]);
    let tree = git(studio.git_dir(), &["write-tree"]);
    let commit = git(studio.git_dir(), &["commit-tree", &tree, "-p", &first, "-m", "a file"]);
    git(studio.git_dir(), &["update-ref", "refs/heads/master", &commit]);
    for dest in ["notes", "notes/roads"] {
        let refusal = studio.refusal(ImportGeopackage { dest: some(dest), ..studio.job(&roads) });
        assert!(refusal.contains("'notes' is a file"), "{refusal}");
    }
}

#[test]
fn names_that_git_or_kart_refuse_are_refused() {
    let studio = Studio::new();
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
        let file = gpkg(studio.scratch(), "f.gpkg", &sql);
        let refusal = studio.refusal(studio.job(&file));
        assert!(refusal.starts_with("a layer cannot be kept as '"), "{name:?}: {refusal}");
        assert!(!refusal.contains(|c: char| c.is_control()), "{refusal:?}");

        // The same as the place for a harmless layer.
        let roads = gpkg(studio.scratch(), "g.gpkg", ROADS);
        let refusal = studio.refusal(ImportGeopackage { dest: some(name), ..studio.job(&roads) });
        assert!(refusal.starts_with("a layer cannot be kept as '"), "{name:?}: {refusal}");
    }
}

#[test]
fn a_name_that_only_looks_dangerous_is_kept() {
    let studio = Studio::new();
    for name in ["-rf", "--upload-pack=x", "$(id)", "a'b;--", "%2e%2e", "Ünï cödé", "日本語", "@{0}", "refs"]
    {
        let roads = gpkg(studio.scratch(), "f.gpkg", ROADS);
        let commit = studio.import(ImportGeopackage { dest: some(name), ..studio.job(&roads) });
        assert_eq!(rows(&studio.repository, &commit, name).len(), 2, "{name}");
    }
    assert_clean(studio.git_dir());
}

#[test]
fn reference_systems_of_any_name_make_sound_files() {
    let studio = Studio::new();
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
            let task = studio.run(studio.job(&gpkg(studio.scratch(), "f.gpkg", &sql)));
            // The same identifier may come twice.
            assert!(
                task.result.is_some()
                    || studio.words(task.error.as_ref().unwrap()).starts_with("Nothing to commit")
            );
        }
    }
    assert_clean(studio.git_dir());
}
