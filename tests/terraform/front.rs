//! A registry in front of ours that lists a version whatever ours would say: how a client gets as far as a refused
//! download.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// Starts one in front of that server. It ends with the tests.
pub(crate) fn listing(version: &'static str, behind: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap(), version, behind);
        }
    });
    address
}

fn answer(mut stream: TcpStream, version: &str, behind: SocketAddr) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let request = lines.next().unwrap_or_default();
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    while lines.next().is_some_and(|line| !line.is_empty()) {}
    let (head, body) = if path.ends_with("/versions") {
        let body = format!("{{\"modules\":[{{\"versions\":[{{\"version\":\"{version}\"}}]}}]}}");
        ("200 OK".to_owned(), body)
    } else {
        (format!("307 Temporary Redirect\r\nLocation: http://{behind}{path}"), String::new())
    };
    let length = body.len();
    // A client that has gone meanwhile is no concern of ours.
    let _gone =
        write!(stream, "HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
}
