//! Brings a database that an older program wrote to the present format, step by step, under a savepoint.
//!
//! The database says its format in a table of plain numbers, which no change of the records can make unreadable. A
//! newer format is refused before anything is written. Each step is one durable commit together with the format it
//! leads to, so a crash between two steps continues with the next; when a step fails, the savepoint taken before the
//! first puts everything back, and the older program still starts.
//!
//! Records also carry a version each (`Record::upgrade`) and are upgraded as they are
//! read. A step is for what that cannot do: new indexes, changed keys.

use std::collections::HashMap;
use std::ops::ControlFlow;

use redb::{
    Database, ReadTransaction, ReadableDatabase, TableDefinition, TableError, TableHandle, WriteTransaction,
};

use super::codec::{self, Record};
use super::rows::{get_in, open_to_write, scan_in};
use super::tables::{
    self, CHILDREN, Definition, GROUPS, KIND_GROUP, KIND_PROJECT, MANIFESTS, MODULE_TEXTS, MODULE_WORDS,
    ModuleWords, OWNER_TOKENS, PACKAGES, PROJECTS, PUBLICATIONS, Present, TOKENS, Table, WORDS,
};
use super::{StoreError, credentials, module_texts};
use crate::domain::package::Package;
use crate::domain::words;

/// Plain numbers about the database itself. Its name and types never change.
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
/// The format in [`META`]. Databases without it have format 0.
const FORMAT: &str = "format";

/// A step from one format to the next.
type Step = fn(&WriteTransaction) -> Result<(), StoreError>;

/// The step at index `n` leads from format `n` to `n + 1`. Steps are added at the end and never changed.
const STEPS: &[Step] = &[rebuild_ownership, describe_modules, index_words_and_publishers];

/// Makes an empty database, or brings an older one to the present format.
pub(super) fn run(database: &Database) -> Result<(), StoreError> {
    run_steps(database, STEPS)
}

fn run_steps(database: &Database, steps: &[Step]) -> Result<(), StoreError> {
    let newest = steps.len() as u64;
    let Some(found) = found_format(database)? else {
        return commit(database, |transaction| {
            create_tables(transaction)?;
            set_format(transaction, newest)
        });
    };
    if found > newest {
        return Err(StoreError::NewerFormat { found, newest });
    }
    let leftover = leftover_savepoint(database)?;
    let missing = usize::try_from(found).map_or(&[][..], |found| steps.get(found..).unwrap_or_default());
    if !missing.is_empty() {
        let savepoint = match leftover {
            Some(savepoint) => savepoint,
            None => commit(database, |transaction| Ok(transaction.persistent_savepoint()?))?,
        };
        for (step, to) in missing.iter().zip(found + 1..) {
            tracing::info!(format = to, "bringing the database to a new format");
            let taken = commit(database, |transaction| {
                step(transaction)?;
                set_format(transaction, to)
            });
            if let Err(error) = taken {
                put_back(database, savepoint);
                return Err(error);
            }
        }
        drop_savepoint(database, savepoint)?;
    } else if let Some(savepoint) = leftover {
        drop_savepoint(database, savepoint)?;
    }
    // Tables may be added without a new format: older programs do not miss what they do not know.
    if lacks_tables(database)? { commit(database, create_tables) } else { Ok(()) }
}

/// Runs `work` in a transaction of its own and makes it durable.
fn commit<T>(
    database: &Database,
    work: impl FnOnce(&WriteTransaction) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    let value = work(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

/// The format a database has; nothing when it is empty.
fn found_format(database: &Database) -> Result<Option<u64>, StoreError> {
    let transaction = database.begin_read()?;
    if transaction.list_tables()?.next().is_none() {
        return Ok(None);
    }
    match transaction.open_table(META) {
        Ok(meta) => Ok(Some(meta.get(FORMAT)?.map_or(0, |format| format.value()))),
        Err(TableError::TableDoesNotExist(_)) => Ok(Some(0)),
        Err(error) => Err(error.into()),
    }
}

fn set_format(transaction: &WriteTransaction, format: u64) -> Result<(), StoreError> {
    transaction.open_table(META)?.insert(FORMAT, format)?;
    Ok(())
}

/// A table that a newer program made: older ones do without it, and do not know how to copy it.
pub(super) fn unknown_table(transaction: &ReadTransaction) -> Result<Option<String>, StoreError> {
    macro_rules! names {
        ($($table:ident),*) => { [META.name(), $(tables::$table.name()),*] };
    }
    let known = tables::every_table!(names);
    let mut present = transaction.list_tables()?.map(|table| table.name().to_owned());
    Ok(present.find(|name| !known.contains(&name.as_str())))
}

/// Gives a copy of a database the format of the database.
pub(super) fn copy_format(from: &ReadTransaction, to: &WriteTransaction) -> Result<(), StoreError> {
    match from.open_table(META)?.get(FORMAT)? {
        Some(format) => set_format(to, format.value()),
        None => Ok(()),
    }
}

fn create_tables(transaction: &WriteTransaction) -> Result<(), StoreError> {
    macro_rules! create {
        ($($table:ident),*) => { $(create(transaction, tables::$table.definition)?;)* };
    }
    tables::every_table!(create);
    Ok(())
}

fn create<K: redb::Key + 'static>(
    transaction: &WriteTransaction,
    definition: Definition<K>,
) -> Result<(), StoreError> {
    drop(open_to_write(transaction, definition)?);
    Ok(())
}

fn lacks_tables(database: &Database) -> Result<bool, StoreError> {
    let transaction = database.begin_read()?;
    let present: std::collections::HashSet<String> =
        transaction.list_tables()?.map(|table| table.name().to_owned()).collect();
    macro_rules! lacks {
        ($($table:ident),*) => { $(!present.contains(tables::$table.name()))||* };
    }
    Ok(tables::every_table!(lacks))
}

/// The savepoint of a migration that was interrupted.
fn leftover_savepoint(database: &Database) -> Result<Option<u64>, StoreError> {
    let transaction = database.begin_write()?;
    let first = transaction.list_persistent_savepoints()?.min();
    transaction.abort()?;
    Ok(first)
}

fn drop_savepoint(database: &Database, savepoint: u64) -> Result<(), StoreError> {
    commit(database, |transaction| {
        transaction.delete_persistent_savepoint(savepoint)?;
        Ok(())
    })
}

/// Returns to the state before the first step.
fn put_back(database: &Database, savepoint: u64) {
    let restored = (|| {
        let mut transaction = database.begin_write()?;
        let state = transaction.get_persistent_savepoint(savepoint)?;
        transaction.restore_savepoint(&state)?;
        transaction.delete_persistent_savepoint(savepoint)?;
        transaction.commit()?;
        Ok::<_, StoreError>(())
    })();
    if let Err(error) = restored {
        tracing::error!(%error, "a failed migration could not be undone: the next start continues it");
    }
}

/// 0 to 1: from here on `cairn verify` checks what lies in a group and which tokens an owner has; both are made anew
/// from the records once, so that what it finds later happened later.
fn rebuild_ownership(transaction: &WriteTransaction) -> Result<(), StoreError> {
    let mut children = Vec::new();
    scan_in(&transaction.open_table(GROUPS.definition)?, &GROUPS, .., |id, group| {
        children.extend(group.parent().map(|parent| (parent.0, KIND_GROUP, id)));
        ControlFlow::Continue(())
    })?;
    scan_in(&transaction.open_table(PROJECTS.definition)?, &PROJECTS, .., |id, project| {
        children.push((project.parent().0, KIND_PROJECT, id));
        ControlFlow::Continue(())
    })?;
    let mut owned = Vec::new();
    scan_in(&transaction.open_table(TOKENS.definition)?, &TOKENS, .., |id, token| {
        let (kind, owner) = credentials::owner_key(&token.owner);
        owned.push((kind, owner, id));
        ControlFlow::Continue(())
    })?;
    replace(transaction, &CHILDREN, children)?;
    replace(transaction, &OWNER_TOKENS, owned)
}

/// 1 to 2: lists and searches show a line about each module, which is taken from the manifest of its latest version.
fn describe_modules(transaction: &WriteTransaction) -> Result<(), StoreError> {
    let mut latest: HashMap<(u64, String, String), Package> = HashMap::new();
    scan_in(&transaction.open_table(PACKAGES.definition)?, &PACKAGES, .., |_, package| {
        let key = (package.project.0, package.name.key(), package.system.as_str().to_owned());
        match latest.get(&key) {
            Some(before) if !module_texts::is_later(&package.version, &before.version) => {}
            _ => drop(latest.insert(key, package)),
        }
        ControlFlow::Continue(())
    })?;
    transaction.delete_table(MODULE_TEXTS.definition)?;
    let mut texts = transaction.open_table(MODULE_TEXTS.definition)?;
    let manifests = transaction.open_table(MANIFESTS.definition)?;
    for ((project, name, system), package) in latest {
        let manifest = get_in(&manifests, &MANIFESTS, package.id.0)?.unwrap_or_default();
        let text = encoded(&MODULE_TEXTS, &module_texts::of(&package, &manifest))?;
        texts.insert((project, name.as_str(), system.as_str()), text.as_slice())?;
    }
    Ok(())
}

/// 2 to 3: modules are found by what they declare and by words of their README, and packages by who published them.
fn index_words_and_publishers(transaction: &WriteTransaction) -> Result<(), StoreError> {
    let mut publications = Vec::new();
    scan_in(&transaction.open_table(PACKAGES.definition)?, &PACKAGES, .., |id, package| {
        let (kind, publisher) = tables::publisher_key(package.publisher);
        publications.push((kind, publisher, id));
        ControlFlow::Continue(())
    })?;
    replace(transaction, &PUBLICATIONS, publications)?;
    let mut described = Vec::new();
    let texts = transaction.open_table(MODULE_TEXTS.definition)?;
    scan_in(&texts, &MODULE_TEXTS, .., |(project, name, system), text| {
        described.push((project, name.to_owned(), system.to_owned(), text.package));
        ControlFlow::Continue(())
    })?;
    transaction.delete_table(MODULE_WORDS.definition)?;
    transaction.delete_table(WORDS.definition)?;
    let manifests = transaction.open_table(MANIFESTS.definition)?;
    let mut words_of = transaction.open_table(MODULE_WORDS.definition)?;
    let mut index = transaction.open_table(WORDS.definition)?;
    for (project, name, system, package) in described {
        let manifest = get_in(&manifests, &MANIFESTS, package.0)?.unwrap_or_default();
        let module = ModuleWords { words: words::of(&manifest) };
        for word in &module.words {
            let key = (word.text.as_str(), project, name.as_str(), system.as_str());
            index.insert(key, encoded(&WORDS, &word.uses)?.as_slice())?;
        }
        words_of
            .insert((project, name.as_str(), system.as_str()), encoded(&MODULE_WORDS, &module)?.as_slice())?;
    }
    Ok(())
}

fn encoded<K: redb::Key + 'static, R: Record>(
    table: &Table<K, R>,
    record: &R,
) -> Result<Vec<u8>, StoreError> {
    codec::encode(record).map_err(|error| StoreError::Record { table: table.name().to_owned(), error })
}

/// Fills an index anew.
fn replace<K>(
    transaction: &WriteTransaction,
    index: &Table<K, Present>,
    keys: impl IntoIterator<Item = K>,
) -> Result<(), StoreError>
where
    K: redb::Key + 'static + for<'k> redb::Value<SelfType<'k> = K>,
    Present: Record,
{
    let present = encoded(index, &Present)?;
    transaction.delete_table(index.definition)?;
    let mut table = transaction.open_table(index.definition)?;
    for key in keys {
        table.insert(key, present.as_slice())?;
    }
    Ok(())
}
