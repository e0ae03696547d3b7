//! Records as bytes, and how many changes become durable with one commit.

use std::hint::black_box;

use cairn::domain::manifest::{Input, Manifest, ModulePart};
use cairn::store::codec::{decode, encode};
use cairn::store::tables::{COUNTERS, Counter};
use cairn::store::{Store, StoreError};
use criterion::{BenchmarkId, Criterion, Throughput};

/// Changes that wait for the writer at once.
const TOGETHER: [u64; 3] = [1, 16, 64];

pub(crate) fn benches(criterion: &mut Criterion) {
    records(criterion);
    commits(criterion);
}

fn records(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("record");
    for inputs in [1_u16, 100, 5_000] {
        let input = |number| Input {
            name: format!("input_{number}"),
            description: "What this input is for, in one sentence.".to_owned(),
            ..Input::default()
        };
        let root = ModulePart { inputs: (0..inputs).map(input).collect(), ..ModulePart::default() };
        let manifest = Manifest { root, ..Manifest::default() };
        let Ok(bytes) = encode(&manifest) else { return };
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(BenchmarkId::new("encode a manifest with inputs", inputs), |bencher| {
            bencher.iter(|| encode(black_box(&manifest)).is_ok());
        });
        group.bench_function(BenchmarkId::new("decode a manifest with inputs", inputs), |bencher| {
            bencher.iter(|| decode::<Manifest>(black_box(&bytes)).is_ok());
        });
    }
    group.finish();
}

fn commits(criterion: &mut Criterion) {
    let Ok(dir) = tempfile::tempdir() else { return };
    let Ok(runtime) = tokio::runtime::Runtime::new() else { return };
    let Ok(store) = Store::open(dir.path()) else { return };
    let mut group = criterion.benchmark_group("durable changes");
    group.sample_size(20);
    for together in TOGETHER {
        group.throughput(Throughput::Elements(together));
        group.bench_function(BenchmarkId::new("at once", together), |bencher| {
            bencher.iter(|| {
                let mut changes = tokio::task::JoinSet::new();
                for number in 0..together {
                    let store = store.clone();
                    changes.spawn_on(
                        async move {
                            let write =
                                store.write(move |change| change.put(&COUNTERS, "bench", &Counter(number)));
                            write.await.map_err(|error: StoreError| error)
                        },
                        runtime.handle(),
                    );
                }
                runtime.block_on(changes.join_all()).iter().all(Result::is_ok)
            });
        });
    }
    group.finish();
    store.close();
}
