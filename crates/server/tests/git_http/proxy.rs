//! Git behind nginx, with the configuration that packaging/nginx.conf has.

use std::{fs, io::Read};

use crate::{
    client::{Client, tip},
    harness::Server,
    harness::nginx::Nginx,
};

#[test]
fn clones_and_large_pushes_pass_the_documented_nginx() {
    let server = Server::start();
    server.init("r");
    let Some(nginx) = Nginx::before(server.address) else { return };
    let client = Client::new();
    let address = format!("http://{}/repos/r.git", nginx.address);
    client.clone_bare(&address, "clone");
    // Larger than what Git sends with a length.
    let mut random = vec![0; 8 << 20];
    fs::File::open("/dev/urandom").unwrap().read_exact(&mut random).unwrap();
    let tree = client.git(&["-C", "clone", "hash-object", "-t", "tree", "-w", "/dev/null"]);
    let first = client.git(&["-C", "clone", "commit-tree", &tree, "-m", "first"]);
    let commit = client.commit("clone", &first, &[("random", Some(&random))]);
    client.git(&["-C", "clone", "push", "--quiet", "origin", &format!("{commit}:refs/heads/master")]);
    assert_eq!(tip(&server.data("repos/r.git"), "master"), commit);
    client.clone_bare(&address, "again");
    assert_eq!(tip(&client.path("again"), "master"), commit);
    server.stop();
}
