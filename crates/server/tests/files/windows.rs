//! Windows of remote files, read by GDAL.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::setup::{commit, import_many, server};

/// Passes connections on to the server; counts the bytes that the server sends.
fn counting_proxy(server: SocketAddr) -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, sent) = (listener.local_addr().unwrap(), Arc::new(AtomicU64::new(0)));
    let count = sent.clone();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, upstream) = (client.unwrap(), TcpStream::connect(server).unwrap());
            let (from, to) = (client.try_clone().unwrap(), upstream.try_clone().unwrap());
            thread::spawn(move || pass_on(from, to, &AtomicU64::new(0)));
            let count = count.clone();
            thread::spawn(move || pass_on(upstream, client, &count));
        }
    });
    (address, sent)
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, count: &AtomicU64) -> Option<()> {
    let mut buffer = [0; 64 * 1024];
    loop {
        let read = from.read(&mut buffer).ok()?;
        if read == 0 {
            return to.shutdown(Shutdown::Write).ok();
        }
        count.fetch_add(read as u64, Ordering::Relaxed);
        to.write_all(&buffer[..read]).ok()?;
    }
}

fn is_gdal_missing() -> bool {
    let missing = matches!(Command::new("ogrinfo").arg("--version").output(), Err(error) if error.kind() == io::ErrorKind::NotFound);
    if missing {
        eprintln!("LEFT OUT: ogrinfo is not installed (Debian: gdal-bin)");
    }
    missing
}

#[test]
fn a_window_of_one_percent_moves_at_most_five_percent_of_a_flatgeobuf() {
    if is_gdal_missing() {
        return;
    }
    let server = server(&[]);
    import_many(&server, 100_000);
    let path = format!("/repos/r/at/{}/files/points.fgb", commit(&server));
    let length = server.get(&path).body.len() as u64;
    let (proxy, sent) = counting_proxy(server.address);
    let output = Command::new("ogrinfo")
        .args(["-ro", "-al", "-so", "-spat", "50000", "-1", "50999", "1"])
        .arg(format!("/vsicurl/http://{proxy}{path}"))
        .output()
        .unwrap();
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && errors.is_empty(), "{text}{errors}");
    assert!(text.contains("Feature Count: 1000\n"), "{text}");
    let sent = sent.load(Ordering::Relaxed);
    println!("{sent} of {length} bytes: {:.2} %", 100.0 * sent as f64 / length as f64);
    assert!(sent * 20 <= length, "{sent} of {length} bytes");
    server.stop();
}
