//! Stored bytes: damaged ones are refused with a bounded effort, and what decodes is stable.

#![no_main]

use cairn::domain::TokenId;
use cairn::domain::credential::Token;
use cairn::domain::event::PackageEvent;
use cairn::domain::identity::{Group, InstanceSettings, Membership, Project, User};
use cairn::domain::manifest::Manifest;
use cairn::domain::package::{Package, PackageFile};
use cairn::domain::session::Session;
use cairn::store::codec::{Record, decode, encode};
use cairn::store::tables::{
    Counter, DailyDownloads, Downloads, LastUse, ModuleVersion, PathTarget, Present, SecretKey,
};
use libfuzzer_sys::fuzz_target;

fn check<R: Record>(bytes: &[u8]) {
    let Ok(record) = decode::<R>(bytes) else { return };
    let written = encode(&record).expect("what was decoded can be written");
    let again = decode::<R>(&written).expect("what was written can be read");
    assert_eq!(encode(&again).expect("once more"), written);
}

const KINDS: [fn(&[u8]); 20] = [
    check::<User>,
    check::<Group>,
    check::<Project>,
    check::<Membership>,
    check::<Token>,
    check::<TokenId>,
    check::<Package>,
    check::<PackageFile>,
    check::<Manifest>,
    check::<PackageEvent>,
    check::<InstanceSettings>,
    check::<ModuleVersion>,
    check::<Present>,
    check::<Counter>,
    check::<SecretKey>,
    check::<PathTarget>,
    check::<LastUse>,
    check::<Downloads>,
    check::<DailyDownloads>,
    check::<Session>,
];

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else { return };
    KINDS[usize::from(*kind) % KINDS.len()](bytes);
});
