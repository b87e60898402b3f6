//! Where the commits of a branch are kept: a bare repository of its own for each address and branch.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ring::digest::{SHA256, digest};
use rustix::fs::{FlockOperation, flock};

use super::error::GitError;
use crate::build::commit::RefName;
use crate::build::source::Address;

/// How often it is looked whether another process is done with a repository.
const PAUSE: Duration = Duration::from_millis(50);

/// The repository of a branch, for one process at a time.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) folder: PathBuf,
    _lock: File,
}

impl Kept {
    /// Waits until no other process has it.
    pub(super) async fn open(cache: &Path, address: &Address, of: &RefName) -> Result<Self, GitError> {
        let unusable = |error: &std::io::Error| GitError::Cache {
            reason: format!("{}: {error}", cache.display()).into(),
        };
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(cache).map_err(|error| unusable(&error))?;
        let name = name(address, of);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(cache.join(format!("{name}.lock")))
            .map_err(|error| unusable(&error))?;
        while let Err(error) = flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            if error != rustix::io::Errno::WOULDBLOCK {
                return Err(unusable(&error.into()));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(Self {
            folder: cache.join(name),
            _lock: lock,
        })
    }

    /// Whether older commits were left out of it.
    pub(super) fn is_cut(&self) -> bool {
        self.folder.join("shallow").exists()
    }

    /// Whether anything was read into it.
    pub(super) fn is_there(&self) -> bool {
        self.folder.join("HEAD").exists()
    }

    /// Throws away what was read, which a process that was ended may have left half done.
    pub(super) fn clear(&self) -> Result<(), GitError> {
        match std::fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(GitError::Cache {
                reason: format!("{}: {error}", self.folder.display()).into(),
            }),
            _ => Ok(()),
        }
    }
}

/// A name that tells nothing of the address.
fn name(address: &Address, of: &RefName) -> String {
    let whole = digest(&SHA256, format!("{}\0{}", address.url(), of.whole()).as_bytes());
    let half = whole.as_ref().first_chunk().copied().unwrap_or_default();
    format!("{:032x}", u128::from_be_bytes(half))
}
