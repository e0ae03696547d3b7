//! HTTP/1.1 by hand, one request after another on a connection that stays open: samples, probes and publishers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::net::{AddressFamily, SocketType, sockopt};

/// An answer, with its headers as they came.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Fails unless the status is that.
    pub(crate) fn expect(self, status: u16) -> Result<Self> {
        if self.status != status {
            bail!("status {} and not {status}: {}", self.status, String::from_utf8_lossy(&self.body));
        }
        Ok(self)
    }
}

/// A connection.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Connects.
    pub(crate) fn open(server: SocketAddr) -> Result<Self> {
        Self::over(TcpStream::connect(server)?)
    }

    /// Connects from an address of this machine.
    pub(crate) fn open_from(source: Ipv4Addr, server: SocketAddr) -> Result<Self> {
        Self::over(Self::socket_from(source, server, None)?)
    }

    /// A connection from an address of this machine, with about so many bytes for what was not read yet.
    pub(crate) fn socket_from(
        source: Ipv4Addr,
        server: SocketAddr,
        kept: Option<usize>,
    ) -> Result<TcpStream> {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
        if let Some(kept) = kept {
            sockopt::set_socket_recv_buffer_size(&socket, kept)?;
        }
        rustix::net::bind(&socket, &SocketAddr::from((source, 0)))?;
        rustix::net::connect(&socket, &server)?;
        Ok(TcpStream::from(socket))
    }

    fn over(stream: TcpStream) -> Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_mins(2)))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// A request without a body. `headers` are whole lines.
    pub(crate) fn get(&mut self, path: &str, headers: &[String]) -> Result<Answer> {
        self.send(&head("GET", path, headers, None), &[])
    }

    /// A request with a body.
    pub(crate) fn put(&mut self, path: &str, headers: &[String], body: &[u8]) -> Result<Answer> {
        self.send(&head("PUT", path, headers, Some(body.len())), body)
    }

    fn send(&mut self, head: &str, body: &[u8]) -> Result<Answer> {
        let stream = self.stream.get_mut();
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        self.answer()
    }

    fn answer(&mut self) -> Result<Answer> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).context("no status line")?.parse()?;
        let mut headers = Vec::new();
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let mut answer = Answer { status, headers, body: Vec::new() };
        let length: usize = match answer.header("content-length") {
            Some(length) => length.parse()?,
            None if answer.header("transfer-encoding").is_some() => bail!("a chunked answer"),
            None => 0,
        };
        let has_body = status != 304 && status != 204;
        answer.body.resize(if has_body { length } else { 0 }, 0);
        self.stream.read_exact(&mut answer.body)?;
        Ok(answer)
    }
}

/// The head of a request.
pub(crate) fn head(method: &str, path: &str, headers: &[String], length: Option<usize>) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    for line in headers {
        head.push_str(line);
        head.push_str("\r\n");
    }
    if let Some(length) = length {
        head.push_str(&format!("Content-Length: {length}\r\n"));
    }
    head.push_str("\r\n");
    head
}
