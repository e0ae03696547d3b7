//! The store against maps in memory: any sequence of changes, some refused, some in a group, some reopened after.

#![no_main]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use cairn::domain::TokenId;
use cairn::store::tables::{
    CHILDREN, Counter, LastUse, PATHS, PathTarget, Present, TOKEN_HASHES, TOKEN_USES,
};
use cairn::store::{Change, Reader, Store, StoreError};
use libfuzzer_sys::{arbitrary, fuzz_target};
use redb::backends::InMemoryBackend;

#[derive(Debug, Clone, arbitrary::Arbitrary)]
enum Operation {
    PutUse(u8, i64),
    RemoveUse(u8),
    PutHash(u8, u64),
    RemoveHash(u8),
    PutChild(u8, u8, u8),
    RemoveChild(u8, u8, u8),
    PutPath(String, u64),
    RemovePath(String),
    Number,
}

#[derive(Debug, arbitrary::Arbitrary)]
struct Group {
    operations: Vec<Operation>,
    refused: bool,
}

#[derive(Debug, Default, Clone, PartialEq)]
struct Model {
    uses: BTreeMap<u64, i64>,
    hashes: BTreeMap<[u8; 32], u64>,
    children: BTreeMap<(u64, u8, u64), ()>,
    paths: BTreeMap<String, u64>,
    number: u64,
}

fn hash(first: u8) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[0] = first;
    hash[31] = !first;
    hash
}

/// A key that the store would take.
fn path(text: &str) -> String {
    text.chars().take(40).collect()
}

impl Model {
    fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::PutUse(key, at) => drop(self.uses.insert(u64::from(*key), *at)),
            Operation::RemoveUse(key) => drop(self.uses.remove(&u64::from(*key))),
            Operation::PutHash(key, id) => drop(self.hashes.insert(hash(*key), *id)),
            Operation::RemoveHash(key) => drop(self.hashes.remove(&hash(*key))),
            Operation::PutChild(a, b, c) => {
                self.children.insert((u64::from(*a), *b, u64::from(*c)), ());
            }
            Operation::RemoveChild(a, b, c) => {
                self.children.remove(&(u64::from(*a), *b, u64::from(*c)));
            }
            Operation::PutPath(text, id) => drop(self.paths.insert(path(text), *id)),
            Operation::RemovePath(text) => drop(self.paths.remove(&path(text))),
            Operation::Number => self.number += 1,
        }
    }
}

fn apply(change: &mut Change<'_>, operation: &Operation) -> Result<(), StoreError> {
    match operation {
        Operation::PutUse(key, at) => change.put(&TOKEN_USES, u64::from(*key), &LastUse(*at)),
        Operation::PutHash(key, id) => change.put(&TOKEN_HASHES, hash(*key), &TokenId(*id)),
        Operation::PutChild(a, b, c) => change.put(&CHILDREN, (u64::from(*a), *b, u64::from(*c)), &Present),
        Operation::PutPath(text, id) => {
            change.put(&PATHS, path(text).as_str(), &PathTarget::Group(cairn::domain::GroupId(*id)))
        }
        Operation::Number => change.next_number("fuzz").map(drop),
        removal => {
            match removal {
                Operation::RemoveUse(key) => change.remove(&TOKEN_USES, u64::from(*key)),
                Operation::RemoveHash(key) => change.remove(&TOKEN_HASHES, hash(*key)),
                Operation::RemoveChild(a, b, c) => {
                    change.remove(&CHILDREN, (u64::from(*a), *b, u64::from(*c)));
                }
                Operation::RemovePath(text) => change.remove(&PATHS, path(text).as_str()),
                _ => {}
            }
            Ok(())
        }
    }
}

fn observed(store: &Store) -> Result<Model, StoreError> {
    store.read(|snapshot| {
        let mut model = Model::default();
        snapshot.scan(&TOKEN_USES, .., |key, LastUse(at)| {
            model.uses.insert(key, at);
            ControlFlow::Continue(())
        })?;
        snapshot.scan(&TOKEN_HASHES, .., |key, TokenId(id)| {
            model.hashes.insert(key, id);
            ControlFlow::Continue(())
        })?;
        snapshot.scan(&CHILDREN, .., |key, Present| {
            model.children.insert(key, ());
            ControlFlow::Continue(())
        })?;
        snapshot.scan(&PATHS, .., |key, target| {
            let PathTarget::Group(id) = target else { panic!("{target:?} was never written") };
            model.paths.insert(key.to_owned(), id.0);
            ControlFlow::Continue(())
        })?;
        let counter = snapshot.get(&cairn::store::tables::COUNTERS, "fuzz")?;
        model.number = counter.map_or(0, |Counter(last)| last);
        Ok(model)
    })
}

fuzz_target!(|groups: Vec<Group>| {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let store = Store::open_with(Box::new(|| {
        Ok(redb::Database::builder().set_cache_size(1 << 20).create_with_backend(InMemoryBackend::new())?)
    }))
    .expect("a new database");
    let mut model = Model::default();
    for group in groups.into_iter().take(16) {
        let operations: Arc<[Operation]> = group.operations.into_iter().take(64).collect();
        let (mine, refused) = (Arc::clone(&operations), group.refused);
        let outcome = runtime.block_on(store.write(move |change| {
            for operation in &*mine {
                apply(change, operation)?;
            }
            if refused { Err(StoreError::Closed) } else { Ok(()) }
        }));
        assert_eq!(outcome.is_err(), refused);
        if !refused {
            operations.iter().for_each(|operation| model.apply(operation));
        }
        assert_eq!(observed(&store).expect("readable"), model);
    }
    store.close();
});
