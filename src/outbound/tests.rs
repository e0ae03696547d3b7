//! Requests to a server on this machine, with and without TLS.

use std::io::Read as _;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::http::tls::{SelfSigned, TlsStore, ensure_self_signed};

/// Answers by path: `/echo` the body, `/away` a redirect, `/large` more than tests accept, `/never` nothing.
async fn answer(request: Request<Incoming>) -> Result<Response<Body>, hyper::Error> {
    let path = request.uri().path().to_owned();
    let received = request.into_body().collect().await?.to_bytes();
    let mut answer = Response::new(match path.as_str() {
        "/echo" => Body::from(received),
        "/large" => Body::from(Bytes::from(vec![b'x'; 2000])),
        "/never" => std::future::pending().await,
        _ => Body::empty(),
    });
    if path == "/away" {
        *answer.status_mut() = StatusCode::FOUND;
        answer.headers_mut().insert("location", "/echo".parse().unwrap());
    }
    Ok(answer)
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin) {
    // A client that goes away is no failure of the server.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service_fn(answer))
        .await;
}

/// Starts a server and gives its port.
async fn serve(tls: Option<TlsStore>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = tls.as_ref().map(TlsStore::acceptor);
            tokio::spawn(async move {
                match acceptor {
                    None => converse(stream).await,
                    Some(acceptor) => {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            converse(stream).await;
                        }
                    }
                }
            });
        }
    });
    port
}

fn certificate() -> (tempfile::TempDir, SelfSigned) {
    #[expect(clippy::disallowed_methods, reason = "the client checks dates against the machine's clock")]
    let now = jiff::Timestamp::now();
    let dir = tempfile::tempdir().unwrap();
    let names = ["localhost", "127.0.0.1"].map(str::to_owned);
    let made = ensure_self_signed(dir.path(), &names, now).unwrap();
    (dir, made)
}

fn client(extra_ca: Option<PathBuf>) -> Client {
    Client::new(ClientOptions { extra_ca, answer_bytes: 1000, ..ClientOptions::default() }).unwrap()
}

fn put(uri: &str, body: Body) -> Request<Body> {
    Request::put(uri).body(body).unwrap()
}

#[tokio::test]
async fn https_works_by_name_and_address_with_the_authority_given_as_a_file() {
    let (_dir, made) = certificate();
    let port = serve(Some(TlsStore::load(made.files).unwrap())).await;
    let client = client(Some(made.authority));
    for host in ["localhost", "127.0.0.1"] {
        let uri = format!("https://{host}:{port}/echo");
        let answer = client.request(put(&uri, Body::from(Bytes::from("hello")))).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (200, &b"hello"[..]), "{host}");
    }
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_or_for_another_name_is_refused_with_advice() {
    let (_dir, made) = certificate();
    let port = serve(Some(TlsStore::load(made.files).unwrap())).await;
    let unknown = client(None).request(put(&format!("https://localhost:{port}/echo"), Body::empty())).await;
    let other_name = format!("https://other.localhost:{port}/echo");
    let other_name = client(Some(made.authority)).request(put(&other_name, Body::empty())).await;
    for result in [unknown, other_name] {
        let error = result.unwrap_err();
        assert!(matches!(error, OutboundError::Untrusted { .. }), "{error:?}");
        assert!(error.to_string().contains("SSL_CERT_FILE"), "{error}");
    }
}

#[tokio::test]
async fn a_reader_is_streamed_with_its_length_and_its_progress() {
    let port = serve(None).await;
    let total = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&total);
    let bytes = vec![b'z'; 300_000];
    let body = Body::stream(io::Cursor::new(bytes.clone()), 300_000, move |sent| {
        assert!(sent > seen.swap(sent, Ordering::Relaxed), "progress only grows");
    })
    .unwrap();
    let options = ClientOptions { answer_bytes: 300_000, ..ClientOptions::default() };
    let client = Client::new(options).unwrap();
    let answer = client.request(put(&format!("http://localhost:{port}/echo"), body)).await.unwrap();
    assert!(answer.body() == &bytes, "what arrived is what was sent");
    assert_eq!(total.load(Ordering::Relaxed), 300_000);
}

#[tokio::test]
async fn a_reader_that_is_shorter_or_longer_than_announced_or_fails_breaks_the_request() {
    struct Fails;
    impl io::Read for Fails {
        fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let port = serve(None).await;
    let bodies = [
        ("early", Body::stream(io::Cursor::new(vec![0; 10]), 11, |_| ())),
        ("longer", Body::stream(io::Cursor::new(vec![0; 10]), 9, |_| ())),
        ("the disk is gone", Body::stream(Fails, 9, |_| ())),
    ];
    for (words, body) in bodies {
        let request = put(&format!("http://127.0.0.1:{port}/echo"), body.unwrap());
        let error = client(None).request(request).await.unwrap_err();
        assert!(
            matches!(&error, OutboundError::Broken { reason, .. } if reason.contains(words)),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn redirects_are_handed_to_the_caller() {
    let port = serve(None).await;
    let answer =
        client(None).request(put(&format!("http://127.0.0.1:{port}/away"), Body::empty())).await.unwrap();
    assert_eq!(answer.status(), StatusCode::FOUND);
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_an_error() {
    let port = serve(None).await;
    let result = client(None).request(put(&format!("http://127.0.0.1:{port}/large"), Body::empty())).await;
    assert!(matches!(result, Err(OutboundError::TooLong { limit: 1000, .. })), "{result:?}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let port = serve(None).await;
    let soon = Duration::from_millis(50);
    let by_total = ClientOptions { total: Some(soon), ..ClientOptions::default() };
    let by_silence = ClientOptions { total: None, idle: soon, ..ClientOptions::default() };
    for options in [by_total, by_silence] {
        let request = put(&format!("http://127.0.0.1:{port}/never"), Body::empty());
        let result = Client::new(options).unwrap().request(request).await;
        assert!(matches!(result, Err(OutboundError::Timeout { .. })), "{result:?}");
    }
}

#[tokio::test]
async fn nobody_listening_and_something_that_is_no_http_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://user:secret@{}/", listener.local_addr().unwrap());
    let mute = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"SSH-2.0-OpenSSH\r\n\r\n").await.unwrap();
        stream.shutdown().await.unwrap();
    });
    let error = client(None).request(put(&uri, Body::empty())).await.unwrap_err();
    mute.await.unwrap();
    assert!(matches!(error, OutboundError::Broken { .. }), "{error:?}");
    assert!(!error.to_string().contains("secret"), "{error}");
    let error = client(None).request(put(&uri, Body::empty())).await.unwrap_err();
    assert!(matches!(error, OutboundError::Connect { .. }), "{error:?}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn a_refusal_that_comes_before_the_body_was_sent_is_read() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = [0; 1];
        stream.read_exact(&mut head).await.unwrap();
        let refusal = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno";
        stream.write_all(refusal).await.unwrap();
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.ok();
    });
    let body = Body::stream(io::repeat(0).take(64 << 20), 64 << 20, |_| ()).unwrap();
    let answer = client(None).request(put(&uri, body)).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (403, &b"no"[..]));
    server.await.unwrap();
}

#[tokio::test]
async fn a_file_of_certificates_must_hold_some() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().join("missing"), dir.path().to_owned()] {
        let options = ClientOptions { extra_ca: Some(path.clone()), ..ClientOptions::default() };
        let error = Client::new(options).unwrap_err().to_string();
        assert!(error.contains(path.to_str().unwrap()), "{error}");
    }
    let empty = tempfile::NamedTempFile::new().unwrap();
    let options = ClientOptions { extra_ca: Some(empty.path().to_owned()), ..ClientOptions::default() };
    assert!(Client::new(options).unwrap_err().to_string().contains("holds no certificate"));
}
