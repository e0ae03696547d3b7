//! The sanitiser: whatever comes in, what goes out is on the allow-list of [`elements`](super::elements).

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

use super::elements::{ELEMENTS, permits};
use crate::domain::safe_html::SafeHtml;

static GUARD: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let tags: HashSet<_> = ELEMENTS.iter().map(|(name, _)| *name).collect();
    let attributes: HashMap<_, HashSet<_>> =
        ELEMENTS.iter().map(|(name, own)| (*name, own.iter().copied().collect())).collect();
    let mut guard = Builder::empty();
    guard
        .tags(tags)
        .clean_content_tags(HashSet::from(["script", "style"]))
        .tag_attributes(attributes)
        .generic_attributes(HashSet::from(["id", "class", "title"]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::PassThrough)
        // The rewriting gives it to links that lead elsewhere.
        .link_rel(None)
        .strip_comments(true)
        .attribute_filter(|element, attribute, value| {
            permits(element, attribute, value).then_some(Cow::Borrowed(value))
        });
    guard
});

/// HTML with nothing in it that is not allowed. Cost is quadratic in the depth of `html`.
pub(super) fn clean(html: &str) -> SafeHtml {
    SafeHtml::from_sanitised(GUARD.clean(html).to_string())
}
