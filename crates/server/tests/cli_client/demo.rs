use crate::{
    harness::{git, names_in, server::longhaul},
    program::{Running, client_at, run},
};

#[test]
fn the_demo_shows_an_import_and_removes_its_data() {
    let scratch = tempfile::tempdir().unwrap();
    let mut demo = longhaul();
    demo.arg("demo").env("TMPDIR", scratch.path());
    // What the user has set for a server of their own must not get in the way.
    demo.env("LONGHAUL_CONFIG", "/nowhere.toml").env("LONGHAUL_LISTEN", "127.0.0.1:1");
    let done = run(demo);
    assert_eq!((done.status, done.err.as_str()), (Some(0), ""), "{}", done.out);
    for text in [
        "listening on http://127.0.0.1:",
        "\"status\":\"WAITING\"",
        "\"status\": \"FINISHED\"",
        "countries      177 features",
        "countries/.table-dataset/feature/    |   177 files",
        "countries.fgb: 177 features",
        "curl -F fileUpload=@",
    ] {
        assert!(done.out.contains(text), "{text} is not in {}", done.out);
    }
    let commits: Vec<_> = done.out.lines().filter_map(|line| line.strip_prefix("commit ")).collect();
    assert_eq!(commits.len(), 2, "{}", done.out);
    assert_eq!(commits[0], commits[1], "the server and Git show the same commit");
    assert_eq!(commits[0].len(), 40);
    assert!(names_in(scratch.path()).is_empty(), "{:?}", names_in(scratch.path()));
}

#[test]
fn demo_stay_serves_until_ctrl_c_and_keeps_a_given_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for repository in ["natural-earth", "natural-earth-2"] {
        let mut demo = longhaul();
        demo.args(["demo", "--stay", "--data"]).arg(&data);
        let mut demo = Running::start(demo);
        let output = demo.wait_for_out("git -C") + &demo.wait_for_out("mine.git");
        run_the_shown_commands(&output, &format!("mine-beside-{repository}"));
        demo.interrupt();
        let done = demo.end();
        assert_eq!((done.status, done.err.as_str()), (Some(0), ""));
        let kept = data.join(format!("repos/{repository}.git"));
        assert_eq!(git(&kept, &["fsck", "--strict", "--full"]), "");
        assert_eq!(git(&kept, &["rev-list", "--count", "master"]), "1");
    }
}

/// Imports the file that the demo offers into the server that the demo runs.
fn run_the_shown_commands(output: &str, repository: &str) {
    let address = output.lines().find_map(|line| line.strip_prefix("listening on ")).unwrap();
    let upload = output.lines().filter_map(|line| line.split_once("fileUpload=@")).next_back().unwrap().1;
    let file = upload.split_once(' ').unwrap().0;
    let done = run(client_at(address, &["import", file, "--repo", repository, "--create"]));
    assert_eq!(done.status, Some(0), "{done:?}");
}
