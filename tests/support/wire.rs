//! Raw connections: bytes out, bytes in, for what no client library would send.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use super::PATIENCE;
use super::client::{Response, connect};

/// A connection of a test.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Wire {
    /// Connects.
    pub(crate) fn open(address: SocketAddr) -> Self {
        Self::on(connect(address))
    }

    /// Uses a connection that there is.
    pub(crate) fn on(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream, unread: Vec::new() }
    }

    /// Waits until the next answer has begun to arrive.
    pub(crate) fn begin(&mut self) {
        while self.unread.is_empty() {
            assert!(self.read_more(), "the server closed");
        }
    }

    /// Sends bytes. Asserts that the connection takes them.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stream.write_all(bytes.as_ref()).unwrap();
        self
    }

    /// Sends bytes to a server that may have closed already.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// Says that nothing more will be sent, to a server that may have closed already.
    pub(crate) fn finish_sending(&mut self) -> &mut Self {
        let _closed_already = self.stream.shutdown(Shutdown::Write);
        self
    }

    /// The next answer, `100 Continue` included. Nothing when the server closes before it is complete.
    pub(crate) fn answer(&mut self) -> Option<Response> {
        self.answer_to(false)
    }

    /// The next answer, to a `HEAD` request or to another.
    pub(crate) fn answer_to(&mut self, head: bool) -> Option<Response> {
        loop {
            // Without a length an answer ends with the connection; the server never sends such a one.
            if let Some((response, rest)) = Response::parse_one(&self.unread, head) {
                self.unread = rest.to_vec();
                return Some(response);
            }
            if !self.read_more() {
                return None;
            }
        }
    }

    /// Everything until the server closes.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        while self.read_more() {}
        std::mem::take(&mut self.unread)
    }

    /// Waits until the server has closed; asserts that it says nothing more.
    #[track_caller]
    pub(crate) fn must_be_closed(&mut self) {
        let rest = self.rest();
        assert!(rest.is_empty(), "unexpected: {:?}", String::from_utf8_lossy(&rest));
    }

    /// Reads once. `false` when the server has closed.
    fn read_more(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.unread.extend_from_slice(&buffer[..count]);
                true
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            // Whoever reads on does so until there is something: a program that was stopped meanwhile is told so.
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            Err(error) => panic!("reading from the server: {error}"),
        }
    }
}
