//! The check of pushes.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod support;

use std::{fs, path::Path};

use gix::ObjectId;
use longhaul_geodata::Value::{Integer, Text};
use longhaul_repository::{IncomingPush, PushError, RefUpdate, Repository};
use support::{commit, git, layers, repository, shared_data};

const LAYER: &str = "roads/.table-dataset";

/// A repository with a layer `roads` on `master`, and a copy of it in which pushes are made.
struct Fixture {
    _folders: [tempfile::TempDir; 2],
    server: Repository,
    client: Repository,
}

impl Fixture {
    fn new() -> Self {
        let (server_folder, server) = repository();
        let roads = layers::layer("roads", &[("fid", "integer"), ("name", "text")]);
        layers::import(&server, &roads, &[&[Integer(1), Text("a")], &[Integer(100), Text("b")]]);
        let (client_folder, client) = repository();
        git(client.path(), &["fetch", "--quiet", server.path().to_str().unwrap(), "master:master"]);
        Self { _folders: [server_folder, client_folder], server, client }
    }

    /// Commits to the client's `master` what `change` makes of its files.
    fn commit(&self, change: impl FnOnce(&Path)) -> ObjectId {
        let folder = tempfile::tempdir().unwrap();
        let work_tree = format!("--work-tree={}", folder.path().display());
        git(self.client.path(), &["--git-dir=.", &work_tree, "checkout", "--force", "master", "--", "."]);
        change(folder.path());
        let tip = git(self.client.path(), &["rev-parse", "master"]);
        support::commit_folder(self.client.path(), "master", 2000, &[&tip], folder.path()).parse().unwrap()
    }

    /// Pushes a commit as the branch `master`; the quarantine has all objects of the client.
    fn push(&self, new: ObjectId) -> Result<(), PushError> {
        self.push_refs(&[RefUpdate { name: "refs/heads/master".into(), new: Some(new) }])
    }

    fn push_refs(&self, updates: &[RefUpdate]) -> Result<(), PushError> {
        let quarantine = tempfile::tempdir().unwrap();
        git(self.client.path(), &["repack", "--quiet", "-a", "-d", "-k"]);
        let packs = self.client.path().join("objects/pack");
        fs::create_dir(quarantine.path().join("pack")).unwrap();
        for file in fs::read_dir(packs).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), quarantine.path().join("pack").join(file.file_name())).unwrap();
        }
        let push = IncomingPush::open(self.server.path(), Some(quarantine.path())).unwrap();
        let checked = push.check(updates);
        drop(push);
        assert!(!quarantine.path().join("info").exists(), "nothing is left for Git to move");
        checked
    }

    fn refusal(&self, new: ObjectId) -> String {
        self.push(new).unwrap_err().to_string()
    }
}

fn write(folder: &Path, path: &str, content: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

#[test]
fn the_lines_that_git_gives_to_its_hook_are_read() {
    let (old, new) = ("0".repeat(40), "12".repeat(20));
    let update = RefUpdate::parse(&format!("{old} {new} refs/heads/a b")).unwrap();
    assert_eq!((update.name.as_str(), update.new), ("refs/heads/a b", Some(new.parse().unwrap())));
    assert_eq!(RefUpdate::parse(&format!("{new} {old} refs/tags/t")).unwrap().new, None);
    for bad in ["", "1 2 3", &old, &format!("{old} {new}")] {
        assert_eq!(RefUpdate::parse(bad), None, "{bad}");
    }
}

#[test]
fn commits_of_imports_and_of_other_files_are_accepted() {
    let fixture = Fixture::new();
    let documents = fixture.commit(|folder| {
        write(folder, "README.md", "Roads");
        write(folder, "roads/licence.txt", "free");
        write(folder, "plans/2026/plan.txt", "none yet");
    });
    fixture.push(documents).unwrap();
    let schools = layers::layer("schools", &[("name", "text")]);
    let imported = layers::import(&fixture.client, &schools, &[&[Text("a")], &[Text("b")]]);
    fixture.push(imported.id).unwrap();
    let gone = fixture.commit(|folder| fs::remove_dir_all(folder.join("roads")).unwrap());
    fixture.push(gone).unwrap();
}

#[test]
fn a_repository_without_layers_may_be_filled_with_anything() {
    let fixture = Fixture::new();
    let first = commit(fixture.client.path(), "other", 1, &[], &[("README.md", "no layers")]);
    fixture.push(first.parse().unwrap()).unwrap();
}

#[test]
fn a_layer_that_kart_could_not_read_is_refused_with_a_reason() {
    type Change = fn(&Path);
    let cases: [(&str, Change); 13] = [
        ("layer 'roads': schema.json of the dataset is malformed", |folder| {
            write(folder, &format!("{LAYER}/meta/schema.json"), "[");
        }),
        ("layer 'roads': schema.json has no columns", |folder| {
            write(folder, &format!("{LAYER}/meta/schema.json"), "[]");
        }),
        ("layer 'roads': column 'fid' has a type that Kart does not know", |folder| {
            let path = folder.join(LAYER).join("meta/schema.json");
            let schema = fs::read_to_string(&path).unwrap();
            fs::write(&path, schema.replace("\"integer\"", "\"quaternion\"")).unwrap();
        }),
        ("layer 'roads': the definition of its coordinate reference system 'EPSG:9' is missing", |folder| {
            let path = folder.join(LAYER).join("meta/schema.json");
            let schema = fs::read_to_string(&path).unwrap();
            let geometry = r#""dataType": "geometry", "geometryType": "POINT", "geometryCRS": "EPSG:9""#;
            fs::write(&path, schema.replace("\"dataType\": \"text\"", geometry)).unwrap();
        }),
        ("layer 'roads': the feature A/A/A/A/kQE= names a legend that is missing", |folder| {
            fs::remove_dir_all(folder.join(LAYER).join("meta/legend")).unwrap();
        }),
        ("layer 'roads': it has a file capabilities.json, which Kart refuses", |folder| {
            write(folder, &format!("{LAYER}/meta/capabilities.json"), "{}");
        }),
        ("layer 'roads': path-structure.json is malformed", |folder| {
            write(folder, &format!("{LAYER}/meta/path-structure.json"), "{\"scheme\": \"by size\"}");
        }),
        ("layer 'roads': the feature A/A/A/A/kQE= is malformed", |folder| {
            write(folder, &format!("{LAYER}/feature/A/A/A/A/kQE="), "no feature");
        }),
        ("layer 'roads': the feature A/A/A/C/kQE= is not in the folder where Kart looks for it", |folder| {
            let feature = folder.join(LAYER).join("feature/A/A/A");
            fs::create_dir(feature.join("C")).unwrap();
            fs::rename(feature.join("A/kQE="), feature.join("C/kQE=")).unwrap();
        }),
        ("layer 'roads': the feature A/A/A/A/x is not named after a primary key", |folder| {
            let feature = folder.join(LAYER).join("feature/A/A/A/A");
            fs::rename(feature.join("kQE="), feature.join("x")).unwrap();
        }),
        ("it lacks the file .kart.repostructure.version, so Kart cannot read its layers", |folder| {
            fs::remove_file(folder.join(".kart.repostructure.version")).unwrap();
        }),
        ("it has version '2' of Kart's layout", |folder| {
            write(folder, ".kart.repostructure.version", "2\n");
        }),
        ("layer 'Roads': 'roads' differs from it only by upper and lower case", |folder| {
            copy_folder(&folder.join("roads"), &folder.join("Roads"));
        }),
    ];
    for (reason, change) in cases {
        let fixture = Fixture::new();
        let broken = fixture.commit(change);
        let refusal = fixture.refusal(broken);
        assert!(
            refusal.starts_with(&format!("commit {}: {reason}", broken.to_hex_with_len(10))),
            "{refusal}"
        );
    }
}

#[test]
fn a_new_layer_needs_a_name_that_kart_can_use() {
    let fixture = Fixture::new();
    let colon = fixture.commit(|folder| copy_folder(&folder.join("roads"), &folder.join("a:b")));
    assert!(fixture.refusal(colon).contains("a layer cannot be kept as 'a:b'"), "{}", fixture.refusal(colon));
    let old = fixture.commit(|folder| {
        fs::remove_dir_all(folder.join("a:b")).unwrap();
        write(folder, "old/.sno-dataset/meta/schema.json", "[]");
    });
    let refusal = fixture.refusal(old);
    assert!(refusal.contains("version 2 of Kart's layout") || refusal.contains("a:b"), "{refusal}");
}

#[test]
fn every_new_commit_is_checked_and_no_old_one() {
    let fixture = Fixture::new();
    let broken = fixture.commit(|folder| write(folder, &format!("{LAYER}/meta/schema.json"), "["));
    let mended = fixture.commit(|folder| {
        let schema = git(fixture.client.path(), &["show", &format!("master~1:{LAYER}/meta/schema.json")]);
        write(folder, &format!("{LAYER}/meta/schema.json"), &schema);
    });
    assert!(fixture.refusal(mended).starts_with(&format!("commit {}", broken.to_hex_with_len(10))));

    // A layer that was broken before, by another way, is in nobody's way.
    git(fixture.client.path(), &["update-ref", "refs/heads/broken", &broken.to_string()]);
    git(
        fixture.server.path(),
        &["fetch", "--quiet", fixture.client.path().to_str().unwrap(), "broken:broken"],
    );
    fixture.push(mended).unwrap();
    git(fixture.client.path(), &["update-ref", "refs/heads/master", &broken.to_string()]);
    let other = fixture.commit(|folder| write(folder, "README.md", "x"));
    fixture.push(other).unwrap();
}

#[test]
fn branches_get_no_misleading_names_and_anything_may_be_deleted_or_tagged() {
    let fixture = Fixture::new();
    let tip: ObjectId = git(fixture.client.path(), &["rev-parse", "master"]).parse().unwrap();
    let blob = git(fixture.client.path(), &["rev-parse", "master:.kart.repostructure.version"]);
    let update = |name: &str, new| RefUpdate { name: name.into(), new };
    for name in ["refs/heads/-x", "refs/heads/HEAD", "refs/heads/refs/heads/x"] {
        let refused = fixture.push_refs(&[update(name, Some(tip))]);
        assert!(matches!(refused, Err(PushError::BranchName(_))), "{name}");
        fixture.push_refs(&[update(name, None)]).unwrap();
    }
    fixture.push_refs(&[update("refs/tags/blob", Some(blob.parse().unwrap()))]).unwrap();
    IncomingPush::open(fixture.server.path(), None)
        .unwrap()
        .check(&[update("refs/heads/a", Some(tip))])
        .unwrap();
}

#[test]
fn repositories_that_kart_made_are_accepted() {
    let Some(folder) = shared_data("kart-golden/kart-made-repos") else { return };
    let mut count = 0;
    for archive in fs::read_dir(folder).unwrap() {
        let archive = archive.unwrap().path();
        if archive.extension().is_none_or(|ending| ending != "tgz") {
            continue;
        }
        let unpacked = tempfile::tempdir().unwrap();
        let arguments =
            ["--no-same-owner", "-xzf", archive.to_str().unwrap(), "-C", unpacked.path().to_str().unwrap()];
        assert!(std::process::Command::new("tar").args(arguments).status().unwrap().success());
        let Some(git_dir) = find_git_dir(unpacked.path()) else { panic!("{}", archive.display()) };
        let fixture = Fixture::new();
        git(
            fixture.client.path(),
            &["fetch", "--quiet", git_dir.to_str().unwrap(), "+refs/heads/*:refs/heads/*"],
        );
        let tips = git(fixture.client.path(), &["for-each-ref", "--format=%(objectname)", "refs/heads"]);
        for tip in tips.lines() {
            fixture
                .push(tip.parse().unwrap())
                .unwrap_or_else(|error| panic!("{}: {error}", archive.display()));
            count += 1;
        }
    }
    assert!(count > 0);
}

fn find_git_dir(folder: &Path) -> Option<std::path::PathBuf> {
    if folder.join("objects").is_dir() && folder.join("refs").is_dir() {
        return Some(folder.to_owned());
    }
    fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .find_map(|path| find_git_dir(&path))
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}
