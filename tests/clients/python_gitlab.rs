//! python-gitlab: every part of the API that it knows and this server has, as the administrator and as a user.

use crate::python::{Python, source};
use crate::support::archive::Module;
use crate::support::server::{ROOT_TOKEN, RunToEnd, write_file};
use crate::support::world::World;

const NAME: &str = "python_gitlab";

#[test]
fn python_gitlab_works_unchanged() {
    let Some(python) = Python::with(NAME) else { return };
    let world = World::start();
    let archive = world.server.folder().join("module.tar.gz");
    write_file(&archive, &Module::of("one").build());
    let mut command = python.command("python");
    command.arg(source(NAME).join("round.py")).arg(world.server.url()).arg(&archive);
    let outcome = command.env("ROOT_TOKEN", ROOT_TOKEN).outcome();
    assert_eq!(outcome.code, Some(0), "{}\n{}", outcome.stdout, outcome.stderr);
    assert!(outcome.stdout.ends_with("everything works\n"), "{}", outcome.stdout);
    world.server.cli_ok(&["verify"]);
}
