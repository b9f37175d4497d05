//! The author, the message and the branch of a commit.

use longhaul_commands::{Author, ImportGeopackage};
use longhaul_tasks::{Report, ReportValue, Status};

use crate::support::{
    git::{assert_clean, git},
    gpkg::{ROADS, gpkg},
    harness::Harness,
};

fn job(harness: &Harness) -> ImportGeopackage {
    harness.job(&gpkg(harness.scratch(), "f.gpkg", ROADS))
}

fn author(name: &str, email: Option<&str>) -> Option<Author> {
    Some(Author { name: name.to_owned(), email: email.map(str::to_owned) })
}

fn commit_field(harness: &Harness, commit: &str, format: &str) -> String {
    git(harness.git_dir(), &["log", "-1", &format!("--format={format}"), commit])
}

#[test]
fn the_commit_has_the_author_and_the_message() {
    let harness = Harness::new();
    let author = author("Åsa Öberg", Some("asa@example.org"));
    let commit = harness.import(ImportGeopackage {
        author,
        message: Some("Roads of 2026\n\nAll of them.".into()),
        ..job(&harness)
    });
    assert_eq!(commit_field(&harness, &commit, "%an <%ae>"), "Åsa Öberg <asa@example.org>");
    assert_eq!(commit_field(&harness, &commit, "%cn <%ce>"), "Longhaul <longhaul@localhost>");
    assert_eq!(commit_field(&harness, &commit, "%B"), "Roads of 2026\n\nAll of them.");
    assert_clean(harness.git_dir());
}

#[test]
fn the_default_author_is_that_of_the_repository_configuration() {
    let harness = Harness::new();
    git(harness.git_dir(), &["config", "user.name", "City Survey"]);
    git(harness.git_dir(), &["config", "user.email", "survey@example.org"]);
    let commit = harness.import(job(&harness));
    assert_eq!(
        commit_field(&harness, &commit, "%an <%ae> %cn <%ce>"),
        "City Survey <survey@example.org> City Survey <survey@example.org>"
    );
}

#[test]
fn malicious_names_and_messages_make_a_valid_commit() {
    let harness = Harness::new();
    let names = [
        ("Eve <root@localhost>\nparent 0000", "Eve root@localhostparent 0000"),
        ("a\0b", "ab"),
        ("  spaces  ", "spaces"),
        ("\u{202e}evil", "\u{202e}evil"),
        ("> 0 +0000", "0 +0000"),
    ];
    for (at, (name, expected)) in names.into_iter().enumerate() {
        let email = Some("x>\n<y@\0example.org");
        let message = Some(format!("line\r\n\0tree {at}\ngpgsig -----BEGIN"));
        // Each import has another layer, so that there is something to commit.
        let dest = Some(format!("layer{at}"));
        let commit =
            harness.import(ImportGeopackage { author: author(name, email), message, dest, ..job(&harness) });
        assert_eq!(commit_field(&harness, &commit, "%an"), expected);
        assert_eq!(commit_field(&harness, &commit, "%ae"), "xy@example.org");
        let raw = git(harness.git_dir(), &["cat-file", "commit", &commit]);
        let message = raw.split_once("\n\n").unwrap().1;
        assert_eq!(message, format!("line\r\ntree {at}\ngpgsig -----BEGIN"));
        assert_clean(harness.git_dir());
    }
}

#[test]
fn an_author_needs_a_name() {
    let harness = Harness::new();
    for (name, shown) in [("", ""), (" ", " "), ("<>\n", "<>\\n")] {
        let error =
            harness.expect_failure(ImportGeopackage { author: author(name, Some("a@b")), ..job(&harness) });
        assert_eq!(error, format!("'{shown}' is no name for an author"));
    }
}

#[test]
fn an_author_needs_no_email() {
    let harness = Harness::new();
    let commit = harness.import(ImportGeopackage { author: author("Jo", None), ..job(&harness) });
    assert_eq!(commit_field(&harness, &commit, "%an|%ae"), "Jo|");
    assert_clean(harness.git_dir());
}

#[test]
fn an_empty_message_is_replaced_by_the_default() {
    for message in ["", " \n", "\0"] {
        let harness = Harness::new();
        let commit = harness.import(ImportGeopackage { message: Some(message.into()), ..job(&harness) });
        assert_eq!(commit_field(&harness, &commit, "%B"), "Import from f.gpkg:roads to roads/");
        assert_clean(harness.git_dir());
    }
}

#[test]
fn a_file_name_may_contain_any_characters() {
    let harness = Harness::new();
    let job = ImportGeopackage { file_name: "../a\n\0'b\".gpkg".into(), ..job(&harness) };
    let commit = harness.import(job);
    assert_eq!(commit_field(&harness, &commit, "%B"), "Import from ../a\n'b\".gpkg:roads to roads/");
    assert_clean(harness.git_dir());
}

#[test]
fn a_missing_branch_is_created() {
    let harness = Harness::new();
    let commit = harness.import(ImportGeopackage { branch: Some("surveys/2026".into()), ..job(&harness) });
    assert_eq!(
        git(harness.git_dir(), &["for-each-ref"]),
        format!("{commit} commit\trefs/heads/surveys/2026")
    );
    assert!(
        git(harness.git_dir(), &["cat-file", "commit", &commit])
            .lines()
            .all(|line| !line.starts_with("parent"))
    );
    assert_clean(harness.git_dir());
}

#[test]
fn a_new_branch_begins_at_head() {
    let harness = Harness::new();
    let first = harness.import(job(&harness));
    let job = ImportGeopackage { branch: Some("draft".into()), dest: Some("copy".into()), ..job(&harness) };
    let second = harness.import(job);
    assert_eq!(git(harness.git_dir(), &["log", "--format=%H", "draft"]), format!("{second}\n{first}"));
    assert_eq!(git(harness.git_dir(), &["rev-parse", "master"]), first);
    assert_clean(harness.git_dir());
}

#[test]
fn an_import_commits_to_the_branch_of_head() {
    let harness = Harness::new();
    git(harness.git_dir(), &["symbolic-ref", "HEAD", "refs/heads/trunk"]);
    // HEAD is read for each import, so changes by other programs count.
    let task = harness.run(job(&harness));
    assert_eq!(task.status, Status::Finished);
    assert!(harness.repository.branch_tip("trunk").unwrap().is_some());
    assert_eq!(harness.repository.branch_tip("master").unwrap(), None);
}

#[test]
fn an_invalid_branch_name_is_refused() {
    let harness = Harness::new();
    harness.import(job(&harness));
    for name in [
        "",
        "a b",
        "a..b",
        "-x",
        "HEAD",
        "refs/heads/x",
        "x.lock",
        "x/",
        "/x",
        "@{1}",
        "x\0y",
        "a~1",
        "../../config",
        "é\n",
    ] {
        let error = harness.expect_failure(ImportGeopackage {
            branch: Some(name.into()),
            dest: Some("x".into()),
            ..job(&harness)
        });
        assert!(error.ends_with("is not a name for a branch"), "{name:?}: {error}");
    }
    let error = harness.expect_failure(ImportGeopackage { branch: Some("master/x".into()), ..job(&harness) });
    assert_eq!(error, "there can be no branch master/x beside the branch master");
}

#[test]
fn the_report_contains_the_commit() {
    let harness = Harness::new();
    let first = harness.import(job(&harness));
    let task = harness.run(ImportGeopackage {
        dest: Some("again".into()),
        author: author("Jo", Some("jo@example.org")),
        message: Some("Why not".into()),
        ..job(&harness)
    });
    let commit = harness.repository.branch_tip("master").unwrap().unwrap().to_string();
    let seconds: i64 = commit_field(&harness, &commit, "%at").parse().unwrap();
    let person = |name: &str, email: &str| {
        let person = Report::new().text("name", name).text("email", email);
        person.integer("timestamp", seconds * 1000).integer("timeZoneOffset", 0)
    };
    let expected = Report::new()
        .text("id", &commit)
        .text("tree", git(harness.git_dir(), &["rev-parse", &format!("{commit}^{{tree}}")]))
        .element("parents", Report::new().list("id", [ReportValue::text(first)]))
        .element("author", person("Jo", "jo@example.org"))
        .element("committer", person("Longhaul", "longhaul@localhost"))
        .long_text("message", "Why not");
    let layer = Report::new().text("path", "again").integer("added", 2).integer("changed", 0);
    let layer = ReportValue::Element(layer.integer("deleted", 0).integer("unchanged", 0));
    let expected = Report::new().element("commit", expected).list("layer", [layer]);
    assert_eq!(*task.result.unwrap(), expected);
}

#[test]
fn the_reflog_has_the_commit() {
    let harness = Harness::new();
    let commit = harness.import(job(&harness));
    let log = git(harness.git_dir(), &["reflog", "show", "--format=%H %gs", "master"]);
    assert_eq!(log, format!("{commit} import: Import from f.gpkg:roads to roads/"));
}
