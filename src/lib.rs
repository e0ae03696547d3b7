//! A private Terraform and OpenTofu module registry in one binary.
pub mod archive;
pub mod blobs;
pub mod domain;
pub mod service;
pub mod store;
