//! Power cuts: whatever moment the power goes, what was acknowledged is there afterwards and nothing is half there.
//!
//! `CAIRN_CUTS` sets how many cuts are tried, `CAIRN_CUT_SEED` replays one.

use cairn::store::Store;

use crate::disk::{Dice, Disk, Fault};
use crate::old_database::old_bytes;
use crate::workload::{Clients, base_disk, runtime};

/// Cuts tried when nothing else is said.
const CUTS: u64 = 1500;
/// Commits before the power stays on after all.
const ROUNDS: usize = 40;

fn setting(name: &str) -> Option<u64> {
    std::env::var_os(name)?.to_str()?.parse().ok()
}

/// Runs seeds on every core, one cut in `thinning`. The seed of the first failure is in the message.
fn for_seeds(thinning: u64, test: fn(u64) -> Result<(), String>) {
    let (from, to) = match setting("CAIRN_CUT_SEED") {
        Some(seed) => (seed, seed + 1),
        None => (0, setting("CAIRN_CUTS").unwrap_or(CUTS) / thinning),
    };
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for first in 0..threads {
            scope.spawn(move || {
                for seed in (from..to).skip(first).step_by(threads) {
                    if let Err(wrong) = test(seed) {
                        panic!("CAIRN_CUT_SEED={seed} replays this:\n{wrong}");
                    }
                }
            });
        }
    });
}

/// Opens what a cut left, cutting the power again while it recovers, once in a while.
fn recover(mut disk: Disk, dice: &mut Dice) -> Result<(Disk, Store), String> {
    while dice.below(3) == 0 {
        disk.arm(Fault::Cut(1 + dice.below(12)));
        drop(Store::open_with(disk.opener()));
        disk = disk.after_cut(dice);
    }
    disk.arm(Fault::None);
    let store = Store::open_with(disk.opener()).map_err(|error| format!("does not open: {error}"))?;
    Ok((disk, store))
}

fn one_cut(seed: u64) -> Result<(), String> {
    let (runtime, mut dice) = (runtime(), Dice::new(seed));
    let mut clients = Clients::default();
    let mut disk = base_disk();
    let mut store = Store::open_with(disk.opener()).map_err(|error| error.to_string())?;
    // Most cuts early, where they are cheap to try; some after many commits.
    let span = if seed.is_multiple_of(16) { 600 } else { 90 };
    disk.arm(Fault::Cut(1 + dice.below(span)));
    for _ in 0..ROUNDS {
        if !runtime.block_on(clients.round(&store, &mut dice)).is_empty() {
            break;
        }
    }
    store.close();
    (disk, store) = recover(disk.after_cut(&mut dice), &mut dice)?;
    clients.check(&store)?;
    if !seed.is_multiple_of(4) {
        store.close();
        return Ok(());
    }
    // What recovery left must also be fit to be written to, and to be cut again.
    let errors = runtime.block_on(clients.round(&store, &mut dice));
    if !errors.is_empty() {
        return Err(format!("after the cut: {errors:?}"));
    }
    clients.check(&store)?;
    let (_, again) = recover(disk.after_cut(&mut dice), &mut dice)?;
    clients.check(&again)?;
    store.close();
    again.close();
    Ok(())
}

#[test]
fn an_acknowledged_change_survives_any_power_cut_and_an_open_one_is_whole_or_gone() {
    for_seeds(1, one_cut);
}

#[test]
fn a_power_cut_while_the_first_tables_are_made_leaves_a_database_that_opens() {
    for_seeds(8, |seed| {
        let mut dice = Dice::new(seed);
        // The header of an empty file is written under another name (see the next test); from there on any cut may come.
        let disk = Disk::with(Vec::new());
        drop(disk.opener()().map_err(|error| error.to_string())?);
        disk.arm(Fault::Cut(1 + dice.below(60)));
        if let Ok(store) = Store::open_with(disk.opener()) {
            store.close();
        }
        let (_, store) = recover(disk.after_cut(&mut dice), &mut dice)?;
        store.read(cairn::store::identity::users).map_err(|error| error.to_string())?;
        store.close();
        Ok(())
    });
}

#[test]
fn a_power_cut_while_an_old_database_is_brought_forward_loses_nothing() {
    for_seeds(8, |seed| {
        let mut dice = Dice::new(seed);
        let disk = Disk::with(old_bytes());
        disk.arm(Fault::Cut(1 + dice.below(50)));
        if let Ok(store) = Store::open_with(disk.opener()) {
            store.close();
        }
        let (_, store) = recover(disk.after_cut(&mut dice), &mut dice)?;
        let wrong = cairn::service::upkeep::verify_metadata(&store).map_err(|error| error.to_string())?;
        let users = store.read(cairn::store::identity::users);
        store.close();
        match users {
            Ok(users) if users == [crate::sample::user()] && wrong.is_empty() => Ok(()),
            other => Err(format!("{other:?}, {wrong:?}")),
        }
    });
}

#[test]
fn what_an_interrupted_first_start_left_under_another_name_is_in_nobodys_way() {
    let dir = tempfile::tempdir().expect("a folder");
    let half_made = dir.path().join("cairn.redb.new");
    let mut bytes = base_disk().platter();
    bytes.truncate(bytes.len() / 2);
    std::io::Write::write_all(&mut std::fs::File::create_new(&half_made).expect("a file"), &bytes)
        .expect("room");
    let store = Store::open(dir.path()).expect("a new database");
    runtime().block_on(crate::sample::fill(&store)).expect("it can be written");
    assert!(!half_made.exists(), "the other name is gone");
    store.close();
    let again = Store::open(dir.path()).expect("the same database");
    assert_eq!(again.read(cairn::store::identity::users).expect("readable").len(), 1);
    let wrong = cairn::service::upkeep::verify_metadata(&again).expect("readable");
    assert_eq!(wrong, Vec::<String>::new(), "one of everything, in every index");
    again.close();
}
