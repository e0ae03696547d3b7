//! What changes of one commit share and see of each other, and what a publish tells of its module.

use std::ops::Bound;
use std::sync::{Arc, Mutex};

use super::*;
use crate::domain::manifest::{Input, Manifest, ModulePart};
use crate::domain::package::{Package, PackageFile, Publisher, Status};
use crate::domain::{FileId, GroupId, PackageId, ProjectId, Sha256};
use crate::store::packages::{self, Declared};
use crate::store::tables::{CHILDREN, FORMER_NAMES, KEYS, PATHS, PathTarget, Present, SecretKey};
use crate::store::{Observer, Store};

/// Remembers which modules were described, and as what.
#[derive(Default)]
struct Listener(Mutex<Vec<String>>);

impl Observer for Listener {
    fn committed(&self, notes: Vec<Note>) {
        self.0.lock().unwrap().extend(notes.into_iter().filter_map(|note| match note {
            Note::Described { description, .. } => Some(description),
            _ => None,
        }));
    }

    fn reopened(&self) {}
}

fn package(number: u64, version: &str) -> Package {
    Package {
        id: PackageId(number),
        project: ProjectId(1),
        root: GroupId(1),
        name: "vpc".parse().unwrap(),
        system: "aws".parse().unwrap(),
        version: version.parse().unwrap(),
        status: Status::Default,
        created_at: jiff::Timestamp::UNIX_EPOCH,
        publisher: Publisher::Operator,
        warnings: Vec::new(),
    }
}

fn manifest(readme: &str, input: &str) -> Manifest {
    let inputs = vec![Input { name: input.to_owned(), ..Input::default() }];
    Manifest {
        root: ModulePart { readme: Some(readme.to_owned()), inputs, ..ModulePart::default() },
        ..Manifest::default()
    }
}

async fn publish(store: &Store, package: Package, manifest: Manifest) {
    let declared = Declared::of(&manifest).unwrap();
    let file = PackageFile {
        id: FileId(package.id.0),
        package: package.id,
        file_name: package.file_name(),
        size: 1,
        sha256: Sha256::new([1; 32]),
        created_at: package.created_at,
    };
    store.write(move |change| packages::put(change, &package, &file, declared)).await.unwrap();
}

#[tokio::test]
async fn what_a_module_says_is_told_when_it_is_other_than_before() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let listener = Arc::new(Listener::default());
    store.observe(Arc::clone(&listener) as Arc<dyn Observer>);
    let told = || std::mem::take(&mut *listener.0.lock().unwrap());
    for (situation, number, version, said, expected) in [
        ("the first version", 1, "1.0.0", ("A network.", "cidr"), vec!["A network."]),
        ("one that says the same", 2, "1.1.0", ("A network.", "cidr"), vec![]),
        ("other words", 3, "1.2.0", ("A network.", "zone"), vec!["A network."]),
        ("another line", 4, "1.3.0", ("Networks.", "zone"), vec!["Networks."]),
        ("an older version", 5, "0.9.0", ("Nothing.", "none"), vec![]),
    ] {
        publish(&store, package(number, version), manifest(said.0, said.1)).await;
        assert_eq!(told(), expected, "{situation}");
    }
    for (situation, number, version, expected) in [
        ("the latest is deleted", 4, "1.3.0", vec!["A network."]),
        ("and the one with other words", 3, "1.2.0", vec!["A network."]),
        ("and the one that said the same", 2, "1.1.0", vec![]),
    ] {
        let gone = package(number, version);
        store.write(move |change| packages::remove(change, &gone)).await.unwrap();
        assert_eq!(told(), expected, "{situation}");
    }
    let described =
        store.read(|snapshot| snapshot.require(&tables::MODULE_TEXTS, (1, "vpc", "aws"))).unwrap();
    assert_eq!(described.package, PackageId(1), "the text says whose it is, also when it is the same");
}

#[tokio::test]
async fn changes_of_one_commit_share_its_tables_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let put = |key: &'static str| {
        store.write(move |change| {
            let number = change.next_number("key")?;
            change.put(&KEYS, key, &SecretKey([u8::try_from(number).unwrap(); 32]))?;
            Ok::<_, StoreError>(number)
        })
    };
    let refused = store.write(|change| {
        change.next_number("key")?;
        change.put(&KEYS, "refused", &SecretKey([0; 32]))?;
        change.remove(&KEYS, "first");
        Err::<(), _>(StoreError::Closed)
    });
    let panicking = store.write(|change| {
        change.put(&KEYS, "panicking", &SecretKey([0; 32]))?;
        let _ = change.scan(&KEYS, .., |_, _| panic!("in the middle of a table"));
        Ok::<_, StoreError>(())
    });
    let (first, refused, panicked, second) = tokio::join!(put("first"), refused, panicking, put("second"));
    assert_eq!((first.unwrap(), second.unwrap()), (1, 2));
    assert!(matches!(refused, Err(StoreError::Closed)));
    assert!(matches!(panicked, Err(StoreError::Panicked)));
    let mut keys = Vec::new();
    let gathered = store.read(|snapshot| {
        snapshot.scan(&KEYS, .., |key, _| {
            keys.push(key.to_owned());
            ControlFlow::Continue(())
        })
    });
    gathered.unwrap();
    assert_eq!(keys, ["first", "second"]);
}

type Limits = (Bound<(u64, &'static str)>, Bound<(u64, &'static str)>);

#[tokio::test]
async fn a_change_reads_ranges_and_may_read_more_while_it_does() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let fill = store.write(|change| {
        for (group, name) in [(1, "a"), (1, "b"), (2, "a"), (3, "c")] {
            change.put(&FORMER_NAMES, (group, name), &PathTarget::Group(GroupId(group)))?;
        }
        change.put(&PATHS, "a", &PathTarget::Project(ProjectId(7)))?;
        change.put(&CHILDREN, (1, 2, 3), &Present)
    });
    fill.await.unwrap();
    let cases: [(Limits, &[&str]); 4] = [
        ((Bound::Unbounded, Bound::Unbounded), &["1a", "1b", "2a", "3c"]),
        ((Bound::Excluded((1, "a")), Bound::Included((2, "a"))), &["1b", "2a"]),
        ((Bound::Included((1, "b")), Bound::Excluded((3, "c"))), &["1b", "2a"]),
        ((Bound::Included((4, "")), Bound::Unbounded), &[]),
    ];
    for (range, expected) in cases {
        let read = store.write(move |change| {
            let mut seen = Vec::new();
            change.scan(&FORMER_NAMES, range, |(group, name), target| {
                let again = change.get(&FORMER_NAMES, (group, name)).unwrap();
                assert_eq!(again, Some(target), "the same table");
                assert!(change.get(&PATHS, "a").unwrap().is_some(), "another one");
                assert_eq!(change.get(&PATHS, "b").unwrap(), None);
                seen.push(format!("{group}{name}"));
                ControlFlow::Continue(())
            })?;
            Ok::<_, StoreError>(seen)
        });
        assert_eq!(read.await.unwrap(), expected, "{range:?}");
    }
}
