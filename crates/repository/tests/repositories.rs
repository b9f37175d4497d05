//! Making, finding, renaming and removing repositories.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod support;

use std::{fs, path::Path};

use longhaul_repository::{Identity, InvalidName, Repositories, RepositoriesError, RepositoryName};
use support::{commit, git, repositories};

fn name(text: &str) -> RepositoryName {
    text.parse().unwrap()
}

fn names(repositories: &Repositories) -> Vec<String> {
    repositories.list().unwrap().iter().map(ToString::to_string).collect()
}

#[test]
fn names_are_one_plain_component_of_a_path() {
    for good in ["a", "A-b_c.d", "0", "2026", "-x", "_", &"n".repeat(100), "roads.json", "git", "a.b.c"] {
        assert_eq!(good.parse::<RepositoryName>().unwrap().as_str(), good);
    }
    for (bad, why) in [
        ("", InvalidName::Empty),
        (".", InvalidName::LeadingDot),
        ("..", InvalidName::LeadingDot),
        (".hidden", InvalidName::LeadingDot),
        ("a/b", InvalidName::Character),
        ("a\\b", InvalidName::Character),
        ("a b", InvalidName::Character),
        ("a\0", InvalidName::Character),
        ("straße", InvalidName::Character),
        ("a%2e", InvalidName::Character),
        ("a.git", InvalidName::Reserved),
        ("a.GIT", InvalidName::Reserved),
        ("a.lock", InvalidName::Reserved),
    ] {
        assert_eq!(bad.parse::<RepositoryName>(), Err(why), "{bad:?}");
    }
    assert_eq!("n".repeat(101).parse::<RepositoryName>(), Err(InvalidName::TooLong));
}

#[test]
fn git_reads_a_new_repository() {
    let (folder, repositories) = repositories();
    let jo = Identity { name: "Jo \"J\" Müller; #1".into(), email: "jo@example.org".into() };
    let made = repositories.init(&name("roads"), "surveys/2026", Some(&jo)).unwrap();
    let path = folder.path().join("repos/roads.git");
    assert_eq!(git(&path, &["rev-parse", "--is-bare-repository"]), "true");
    assert_eq!(git(&path, &["symbolic-ref", "HEAD"]), "refs/heads/surveys/2026");
    assert_eq!(git(&path, &["config", "user.name"]), jo.name);
    assert_eq!(git(&path, &["config", "longhaul.id"]), made.id());
    assert_eq!(git(&path, &["config", "kart.repostructure.version"]), "3");
    assert_eq!(git(&path, &["fsck", "--strict", "--full"]), "");
    assert_eq!(made.identity(), jo);
    assert_eq!(made.head_branch().unwrap().as_deref(), Some("surveys/2026"));
    assert_eq!(made.branch_tip("surveys/2026").unwrap(), None);
}

#[test]
fn a_repository_that_names_nobody_commits_as_longhaul() {
    let (_folder, repositories) = repositories();
    let made = repositories.init(&name("r"), "master", None).unwrap();
    assert_eq!(made.identity(), Identity { name: "Longhaul".into(), email: "longhaul@localhost".into() });
}

#[test]
fn a_name_is_taken_once() {
    let (_folder, repositories) = repositories();
    let first = repositories.init(&name("r"), "master", None).unwrap();
    let again = repositories.init(&name("r"), "master", None);
    assert!(matches!(again, Err(RepositoriesError::Taken(_))));
    assert_eq!(repositories.get(&name("r")).unwrap().unwrap().id(), first.id());
}

#[test]
fn of_many_who_make_one_name_one_succeeds_and_nothing_else_is_left() {
    let (folder, repositories) = repositories();
    let made = std::thread::scope(|scope| {
        let init = || repositories.init(&name("r"), "master", None).is_ok();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(init)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).filter(|made| *made).count()
    });
    assert_eq!(made, 1);
    assert_eq!(fs::read_dir(folder.path().join("repos")).unwrap().count(), 1);
}

#[test]
fn a_branch_that_git_refuses_makes_no_repository() {
    let (folder, repositories) = repositories();
    for bad in ["", "a..b", "a b", "-x", "HEAD", "a.lock", "/a", "a/", "a\nb", "refs/heads/x", "@{"] {
        let made = repositories.init(&name("r"), bad, None);
        assert!(matches!(made, Err(RepositoriesError::InvalidBranch(_))), "{bad:?}");
    }
    assert_eq!(fs::read_dir(folder.path().join("repos")).unwrap().count(), 0);
}

#[test]
fn a_rename_keeps_the_id_and_the_history() {
    let (_folder, repositories) = repositories();
    let before = repositories.init(&name("a"), "master", None).unwrap();
    let tip = commit(before.path(), "master", 1, &[], &[("x", "1")]);
    repositories.rename(&name("a"), &name("b")).unwrap();
    let after = repositories.by_id(before.id()).unwrap().unwrap();
    assert_eq!(after.name().as_str(), "b");
    assert_eq!(after.branch_tip("master").unwrap().unwrap().to_string(), tip);
    assert!(repositories.get(&name("a")).unwrap().is_none());
}

#[test]
fn a_rename_says_what_is_wrong() {
    let (_folder, repositories) = repositories();
    repositories.init(&name("a"), "master", None).unwrap();
    repositories.init(&name("b"), "master", None).unwrap();
    let rename = |from, to| repositories.rename(&name(from), &name(to)).unwrap_err();
    assert!(matches!(rename("a", "b"), RepositoriesError::Taken(_)));
    assert!(matches!(rename("a", "a"), RepositoriesError::SameName(_)));
    assert!(matches!(rename("none", "c"), RepositoriesError::NotFound(_)));
    assert_eq!(names(&repositories), ["a", "b"]);
}

#[test]
fn what_is_deleted_is_gone_from_the_disk() {
    let (folder, repositories) = repositories();
    let made = repositories.init(&name("a"), "master", None).unwrap();
    commit(made.path(), "master", 1, &[], &[("x", "1")]);
    repositories.delete(&name("a")).unwrap();
    assert_eq!(fs::read_dir(folder.path().join("repos")).unwrap().count(), 0);
    assert!(repositories.by_id(made.id()).unwrap().is_none());
    assert!(matches!(repositories.delete(&name("a")), Err(RepositoriesError::NotFound(_))));
}

#[test]
fn repositories_put_there_by_hand_are_served() {
    let (folder, repositories) = repositories();
    let repos = folder.path().join("repos");
    git(&repos, &["init", "--quiet", "--bare", "--initial-branch=main", "plain"]);
    git(&repos, &["init", "--quiet", "--bare", "--initial-branch=main", "ended.git"]);
    git(&repos, &["init", "--quiet", "with-a-work-tree"]);
    git(&repos, &["init", "--quiet", "--bare", "bad name.git"]);
    fs::create_dir(repos.join("empty.git")).unwrap();
    fs::write(repos.join("file.git"), "").unwrap();
    assert_eq!(names(&repositories), ["ended", "plain"]);
    let plain = repositories.get(&name("plain")).unwrap().unwrap();
    assert_eq!(plain.head_branch().unwrap().as_deref(), Some("main"));
    assert_eq!(repositories.by_id(plain.id()).unwrap().unwrap().name().as_str(), "plain");
    assert!(repositories.get(&name("with-a-work-tree")).unwrap().is_none());
    let taken = repositories.init(&name("plain"), "master", None);
    assert!(matches!(taken, Err(RepositoriesError::Taken(_))));
}

#[test]
fn a_repository_put_there_by_hand_gets_one_id_however_many_ask() {
    let (folder, repositories) = repositories();
    git(&folder.path().join("repos"), &["init", "--quiet", "--bare", "r.git"]);
    let ids = std::thread::scope(|scope| {
        let ask = || repositories.get(&name("r")).unwrap().unwrap().id().to_owned();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<std::collections::HashSet<_>>()
    });
    assert_eq!(ids.len(), 1);
    let kept = git(&folder.path().join("repos/r.git"), &["config", "longhaul.id"]);
    assert!(ids.contains(&kept));
}

#[test]
fn a_copy_gets_an_id_of_its_own() {
    let (folder, repositories) = repositories();
    let original = repositories.init(&name("zoo"), "master", None).unwrap();
    let copy = folder.path().join("repos/copy.git");
    git(folder.path(), &["init", "--quiet", "--bare", copy.to_str().unwrap()]);
    fs::copy(original.path().join("config"), copy.join("config")).unwrap();
    let copy = repositories.get(&name("copy")).unwrap().unwrap();
    assert_ne!(copy.id(), original.id());
    assert_eq!(repositories.by_id(original.id()).unwrap().unwrap().name().as_str(), "zoo");
    assert_eq!(repositories.by_id(copy.id()).unwrap().unwrap().name().as_str(), "copy");
}

#[test]
fn a_repository_moved_by_hand_is_found_by_its_id() {
    let (folder, repositories) = repositories();
    let made = repositories.init(&name("a"), "master", None).unwrap();
    let repos = folder.path().join("repos");
    fs::rename(repos.join("a.git"), repos.join("b.git")).unwrap();
    assert_eq!(repositories.by_id(made.id()).unwrap().unwrap().name().as_str(), "b");
}

#[cfg(unix)]
#[test]
fn symbolic_links_lead_nowhere() {
    let (folder, repositories) = repositories();
    git(folder.path(), &["init", "--quiet", "--bare", "outside.git"]);
    let link = folder.path().join("repos/link.git");
    std::os::unix::fs::symlink(folder.path().join("outside.git"), &link).unwrap();
    assert!(names(&repositories).is_empty());
    assert!(repositories.get(&name("link")).unwrap().is_none());
    assert!(matches!(repositories.delete(&name("link")), Err(RepositoriesError::NotFound(_))));
    assert!(matches!(repositories.init(&name("link"), "master", None), Err(RepositoriesError::Taken(_))));
    assert!(folder.path().join("outside.git/HEAD").exists());
}

#[test]
fn a_sweep_takes_what_was_left_unfinished_and_nothing_else() {
    let (folder, repositories) = repositories();
    repositories.init(&name("a"), "master", None).unwrap();
    let repos = folder.path().join("repos");
    fs::create_dir_all(repos.join(".new-1/objects")).unwrap();
    fs::create_dir_all(repos.join(".gone-2/objects")).unwrap();
    fs::create_dir_all(repos.join(".kept-by-hand")).unwrap();
    repositories.sweep(&[]).unwrap();
    let mut left: Vec<_> = fs::read_dir(repos).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, [".kept-by-hand", "a.git"]);
}

#[test]
fn a_sweep_takes_unfinished_packs_of_ours_and_not_of_others() {
    let (_folder, repositories) = repositories();
    let packs = repositories.init(&name("a"), "master", None).unwrap().path().join("objects/pack");
    let ours = ["tmp_pack_0123456789abcdef0123456789abcdef", "tmp_idx_0123456789abcdef0123456789abcdef"];
    let of_git = "tmp_pack_Xy12Zw";
    for file in ours.iter().chain([&of_git]) {
        fs::write(packs.join(file), "PACK").unwrap();
    }
    repositories.sweep(&[]).unwrap();
    let left: Vec<_> = fs::read_dir(packs).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [of_git]);
}

#[test]
fn configuration_from_elsewhere_does_not_count() {
    let (folder, repositories) = repositories();
    let made = repositories.init(&name("a"), "master", None).unwrap();
    let outside = folder.path().join("outside");
    fs::write(&outside, "[user]\n\tname = Somebody\n\temail = else@example.org\n").unwrap();
    git(made.path(), &["config", "include.path", outside.to_str().unwrap()]);
    let again = repositories.get(&name("a")).unwrap().unwrap();
    assert_eq!(again.identity(), Identity::fallback());
}

#[test]
fn a_damaged_repository_fails_alone() {
    let (folder, repositories) = repositories();
    repositories.init(&name("good"), "master", None).unwrap();
    let bad = repositories.init(&name("bad"), "master", None).unwrap();
    fs::write(bad.path().join("config"), "[core\nnonsense").unwrap();
    let error = repositories.get(&name("bad")).unwrap_err();
    assert!(matches!(error, RepositoriesError::Git { .. }));
    assert!(!error.to_string().contains(&*folder.path().to_string_lossy()), "{error}");
    let again = Repositories::open(folder.path().join("repos")).unwrap();
    assert_eq!(names(&again), ["bad", "good"]);
    assert!(again.get(&name("good")).unwrap().is_some());
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let opened = Repositories::open(Path::new(file.path()).join("repos"));
    assert!(matches!(opened, Err(RepositoriesError::Io { .. })));
}

#[test]
fn objects_from_outside_of_the_folder_are_not_served_and_those_of_another_repository_are() {
    let (folder, repositories) = repositories();
    let repos = folder.path().join("repos");
    git(folder.path(), &["init", "--quiet", "--bare", "outside.git"]);
    support::commit(&folder.path().join("outside.git"), "master", 1, &[], &[("a", "b")]);
    git(&repos, &["clone", "--quiet", "--bare", "--shared", "../outside.git", "borrower.git"]);
    assert_is_not_served(&repositories, "borrower");
    // By way of another one.
    git(&repos, &["init", "--quiet", "--bare", "second.git"]);
    fs::write(repos.join("second.git/objects/info/alternates"), "../../borrower.git/objects\n").unwrap();
    assert_is_not_served(&repositories, "second");

    git(&repos, &["clone", "--quiet", "--bare", "../outside.git", "owner.git"]);
    git(&repos, &["clone", "--quiet", "--bare", "--shared", "owner.git", "friend.git"]);
    let friend = repositories.get(&name("friend")).unwrap().unwrap();
    assert!(friend.branch_tip("master").unwrap().is_some());
}

#[cfg(unix)]
#[test]
fn a_repository_with_linked_folders_or_in_another_folder_is_not_served() {
    let (folder, repositories) = repositories();
    let outside = folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    for part in ["objects/pack", "objects/ab", "refs/heads", "packed-refs", ".git", "commondir"] {
        let made = repositories.init(&name("r"), "master", None).unwrap();
        let _ = fs::remove_dir(made.path().join(part));
        std::os::unix::fs::symlink(&outside, made.path().join(part)).unwrap();
        assert_is_not_served(&repositories, "r");
        repositories.delete(&name("r")).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn nothing_waits_for_a_pipe_in_the_place_of_a_file() {
    let (_folder, repositories) = repositories();
    for part in ["packed-refs", "shallow", "objects/info/alternates"] {
        let made = repositories.init(&name("r"), "master", None).unwrap();
        let pipe = made.path().join(part);
        assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
        let lock = made.path().join("refs/heads/master.lock");
        assert!(std::process::Command::new("mkfifo").arg(lock).status().unwrap().success());
        assert_is_not_served(&repositories, "r");
        repositories.sweep(&[]).unwrap();
        repositories.delete(&name("r")).unwrap();
    }
}

fn assert_is_not_served(repositories: &Repositories, repository: &str) {
    let error = repositories.get(&name(repository)).unwrap_err();
    assert!(matches!(error, RepositoriesError::NotSelfContained { .. }), "{error}");
}
