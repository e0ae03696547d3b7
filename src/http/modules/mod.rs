//! The public registry's API about modules: lists, search, details and download counts, in its shapes.

pub mod endpoint;
pub(super) mod paging;
mod shapes;

use std::sync::Arc;

use hyper::StatusCode;

use super::request::Context;
use super::response::{Reply, json};
use crate::service::ServiceError;
use crate::service::module_list::{ModulePage, ModuleQuery};
use endpoint::Modules;
use paging::Window;

/// Characters of a search at most.
const MAX_WORDS: usize = 256;

/// Answers all of it.
pub(super) async fn handle(context: &Context<'_>, modules: Modules<'_>) -> Result<Reply, ServiceError> {
    match modules {
        Modules::All => list(context, ModuleQuery::default()).await,
        Modules::Search => {
            let words = Some(words(context)?);
            list(context, ModuleQuery { words, ..ModuleQuery::default() }).await
        }
        Modules::Namespace(namespace) => {
            list(context, ModuleQuery { namespace: Some(namespace.to_owned()), ..ModuleQuery::default() })
                .await
        }
        Modules::Name(namespace, name) => {
            let (namespace, name) = (Some(namespace.to_owned()), Some(name.to_owned()));
            list(context, ModuleQuery { namespace, name, ..ModuleQuery::default() }).await
        }
        Modules::Details(address, version) => {
            let details = context.registry().module_details(&context.caller, address, version).await?;
            Ok(json(StatusCode::OK, &shapes::Details::new(context, &details)))
        }
        Modules::Document(address) => {
            let details = context.registry().module_details(&context.caller, address, None).await?;
            let include = context.query("include").unwrap_or_default();
            let with_versions = include.split(',').any(|part| part.trim() == "module-versions");
            Ok(json(StatusCode::OK, &shapes::document(context, &details, with_versions)))
        }
        Modules::Downloads(address) => {
            let summary = context.registry().download_summary(&context.caller, address).await?;
            Ok(json(StatusCode::OK, &shapes::summary(&summary)))
        }
    }
}

/// A list, narrowed by the query. It never refuses a caller: it has what the caller may see.
async fn list(context: &Context<'_>, query: ModuleQuery) -> Result<Reply, ServiceError> {
    let window = Window::from_query(context)?;
    let namespace = query.namespace.or_else(|| filled(context, "namespace"));
    let providers = paging::values(context, "provider");
    let query = ModuleQuery { namespace, providers, offset: window.offset, limit: window.limit, ..query };
    // Somebody vouches for a verified module; here nobody does.
    let only_verified = context.query("verified").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let page = if only_verified {
        Arc::<ModulePage>::default()
    } else {
        context.registry().list_modules(&context.caller, query).await?
    };
    let rows: Vec<_> = page.modules.iter().map(|module| shapes::Module::new(context, module)).collect();
    Ok(json(StatusCode::OK, &shapes::List { meta: window.meta(context, page.more), modules: rows }))
}

/// The words of a search.
fn words(context: &Context<'_>) -> Result<String, ServiceError> {
    let words = context.query("q").ok_or_else(|| ServiceError::Invalid("q is missing".to_owned()))?;
    if words.chars().count() > MAX_WORDS {
        return Err(ServiceError::Invalid(format!("q has more than {MAX_WORDS} characters")));
    }
    Ok(words)
}

fn filled(context: &Context<'_>, name: &str) -> Option<String> {
    context.query(name).filter(|value| !value.is_empty())
}
