//! A private Terraform and OpenTofu module registry in one binary.
pub mod config;
pub mod domain;
pub mod http;
pub mod outbound;
pub mod telemetry;
