//! Publications that were interrupted after the commit point, and are completed by another process.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod support;

use std::{
    fs::{self, File, FileTimes},
    path::{Path, PathBuf},
    time::SystemTime,
};

use longhaul_geodata::Value::Integer;
use longhaul_repository::{
    Commit, DatasetPath, LockedCommit, Mode, Publication, Repositories, Repository, Stage, StageError,
};
use support::{
    git,
    layers::{batch, details, import, layer, rows, stage},
    repository,
};
use tempfile::TempDir;

/// A repository as a process left it that was killed, and the publication that it had sealed.
struct Killed {
    _folder: TempDir,
    repositories: Repositories,
    publication: Publication,
}

impl Killed {
    /// Clears up as a server does that starts and finds the task sealed.
    fn sweep(&self) {
        self.repositories.sweep(std::slice::from_ref(&self.publication)).unwrap();
    }

    /// The repository's folder right after the commit point: nothing is in place yet.
    fn after_seal(repository: &Repository, locked: &LockedCommit) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(repository.path(), &folder.path().join("repos/r.git"));
        let repositories = Repositories::open(folder.path().join("repos")).unwrap();
        Self { repositories, publication: locked.publication().clone(), _folder: folder }
    }

    /// As another process opens it.
    fn repository(&self) -> Repository {
        self.repositories.get(&"r".parse().unwrap()).unwrap().unwrap()
    }

    fn path(&self) -> PathBuf {
        self.repository().path().to_owned()
    }

    /// The one file among the packs whose name begins so.
    fn pack_file(&self, start: &str) -> PathBuf {
        let folder = self.path().join("objects/pack");
        let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(start);
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).find(name).expect(start)
    }

    fn pack(&self, ending: &str) -> PathBuf {
        let name = self.publication.pack.as_deref().unwrap();
        self.path().join(format!("objects/pack/{name}.{ending}"))
    }

    fn lock(&self) -> PathBuf {
        self.path().join("refs/heads/master.lock")
    }

    /// Carries out the first `steps` steps of the publication.
    fn advance(&self, steps: usize) {
        let steps_in_order: [&dyn Fn(); 5] = [
            &|| fs::write(self.pack("keep"), "longhaul is publishing this pack\n").unwrap(),
            &|| fs::rename(self.pack_file("tmp_pack_"), self.pack("pack")).unwrap(),
            &|| fs::rename(self.pack_file("tmp_idx_"), self.pack("idx")).unwrap(),
            &|| {
                let log = self.path().join("logs/refs/heads/master");
                fs::create_dir_all(log.parent().unwrap()).unwrap();
                let old = self.publication.old.map_or("0".repeat(40), |id| id.to_string());
                let line = format!(
                    "{old} {} Longhaul <longhaul@localhost> 1767225600 +0000\timport: Import from a test:roads to roads/\n",
                    self.publication.new
                );
                let before = fs::read_to_string(&log).unwrap_or_default();
                fs::write(log, before + &line).unwrap();
            },
            &|| fs::rename(self.lock(), self.lock().with_extension("")).unwrap(),
        ];
        steps_in_order.iter().take(steps).for_each(|step| step());
    }

    /// Names pack and index as version 0.1.0 did.
    fn with_files_of_version_0_1_0(mut self) -> Self {
        let folder = self.path().join("objects/pack");
        for (start, unique) in [("tmp_pack_", "0"), ("tmp_idx_", "1")] {
            fs::rename(self.pack_file(start), folder.join(format!("{start}{}", unique.repeat(32)))).unwrap();
        }
        fs::remove_file(self.lock()).unwrap();
        self.publication.pack = None;
        self
    }

    #[track_caller]
    fn assert_published(&self) -> Commit {
        let (git_dir, new) = (self.path(), self.publication.new.to_string());
        assert_eq!(git(&git_dir, &["rev-parse", "master"]), new);
        assert_eq!(git(&git_dir, &["fsck", "--strict", "--full"]), "");
        let log = git(&git_dir, &["reflog", "show", "--format=%H", "master"]);
        assert_eq!(log.lines().filter(|line| **line == new).count(), 1, "{log}");
        assert!(!self.lock().exists());
        let left = fs::read_dir(git_dir.join("objects/pack")).unwrap();
        let left: Vec<_> = left.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert!(left.iter().all(|name| !name.starts_with("tmp_") && !name.ends_with(".keep")), "{left:?}");
        self.repository().commit(self.publication.new).unwrap()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn roads() -> longhaul_geodata::Layer {
    layer("roads", &[("fid", "integer")])
}

/// A repository with a locked commit of one feature, on a new branch or on top of another commit.
fn locked(is_first: bool) -> (TempDir, Repository, LockedCommit) {
    let (folder, repository) = repository();
    if !is_first {
        import(&repository, &roads(), &[&[Integer(1)]]);
    }
    let staged = stage(&repository, &roads(), Mode::Replace, &[&[Integer(2)]]).unwrap();
    let locked = staged.lock().unwrap();
    (folder, repository, locked)
}

#[test]
fn a_publication_is_completed_from_wherever_it_stopped() {
    for is_first in [true, false] {
        let (_folder, repository, locked) = locked(is_first);
        for steps in 0..=5 {
            let killed = Killed::after_seal(&repository, &locked);
            killed.advance(steps);
            killed.repository().publish(&killed.publication).unwrap();
            let commit = killed.assert_published();
            assert_eq!(rows(&killed.repository(), &commit, "roads"), ["Integer(2)"]);
            killed.repository().publish(&killed.publication).unwrap();
            killed.assert_published();
        }
    }
}

#[test]
fn a_publication_is_completed_where_the_lock_was_lost() {
    let (_folder, repository, locked) = locked(false);
    for steps in 0..=4 {
        let killed = Killed::after_seal(&repository, &locked);
        killed.advance(steps);
        fs::remove_file(killed.lock()).unwrap();
        killed.repository().publish(&killed.publication).unwrap();
        killed.assert_published();
    }
}

#[test]
fn an_intent_of_version_0_1_0_is_completed() {
    for is_first in [true, false] {
        let (_folder, repository, locked) = locked(is_first);
        for steps in 0..=3 {
            let mut killed = Killed::after_seal(&repository, &locked);
            match steps {
                0 => killed = killed.with_files_of_version_0_1_0(),
                _ => {
                    killed.advance(steps);
                    killed.publication.pack = None;
                }
            }
            killed.repository().publish(&killed.publication).unwrap();
            killed.repository().publish(&killed.publication).unwrap();
            assert_eq!(killed.repository().branch_tip("master").unwrap(), Some(killed.publication.new));
            git(&killed.path(), &["fsck", "--strict", "--full"]);
        }
    }
}

#[test]
fn a_branch_that_went_on_from_the_commit_is_left_alone() {
    let (_folder, repository, locked) = locked(false);
    let killed = Killed::after_seal(&repository, &locked);
    killed.repository().publish(&killed.publication).unwrap();
    let later = import(&killed.repository(), &roads(), &[&[Integer(3)]]);
    killed.repository().publish(&killed.publication).unwrap();
    assert_eq!(killed.repository().branch_tip("master").unwrap(), Some(later.id));
}

#[test]
fn a_branch_that_somebody_else_moved_makes_a_publication_impossible() {
    for (is_first, steps) in [(true, 0), (false, 0), (false, 3)] {
        let (_folder, repository, locked) = locked(is_first);
        let killed = Killed::after_seal(&repository, &locked);
        killed.advance(steps);
        fs::remove_file(killed.lock()).unwrap();
        let other = support::commit(&killed.path(), "master", 1000, &[], &[("x", "1")]);
        let error = killed.repository().publish(&killed.publication).unwrap_err();
        assert!(matches!(error, StageError::BranchMoved(_)) && error.is_permanent(), "{error}");
        assert_eq!(git(&killed.path(), &["rev-parse", "master"]), other);
        assert!(!killed.lock().exists());
        assert_eq!(killed.pack("pack").exists(), steps > 0, "a pack that is in place stays there");
        git(&killed.path(), &["fsck", "--strict", "--full"]);
    }
}

#[test]
fn objects_that_are_gone_make_a_publication_impossible() {
    for start in ["tmp_pack_", "tmp_idx_"] {
        let (_folder, repository, locked) = locked(false);
        let mut killed = Killed::after_seal(&repository, &locked);
        fs::remove_file(killed.pack_file(start)).unwrap();
        let error = killed.repository().publish(&killed.publication).unwrap_err();
        assert!(matches!(error, StageError::ObjectsGone(_)) && error.is_permanent(), "{error}");
        assert!(!killed.lock().exists(), "others may have the branch");
        killed.publication.pack = Some("no name of a pack".to_owned());
        assert!(killed.repository().publish(&killed.publication).unwrap_err().is_permanent());
    }
}

#[test]
fn a_branch_that_another_program_has_locked_is_tried_again() {
    let (_folder, repository, locked) = locked(false);
    let killed = Killed::after_seal(&repository, &locked);
    fs::write(killed.lock(), "").unwrap();
    let error = killed.repository().publish(&killed.publication).unwrap_err();
    assert!(matches!(error, StageError::Locked(_)) && !error.is_permanent(), "{error}");
    fs::remove_file(killed.lock()).unwrap();
    killed.repository().publish(&killed.publication).unwrap();
    killed.assert_published();
}

#[test]
fn many_publishers_of_one_commit_do_no_harm() {
    let (_folder, repository, locked) = locked(false);
    let killed = Killed::after_seal(&repository, &locked);
    std::thread::scope(|scope| {
        let publish = || killed.repository().publish(&killed.publication);
        let publishers: Vec<_> = (0..4).map(|_| scope.spawn(publish)).collect();
        publishers.into_iter().for_each(|publisher| publisher.join().unwrap().unwrap());
    });
    killed.assert_published();
}

#[test]
fn a_publication_that_was_completed_is_complete_for_everybody() {
    let (_folder, repository, locked) = locked(true);
    let publication = locked.publication().clone();
    locked.publish().unwrap();
    repository.publish(&publication).unwrap();
    assert_eq!(repository.branch_tip("master").unwrap(), Some(publication.new));
}

#[test]
fn an_attempt_that_loses_leaves_the_same_pack_of_another_in_place() {
    let (_folder, repository) = repository();
    let staged = || stage(&repository, &roads(), Mode::Replace, &[&[Integer(1)]]).unwrap();
    let (first, second, third) = (staged(), staged(), staged());
    let commit = first.publish().unwrap();
    assert_eq!(second.commit().id, commit.id, "the same pack");
    assert!(matches!(second.publish(), Err(StageError::BranchMoved(_))));
    drop(third);
    assert_eq!(git(repository.path(), &["rev-parse", "master"]), commit.id.to_string());
    assert_eq!(git(repository.path(), &["fsck", "--strict", "--full"]), "");
}

#[test]
fn one_pack_may_be_published_to_two_branches() {
    let (_folder, repository) = repository();
    let staged = |branch: &str| {
        let mut stage = Stage::open(&repository, branch).unwrap();
        let mut layer = stage.layer(&DatasetPath::new("roads").unwrap(), &roads(), Mode::Replace).unwrap();
        let mut writer = layer.writer(&stage);
        writer.write(&batch(&[&[Integer(1)]])).unwrap();
        layer.collect(writer.finish().unwrap());
        stage.finish(layer).unwrap();
        stage.commit(&details()).unwrap()
    };
    let (a, b) = (staged("a/one"), staged("b"));
    let commit = a.publish().unwrap();
    assert_eq!(b.publish().unwrap().id, commit.id);
    assert_eq!(git(repository.path(), &["rev-parse", "a/one", "b"]), format!("{0}\n{0}", commit.id));
    assert_eq!(git(repository.path(), &["fsck", "--strict", "--full"]), "");
}

#[test]
fn git_refuses_a_push_while_the_branch_is_locked() {
    let (_folder, repository, locked) = locked(false);
    let tip = repository.branch_tip("master").unwrap().unwrap().to_string();
    let moved = std::process::Command::new("git")
        .current_dir(repository.path())
        .args(["update-ref", "-d", "refs/heads/master", &tip])
        .output()
        .unwrap();
    assert!(!moved.status.success());
    let commit = locked.publish().unwrap();
    assert_eq!(git(repository.path(), &["rev-parse", "master"]), commit.id.to_string());
}

#[test]
fn a_locked_commit_that_is_dropped_leaves_nothing() {
    let (_folder, repository, locked) = locked(true);
    drop(locked);
    assert_eq!(fs::read_dir(repository.path().join("refs/heads")).unwrap().count(), 0);
    assert_eq!(fs::read_dir(repository.path().join("objects/pack")).unwrap().count(), 0);
}

#[test]
fn a_lock_that_was_abandoned_before_the_commit_point_is_in_nobodys_way() {
    let (_folder, repository, locked) = locked(false);
    let killed = Killed::after_seal(&repository, &locked);
    let commit = import(&killed.repository(), &roads(), &[&[Integer(7)]]);
    assert_eq!(killed.repository().branch_tip("master").unwrap(), Some(commit.id));
}

#[test]
fn a_publication_that_is_to_be_tried_again_keeps_its_lock() {
    let (_folder, repository, locked) = locked(true);
    let killed = Killed::after_seal(&repository, &locked);
    let log = killed.path().join("logs/refs/heads/master");
    fs::create_dir_all(log.join("in-the-way")).unwrap();
    let error = killed.repository().publish(&killed.publication).unwrap_err();
    assert!(!error.is_permanent(), "{error}");
    let other = stage(&killed.repository(), &roads(), Mode::Replace, &[&[Integer(7)]]).unwrap();
    assert!(matches!(other.publish(), Err(StageError::Locked(_))));
    fs::remove_dir_all(log).unwrap();
    killed.repository().publish(&killed.publication).unwrap();
    killed.assert_published();
}

#[test]
fn a_sweep_leaves_what_a_sealed_task_may_need() {
    let (_folder, repository, locked) = locked(false);
    for steps in 0..=5 {
        let killed = Killed::after_seal(&repository, &locked);
        killed.advance(steps);
        killed.sweep();
        killed.repository().publish(&killed.publication).unwrap();
        killed.assert_published();
    }
    let killed = Killed::after_seal(&repository, &locked).with_files_of_version_0_1_0();
    killed.sweep();
    killed.repository().publish(&killed.publication).unwrap();
    killed.assert_published();
}

#[test]
fn a_sweep_leaves_the_pack_of_a_sealed_task_whose_lock_was_lost() {
    let (_folder, repository, locked) = locked(false);
    let killed = Killed::after_seal(&repository, &locked);
    fs::remove_file(killed.lock()).unwrap();
    killed.sweep();
    killed.repository().publish(&killed.publication).unwrap();
    killed.assert_published();
}

#[test]
fn a_sweep_takes_what_no_sealed_task_needs() {
    let (_folder, repository, locked) = locked(true);
    let killed = Killed::after_seal(&repository, &locked);
    killed.advance(1);
    let lock = File::options().append(true).open(killed.lock()).unwrap();
    lock.set_times(FileTimes::new().set_modified(SystemTime::UNIX_EPOCH)).unwrap();
    drop(lock);
    killed.repositories.sweep(&[]).unwrap();
    assert!(!killed.lock().exists());
    assert_eq!(fs::read_dir(killed.path().join("objects/pack")).unwrap().count(), 0);
}
