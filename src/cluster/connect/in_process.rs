//! A cluster answered within this process: simulated ones are watched by the same code as real ones.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;

use super::{Target, Way};
use crate::domain::ClusterId;

impl Target {
    /// A cluster whose requests `answer` takes; an error is a connection that broke.
    pub fn in_process<F, A, B>(id: ClusterId, answer: F) -> Self
    where
        F: Fn(Request<Bytes>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = io::Result<Response<B>>> + Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let make = move || Client::new(InProcess(answer.clone()), "default");
        Self::new(id, Way::Client(Arc::new(make)))
    }
}

/// What kube's client sends its requests through.
#[derive(Clone)]
struct InProcess<F>(F);

impl<F, A, B> tower_service::Service<Request<Body>> for InProcess<F>
where
    F: Fn(Request<Bytes>) -> A + Clone + Send + 'static,
    A: Future<Output = io::Result<Response<B>>> + Send + 'static,
    B: 'static,
{
    type Response = Response<B>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Response<B>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let answer = self.0.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
            answer(Request::from_parts(head, body)).await
        })
    }
}
