//! Programs that upload files.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// What a client has read: the status, and the error in JSON.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub status: u16,
    pub error: String,
}

/// What is uploaded, and how.
pub struct Upload {
    url: String,
    file: PathBuf,
    is_chunked: bool,
    has_long_text: bool,
}

impl Upload {
    /// As the file of a form.
    pub fn form(address: SocketAddr, target: &str, file: &Path) -> Self {
        let url = format!("http://{address}{target}");
        Self { url, file: file.to_owned(), is_chunked: false, has_long_text: false }
    }

    /// As the body itself, without a `Content-Length`.
    pub fn chunked(address: SocketAddr, target: &str, file: &Path) -> Self {
        Self { is_chunked: true, ..Self::form(address, target, file) }
    }

    /// With a field of text that is too long before the file.
    pub fn with_long_text(self) -> Self {
        Self { has_long_text: true, ..self }
    }
}

#[derive(Clone, Copy, Debug)]
pub enum Client {
    Curl(Curl),
    Python(Python),
}

/// Every client in every way of sending.
pub const CLIENTS: [Client; 4] = [
    Client::Curl(Curl { expect: false }),
    Client::Curl(Curl { expect: true }),
    Client::Python(Python::Requests),
    Client::Python(Python::HttpClient),
];

impl Client {
    pub fn send(self, upload: &Upload) -> Outcome {
        match self {
            Self::Curl(curl) => curl.send(upload),
            Self::Python(python) => python.send(upload),
        }
    }
}

/// `curl`.
#[derive(Clone, Copy, Debug)]
pub struct Curl {
    /// Whether it waits for `100 Continue` before it sends the body.
    pub expect: bool,
}

impl Curl {
    pub fn send(self, upload: &Upload) -> Outcome {
        self.send_and_count(upload).0
    }

    /// Also returns how many bytes of the body were sent.
    pub fn send_and_count(self, upload: &Upload) -> (Outcome, u64) {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--write-out", "\n%{http_code} %{size_upload}"]);
        curl.args(["--header", if self.expect { "Expect: 100-continue" } else { "Expect:" }]);
        // A slow machine must not count as a server that ignores `Expect`.
        curl.args(["--expect100-timeout", "20"]);
        if upload.is_chunked {
            curl.args(["--request", "POST", "--upload-file"]).arg(&upload.file);
            curl.args(["--header", "Transfer-Encoding: chunked"]);
            curl.args(["--header", "Content-Type: application/octet-stream"]);
        } else {
            if upload.has_long_text {
                curl.args(["--form", &format!("message={}", "x".repeat(20_000))]);
            }
            curl.arg("--form").arg(format!("fileUpload=@{}", upload.file.display()));
        }
        let text = text_of(curl.arg(&upload.url).output().unwrap());
        let (body, counts) = text.rsplit_once('\n').unwrap();
        let (status, sent) = counts.split_once(' ').unwrap();
        (outcome(status, body), sent.parse().unwrap())
    }
}

/// Python; both libraries send the whole body before they read the response.
#[derive(Clone, Copy, Debug)]
pub enum Python {
    /// `requests`, where it is installed.
    Requests,
    /// `http.client` of the standard library.
    HttpClient,
}

const REQUESTS: &str = r"
import sys
try:
    import requests
except ImportError:
    sys.exit('no requests')
with open(sys.argv[2], 'rb') as file:
    answer = requests.post(sys.argv[1], files={'fileUpload': file})
print(answer.status_code)
print(answer.text)
";

const HTTP_CLIENT: &str = r"
import http.client, os, sys, urllib.parse
url = urllib.parse.urlsplit(sys.argv[1])
connection = http.client.HTTPConnection(url.netloc)
with open(sys.argv[2], 'rb') as file:
    headers = {'Content-Type': 'application/geopackage+sqlite3', 'Content-Length': str(os.path.getsize(sys.argv[2]))}
    connection.request('POST', url.path + '?' + url.query, file, headers)
answer = connection.getresponse()
print(answer.status)
print(answer.read().decode())
";

impl Python {
    fn send(self, upload: &Upload) -> Outcome {
        let run = |program: &str| {
            Command::new("python3").args(["-c", program, &upload.url]).arg(&upload.file).output().unwrap()
        };
        let output = match self {
            Self::Requests => run(REQUESTS),
            Self::HttpClient => run(HTTP_CLIENT),
        };
        if output.stderr == b"no requests\n" {
            println!("LEFT OUT: Python's requests is not installed; http.client takes its place");
            return Self::HttpClient.send(upload);
        }
        let text = text_of(output);
        let (status, body) = text.split_once('\n').unwrap();
        outcome(status, body)
    }
}

fn text_of(output: Output) -> String {
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn outcome(status: &str, body: &str) -> Outcome {
    let json: serde_json::Value =
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {status} {body}"));
    let error = json["response"]["error"].as_str().unwrap().to_owned();
    Outcome { status: status.parse().unwrap(), error }
}
