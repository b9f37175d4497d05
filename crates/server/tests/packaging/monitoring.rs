//! Prometheus.

use std::{collections::BTreeSet, io::Write as _, process::Stdio};

use super::*;
use crate::harness::Server;

#[test]
fn promtool_accepts_the_alerts_and_the_metrics() {
    let rules = output(Command::new("promtool").args(["check", "rules"]).arg(packaging().join("alerts.yml")));
    let Some(rules) = rules else { return };
    assert!(rules.status.success(), "{}{}", text(&rules.stdout), text(&rules.stderr));

    let server = Server::start();
    let metrics = server.get("/metrics").text();
    let checking = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut checking = checking.unwrap();
    checking.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let checked = checking.wait_with_output().unwrap();
    assert_eq!((text(&checked.stderr).as_str(), checked.status.code()), ("", Some(0)));
    server.stop();
}

#[test]
fn the_alerts_use_metrics_that_there_are() {
    let server = Server::start();
    let metrics = server.get("/metrics").text();
    let known: BTreeSet<_> =
        metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let alerts = read("alerts.yml");
    let words = alerts.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let used: BTreeSet<_> = words.filter(|word| word.starts_with("longhaul_")).collect();
    assert!(used.len() > 5);
    let missing: Vec<_> = used.difference(&known).collect();
    assert!(missing.is_empty(), "/metrics has no {missing:?}");
    let documentation = std::fs::read_to_string(packaging().join("../docs/monitoring.md")).unwrap();
    let undocumented: Vec<_> = known.iter().filter(|name| !documentation.contains(*name)).collect();
    assert!(undocumented.is_empty(), "docs/monitoring.md does not have {undocumented:?}");
    server.stop();
}
