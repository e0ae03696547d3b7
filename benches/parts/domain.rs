//! Versions and paths.

use std::hint::black_box;

use cairn::domain::Version;
use cairn::http::endpoint::Segments;
use criterion::{BenchmarkId, Criterion};

/// Texts where a version is expected.
const VERSIONS: [(&str, &str); 3] = [
    ("ordinary", "1.22.333"),
    ("long", "1.2.3-alpha.1.beta.2.gamma.3.delta.4.epsilon.5.zeta.6.eta.7.theta.8+build.0123456789abcdef"),
    ("refused", "1.2.3-0123456789.00123456789"),
];

/// Paths of requests: ordinary ones, and ones that cost the most to understand.
const PATHS: [(&str, &str); 4] = [
    ("versions", "/api/v4/packages/terraform/modules/v1/acme/vpc/aws/versions"),
    ("upload", "/api/v4/projects/acme%2Fnetwork/packages/terraform/modules/vpc/aws/1.0.0/file"),
    ("page", "/acme/platform/network/-/infrastructure_registry/4711"),
    (
        "hostile",
        "/%61/%62/%63/%64/%65/%66/%67/%68/%69/%6a/%6b/%6c/%6d/%6e/%6f/%70/%71/%72/%73/%74/%75/%76/%77/%78/%79/%7a/%2F/%2e%2e",
    ),
];

pub(crate) fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("version");
    for (name, text) in VERSIONS {
        group.bench_function(format!("parse, {name}"), |bencher| {
            bencher.iter(|| black_box(text).parse::<Version>().is_ok());
        });
    }
    for size in super::module::SIZES {
        let versions: Vec<Version> =
            (0..size).filter_map(|number| super::module::version_text(number).parse().ok()).collect();
        group.bench_function(BenchmarkId::new("sort", size), |bencher| {
            bencher.iter(|| {
                let mut versions = versions.clone();
                versions.sort_unstable_by(|a, b| b.cmp(a));
                versions.len()
            });
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("endpoint");
    for (name, path) in PATHS {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let segments = Segments::split(black_box(path));
                segments.is_ok_and(|segments| segments.endpoint().is_some())
            });
        });
    }
    group.finish();
}
