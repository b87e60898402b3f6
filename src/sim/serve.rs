//! Simulated clusters over HTTP, each under `/clusters/NAME`, with a kubeconfig for `kubectl`.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::{SimBody, Simulation};

const PREFIX: &str = "/clusters/";

type Clusters = Arc<[(String, Simulation)]>;

/// Serves clusters by name until it is cancelled.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    clusters: Vec<(String, Simulation)>,
    listener: TcpListener,
    cancel: CancellationToken,
) -> io::Result<()> {
    let clusters: Clusters = clusters.into();
    loop {
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => accepted?,
            () = cancel.cancelled() => return Ok(()),
        };
        let (clusters, cancel) = (clusters.clone(), cancel.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = connection(clusters, stream) => {}
                () = cancel.cancelled() => {}
            }
        });
    }
}

async fn connection(clusters: Clusters, stream: TcpStream) {
    let service = service_fn(move |request| answer(clusters.clone(), request));
    // A client that breaks off is its own affair.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Finds the cluster of a request; an error of the cluster's closes the connection without an answer.
async fn answer(clusters: Clusters, request: Request<Incoming>) -> Result<Response<SimBody>, io::Error> {
    let (mut parts, body) = request.into_parts();
    let found = parts.uri.path().strip_prefix(PREFIX).and_then(|rest| {
        let name = rest.split('/').next().unwrap_or(rest);
        let (_, simulation) = clusters.iter().find(|(own, _)| own == name)?;
        Some((name.len(), simulation.clone()))
    });
    let Some((length, simulation)) = found else {
        return Ok(unknown(&clusters));
    };
    let path = parts
        .uri
        .path_and_query()
        .map(http::uri::PathAndQuery::as_str)
        .unwrap_or_default();
    let path = path
        .get(PREFIX.len() + length..)
        .filter(|path| path.starts_with('/'))
        .unwrap_or("/")
        .to_owned();
    parts.uri = path.parse::<Uri>().map_err(io::Error::other)?;
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    simulation.answer(Request::from_parts(parts, body)).await
}

fn unknown(clusters: &[(String, Simulation)]) -> Response<SimBody> {
    let names: Vec<&str> = clusters.iter().map(|(name, _)| name.as_str()).collect();
    let text = format!(
        "no such cluster; there are {PREFIX}NAME for NAME in {}\n",
        names.join(", ")
    );
    let mut response = Response::new(SimBody::whole(Bytes::from(text)));
    *response.status_mut() = http::StatusCode::NOT_FOUND;
    response
}

/// A kubeconfig with one context a cluster, named as the cluster; the first one is current.
pub fn kubeconfig(names: &[&str], address: SocketAddr) -> Value {
    let clusters: Vec<Value> = names
        .iter()
        .map(|name| json!({"name": name, "cluster": {"server": format!("http://{address}{PREFIX}{name}")}}))
        .collect();
    let contexts: Vec<Value> = names
        .iter()
        .map(|name| json!({"name": name, "context": {"cluster": name, "user": "demo", "namespace": "default"}}))
        .collect();
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": names.first(), "preferences": {},
        "clusters": clusters, "contexts": contexts, "users": [{"name": "demo", "user": {}}],
    })
}

/// Writes a kubeconfig that only its owner may read.
///
/// # Errors
/// When the file cannot be written.
pub fn write_kubeconfig(path: &Path, names: &[&str], address: SocketAddr) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    // One that was there already keeps its mode.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    // JSON is YAML.
    let text = serde_json::to_string_pretty(&kubeconfig(names, address))?;
    writeln!(file, "{text}")
}
