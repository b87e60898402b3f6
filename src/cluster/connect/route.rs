//! The way to a server, to say where a request is lost: at a name that is not resolved, behind a proxy, or out there.

use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use kube::Config;
use tokio::time::sleep;

use super::bare_address;
use crate::domain::Clean;

/// What the first connection on the way to a server goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// A name or an address.
    host: String,
    /// The proxy that is, without credentials.
    proxy: Option<Clean>,
}

impl Route {
    pub(crate) fn of(config: &Config) -> Self {
        let first = config.proxy_url.as_ref().unwrap_or(&config.cluster_url);
        Self {
            host: first.host().unwrap_or_default().trim_matches(['[', ']']).to_owned(),
            proxy: config.proxy_url.as_ref().map(bare_address),
        }
    }

    /// Waits for `answer`. When it is late the name is looked up by `resolve` beside it, to know whether that
    /// hangs too.
    ///
    /// # Errors
    /// Nothing came within `limit`: why, as far as it can be told from here. Begins with `no answer`.
    pub(crate) async fn wait<T>(
        &self,
        limit: Duration,
        answer: impl Future<Output = T>,
        resolve: impl AsyncFnOnce(&str),
    ) -> Result<T, String> {
        let mut is_resolved = self.host.parse::<IpAddr>().is_ok();
        let doubt = async {
            sleep(limit / 2).await;
            if !is_resolved {
                resolve(&self.host).await;
                is_resolved = true;
            }
            std::future::pending::<Infallible>().await
        };
        tokio::select! {
            biased;
            answer = answer => return Ok(answer),
            () = sleep(limit) => {}
            never = doubt => match never {},
        }
        let late = format!("no answer within {} s", limit.as_secs());
        Err(match &self.proxy {
            _ if !is_resolved => format!("{late}: still resolving {}", self.host),
            Some(proxy) => format!("{late} through the proxy {proxy}"),
            None => late,
        })
    }
}

/// Looks a name up as the client does; what comes of it, the request itself will tell.
pub(crate) async fn look_up(host: &str) {
    drop(tokio::net::lookup_host((host, 0)).await);
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::Instant;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(3);

    fn route(server: &str, proxy: Option<&str>) -> Route {
        let mut config = Config::new(server.parse().unwrap());
        config.proxy_url = proxy.map(|proxy| proxy.parse().unwrap());
        Route::of(&config)
    }

    #[tokio::test(start_paused = true)]
    async fn what_hangs_is_named_within_the_limit() {
        for (server, proxy, is_resolved, why) in [
            ("https://k.corp:6443", None, true, "no answer within 3 s"),
            (
                "https://k.corp:6443",
                None,
                false,
                "no answer within 3 s: still resolving k.corp",
            ),
            ("https://[::1]:6443", None, false, "no answer within 3 s"),
            (
                "https://k.corp",
                Some("http://ann:pw@proxy.corp:3128"),
                true,
                "no answer within 3 s through the proxy http://proxy.corp:3128",
            ),
            (
                "https://k.corp",
                Some("http://ann:pw@proxy.corp:3128"),
                false,
                "no answer within 3 s: still resolving proxy.corp",
            ),
        ] {
            let began = Instant::now();
            let resolve = async |_: &str| if is_resolved { ready(()).await } else { pending().await };
            let waited = route(server, proxy).wait(LIMIT, pending::<()>(), resolve).await;
            assert_eq!(waited.unwrap_err(), why, "{server}");
            assert_eq!(began.elapsed(), LIMIT);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_in_time_looks_nothing_up() {
        let answer = async {
            sleep(LIMIT / 3).await;
            1
        };
        let never = async |_: &str| panic!("looked up");
        assert_eq!(route("https://k.corp", None).wait(LIMIT, answer, never).await, Ok(1));
    }
}
