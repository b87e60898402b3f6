//! The HTTP client of a session: kube's, but for the room that a connection reads into.

use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ClientBuilder, ConfigExt};
use kube::{Client, Config};
use tower::{BoxError, ServiceBuilder};

/// So many bytes a connection reads at once. Left to itself hyper keeps 408 KiB for every connection that a long
/// answer came over: with a watch a kind and figures of every node that was a sixth of all memory.
const READ_AT_ONCE: usize = 64 << 10;

/// Makes a client with the credentials and the time limits of a configuration.
///
/// # Errors
/// A certificate, a key or a header that cannot be used; what is said of it may quote it.
pub(super) fn client(config: Config) -> Result<Client, kube::Error> {
    if config.proxy_url.is_some() {
        return Ok(ClientBuilder::try_from(config)?.build());
    }
    let mut tcp = HttpConnector::new();
    // TLS lies over it.
    tcp.enforce_http(false);
    let mut connector = TimeoutConnector::new(config.rustls_https_connector_with_connector(tcp)?);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_read_timeout(config.read_timeout);
    connector.set_write_timeout(config.write_timeout);
    connector.set_reset_reader_on_write(config.reset_reader_on_write);
    let http: legacy::Client<_, Body> = legacy::Client::builder(TokioExecutor::new())
        .http1_max_buf_size(READ_AT_ONCE)
        .build(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(http);
    Ok(ClientBuilder::new(service, config.default_namespace).build())
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_long_answer_is_read_in_small_pieces() {
        const LONG: usize = 8 << 20;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 4096];
            assert!(stream.read(&mut asked).await.unwrap() > 0);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {LONG}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(&vec![b'x'; LONG]).await.unwrap();
        });
        let config = Config::new(format!("http://{address}").parse().unwrap());
        let request = http::Request::get("/api").body(Body::empty()).unwrap();
        let mut body = client(config).unwrap().send(request).await.unwrap().into_body();
        let (mut came, mut largest) = (0, 0);
        while let Some(frame) = body.frame().await {
            let piece = frame.unwrap().into_data().unwrap();
            came += piece.len();
            largest = largest.max(piece.len());
        }
        server.await.unwrap();
        assert_eq!(came, LONG);
        // The room doubles where a piece before it is still held.
        assert!(largest <= 2 * READ_AT_ONCE, "{largest}");
    }
}
