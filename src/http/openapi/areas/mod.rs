//! What can be done, area by area: the table the document is made from.

mod audit;
mod ci;
mod groups;
mod members;
mod modules;
mod packages;
mod projects;
mod registry;
mod server;
mod tokens;
mod users;

use super::operation::Area;

/// All of it, in the order a reader meets it.
pub(super) fn all() -> Vec<Area> {
    vec![
        registry::terraform(),
        registry::project(),
        modules::area(),
        packages::area(),
        groups::area(),
        projects::area(),
        members::members(),
        members::deploy_tokens(),
        ci::area(),
        users::area(),
        tokens::area(),
        server::instance(),
        audit::area(),
        server::operations(),
    ]
}
