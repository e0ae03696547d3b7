//! A disk in memory that loses what was not synced when the power goes, tears what was on its way, fills up and fails.
//!
//! It keeps two images: what a reader sees (the page cache), and what is on the platter. A write goes to the first at
//! once and to the second when it is synced. At a cut each unsynced sector is kept or lost by itself.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex};

use cairn::store::StoreError;
use redb::{Database, StorageBackend};

/// What a store opens its database with.
pub(crate) type Opener = Box<dyn Fn() -> Result<Database, StoreError> + Send + Sync>;

/// What a disk writes in one piece.
const SECTOR: usize = 512;
/// What a file system gives a file at a time.
const BLOCK: usize = 4096;

/// Repeatable pseudo-random numbers (xorshift64*).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        // Neighbouring seeds must not give neighbouring rolls, and zero would stay zero.
        Self(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        (self.roll() >> 16) % end
    }
}

/// A write the platter does not have yet.
#[derive(Debug)]
enum Unsynced {
    Bytes(usize, Vec<u8>),
    Length(usize),
}

/// What goes wrong, and at which operation. Operations are writes, changes of length and syncs, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// The power goes before that operation.
    Cut(u64),
    /// That operation fails once with EIO; of a write, half of the bytes arrive; of a sync, nothing is kept, although
    /// readers go on seeing it: what Linux does after a failed writeback.
    Fail(u64),
    /// From that operation on there is no room: writes to blocks the file did not have fail with ENOSPC.
    Full(u64),
    /// The same where written blocks move, as on btrfs: every write fails with ENOSPC.
    FullToTheBrim(u64),
    /// That read (counted apart) fails once with EIO.
    FailRead(u64),
}

#[derive(Debug)]
struct State {
    seen: Vec<u8>,
    platter: Vec<u8>,
    unsynced: Vec<Unsynced>,
    /// Blocks the file has; the others are holes.
    allocated: BTreeSet<usize>,
    fault: Fault,
    operations: u64,
    reads: u64,
    /// The power is off: nothing works.
    off: bool,
    /// A fault has shown.
    struck: bool,
}

/// The disk. Cheap to clone; all clones are the same disk.
#[derive(Debug, Clone)]
pub(crate) struct Disk(Arc<Mutex<State>>);

impl Disk {
    /// A disk with that image on its platter.
    pub(crate) fn with(image: Vec<u8>) -> Self {
        let zero = [0; BLOCK];
        let blocks = image.chunks(BLOCK).enumerate();
        let allocated =
            blocks.filter(|(_, block)| *block != &zero[..block.len()]).map(|(at, _)| at).collect();
        Self(Arc::new(Mutex::new(State {
            allocated,
            seen: image.clone(),
            platter: image,
            unsynced: Vec::new(),
            fault: Fault::None,
            operations: 0,
            reads: 0,
            off: false,
            struck: false,
        })))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().expect("no test panics while it holds the disk")
    }

    /// Decides what goes wrong from here on; operations are counted anew.
    pub(crate) fn arm(&self, fault: Fault) {
        let mut state = self.state();
        (state.fault, state.operations, state.reads, state.struck) = (fault, 0, 0, false);
    }

    /// Whether the fault has shown.
    pub(crate) fn struck(&self) -> bool {
        self.state().struck
    }

    /// The power goes now, if it has not gone before, and comes back: a disk with what the platter has then.
    pub(crate) fn after_cut(&self, dice: &mut Dice) -> Self {
        let mut state = self.state();
        state.off = true;
        let mut image = state.platter.clone();
        // How long the file is, is kept apart from its bytes: any of the lengths it had may be the one that is found.
        let mut lengths = vec![image.len()];
        let mut longest = image.len();
        for unsynced in &state.unsynced {
            match unsynced {
                Unsynced::Length(length) => lengths.push(*length),
                Unsynced::Bytes(offset, bytes) => longest = longest.max(offset + bytes.len()),
            }
        }
        longest = longest.max(lengths.iter().copied().max().unwrap_or(0));
        image.resize(longest, 0);
        // Some cuts lose everything, some nothing, most something.
        let odds = [0, 1, 2, 3, 4][usize::try_from(dice.below(5)).expect("small")];
        for unsynced in &state.unsynced {
            let Unsynced::Bytes(offset, bytes) = unsynced else { continue };
            for (number, sector) in bytes.chunks(SECTOR).enumerate() {
                if dice.below(4) < odds {
                    let start = offset + number * SECTOR;
                    image[start..start + sector.len()].copy_from_slice(sector);
                }
            }
        }
        let pick = usize::try_from(dice.below(lengths.len() as u64)).expect("small");
        image.resize(lengths[pick], 0);
        Self::with(image)
    }

    /// What the platter holds.
    pub(crate) fn platter(&self) -> Vec<u8> {
        self.state().platter.clone()
    }

    /// Opens the database on it, for `Store::open_with`.
    pub(crate) fn opener(&self) -> Opener {
        self.opener_with_cache(1024 * 1024)
    }

    /// The same, with so many bytes of cache.
    pub(crate) fn opener_with_cache(&self, bytes: usize) -> Opener {
        let disk = self.clone();
        Box::new(move || Ok(Database::builder().set_cache_size(bytes).create_with_backend(disk.clone())?))
    }

    /// Lets an operation happen or not. Says whether it fails.
    fn operation(&self, writes: bool) -> io::Result<std::sync::MutexGuard<'_, State>> {
        let mut state = self.state();
        if state.off {
            return Err(io::Error::other("the power is off"));
        }
        state.operations += 1;
        match state.fault {
            Fault::Cut(at) if state.operations >= at => {
                (state.off, state.struck) = (true, true);
                Err(io::Error::other("the power is off"))
            }
            Fault::FullToTheBrim(at) if writes && state.operations >= at => {
                state.struck = true;
                Err(io::Error::from(io::ErrorKind::StorageFull))
            }
            _ => Ok(state),
        }
    }
}

impl State {
    /// Whether this very operation is the one that fails.
    fn fails(&mut self) -> bool {
        let fails = self.fault == Fault::Fail(self.operations);
        self.struck |= fails;
        fails
    }
}

fn eio() -> io::Error {
    // EIO has no `ErrorKind` of its own.
    io::Error::from_raw_os_error(5)
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).expect("a small disk")
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, io::Error> {
        Ok(self.state().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let mut state = self.state();
        if state.off {
            return Err(io::Error::other("the power is off"));
        }
        state.reads += 1;
        if state.fault == Fault::FailRead(state.reads) {
            state.struck = true;
            return Err(eio());
        }
        let start = place(offset);
        let bytes = state.seen.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        let mut state = self.operation(false)?;
        if state.fails() {
            return Err(eio());
        }
        state.seen.resize(place(len), 0);
        state.unsynced.push(Unsynced::Length(place(len)));
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        let mut state = self.operation(false)?;
        let lost = state.fails();
        for unsynced in std::mem::take(&mut state.unsynced) {
            match unsynced {
                _ if lost => {}
                Unsynced::Length(length) => state.platter.resize(length, 0),
                Unsynced::Bytes(offset, bytes) => {
                    let end = offset + bytes.len();
                    if state.platter.len() < end {
                        state.platter.resize(end, 0);
                    }
                    state.platter[offset..end].copy_from_slice(&bytes);
                }
            }
        }
        if lost {
            // The length is metadata: the journal has it whatever became of the bytes.
            let length = state.seen.len();
            state.platter.resize(length, 0);
            return Err(eio());
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        let mut state = self.operation(true)?;
        let blocks = place(offset) / BLOCK..=(place(offset) + data.len() - 1) / BLOCK;
        if matches!(state.fault, Fault::Full(at) if state.operations >= at)
            && !blocks.clone().all(|block| state.allocated.contains(&block))
        {
            state.struck = true;
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        state.allocated.extend(blocks);
        let fails = state.fails();
        let arriving = if fails { &data[..data.len() / 2] } else { data };
        let (start, end) = (place(offset), place(offset) + arriving.len());
        if state.seen.len() < end {
            state.seen.resize(end, 0);
        }
        state.seen[start..end].copy_from_slice(arriving);
        state.unsynced.push(Unsynced::Bytes(start, arriving.to_vec()));
        if fails { Err(eio()) } else { Ok(()) }
    }
}
