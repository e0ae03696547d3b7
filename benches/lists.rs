//! Pages of package lists and of searches on a large instance: service calls, no HTTP.
//!
//! `CAIRN_BENCH_MODULES=100000 CAIRN_BENCH_DATA=/some/folder cargo bench --bench lists`
//!
//! Without the variables: 4,000 modules with 10 versions each, half of them in the group that is listed, in a temporary
//! folder.

use std::path::PathBuf;

use criterion::{Criterion, criterion_group, criterion_main};

use cairn::service::packages::PackageQuery;
use cairn::service::{Caller, PackageOrder, Window};

#[path = "instance/mod.rs"]
mod instance;

/// The lists measured: what they are called, the order, the page's offset, words of the name.
const LISTS: [(&str, PackageOrder, usize, &str); 7] = [
    ("newest first", PackageOrder::Created, 0, ""),
    ("by name", PackageOrder::Name, 0, ""),
    ("by version", PackageOrder::Version, 0, ""),
    ("by project", PackageOrder::ProjectPath, 0, ""),
    ("by name, far down", PackageOrder::Name, 9_000, ""),
    ("by name, with a common word", PackageOrder::Name, 0, "cache"),
    ("by name, with a rare word", PackageOrder::Name, 0, "cache-queue-7"),
];

fn lists(criterion: &mut Criterion) {
    let modules = std::env::var_os("CAIRN_BENCH_MODULES");
    let modules = modules.and_then(|text| text.to_str()?.parse().ok()).unwrap_or(4_000);
    let size = instance::Size { modules, versions: 10 };
    let Ok(temporary) = tempfile::tempdir() else { return };
    let dir = std::env::var_os("CAIRN_BENCH_DATA").map_or(temporary.path().to_owned(), PathBuf::from);
    let Ok(runtime) = tokio::runtime::Runtime::new() else { return };
    let Ok(registry) = runtime.block_on(instance::open(&dir, size)) else { return };
    let mut group = criterion.benchmark_group("lists");
    for (caller_name, caller) in [("administrator", Caller::Operator), ("anonymous", Caller::Anonymous)] {
        for (name, order, offset, words) in LISTS {
            let window = Window { order, descending: order == PackageOrder::Created, offset, limit: 20 };
            let name_words = (!words.is_empty()).then(|| words.to_owned());
            let query = PackageQuery { name: name_words, window, ..PackageQuery::default() };
            group.bench_function(format!("{caller_name}: {name}"), |bencher| {
                bencher.iter(|| {
                    runtime.block_on(registry.group_packages(&caller, "all", true, query.clone())).is_ok()
                });
            });
        }
    }
    group.finish();
    runtime.block_on(registry.close());
}

criterion_group!(benches, lists);
criterion_main!(benches);
