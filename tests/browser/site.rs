//! A tiny website of a test: the pages that a browser is led to, and what it asked for.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A listener on a free port that answers every request with the same page.
#[derive(Debug)]
pub(crate) struct Site {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    /// Starts one. It ends with the tests.
    pub(crate) fn showing(page: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let site = Self { address: listener.local_addr().unwrap(), asked: Arc::default() };
        let (asked, page) = (Arc::clone(&site.asked), page.to_owned());
        std::thread::spawn(move || {
            // Browsers open connections in advance: each has a thread, so that none keeps another waiting.
            for stream in listener.incoming().flatten() {
                let (asked, page) = (Arc::clone(&asked), page.clone());
                std::thread::spawn(move || answer(stream, &asked, &page));
            }
        });
        site
    }

    /// The URL of its root, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The targets that were asked for (`/login?code=...`), in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, asked: &Mutex<Vec<String>>, page: &str) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    lines.find(String::is_empty);
    let target = first.split(' ').nth(1).unwrap_or_default().to_owned();
    if target == "/favicon.ico" {
        let _gone = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        return;
    }
    asked.lock().unwrap().push(target);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n";
    let _gone = write!(stream, "{head}Content-Length: {}\r\n\r\n{page}", page.len());
}
