//! The files that pages load: for ever under the URL that carries their hash, and compressed for whoever takes gzip.

use hyper::StatusCode;
use hyper::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, VARY,
};

use super::response::{Reply, empty, typed};
use crate::service::ServiceError;
use crate::web::assets::find;

/// `GET /assets/:hash/:name`. Under another hash (of a page that was loaded before an upgrade) the present file is sent,
/// and not kept.
pub(super) fn serve(hash: &str, name: &str, request: &HeaderMap) -> Result<Reply, ServiceError> {
    let asset = find(name).ok_or(ServiceError::NotFound("404 File"))?;
    let zipped = asset.gzip.as_ref().filter(|_| takes_gzip(request));
    let tag = format!("\"{}{}\"", asset.hash, if zipped.is_some() { "-gzip" } else { "" });
    let known = request.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut known = known.flat_map(|value| value.split(',')).map(|tag| tag.trim().trim_start_matches("W/"));
    let mut reply = if known.any(|known| known == tag || known == "*") {
        empty(StatusCode::NOT_MODIFIED)
    } else {
        let mut reply = typed(StatusCode::OK, asset.media_type, zipped.unwrap_or(&asset.body).clone());
        if zipped.is_some() {
            reply.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        reply
    };
    let cache = if hash == asset.hash { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = reply.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    Ok(reply)
}

/// Whether `Accept-Encoding` allows gzip (RFC 9110, 12.5.3): named, or covered by `*`, and not with weight 0.
fn takes_gzip(request: &HeaderMap) -> bool {
    let lines = request.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let codings = lines.flat_map(|line| line.split(',')).map(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        (name, weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|weight| weight > 0.0)))
    });
    let mut any = false;
    for (name, wanted) in codings {
        match name.as_str() {
            "gzip" | "x-gzip" => return wanted,
            "*" => any = wanted,
            _ => {}
        }
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_whoever_takes_it() {
        for (accepted, expected) in [
            (None, false),
            (Some("gzip"), true),
            (Some("br, GZIP;q=0.5"), true),
            (Some("gzip;q=0"), false),
            (Some("gzip;q=0.0, *"), false),
            (Some("*"), true),
            (Some("identity"), false),
            (Some("br"), false),
            (Some("gzip;q=x"), false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accepted) = accepted {
                headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            }
            assert_eq!(takes_gzip(&headers), expected, "{accepted:?}");
        }
    }
}
