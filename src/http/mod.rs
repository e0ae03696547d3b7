//! The HTTP layer: bytes into service calls and back.

pub mod tls;
