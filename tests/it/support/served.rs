//! Simulated clusters over HTTP on this machine, and the kubeconfig that names them.

use std::path::PathBuf;

use pilothouse::sim::Simulation;
use tokio_util::sync::CancellationToken;

/// Served until dropped.
pub(crate) struct Served {
    pub(crate) folder: tempfile::TempDir,
    cancel: CancellationToken,
    _runtime: tokio::runtime::Runtime,
}

impl Served {
    /// Serves clusters by name; they are made inside the async runtime.
    pub(crate) fn start(make: impl FnOnce() -> Vec<(String, Simulation)>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let cancel = CancellationToken::new();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let clusters = {
            let _guard = runtime.enter();
            make()
        };
        let names: Vec<&str> = clusters.iter().map(|(name, _)| name.as_str()).collect();
        let path = folder.path().join("kubeconfig");
        pilothouse::sim::serve::write_kubeconfig(&path, &names, address).unwrap();
        runtime.spawn(pilothouse::sim::serve::serve(clusters, listener, cancel.clone()));
        Self {
            folder,
            cancel,
            _runtime: runtime,
        }
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
