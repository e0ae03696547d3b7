//! Ranges and conditions: whatever a client sends, what is sent back lies inside the file.

#![no_main]

use cairn::http::file::{Part, part_wanted};
use hyper::header::{HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, IF_RANGE, RANGE};
use libfuzzer_sys::{arbitrary, fuzz_target};

const TAG: &str = "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"";

#[derive(Debug, arbitrary::Arbitrary)]
struct Request<'a> {
    size: u64,
    fields: Vec<(u8, &'a [u8])>,
}

fuzz_target!(|request: Request<'_>| {
    let mut headers = HeaderMap::new();
    for (kind, value) in request.fields.iter().take(8) {
        let name: HeaderName = [RANGE, IF_NONE_MATCH, IF_RANGE][usize::from(kind % 3)].clone();
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }
    match part_wanted(&headers, TAG, request.size) {
        Part::Range(from, to) => assert!(from < to && to <= request.size),
        Part::Unsatisfiable => assert!(headers.contains_key(RANGE)),
        Part::NotModified => assert!(headers.contains_key(IF_NONE_MATCH)),
        Part::Whole => {}
    }
});
