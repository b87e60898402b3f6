//! The registries that images are pulled from: which tags there are, which image a tag names, whether it exists.
//!
//! A client of the distribution API (<https://github.com/opencontainers/distribution-spec>) of our own, for reading
//! only: it needs five requests. The crates that have them bring a second HTTP client with another TLS stack; here it
//! is kube's connections, with the proxies and the certificates that clusters are reached by. Start at [`Registries`].

mod answer;
mod challenge;
mod check;
mod error;
mod login;
mod manifest;
mod repository;
mod transport;

pub use error::RegistryError;
pub use login::Logins;
pub use repository::Repository;
pub use transport::{Registries, Rules};
