//! stub
use anyhow::Result;
use super::output::Output;
/// x
#[derive(Debug, clap::Args)]
pub(super) struct PublishArgs {}
pub(super) async fn run(_args: PublishArgs, _output: Output) -> Result<()> { Ok(()) }
