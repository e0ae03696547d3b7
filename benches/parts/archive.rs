//! What an upload goes through: the walk over its archive, its configuration, its README.

use std::hint::black_box;

use cairn::archive::readme::{Links, render};
use cairn::archive::{inspect, manifest};
use cairn::domain::limits::{ArchiveLimits, ManifestLimits, ReadmeLimits};
use criterion::{Criterion, Throughput};
use flate2::Compression;
use flate2::write::GzEncoder;

pub(crate) fn benches(criterion: &mut Criterion) {
    archives(criterion);
    configuration(criterion);
    readmes(criterion);
}

fn archives(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("archive");
    let small = (0..5).map(|number| (format!("file{number}.tf"), variables(20))).collect();
    let large = (0..50).map(|number| (format!("modules/m{number}/main.tf"), variables(400))).collect();
    let many = (0..10_000).map(|number| (format!("files/{number}.txt"), String::new())).collect();
    let bomb = vec![("zeros.bin".to_owned(), "\0".repeat(64 * 1024 * 1024))];
    let deep = (0..200).map(|number| (format!("{}f{number}.txt", "d/".repeat(100)), String::new())).collect();
    let corpora: [(&str, Vec<(String, String)>); 5] = [
        ("five small files", small),
        ("a large module", large),
        ("ten thousand files", many),
        ("hostile: a bomb", bomb),
        ("hostile: deep folders", deep),
    ];
    for (name, files) in corpora {
        let unpacked: usize = files.iter().map(|(_, text)| text.len() + 1024).sum();
        let Ok(bytes) = packed(&files) else { return };
        group.throughput(Throughput::Bytes(unpacked as u64));
        group.sample_size(if unpacked > 1_000_000 { 20 } else { 100 });
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                inspect(black_box(bytes.as_slice()), &ArchiveLimits::default(), &ManifestLimits::default())
                    .is_ok()
            });
        });
    }
    group.finish();
}

fn configuration(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("manifest");
    let nested = format!("locals {{ a = {}1{} }}", "[".repeat(2_000), "]".repeat(2_000));
    let heredoc = format!("locals {{ a = <<EOT\n{}EOT\n}}", "${var.a} text\n".repeat(5_000));
    let comment = format!("{}/*", variables(100));
    let keys: String = (0..2_000).map(|key: u32| ["k", &key.to_string(), " = 1\n"].concat()).collect();
    for (name, text) in [
        ("twenty variables", variables(20)),
        ("two thousand variables", variables(2_000)),
        ("resources", include_str!("../../tests/fixtures/configuration/main.tf").to_owned()),
        (
            "inputs as people write them",
            include_str!("../../tests/fixtures/configuration/variables.tf").to_owned(),
        ),
        ("hostile: an error on the last line", comment),
        ("hostile: an object of many keys", format!("locals {{ a = {{\n{keys}}} }}")),
        ("hostile: deep brackets", nested),
        ("hostile: templates", heredoc),
    ] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let part =
                    manifest::read_file("main.tf", black_box(text.as_bytes()), &ManifestLimits::default());
                part.is_some()
            });
        });
    }
    group.finish();
}

fn readmes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("readme");
    group.sample_size(20);
    let section = "## Usage\n\nMakes a *network* with `subnets`, see [the guide](docs/guide.md).\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n```hcl\nmodule \"m\" {}\n```\n\n";
    for (name, text) in [
        ("ten kilobytes", section.repeat(70)),
        ("hostile: a megabyte of nested lists", "- ".repeat(100).repeat(5_000)),
        ("hostile: a megabyte of open brackets", "[".repeat(1_000_000)),
        ("hostile: a megabyte of open elements", "<div><b>".repeat(125_000)),
    ] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| {
            let links = Links { directory: "", resolve: &|_, _| None };
            bencher.iter(|| render(black_box(&text), &links, &ReadmeLimits::default()).as_str().len());
        });
    }
    group.finish();
}

/// So many variables, as people write them.
fn variables(count: usize) -> String {
    let one = |number| {
        format!(
            "variable \"subnet_{number}\" {{\n  type        = map(object({{ cidr = string, zone = optional(string, \"a\") }}))\n  description = \"Subnets of network {number}, by name.\"\n  default     = {{}}\n}}\n\n"
        )
    };
    (0..count).map(one).collect()
}

fn packed(files: &[(String, String)]) -> std::io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, text.as_bytes())?;
    }
    builder.into_inner()?.finish()
}
