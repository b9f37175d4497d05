//! nginx, with the configuration `packaging/nginx.conf`.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

const CONFIGURATION: &str = include_str!("../../../../packaging/nginx.conf");

pub struct Nginx {
    pub address: SocketAddr,
    process: Child,
    folder: tempfile::TempDir,
}

impl Nginx {
    /// Starts nginx without TLS in front of a server; `None`, and a message, if it is not installed.
    pub fn before(server: SocketAddr) -> Option<Self> {
        Self::start(free_address(), server, false)
    }

    /// Starts nginx with TLS, as `https://localhost`, at this address; `None`, and a message, if it or openssl is not installed.
    pub fn with_tls(address: SocketAddr, server: SocketAddr) -> Option<Self> {
        Self::start(address, server, true)
    }

    fn start(address: SocketAddr, server: SocketAddr, has_tls: bool) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        if has_tls && !make_certificate(folder.path()) {
            println!("LEFT OUT: openssl is not installed");
            return None;
        }
        let configuration = folder.path().join("nginx.conf");
        std::fs::write(&configuration, configuration_of(folder.path(), address, server, has_tls)).unwrap();
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
        let mut nginx = Self { address, process, folder };
        while TcpStream::connect(address).is_err() {
            assert_eq!(nginx.process.try_wait().unwrap(), None, "nginx does not start");
            std::thread::yield_now();
        }
        Some(nginx)
    }

    /// The certificate, which clients have to trust.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("fullchain.pem")
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// The configuration on other addresses, and without TLS if that is not wanted.
fn configuration_of(folder: &Path, address: SocketAddr, server: SocketAddr, has_tls: bool) -> String {
    let replaced = |text: String, from: &str, to: String| {
        assert!(text.contains(from), "packaging/nginx.conf has no {from}");
        text.replace(from, &to)
    };
    let shown = folder.display();
    let listen = format!("listen {address}{};", if has_tls { " ssl" } else { "" });
    let block = replaced(CONFIGURATION.to_owned(), "listen 443 ssl;", listen);
    let block = replaced(block, "server_name gis.example.org;", "server_name localhost;".into());
    let block = replaced(block, "http://127.0.0.1:8182", format!("http://{server}"));
    let block = replaced(block, "/etc/ssl/longhaul/", format!("{shown}/"));
    let is_kept = |line: &&str| has_tls || !line.trim_start().starts_with("ssl_");
    let block: String = block.lines().filter(is_kept).map(|line| format!("{line}\n")).collect();
    let folders: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("    {kind}_temp_path {shown}/{kind};\n"))
        .concat();
    format!(
        "daemon off;\nmaster_process off;\npid {shown}/pid;\nerror_log stderr warn;\nevents {{}}\nhttp {{\n    access_log off;\n{folders}{block}}}\n"
    )
}

/// A certificate for `localhost` that signs itself. It is none of an authority, which clients do not accept from a server.
fn make_certificate(folder: &Path) -> bool {
    let subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-nodes",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-days",
            "2",
        ])
        .args(subject)
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(folder.join("privkey.pem"))
        .arg("-out")
        .arg(folder.join("fullchain.pem"))
        .output();
    made.is_ok_and(|made| made.status.success())
}
