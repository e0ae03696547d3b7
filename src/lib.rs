//! A private Terraform and OpenTofu module registry in one binary.
//!
//! This crate is the whole program; `main.rs` only hands over to [`cli`]. Metadata lives in one redb file, archives in
//! files named by their SHA-256, and hyper serves the Terraform protocol, a REST API in GitLab's shapes and the pages.
//!
//! # Layers
//!
//! Dependencies point one way: `domain` ← `archive`, `blobs`, `store` ← `service` ← `web` ← `http` ← `cli`. A test reads the
//! sources and fails on an edge that is not allowed.
//!
//! | layer | job |
//! | --- | --- |
//! | [`domain`] | what is true without a disk, a clock or a socket: names, versions, roles, who may do what |
//! | [`archive`] | bytes of an upload to facts: is it acceptable, what does it declare; packing a directory |
//! | [`blobs`] | archives on disk: staged, made durable, opened, collected |
//! | [`store`] | redb: typed tables, snapshots to read, one writer thread that groups changes into commits |
//! | [`service`] | the use cases; owns policy and transactions |
//! | [`web`] | pages as maud markup, and the embedded files of `web/` |
//! | [`http`] | hyper: connections, endpoints, requests into use cases and back |
//! | [`config`], [`telemetry`], [`outbound`] | settings and their reloading; logs and metrics; requests to other servers |
//! | [`cli`] | the commands |
//!
//! # Life of a request
//!
//! `http::serve` accepts a connection under a permit and a deadline for every step. [`http::pipeline`] checks the head,
//! splits the path into an [`http::endpoint::Endpoint`], asks the instance's switch, turns the credential into a
//! [`service::Caller`], calls one use case, and gives the answer its common headers, one log line and one metric.
//! Use cases load facts from a [`store::Snapshot`] and ask [`domain::access`], which alone compares roles.
//!
//! What Terraform asks again and again is kept ready ([`service::ready`]): answers for everybody who may see all the projects
//! they are made of, callers by the hash of their token, each with a stamp of the store ([`store::Stamps`]). A commit makes
//! the stamps old of what it could alter before the change is acknowledged, so a kept answer is never older than an
//! acknowledged change. Plain requests for them are answered between the socket and hyper (`http::direct`), which sees all
//! others. Archives leave through `sendfile` on plain connections, and in pieces over TLS.
//!
//! Callers share places: each has a part of the uploads, lists, searches, password checks and connections, and waits behind its
//! own requests (`service::lines`); a flood waits while others ask (`http::turns`). Long work runs in the background, at
//! a lower priority than the threads that answer: what comes in storms on a few threads of its own ([`store::Workers`]), everything
//! else on the runtime's ([`store::background`]).
//!
//! # Life of a publish
//!
//! Everything that can be refused without the body is refused first. The body then goes, piece by piece and in bounded
//! memory, through SHA-256, into a staged file and through the archive walk at once. The blob is synced, renamed and
//! its folder synced; then one change on the writer thread checks again and inserts the metadata. The answer leaves
//! after that commit is durable. A crash leaves the whole package or nothing, and at worst a blob for `cairn gc`.
//!
//! # Life of a list
//!
//! Lists and searches are answered from a catalog in memory: a compact copy of projects, modules and versions that is read
//! from the store once and told of every commit before the change is acknowledged. It sorts, narrows and counts what this
//! caller may see; the rows of the one page are then read from the store. Searches look for their words among the distinct words
//! of names and descriptions, which are far fewer than the texts. What a caller sees (`service::sights`), and the pages of lists
//! and searches of modules (`service::kept_lists`), are kept as ready answers are, until something changes that could show.
//! After a start searches are answered once the modules are read, and lists once their versions are.
//!
//! # Life of a change
//!
//! A use case takes a scribe into its change: it looks once more whether the caller's credential is good, and adds an entry to
//! the audit log in the same transaction. The writer thread chains the entries by their hashes. What happened to a package
//! is added to its history as well, with where it came from: a CI job that was opened here, the claims of an ID token that
//! [`service::oidc`] verified, or the answer of a GitLab; what the project's trusted publishers say decides what such a job
//! may do. Webhooks are queued in that transaction too, and sent by a task of their own.
//!
//! # Data directory
//!
//! ```text
//! cairn.redb                  metadata
//! blobs/sha256/<2>/<62>       archives, by digest, byte for byte as published
//! tmp/                        uploads under way; emptied at every start
//! tls/                        own authority and certificate (--tls-self-signed)
//! control.sock                how commands reach the running server
//! cairn.lock                  held by the process that uses the directory
//! initial-root-password       the first administrator's, until somebody deletes it
//! ```

pub mod archive;
pub mod blobs;
pub mod cli;
pub mod config;
pub mod domain;
pub mod http;
pub mod outbound;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod web;
