//! The servers a case can run against: a simulated cluster in this process, or a real one.

use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use futures::StreamExt;
use http::{HeaderValue, Request, Response};
use http_body_util::BodyStream;
use kube::config::{KubeConfigOptions, Kubeconfig};
use pilothouse::sim::Simulation;
use pilothouse::sim::store::Store;

use super::answer::Outcome;
use super::frame::User;

/// An answer whose body comes piece by piece.
pub(crate) type Reply = Response<Pin<Box<dyn Stream<Item = Result<Bytes, String>>>>>;

/// One API server.
#[derive(Clone)]
pub(crate) enum Server {
    Simulated(Simulation),
    Real { client: kube::Client, cluster: String },
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Simulated(_) => write!(f, "a simulated cluster"),
            Self::Real { cluster, .. } => write!(f, "the real cluster '{cluster}'"),
        }
    }
}

impl Server {
    /// A fresh simulated cluster.
    pub(crate) fn simulated() -> Self {
        Self::Simulated(Simulation::new(Store::new(1)))
    }

    /// The real cluster the environment names, if it names one.
    pub(crate) async fn real() -> Outcome<Option<Self>> {
        let Some(path) = std::env::var_os("PILOTHOUSE_TEST_KUBECONFIG") else {
            return Ok(None);
        };
        let context = std::env::var("PILOTHOUSE_TEST_CONTEXT").unwrap_or_else(|_| "lab-b".into());
        let options = KubeConfigOptions {
            context: Some(context.clone()),
            ..KubeConfigOptions::default()
        };
        let kubeconfig = Kubeconfig::read_from(PathBuf::from(path))?;
        let mut config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await?;
        // A refusal is what a case wants to see, at once.
        config.default_retry = false;
        let client = kube::Client::try_from(config)?;
        Ok(Some(Self::Real {
            client,
            cluster: context,
        }))
    }

    pub(crate) fn is_real(&self) -> bool {
        match self {
            Self::Simulated(_) => false,
            Self::Real { .. } => true,
        }
    }

    /// Sends a request; the answer's body is read later.
    pub(crate) async fn send(&self, user: User, mut request: Request<Bytes>) -> Outcome<Reply> {
        if user == User::Nobody {
            request
                .headers_mut()
                .insert("impersonate-user", HeaderValue::from_static("nobody"));
        }
        match self {
            Self::Simulated(simulation) => Ok(simulation.answer(request).await?.map(pieces)),
            Self::Real { client, .. } => {
                let request = request.map(|body| kube::client::Body::from(body.to_vec()));
                let reply = client.send(request).await?;
                Ok(reply.map(pieces))
            }
        }
    }

    /// Lets time pass: really, or for the simulation, whose runtime's time jumps when nothing else is to be done.
    pub(crate) async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Forgets the history of changes up to now; false where that cannot be done.
    pub(crate) async fn compact(&self) -> Outcome<bool> {
        match self {
            Self::Simulated(simulation) => {
                simulation.change(|store, _| store.compact(store.revision()));
                Ok(true)
            }
            Self::Real { cluster, .. } => {
                let Some(lab) = std::env::var_os("PILOTHOUSE_TEST_LAB") else {
                    return Ok(false);
                };
                let letter = cluster.trim_start_matches("lab-");
                let fault = tokio::process::Command::new(lab)
                    .args(["fault", letter, "compact"])
                    .output()
                    .await?;
                Ok(fault.status.success())
            }
        }
    }
}

fn pieces<B>(body: B) -> Pin<Box<dyn Stream<Item = Result<Bytes, String>>>>
where
    B: hyper::body::Body<Data = Bytes> + 'static,
    B::Error: std::fmt::Display,
{
    let frames = BodyStream::new(body);
    Box::pin(frames.filter_map(|frame| {
        let piece = frame
            .map_err(|error| error.to_string())
            .map(|frame| frame.into_data().ok())
            .transpose();
        std::future::ready(piece)
    }))
}
