//! nginx, with the configuration that docs/operating.md shows.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
};

const DOCUMENTATION: &str = include_str!("../../../../docs/operating.md");

pub struct Nginx {
    pub address: SocketAddr,
    process: Child,
    _folder: tempfile::TempDir,
}

impl Nginx {
    /// Starts nginx in front of a server; `None`, and a message, if it is not installed.
    pub fn before(server: SocketAddr) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        let configuration = folder.path().join("nginx.conf");
        std::fs::write(
            &configuration,
            configuration_of(&folder.path().display().to_string(), address, server),
        )
        .unwrap();
        let started = Command::new("nginx")
            .arg("-c")
            .arg(&configuration)
            .arg("-p")
            .arg(folder.path())
            .args(["-e", "stderr"])
            .stdin(Stdio::null())
            .spawn();
        let Ok(process) = started else {
            println!("LEFT OUT: nginx is not installed");
            return None;
        };
        let mut nginx = Self { address, process, _folder: folder };
        while TcpStream::connect(address).is_err() {
            assert_eq!(nginx.process.try_wait().unwrap(), None, "nginx does not start");
            std::thread::yield_now();
        }
        Some(nginx)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// The documented block, on other addresses and without TLS.
fn configuration_of(folder: &str, address: SocketAddr, server: SocketAddr) -> String {
    let block = DOCUMENTATION.split("```nginx\n").nth(1).unwrap().split("```").next().unwrap();
    let replaced = |text: String, from: &str, to: String| {
        assert!(text.contains(from), "the documented block has no {from}");
        text.replace(from, &to)
    };
    let block = replaced(block.to_owned(), "listen 443 ssl;", format!("listen {address};"));
    let block = replaced(block, "http://127.0.0.1:8182", format!("http://{server}"));
    let folders: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("    {kind}_temp_path {folder}/{kind};\n"))
        .concat();
    format!(
        "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr warn;\nevents {{}}\nhttp {{\n    access_log off;\n{folders}{block}}}\n"
    )
}
