//! Pages, written in maud. Nothing here knows HTTP: a page goes in as values and comes out as markup.
//!
//! [`frame`] is what surrounds every page, [`components`] are the parts that pages are made of; the other modules are
//! the pages themselves, each a function from views to a [`Page`].

pub mod account;
pub mod admin;
pub mod assets;
pub mod code;
pub mod components;
pub mod errors;
pub mod forms;
pub mod frame;
pub mod groups;
pub mod home;
pub mod login;
pub mod module_search;
pub mod modules;
pub mod new;
pub mod package;
pub mod places;
pub mod registry;
mod safe_html;
pub mod search;
pub mod settings;
pub mod templates;

/// A finished page, for the HTTP layer to send.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its media type.
    pub media_type: &'static str,
    /// Its bytes.
    pub body: bytes::Bytes,
}

impl From<maud::Markup> for Page {
    fn from(markup: maud::Markup) -> Self {
        Self { media_type: "text/html; charset=utf-8", body: markup.into_string().into() }
    }
}
