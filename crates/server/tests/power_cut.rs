//! A power cut: the file system stops without writing its log to the disk, the server is killed, and the next server uses what
//! has reached the disk.
//!
//! The file system is ext4 in a file, mounted in a mount namespace of its own. It commits its log every 300 seconds, so only
//! what was synced is on the disk.

#![allow(clippy::unwrap_used, reason = "tests may")]
#![cfg(target_os = "linux")]

mod harness;

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use harness::{Form, Request, Response, Server, geopackage};
use tempfile::TempDir;

/// The ioctl EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH.
const CUT: &str = "import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', 2))";
/// Makes every sync succeed without doing anything.
const WITHOUT_SYNCS: &str = "strace -f -qq -o /dev/null -e trace=fsync,fdatasync,syncfs,sync_file_range \
    -e inject=fsync,fdatasync,syncfs,sync_file_range:retval=0 ";

/// A disk whose power can be cut.
struct Disk {
    image: TempDir,
    mount_point: std::path::PathBuf,
    /// Keeps the mount namespace.
    namespace: Child,
}

impl Disk {
    /// `None`, and a message, where file systems cannot be mounted.
    fn new(mount_point: &Path) -> Option<Self> {
        let image = tempfile::tempdir().unwrap();
        let file = image.path().join("image");
        fs::File::create(&file).unwrap().set_len(256 << 20).unwrap();
        let left_out = |why: String| {
            println!(
                "!! LEFT OUT: the power cut needs root, mkfs.ext4, unshare, nsenter and loop devices: {why}"
            );
            None
        };
        match Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&file).output() {
            Ok(output) if output.status.success() => {}
            Ok(output) => return left_out(String::from_utf8_lossy(&output.stderr).into()),
            Err(error) => return left_out(error.to_string()),
        }
        let namespace = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "sh", "-c", "echo made; exec sleep infinity"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut namespace = match namespace {
            Ok(namespace) => namespace,
            Err(error) => return left_out(error.to_string()),
        };
        let mut line = String::new();
        let out = namespace.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).unwrap();
        let disk = Self { image, mount_point: mount_point.to_owned(), namespace };
        if line.is_empty() {
            return left_out("unshare failed".to_owned());
        }
        let mounted = disk.mount();
        if !mounted.status.success() {
            return left_out(String::from_utf8_lossy(&mounted.stderr).into());
        }
        Some(disk)
    }

    fn mount(&self) -> Output {
        let image = self.image.path().join("image");
        self.run(&[
            "mount",
            "-o",
            "loop,commit=300",
            image.to_str().unwrap(),
            self.mount_point.to_str().unwrap(),
        ])
    }

    fn pid(&self) -> String {
        self.namespace.id().to_string()
    }

    fn run(&self, command: &[&str]) -> Output {
        Command::new("nsenter").args(["--mount", "--target", &self.pid()]).args(command).output().unwrap()
    }

    fn done(&self, command: &[&str]) -> String {
        let output = self.run(command);
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A server with one worker whose data folder is the disk; `before` is the beginning of its command.
    fn serve(&self, folder: TempDir, before: &str, overpass: &str) -> Server {
        let command = format!(
            "exec {before}\"$0\" \"$@\" --workers 1 --min-free 0 --keep 1h --user-agent longhaul-tests/1.0 --overpass {overpass}"
        );
        Server::start_under(folder, &["nsenter", "--mount", "--target", &self.pid(), "sh", "-c", &command])
    }

    /// Cuts the power; what the server did not sync is gone. The data folder as it is after the next start.
    fn cut(&self, server: Server) -> TempDir {
        let mount_point = self.mount_point.to_str().unwrap();
        self.done(&["python3", "-c", CUT, mount_point]);
        let folder = server.kill_with_children();
        self.done(&["umount", mount_point]);
        let mounted = self.mount();
        assert!(mounted.status.success(), "{}", String::from_utf8_lossy(&mounted.stderr));
        folder
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The mount goes with the last process in the namespace.
        let _ = self.namespace.kill();
        let _ = self.namespace.wait();
    }
}

fn file(name: &str) -> Form {
    Form::default().file("fileUpload", "points.gpkg", &geopackage::points("points", &[name]))
}

/// What was answered before the power was cut.
struct Answered {
    finished: u64,
    commit: String,
    download: u64,
    waiting: Vec<u64>,
}

/// An import that ends, and six that wait behind a download that does not.
fn work(server: &Server) -> Answered {
    server.init("r");
    let finished = server.import_to_the_end("r", file("the first"));
    let id = |response: Response| response.json()["task"]["id"].as_u64().unwrap();
    let download = id(server.get("/repos/r/osm/download.json?bbox=1,2,3,4"));
    let waiting = (0..6).map(|number| server.import("r", file(&format!("waiting {number}")))).collect();
    Answered {
        finished: finished["id"].as_u64().unwrap(),
        commit: finished["result"]["commit"]["id"].as_str().unwrap().to_owned(),
        download,
        waiting,
    }
}

/// What is lost after the power cut.
fn losses(disk: &Disk, server: &Server, answered: &Answered) -> Vec<String> {
    let mut lost = Vec::new();
    server.send(Request::new("GET", &format!("/tasks/{}.json?cancel=true", answered.download)));
    for id in answered.waiting.iter().chain([&answered.finished]) {
        let status = match server.get(&format!("/tasks/{id}.json")).status {
            200 => server.ended(*id)["status"].to_string(),
            status => status.to_string(),
        };
        if status != "\"FINISHED\"" {
            lost.push(format!("task {id}: {status}"));
        }
    }
    let repository = disk.mount_point.join("repos/r.git");
    let repository = repository.to_str().unwrap();
    let log = disk.run(&["git", "-c", "safe.directory=*", "-C", repository, "rev-list", "master"]);
    if !String::from_utf8_lossy(&log.stdout).contains(&answered.commit) {
        lost.push(format!("commit {}", answered.commit));
    }
    lost
}

/// What a power cut costs; `None` where it cannot be tried.
fn losses_of_a_power_cut(before: &str) -> Option<Vec<String>> {
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let overpass = format!("http://{}/api/interpreter", mute.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::new(folder.path())?;
    let server = disk.serve(folder, before, &overpass);
    let answered = work(&server);
    let folder = disk.cut(server);
    let server = disk.serve(folder, "", &overpass);
    let lost = losses(&disk, &server, &answered);
    server.kill_with_children();
    Some(lost)
}

#[test]
fn a_power_cut_loses_no_answered_task_no_upload_and_no_commit() {
    let Some(lost) = losses_of_a_power_cut("") else { return };
    assert_eq!(lost, [""; 0]);
}

#[test]
fn the_test_of_power_cuts_notices_missing_syncs() {
    if Command::new("strace").arg("--version").output().is_err() {
        println!("!! LEFT OUT: strace is not installed");
        return;
    }
    let Some(lost) = losses_of_a_power_cut(WITHOUT_SYNCS) else { return };
    assert!(lost.len() >= 6, "without syncs, little is on the disk: {lost:?}");
}
