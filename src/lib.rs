//! A private Terraform and OpenTofu module registry in one binary.
pub mod archive;
pub mod domain;
