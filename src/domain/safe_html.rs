//! HTML that may stand in a page as it is.

use std::sync::Arc;

/// HTML made from text of strangers that does nothing but show that text.
///
/// Pages take it unescaped, so holding one is a promise: it went through the sanitiser of `archive::readme`, which alone
/// may make it. A test reads the sources for that. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafeHtml(Arc<str>);

impl SafeHtml {
    /// Vouches for `html`: it comes out of a sanitiser just now, or is escaped text.
    pub fn from_sanitised(html: String) -> Self {
        Self(html.into())
    }

    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
