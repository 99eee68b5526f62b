//! Answers, and the ways in which an answer can go wrong.

use std::io::{Result, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use flate2::{Compression, write::GzEncoder};

/// How the answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Whole,
    /// The connection is reset (RST) after that many bytes of the body.
    Reset(usize),
    /// The connection is closed in order (FIN) after that many bytes of the body.
    HangUp(usize),
    /// Nothing is ever sent.
    Stall,
}

/// An answer; cheap to clone.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Arc<[u8]>,
    pub(super) ending: Ending,
    pub(super) delay: Duration,
    pub(super) close: bool,
}

impl Reply {
    pub fn bytes(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
        Reply {
            status,
            headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
            body: body.into().into(),
            ending: Ending::Whole,
            delay: Duration::ZERO,
            close: false,
        }
    }

    pub fn json(status: u16, body: impl Into<Vec<u8>>) -> Reply {
        Reply::bytes(status, "application/json", body)
    }

    pub fn text(status: u16, body: impl Into<Vec<u8>>) -> Reply {
        Reply::bytes(status, "text/plain", body)
    }

    pub fn html(status: u16, body: impl Into<Vec<u8>>) -> Reply {
        Reply::bytes(status, "text/html", body)
    }

    pub fn csv(status: u16, body: impl Into<Vec<u8>>) -> Reply {
        Reply::bytes(status, "text/csv", body)
    }

    /// The request is read and never answered, until the client goes away or the server stops.
    pub fn stall() -> Reply {
        Reply { ending: Ending::Stall, ..Reply::text(200, "") }
    }

    pub fn header(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Compresses the body. Say it after [`Reply::truncated`] for a whole archive of a truncated document.
    pub fn gzip(mut self) -> Reply {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&self.body).expect("writing to memory");
        self.body = encoder.finish().expect("writing to memory").into();
        self.header("Content-Encoding", "gzip")
    }

    /// A shorter body with a matching content-length: a document that breaks off without a transport error.
    pub fn truncated(mut self, bytes: usize) -> Reply {
        self.body = self.body[..bytes.min(self.body.len())].into();
        self
    }

    /// Full content-length, `bytes` of the body, then a reset connection.
    pub fn reset_after(self, bytes: usize) -> Reply {
        Reply { ending: Ending::Reset(bytes), ..self }
    }

    /// Full content-length, `bytes` of the body, then an orderly close.
    pub fn hang_up_after(self, bytes: usize) -> Reply {
        Reply { ending: Ending::HangUp(bytes), ..self }
    }

    /// Waits before the first byte.
    pub fn delay(self, delay: Duration) -> Reply {
        Reply { delay, ..self }
    }

    /// Announces and does the close of the connection after the answer.
    pub fn close(self) -> Reply {
        Reply { close: true, ..self }.header("Connection", "close")
    }

    pub fn status(&self) -> u16 {
        self.status
    }

    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Sends what the ending allows; the caller closes or keeps the connection.
    pub(super) fn send(&self, mut to: &TcpStream) -> Result<()> {
        let length = match self.ending {
            Ending::Whole => self.body.len(),
            Ending::Reset(bytes) | Ending::HangUp(bytes) => bytes.min(self.body.len()),
            Ending::Stall => return Ok(()),
        };
        let mut out = Vec::with_capacity(length + 256);
        write!(out, "HTTP/1.1 {} {}\r\n", self.status, reason(self.status))?;
        for (name, value) in &self.headers {
            write!(out, "{name}: {value}\r\n")?;
        }
        write!(out, "Content-Length: {}\r\n\r\n", self.body.len())?;
        out.extend_from_slice(&self.body[..length]);
        to.write_all(&out)
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 | 302 | 307 | 308 => "Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
