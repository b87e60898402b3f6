//! A body that trickles, for the fault that asks for it.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::sync::mpsc;

use super::super::body::SimBody;

/// How often a drop is sent.
const EVERY: Duration = Duration::from_millis(100);

/// The same bytes at this many a second.
pub(super) fn trickle(mut body: SimBody, bytes_per_second: u32) -> SimBody {
    let (drops, receiver) = mpsc::channel::<io::Result<Bytes>>(1);
    let size = (bytes_per_second / 10).max(1) as usize;
    tokio::spawn(async move {
        while let Some(frame) = body.frame().await {
            let mut left = match frame.map(hyper::body::Frame::into_data) {
                Ok(Ok(bytes)) => bytes,
                Ok(Err(_)) => continue,
                Err(error) => {
                    let _ = drops.send(Err(error)).await;
                    return;
                }
            };
            while !left.is_empty() {
                let drop = left.split_to(size.min(left.len()));
                if drops.send(Ok(drop)).await.is_err() {
                    return;
                }
                tokio::select! {
                    () = tokio::time::sleep(EVERY) => {}
                    // Whoever read has gone.
                    () = drops.closed() => return,
                }
            }
        }
    });
    SimBody::stream(receiver)
}
