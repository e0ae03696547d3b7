//! The pages in a real browser: Chromium, driven through `ChromeDriver`, as people with and without scripts, with a mouse, a
//! keyboard or a screen reader, on a phone or a wide screen, in light and dark meet them.
//!
//! Without `chromium` and `chromedriver` on the path these tests say so and pass; `CAIRN_REQUIRE_BROWSER=1` makes them fail
//! instead. With `CAIRN_SCREENSHOTS=DIR` they leave pictures there.
// Says to the lints that helpers outside of `#[test]` functions are test code too.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

mod audit;
mod axe;
mod browser;
mod driver;
mod fixtures;
mod people;
mod shelf;
mod site;
mod views;

mod account;
mod activity;
mod administration;
mod browsing;
mod ci;
mod creating;
mod deploy_tokens;
mod errors;
mod harness;
mod home;
mod login;
mod members;
mod package;
mod package_files;
mod package_roles;
mod registry;
mod registry_deletion;
mod registry_empty;
mod settings;
mod sidebar;
mod switched_off;
