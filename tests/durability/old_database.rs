//! Databases of older programs: opened, brought forward, and read to the last record; newer ones are left alone.
//!
//! `fixtures/format-0.redb.gz` was written by the program before formats had a number. It is never written again.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use cairn::domain::words::Word;
use cairn::domain::{PackageId, TokenId, UserId};
use cairn::service::upkeep::verify_metadata;
use cairn::store::{
    DATABASE_FILE, Reader, Snapshot, Store, StoreError, credentials, identity, module_words, packages, tables,
};
use redb::{Database, ReadableDatabase, TableDefinition, TableHandle};

use crate::sample;

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
/// The present format.
const FORMAT: u64 = 3;
/// What lies in a group.
const CHILDREN: TableDefinition<'_, (u64, u8, u64), &[u8]> = TableDefinition::new("children.v1");

/// A database of format 0.
pub(crate) fn old_bytes() -> Vec<u8> {
    let packed = include_bytes!("fixtures/format-0.redb.gz");
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes).expect("a sound fixture");
    bytes
}

fn old_database() -> tempfile::TempDir {
    let bytes = old_bytes();
    let dir = tempfile::tempdir().expect("a folder");
    let mut file = std::fs::File::create_new(dir.path().join(DATABASE_FILE)).expect("a new file");
    std::io::Write::write_all(&mut file, &bytes).expect("room");
    dir
}

fn raw(dir: &Path) -> Database {
    Database::open(dir.join(DATABASE_FILE)).expect("nobody else has it open")
}

fn format(database: &Database) -> Option<u64> {
    let transaction = database.begin_read().expect("readable");
    let meta = transaction.open_table(META).ok()?;
    meta.get("format").expect("readable").map(|format| format.value())
}

#[test]
fn a_database_without_a_format_is_brought_forward_with_everything_in_it() {
    let dir = old_database();
    assert_eq!(format(&raw(dir.path())), None, "the fixture is what the first program wrote");
    let store = Store::open(dir.path()).expect("it is brought forward");
    assert_eq!(verify_metadata(&store).expect("readable"), Vec::<String>::new());
    store
        .read(|snapshot| {
            assert_eq!(identity::settings(snapshot)?, sample::settings());
            assert_eq!(identity::users(snapshot)?, [sample::user()]);
            assert_eq!(
                identity::groups(snapshot)?,
                [sample::namespace(), sample::root_group(), sample::group()]
            );
            assert_eq!(identity::projects(snapshot)?, [sample::project()]);
            assert_eq!(identity::subgroups(snapshot, sample::root_group().id)?, [sample::group()]);
            assert_eq!(identity::projects_in(snapshot, sample::group().id)?, [sample::project()]);
            assert_eq!(identity::memberships_of(snapshot, UserId(1))?, [sample::membership()]);
            assert_eq!(credentials::personal_tokens(snapshot, UserId(1))?, [sample::personal_token()]);
            let token = sample::deploy_token();
            assert_eq!(credentials::by_hash(snapshot, &token.hash)?, Some(token));
            assert_eq!(credentials::last_use(snapshot, TokenId(2))?, Some(1_700_000_009_000));
            assert_eq!(credentials::secret_key(snapshot, "ticket")?, Some([7; 32]));
            assert_eq!(packages::package(snapshot, PackageId(11))?, Some(sample::package()));
            assert_eq!(packages::files(snapshot, PackageId(11))?, [sample::file()]);
            assert_eq!(packages::manifest(snapshot, PackageId(11))?, Some(sample::manifest()));
            assert_eq!(packages::downloads(snapshot, PackageId(11))?.count, 3);
            assert_eq!(text_of_the_module(snapshot)?, Some(sample::module_text()));
            assert_eq!(words_of_the_module(snapshot)?, sample::module_words().words);
            let hits = module_words::beginning_with(snapshot, "aws_v", 10, |_, _, _, _| ())?;
            assert_eq!(hits, 1, "the module is found by what it declares");
            let published = snapshot.get(&tables::PUBLICATIONS, (0, 1, 11))?;
            assert_eq!(published, Some(tables::Present), "and its package by who published it");
            let event = sample::event();
            assert_eq!(
                packages::events(snapshot, event.project, &event.name, &event.system, &event.version)?,
                [event]
            );
            Ok::<_, StoreError>(())
        })
        .expect("every record reads");
    store.close();
    assert_eq!(format(&raw(dir.path())), Some(FORMAT));
    let again = Store::open(dir.path()).expect("it stays that way");
    assert_eq!(verify_metadata(&again).expect("readable"), Vec::<String>::new());
    again.close();
}

fn text_of_the_module(snapshot: &Snapshot) -> Result<Option<tables::ModuleText>, StoreError> {
    let package = sample::package();
    let name = package.name.key();
    snapshot.get(&tables::MODULE_TEXTS, (package.project.0, name.as_str(), package.system.as_str()))
}

fn words_of_the_module(snapshot: &Snapshot) -> Result<Vec<Word>, StoreError> {
    let package = sample::package();
    module_words::of(snapshot, package.project, &package.name.key(), package.system.as_str())
}

#[test]
fn indexes_that_an_old_program_left_wrong_are_made_anew() {
    let dir = old_database();
    let transaction = raw(dir.path());
    let change = transaction.begin_write().expect("writable");
    {
        let mut children = change.open_table(CHILDREN).expect("it is there");
        children.remove((300, tables::KIND_PROJECT, 7)).expect("writable");
        children.insert((2, tables::KIND_PROJECT, 999), &[1][..]).expect("writable");
    }
    change.commit().expect("durable");
    drop(transaction);
    let store = Store::open(dir.path()).expect("it is brought forward");
    assert_eq!(verify_metadata(&store).expect("readable"), Vec::<String>::new());
    store.close();
}

/// Every entry of every table with bytes for keys and values, as far as redb shows them without their types.
fn everything(database: &Database) -> BTreeMap<String, u64> {
    let transaction = database.begin_read().expect("readable");
    let tables = transaction.list_tables().expect("readable");
    tables
        .map(|table| {
            let name = table.name().to_owned();
            let open = transaction.open_untyped_table(table).expect("readable");
            (name, redb::ReadableTableMetadata::len(&open).expect("readable"))
        })
        .collect()
}

#[test]
fn a_database_of_a_newer_program_is_refused_with_nothing_changed() {
    let dir = old_database();
    let database = raw(dir.path());
    let change = database.begin_write().expect("writable");
    change.open_table(META).expect("writable").insert("format", 900).expect("writable");
    change.commit().expect("durable");
    let before = everything(&database);
    drop(database);
    let refused = Store::open(dir.path()).map(|_| ()).expect_err("it is newer");
    assert!(matches!(refused, StoreError::NewerFormat { found: 900, newest: FORMAT }), "{refused:?}");
    assert!(refused.to_string().contains("start the newer program"), "{refused}");
    let database = raw(dir.path());
    assert_eq!((format(&database), everything(&database)), (Some(900), before));
}

#[test]
fn a_migration_that_cannot_read_a_record_puts_everything_back() {
    const PROJECTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("projects.v1");
    let dir = old_database();
    let database = raw(dir.path());
    let change = database.begin_write().expect("writable");
    change.open_table(PROJECTS).expect("writable").insert(8, &[1, 255, 255][..]).expect("writable");
    change.commit().expect("durable");
    let before = everything(&database);
    drop(database);
    let refused = Store::open(dir.path()).map(|_| ()).expect_err("a damaged record");
    assert!(matches!(&refused, StoreError::Record { table, .. } if table == "projects.v1"), "{refused:?}");
    let database = raw(dir.path());
    assert_eq!((format(&database), everything(&database)), (None, before));
    let change = database.begin_write().expect("writable");
    assert_eq!(change.list_persistent_savepoints().expect("readable").count(), 0, "nothing is left behind");
    change.open_table(PROJECTS).expect("writable").remove(8).expect("writable");
    change.commit().expect("durable");
    drop(database);
    Store::open(dir.path()).expect("once the damage is gone it is brought forward").close();
}

#[test]
fn an_interrupted_migration_is_continued() {
    for cut_after_savepoint in [false, true] {
        let dir = old_database();
        let database = raw(dir.path());
        // What a power cut leaves: the savepoint, and the new format or not.
        let change = database.begin_write().expect("writable");
        change.persistent_savepoint().expect("first in its transaction");
        change.commit().expect("durable");
        if !cut_after_savepoint {
            let change = database.begin_write().expect("writable");
            change.open_table(META).expect("writable").insert("format", 1).expect("writable");
            change.commit().expect("durable");
        }
        drop(database);
        let store = Store::open(dir.path()).expect("it goes on");
        assert_eq!(verify_metadata(&store).expect("readable"), Vec::<String>::new());
        store.close();
        let database = raw(dir.path());
        assert_eq!(format(&database), Some(FORMAT));
        let change = database.begin_write().expect("writable");
        assert_eq!(
            change.list_persistent_savepoints().expect("readable").count(),
            0,
            "no savepoint pins pages"
        );
        change.abort().expect("nothing was written");
    }
}
