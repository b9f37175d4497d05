//! Responses that are read line by line while they arrive.

use reqwest::{Method, header::ACCEPT};

use super::{Client, ClientError, ServerAddress};

/// The lines of a response.
pub struct Lines {
    server: ServerAddress,
    response: reqwest::Response,
    /// What has arrived.
    received: Vec<u8>,
    /// Where the next line begins in it.
    start: usize,
}

impl Client {
    /// Sends a GET request for a response of this media type, of any length.
    pub async fn lines(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        media_type: &str,
    ) -> Result<Lines, ClientError> {
        let request = self.request(Method::GET, path, query).header(ACCEPT, media_type);
        let failed = |error: reqwest::Error| ClientError::from_transport(self.server(), &error);
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        if !status.is_success() {
            return Err(ClientError::from_response(status, &response.text().await.map_err(failed)?));
        }
        Ok(Lines { server: self.server().clone(), response, received: Vec::new(), start: 0 })
    }
}

impl Lines {
    /// The next line, without its end; `None` after the last one.
    ///
    /// # Errors
    /// If the response ends too early.
    pub async fn next(&mut self) -> Result<Option<String>, ClientError> {
        let mut searched = self.start;
        loop {
            let end = self.received[searched..].iter().position(|byte| *byte == b'\n');
            if let Some(end) = end.map(|end| searched + end) {
                let line = self.take(end);
                self.start = end + 1;
                return Ok(Some(line));
            }
            self.received.drain(..std::mem::take(&mut self.start));
            searched = self.received.len();
            let chunk = self.response.chunk().await;
            match chunk.map_err(|error| ClientError::from_transport(&self.server, &error))? {
                Some(chunk) => self.received.extend_from_slice(&chunk),
                None if self.received.is_empty() => return Ok(None),
                None => {
                    let line = self.take(self.received.len());
                    self.received.clear();
                    return Ok(Some(line));
                }
            }
        }
    }

    fn take(&self, end: usize) -> String {
        String::from_utf8_lossy(&self.received[self.start..end]).into_owned()
    }
}
