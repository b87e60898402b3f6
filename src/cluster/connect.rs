//! From the command line and kubeconfig files to one [`Target`] a cluster. Nothing here touches the network.

pub(crate) mod exec;
mod in_process;
pub(crate) mod kubeconfig;
pub(crate) mod proxy;
pub(crate) mod reload;
pub(crate) mod route;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kube::{Client, Config};
use tokio::sync::Semaphore;

use crate::domain::{Clean, ClusterId};
use crate::release::freeze::Window;
use exec::Plugin;
use reload::Origin;

/// How long a connection may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Which clusters to look at, and as whom: the command line's part in connecting.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `--kubeconfig`; empty: `KUBECONFIG`, else `~/.kube/config`, else the cluster this runs in.
    pub kubeconfig: Vec<PathBuf>,
    /// `--context`; empty: the current one.
    pub contexts: Vec<String>,
    pub all_contexts: bool,
    /// `-n`; empty: all namespaces the user may see.
    pub namespaces: Vec<String>,
    /// `-A`: overrides `namespaces`.
    pub all_namespaces: bool,
    /// `--as`.
    pub as_user: Option<String>,
    /// `--as-group`.
    pub as_groups: Vec<String>,
    /// `--request-timeout`: how long an answer may take to begin.
    pub request_timeout: Option<Duration>,
    pub insecure_skip_tls_verify: bool,
    /// `--readonly`: every write is refused at this door.
    pub readonly: bool,
}

/// Why no cluster can be looked at: one sentence and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ConnectError {
    pub what: String,
    pub hint: String,
}

impl ConnectError {
    pub(crate) fn new(what: impl Into<String>, hint: &str) -> Self {
        Self {
            what: what.into(),
            hint: format!("{hint}; or try `pilothouse --demo`, which needs no cluster"),
        }
    }

    pub fn hint(&self) -> &str {
        &self.hint
    }
}

/// A cluster to be watched.
#[derive(Clone)]
pub struct Target {
    pub(crate) id: ClusterId,
    pub(crate) way: Way,
    /// The server's address without credentials.
    pub(crate) server: Clean,
    pub(crate) insecure: bool,
    /// The namespaces to watch; empty: all.
    pub(crate) namespaces: Vec<String>,
    /// The namespace of the context.
    pub(crate) own_namespace: String,
    pub(crate) request_timeout: Option<Duration>,
    pub(crate) readonly: bool,
    pub(crate) freezes: Vec<Window>,
    /// One credential plugin at a time in the whole program.
    pub(crate) turn: Arc<Semaphore>,
    /// Starts the dice that spread retries; `None`: different each time.
    pub(crate) seed: Option<u64>,
}

/// How a cluster is reached.
#[derive(Clone)]
pub(crate) enum Way {
    /// By a client made elsewhere, when the first request is due: a client needs the runtime about it.
    Client(Arc<dyn Fn() -> Client + Send + Sync>),
    Config(Box<Recipe>),
    /// The kubeconfig's entry does not work; why.
    Broken(Clean, Option<Box<Origin>>),
}

/// What a client is made from.
#[derive(Clone)]
pub(crate) struct Recipe {
    /// Without the credential plugin: that one is run by us.
    pub(crate) config: Config,
    pub(crate) plugin: Option<Plugin>,
    /// Where it came from, to notice when that changes.
    pub(crate) origin: Option<Origin>,
}

impl std::fmt::Debug for Target {
    /// Names the cluster and nothing that could be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("id", &self.id)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

impl Target {
    /// A cluster reached by a client that exists already.
    pub fn from_client(id: ClusterId, client: Client) -> Self {
        let own_namespace = client.default_namespace().to_owned();
        let way = Way::Client(Arc::new(move || client.clone()));
        Self {
            own_namespace,
            ..Self::new(id, way)
        }
    }

    /// A cluster reached like this, in all namespaces.
    fn new(id: ClusterId, way: Way) -> Self {
        let config = match &way {
            Way::Config(recipe) => Some(&recipe.config),
            Way::Client(_) | Way::Broken(..) => None,
        };
        Self {
            id,
            server: config
                .map(|config| bare_address(&config.cluster_url))
                .unwrap_or_default(),
            insecure: config.is_some_and(|config| config.accept_invalid_certs),
            own_namespace: config.map_or_else(|| "default".to_owned(), |config| config.default_namespace.clone()),
            way,
            namespaces: Vec::new(),
            request_timeout: None,
            readonly: false,
            freezes: Vec::new(),
            turn: Arc::new(Semaphore::new(1)),
            seed: None,
        }
    }

    /// Takes over what the command line says besides contexts.
    #[must_use]
    pub fn with_options(mut self, options: &Options) -> Self {
        self.namespaces = if options.all_namespaces {
            Vec::new()
        } else {
            options.namespaces.clone()
        };
        self.request_timeout = options.request_timeout;
        self.readonly = options.readonly;
        self
    }

    /// Calls the cluster by its alias.
    #[must_use]
    pub fn with_id(mut self, id: ClusterId) -> Self {
        self.id = id;
        self
    }

    /// Refuses every write to this cluster.
    #[must_use]
    pub fn with_readonly(mut self, readonly: bool) -> Self {
        self.readonly |= readonly;
        self
    }

    /// Times in which nothing is released there.
    #[must_use]
    pub fn with_freezes(mut self, freezes: Vec<Window>) -> Self {
        self.freezes = freezes;
        self
    }

    /// Makes the spread of retries repeatable.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    pub fn id(&self) -> &ClusterId {
        &self.id
    }

    /// The API server's address without credentials; empty for a client made elsewhere.
    pub fn server(&self) -> &Clean {
        &self.server
    }
}

/// Reads the kubeconfig and makes one target for each context that was asked for.
///
/// # Errors
/// No kubeconfig, a file that cannot be read, an unknown context; or nothing asked for is usable.
pub fn targets(options: &Options) -> Result<Vec<Target>, ConnectError> {
    let environment = kubeconfig::Environment::of_process();
    kubeconfig::targets(options, &environment)
}

/// Sets what every connection of ours has in common.
pub(crate) fn settle(config: &mut Config, options: &Options) {
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    // Watches live for minutes; their silence is watched above.
    config.read_timeout = None;
    config.write_timeout = Some(Duration::from_secs(20));
    // Retries are decided here, by class of error: kube's own would send a write up to 15 times.
    config.default_retry = false;
    config.accept_invalid_certs |= options.insecure_skip_tls_verify;
    if let Some(user) = &options.as_user {
        config.auth_info.impersonate = Some(user.clone());
    }
    if !options.as_groups.is_empty() {
        config.auth_info.impersonate_groups = Some(options.as_groups.clone());
    }
}

/// An address without user, password, path and query.
pub(crate) fn bare_address(uri: &http::Uri) -> Clean {
    let scheme = uri.scheme_str().unwrap_or("https");
    let host = uri.host().unwrap_or_default();
    let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
    Clean::from(format!("{scheme}://{host}{port}"))
}
