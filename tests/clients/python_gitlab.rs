//! python-gitlab: every part of the API that it knows and this server has, as the administrator and as a user.

use crate::python::Python;
use crate::support::archive::Module;
use crate::support::server::{ROOT_TOKEN, write_file};
use crate::support::world::World;

const PACKAGES: &[&str] = &["python-gitlab==8.6.0"];

#[test]
fn python_gitlab_works_unchanged() {
    let Some(python) = Python::with("gitlab", PACKAGES) else { return };
    let world = World::start();
    let archive = world.server.folder().join("module.tar.gz");
    write_file(&archive, &Module::of("one").build());
    let outcome = python.run(
        "python_gitlab.py",
        &[&world.server.url(), archive.to_str().unwrap()],
        &[("ROOT_TOKEN", ROOT_TOKEN)],
    );
    assert_eq!(outcome.code, Some(0), "{}\n{}", outcome.stdout, outcome.stderr);
    assert!(outcome.stdout.ends_with("everything works\n"), "{}", outcome.stdout);
    world.server.cli_ok(&["verify"]);
}
