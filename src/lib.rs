//! A private Terraform and OpenTofu module registry in one binary.
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
