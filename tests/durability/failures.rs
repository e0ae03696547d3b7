//! Disks that fail or fill up at any operation: the caller is told, nothing is acknowledged that is not durable, and
//! the store comes back by itself.

use std::time::{Duration, Instant};

use cairn::store::{Change, Store, StoreError, identity};

use crate::disk::{Dice, Fault};
use crate::sample;
use crate::workload::{Clients, base_disk, reads, runtime};

/// Rounds of every run; the fault comes somewhere in them.
const ROUNDS: usize = 4;
/// How long a client comes back while the store heals: far longer than it takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a run with a fault is judged.
struct Case {
    fault: fn(u64) -> Fault,
    /// Whether a caller must learn that the disk is full.
    tells_full: bool,
    /// Whether reads must go on while there is no room.
    reads_on: bool,
}

/// Runs the same rounds again and again, with the fault at the first operation, the second, and so on to the last.
fn at_every_operation(case: &Case) {
    let mut at = 1;
    while one_failure(case, at).unwrap_or_else(|wrong| panic!("fault at operation {at}: {wrong}")) {
        at += 1;
    }
    assert!(at > 20, "the fault was tried at {at} operations only");
}

/// One run. Says whether the fault showed.
fn one_failure(case: &Case, at: u64) -> Result<bool, String> {
    let (runtime, mut dice) = (runtime(), Dice::new(7));
    let (mut clients, disk) = (Clients::default(), base_disk());
    let store = Store::open_with(disk.opener()).map_err(|error| error.to_string())?;
    disk.arm((case.fault)(at));
    let mut told = Vec::new();
    for _ in 0..ROUNDS {
        told = runtime.block_on(clients.round(&store, &mut dice));
        if !told.is_empty() {
            break;
        }
    }
    let struck = disk.struck();
    if told.is_empty() == struck {
        return Err(format!("the disk failed: {struck}, the callers were told {told:?}"));
    }
    if case.tells_full && struck && !told.iter().any(StoreError::is_disk_full) {
        return Err(format!("nobody was told that the disk is full: {told:?}"));
    }
    if case.reads_on && struck {
        runtime.block_on(until(&store, reads))?;
    }
    disk.arm(Fault::None);
    runtime.block_on(until(&store, reads))?;
    clients.check(&store)?;
    let errors = runtime.block_on(clients.round(&store, &mut dice));
    if !errors.is_empty() {
        return Err(format!("it did not come back: {errors:?}"));
    }
    clients.check(&store)?;
    // What a reader saw after the failure must be on the platter as well.
    let after = disk.after_cut(&mut dice);
    store.close();
    let again = Store::open_with(after.opener()).map_err(|error| format!("after a cut: {error}"))?;
    clients.check(&again)?;
    again.close();
    Ok(struck)
}

/// Comes back while it is told to.
async fn until<T>(store: &Store, try_it: impl Fn(&Store) -> Result<T, StoreError>) -> Result<T, String> {
    let end = Instant::now() + PATIENCE;
    loop {
        match try_it(store) {
            Err(StoreError::Reopening) if Instant::now() < end => {}
            outcome => return outcome.map_err(|error| error.to_string()),
        }
        // Queued behind the attempt to open, if one is under way.
        let _ = store.write(|_| Ok::<_, StoreError>(())).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[test]
fn a_write_or_sync_that_fails_is_told_and_the_store_comes_back() {
    at_every_operation(&Case { fault: Fault::Fail, tells_full: false, reads_on: false });
}

#[test]
fn a_full_disk_is_told_reads_go_on_and_writes_work_again_once_there_is_room() {
    at_every_operation(&Case { fault: Fault::Full, tells_full: true, reads_on: true });
}

#[test]
fn a_full_disk_that_takes_no_write_at_all_is_told_and_heals_as_well() {
    at_every_operation(&Case { fault: Fault::FullToTheBrim, tells_full: true, reads_on: false });
}

#[test]
fn a_read_that_fails_once_does_not_stop_the_reads_after_it() {
    let runtime = runtime();
    for at in 1.. {
        let disk = base_disk();
        let store = Store::open_with(disk.opener_with_cache(0)).expect("it opens");
        disk.arm(Fault::FailRead(at));
        let first = store.read(identity::users);
        if !disk.struck() {
            assert!(at > 2 && first.is_ok(), "users are read in {at} reads");
            store.close();
            return;
        }
        assert!(first.is_err(), "read {at} failed and nobody was told");
        // Nobody writes: a reader alone must be enough to bring it back.
        let end = Instant::now() + PATIENCE;
        let users = loop {
            match store.read(identity::users) {
                Ok(users) => break users,
                Err(error) => assert!(Instant::now() < end, "read {at}: {error}"),
            }
            std::thread::yield_now();
        };
        assert!(!users.is_empty());
        assert!(runtime.block_on(store.write(|_| Ok::<_, StoreError>(()))).is_ok());
        store.close();
    }
}

#[test]
fn a_store_on_a_dead_disk_refuses_at_once_and_can_be_closed() {
    let (runtime, mut dice) = (runtime(), Dice::new(1));
    let (mut clients, disk) = (Clients::default(), base_disk());
    let store = Store::open_with(disk.opener()).expect("it opens");
    disk.arm(Fault::Cut(1));
    assert!(!runtime.block_on(clients.round(&store, &mut dice)).is_empty());
    for _ in 0..3 {
        let told = runtime.block_on(store.write(|_| Ok::<_, StoreError>(())));
        assert!(matches!(told, Err(StoreError::Reopening)), "{told:?}");
        assert!(matches!(reads(&store), Err(StoreError::Reopening)));
    }
    assert!(!store.is_ready());
    store.close();
    assert!(matches!(runtime.block_on(store.write(|_| Ok::<_, StoreError>(()))), Err(StoreError::Closed)));
}

/// Takes a number and writes a user under it.
fn numbered(change: &mut Change<'_>) -> Result<u64, StoreError> {
    let number = change.next_number("package")?;
    identity::put_user(
        change,
        &cairn::domain::identity::User { id: cairn::domain::UserId(1000 + number), ..sample::user() },
    )?;
    Ok(number)
}

#[test]
fn a_change_that_fails_or_panics_costs_its_neighbours_neither_data_nor_numbers() {
    let (runtime, disk) = (runtime(), base_disk());
    let store = Store::open_with(disk.opener()).expect("it opens");
    let outcomes = runtime.block_on(async {
        // Held back until all five are queued, so that they share one commit.
        let (entered, inside) = tokio::sync::oneshot::channel();
        let (open, opened) = std::sync::mpsc::channel::<()>();
        let gate = tokio::spawn({
            let store = store.clone();
            async move {
                store
                    .write(move |_| {
                        let _ = entered.send(());
                        let _ = opened.recv();
                        Ok::<_, StoreError>(())
                    })
                    .await
            }
        });
        inside.await.expect("the writer runs");
        let (refused, panicked) = (store.clone(), store.clone());
        let change = |store: &Store| {
            let store = store.clone();
            tokio::spawn(async move { store.write(numbered).await })
        };
        let running = [
            change(&store),
            tokio::spawn(async move {
                refused.write(|change| numbered(change).and(Err(StoreError::Closed))).await
            }),
            change(&store),
            tokio::spawn(async move {
                panicked
                    .write(|change| -> Result<u64, StoreError> {
                        numbered(change)?;
                        panic!("this panic is part of the test")
                    })
                    .await
            }),
            change(&store),
        ];
        tokio::task::yield_now().await;
        drop(open);
        gate.await.expect("no panic").expect("the gate writes nothing");
        let mut outcomes = Vec::new();
        for one in running {
            outcomes
                .push(one.await.expect("no panic outside the writer").map_err(|error| format!("{error:?}")));
        }
        outcomes
    });
    let told = |text: &str| Err(text.to_owned());
    assert_eq!(outcomes, [Ok(1), told("Closed"), Ok(2), told("Panicked"), Ok(3)]);
    assert_eq!(store.group_sizes().commits, 1);
    let users = store.read(identity::users).expect("readable");
    let numbers: Vec<u64> = users.iter().map(|user| user.id.0).filter(|id| *id > 1000).collect();
    assert_eq!(numbers, [1001, 1002, 1003]);
    store.close();
}

#[test]
fn a_refusal_that_rests_on_a_lost_change_is_not_given() {
    for at in 1..=20 {
        let (first, second) = a_change_and_one_that_rests_on_it(at);
        let refused = matches!(second, Err(StoreError::Panicked));
        assert_eq!(first.is_ok(), refused, "cut at operation {at}: {first:?}, then {second:?}");
    }
}

/// Two changes that share a commit, and the power goes at some operation. The second refuses what the first made, with
/// an error that stands for "it is there already".
fn a_change_and_one_that_rests_on_it(at: u64) -> (Result<u64, StoreError>, Result<(), StoreError>) {
    let (runtime, disk) = (runtime(), base_disk());
    let store = Store::open_with(disk.opener()).expect("it opens");
    let outcomes = runtime.block_on(async {
        // Held back until both are queued, so that they share the commit that fails.
        let (entered, inside) = tokio::sync::oneshot::channel();
        let (open, opened) = std::sync::mpsc::channel::<()>();
        let (gate, one, two) = (store.clone(), store.clone(), store.clone());
        let gate = tokio::spawn(async move {
            gate.write(move |_| {
                let _ = entered.send(());
                let _ = opened.recv();
                Ok::<_, StoreError>(())
            })
            .await
        });
        inside.await.expect("the writer runs");
        let first = tokio::spawn(async move { one.write(numbered).await });
        let second = tokio::spawn(async move {
            two.write(|change| match identity::user(change, cairn::domain::UserId(1001))? {
                Some(_) => Err(StoreError::Panicked),
                None => Ok(()),
            })
            .await
        });
        tokio::task::yield_now().await;
        disk.arm(Fault::Cut(at));
        drop(open);
        gate.await.expect("no panic").expect("the gate writes nothing");
        (first.await.expect("no panic"), second.await.expect("no panic"))
    });
    store.close();
    outcomes
}
