//! Makes the client of a session from its recipe and the credentials of the moment.

use http::HeaderValue;
use kube::Client;
use tokio::sync::Semaphore;

use super::client;
use crate::cluster::clock;
use crate::cluster::connect::Way;
use crate::cluster::connect::exec::Credential;
use crate::cluster::error::ClusterError;
use crate::domain::Timestamp;

/// Credentials are renewed this long before they expire.
const EARLY: chrono::TimeDelta = chrono::TimeDelta::seconds(60);

/// Whether credentials need not be renewed yet.
pub(super) fn is_fresh(expires: Option<Timestamp>) -> bool {
    expires.is_none_or(|at| clock::now() + EARLY < at)
}

/// A client with the credentials it was made with.
pub(super) struct Session {
    pub(super) client: Client,
    pub(super) token: Option<HeaderValue>,
    pub(super) expires: Option<Timestamp>,
    pub(super) number: u64,
}

/// Makes a session; `kept` are credentials that are still good, else the plugin is asked for new ones.
pub(super) async fn make(
    way: &Way,
    number: u64,
    kept: Option<Credential>,
    turn: &Semaphore,
) -> Result<(Session, Option<Credential>), ClusterError> {
    let recipe = match way {
        Way::Client(make) => {
            let session = Session {
                client: make(),
                token: None,
                expires: None,
                number,
            };
            return Ok((session, None));
        }
        Way::Broken(why, _) => return Err(ClusterError::Login { reason: why.clone() }),
        Way::Config(recipe) => recipe,
    };
    let mut config = recipe.config.clone();
    let credential = match (&recipe.plugin, kept) {
        (Some(_), Some(kept)) => Some(kept),
        (Some(plugin), None) => {
            let mut new = plugin.run(turn).await.map_err(|why| login(&why))?;
            // Too short a life, or our clock is ahead: heeded, it would run the plugin for every request.
            // The server says when it is over, with a 401.
            new.expires = new.expires.filter(|_| is_fresh(new.expires));
            Some(new)
        }
        (None, _) => None,
    };
    if let Some((certificate, key)) = credential.as_ref().and_then(|c| c.certificate.clone()) {
        config.auth_info.client_certificate_data = Some(certificate);
        config.auth_info.client_key_data = Some(key.into());
    }
    let token = credential.as_ref().and_then(|c| c.token.as_ref()).map(|token| {
        HeaderValue::try_from(format!("Bearer {token}")).map(|mut value| {
            value.set_sensitive(true);
            value
        })
    });
    let token = token
        .transpose()
        .map_err(|_| login("the credential plugin's token has forbidden characters"))?;
    // What kube says about broken keys and files may quote them.
    let client =
        client::client(config).map_err(|_| login("a certificate, key or token file of this context cannot be used"))?;
    let session = Session {
        client,
        token,
        expires: credential.as_ref().and_then(|c| c.expires),
        number,
    };
    Ok((session, credential))
}

/// A login that did not work, and why.
pub(super) fn login(why: &str) -> ClusterError {
    ClusterError::Login { reason: why.into() }
}
