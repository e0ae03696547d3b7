//! The chain of the audit log: it holds whatever shares a commit, and what was tampered with is named.

use std::collections::BTreeMap;
use std::path::Path;

use cairn::domain::audit::{Details, Entry};
use cairn::service::upkeep::verify_metadata;
use cairn::store::audit::{self, AuditHead, AuditRecord};
use cairn::store::codec::{decode, encode};
use cairn::store::{DATABASE_FILE, Store, StoreError};
use redb::{Database, TableDefinition};
use ring::digest::{SHA256, digest};

use crate::sample;

const AUDIT: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("audit.v1");
const HEAD: TableDefinition<'static, &'static str, &'static [u8]> = TableDefinition::new("audit_head.v1");

fn entry(name: &str) -> Entry {
    Entry { details: Details::from([("name".to_owned(), name.into())]), ..sample::audit_entry() }
}

async fn append(store: &Store, name: &str) -> Result<(), StoreError> {
    let entry = entry(name);
    store.write(move |change| change.audit(&entry)).await
}

/// The log as somebody else would check it: by numbers, texts and hashes alone.
fn chain(store: &Store) -> Vec<(u64, AuditRecord)> {
    let mut found = Vec::new();
    let read = store.read(|snapshot| {
        audit::oldest_first(snapshot, 1, |number, record| {
            found.push((number, record));
            std::ops::ControlFlow::Continue(())
        })
    });
    read.expect("readable");
    let mut before = vec![0; 32];
    for (index, (number, record)) in found.iter().enumerate() {
        assert_eq!(*number, index as u64 + 1, "numbers have no gap");
        let hash = digest(&SHA256, &[&before, record.text.as_bytes()].concat());
        assert_eq!(record.hash.as_bytes().as_slice(), hash.as_ref(), "entry {number}");
        before = hash.as_ref().to_vec();
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_writers_at_once_make_one_chain() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(dir.path()).expect("a new database");
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..200_usize {
        let store = store.clone();
        writers.spawn(async move {
            if number % 10 == 3 {
                let entry = entry("never");
                let failed = store.write(move |change| {
                    change.audit(&entry)?;
                    Err::<(), _>(StoreError::Panicked)
                });
                assert!(failed.await.is_err());
            } else if number % 10 == 4 {
                let (one, two) = (entry(&format!("{number}a")), entry(&format!("{number}b")));
                let both = store.write(move |change| change.audit(&one).and_then(|()| change.audit(&two)));
                both.await.expect("written");
            } else {
                append(&store, &number.to_string()).await.expect("written");
            }
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended.expect("no panic");
    }
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for (_, record) in chain(&store) {
        let entry = Entry::read(&record.text);
        *names.entry(entry.details["name"].to_string()).or_default() += 1;
    }
    assert_eq!(names.len(), 200, "180 that were written, 20 of them twice, and none that failed");
    assert!(names.values().all(|count| *count == 1) && !names.contains_key("\"never\""));
    assert!(store.group_sizes().commits < 200, "some shared a commit");
    assert_eq!(verify_metadata(&store).expect("readable"), Vec::<String>::new());
}

/// A closed database with five entries.
async fn five() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(dir.path()).expect("a new database");
    for name in ["one", "two", "three", "four", "five"] {
        append(&store, name).await.expect("written");
    }
    store.close();
    dir
}

type Entries<'t> = redb::Table<'t, u64, &'static [u8]>;
type Tampering = fn(&mut Entries<'_>, &mut redb::Table<'_, &'static str, &'static [u8]>);

fn tamper(dir: &Path, with: Tampering) {
    let database = Database::open(dir.join(DATABASE_FILE)).expect("nobody else has it open");
    let transaction = database.begin_write().expect("writable");
    {
        let mut entries = transaction.open_table(AUDIT).expect("a table");
        let mut head = transaction.open_table(HEAD).expect("a table");
        with(&mut entries, &mut head);
    }
    transaction.commit().expect("written");
}

fn record(entries: &Entries<'_>, number: u64) -> AuditRecord {
    use redb::ReadableTable;
    decode(entries.get(number).expect("readable").expect("an entry").value()).expect("a record")
}

fn put(entries: &mut Entries<'_>, number: u64, record: &AuditRecord) {
    entries.insert(number, encode(record).expect("it fits").as_slice()).expect("written");
}

#[tokio::test]
async fn what_was_tampered_with_is_named_by_its_number() {
    let cases: [(&str, Tampering, &[&str]); 8] = [
        ("nothing", |_, _| {}, &[]),
        (
            "a text altered",
            |entries, _| {
                let mut third = record(entries, 3);
                third.text = third.text.replace("three", "other");
                put(entries, 3, &third);
            },
            &["entry 3 was altered"],
        ),
        (
            "a text altered with its hash",
            |entries, _| {
                let (second, mut third) = (record(entries, 2), record(entries, 3));
                third.text = third.text.replace("three", "other");
                let hash = digest(&SHA256, &[second.hash.as_bytes(), third.text.as_bytes()].concat());
                third.hash = cairn::domain::Sha256::new(hash.as_ref().try_into().expect("32 bytes"));
                put(entries, 3, &third);
            },
            &["entry 4 was altered, or the one before it was replaced"],
        ),
        ("one removed", |entries, _| drop(entries.remove(2).expect("removed")), &["entry 2 is missing"]),
        (
            "two changed places",
            |entries, _| {
                let (second, third) = (record(entries, 2), record(entries, 3));
                put(entries, 2, &third);
                put(entries, 3, &second);
            },
            &["entry 2 was altered", "entry 3 was altered", "entry 4 was altered"],
        ),
        (
            "the last two cut off",
            |entries, _| {
                drop(entries.remove(4).expect("removed"));
                drop(entries.remove(5).expect("removed"));
            },
            &["entries 4 to 5 are missing"],
        ),
        (
            "the end forgotten",
            |_, head| drop(head.remove("head").expect("removed")),
            &["the log ends with entry 5"],
        ),
        (
            "one that does not decode",
            |entries, _| {
                entries.insert(3, [9_u8, 9].as_slice()).expect("written");
            },
            &["entry 3 or one behind it cannot be read"],
        ),
    ];
    for (situation, tampering, expected) in cases {
        let dir = five().await;
        tamper(dir.path(), tampering);
        let store = Store::open(dir.path()).expect("it opens all the same");
        let wrong = verify_metadata(&store).expect("readable");
        assert_eq!(wrong.len(), expected.len(), "{situation}: {wrong:?}");
        for (sentence, expected) in wrong.iter().zip(expected) {
            assert!(sentence.starts_with(&format!("audit log: {expected}")), "{situation}: {sentence}");
        }
    }
}

#[tokio::test]
async fn a_log_replaced_as_a_whole_has_another_end() {
    let (one, other) = (five().await, five().await);
    let end = |dir: &Path| {
        let store = Store::open(dir).expect("readable");
        let head: AuditHead = store.read(audit::head).expect("an end");
        store.close();
        head
    };
    assert_eq!(end(one.path()), end(other.path()), "the same entries make the same chain");
    assert_ne!(end(one.path()), AuditHead::default());
    let store = Store::open(one.path()).expect("readable");
    let before = store.read(audit::head).expect("an end");
    append(&store, "six").await.expect("written");
    let after: AuditHead = store.read(audit::head).expect("an end");
    assert_eq!((before.number, after.number), (5, 6));
    assert_ne!(before.hash, after.hash);
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_disturb_the_order() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(dir.path()).expect("a new database");
    for second in [100, 50, 200] {
        let entry = Entry { at: sample::at(second), ..sample::audit_entry() };
        store.write(move |change| change.audit(&entry)).await.expect("written");
    }
    let before = |second: i64| {
        store.read(|snapshot| audit::count_before(snapshot, sample::at(second).as_millisecond()))
    };
    for (second, count) in [(100, 0), (101, 2), (200, 2), (201, 3)] {
        assert_eq!(before(second).expect("readable"), count, "before {second}");
    }
    assert_eq!(verify_metadata(&store).expect("readable"), Vec::<String>::new());
}
