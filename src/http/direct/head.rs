//! A head as clients of the module protocol send it, read where it lies.
//!
//! What is refused here is not refused: hyper reads it. So nothing is taken that could mean something else than it seems to:
//! no body, no other protocol, no part of an archive, no wish about the connection, no character that stands for another.

use std::mem::MaybeUninit;

use httparse::{Header, Request, Status};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use super::super::ready::{Question, is_of_protocol};
use super::super::request::{Client, Peer, Survey};
use crate::domain::limits::HttpLimits;
use ipnet::IpNet;

/// How such a request begins.
const METHOD: &[u8] = b"GET /";
/// Fields at most: clients send five or six.
const FIELDS: usize = 16;
/// The minor version of HTTP/1.1.
const HTTP_1_1: u8 = 1;

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Head<'b> {
    /// What it asks.
    pub(super) question: Question<'b>,
    /// What proxies say.
    forwarded: HeaderMap,
    /// Bytes it takes.
    pub(super) length: usize,
}

impl<'b> Head<'b> {
    /// Reads the head that bytes begin with.
    pub(super) fn read(bytes: &'b [u8], limits: &HttpLimits) -> Option<Self> {
        let target = bytes.strip_prefix(METHOD)?;
        if !is_of_protocol(target) {
            return None;
        }
        let mut fields = [const { MaybeUninit::<Header<'b>>::uninit() }; FIELDS];
        let mut request = Request::new(&mut []);
        let Ok(Status::Complete(length)) = request.parse_with_uninit_headers(bytes, &mut fields) else {
            return None;
        };
        let target = request.path.filter(|_| request.version == Some(HTTP_1_1))?;
        let too_much = length > limits.head_bytes
            || target.len() > limits.target_bytes
            || request.headers.len() > limits.headers;
        if too_much || !target.bytes().all(is_plain) {
            return None;
        }
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let mut found = Fields::default();
        for field in request.headers.iter() {
            found.take(field)?;
        }
        let Fields { hosts: 1, authorization, if_none_match, forwarded } = found else { return None };
        Some(Self { question: Question { path, query, authorization, if_none_match }, forwarded, length })
    }

    /// Who is at the other end.
    pub(super) fn client(&self, peer: Peer, trusted: &[IpNet]) -> Client {
        let survey = Survey { forwarded: self.forwarded.len(), ..Survey::default() };
        Client::of(peer, &self.forwarded, &survey, trusted)
    }
}

/// What may stand in a target: nothing that has to be decoded, that ends it early, or that some readers do not take.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'?' | b'=' | b'&' | b':')
}

/// What was found among the fields of a head.
#[derive(Default)]
struct Fields<'b> {
    hosts: usize,
    authorization: Option<&'b [u8]>,
    if_none_match: Option<&'b [u8]>,
    forwarded: HeaderMap,
}

impl<'b> Fields<'b> {
    /// Takes a field, if it is understood, or has no meaning here.
    fn take(&mut self, field: &Header<'b>) -> Option<()> {
        let once = |place: &mut Option<&'b [u8]>| place.replace(field.value).is_none().then_some(());
        let is = |name: &str| field.name.eq_ignore_ascii_case(name);
        // Told apart by length first: most fields are none of these.
        match field.name.len() {
            2 if is("te") => None,
            4 if is("host") => {
                self.hosts += 1;
                Some(())
            }
            5 if is("range") => None,
            6 if is("expect") => None,
            7 if is("upgrade") || is("trailer") => None,
            8 if is("if-range") => None,
            9 if is("job-token") => None,
            9 if is("forwarded") => self.forward(field),
            10 if is("connection") => field.value.eq_ignore_ascii_case(b"keep-alive").then_some(()),
            12 if is("deploy-token") => None,
            13 if is("private-token") => None,
            13 if is("authorization") => once(&mut self.authorization),
            13 if is("if-none-match") => once(&mut self.if_none_match),
            14 if is("content-length") => None,
            15 if is("x-forwarded-for") => self.forward(field),
            17 if is("x-forwarded-proto") => self.forward(field),
            17 if is("transfer-encoding") => None,
            _ => Some(()),
        }
    }

    /// Takes what a proxy says.
    fn forward(&mut self, field: &Header<'b>) -> Option<()> {
        let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
        self.forwarded.append(name, HeaderValue::from_bytes(field.value).ok()?);
        Some(())
    }
}
