//! What can go wrong between us and an API server: classes, each with its own answer and hint.

use std::error::Error;
use std::time::Duration;

use crate::cluster::wire::meta::Status;
use crate::cluster::wire::{Encoding, Wire};
use crate::domain::Clean;

/// Longest wait a server may ask for.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Longest piece of a server's own message that is kept.
const LONGEST_MESSAGE: usize = 240;

/// A request that did not succeed. The text holds no credentials and no object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// 401, or no credentials to be had.
    #[error("login refused: {reason}")]
    Login { reason: Clean },
    /// 403.
    #[error("not allowed{}", with_colon(.message))]
    Forbidden { message: Clean },
    /// 404.
    #[error("not found{}", with_colon(.message))]
    NotFound { message: Clean },
    /// 409.
    #[error("changed meanwhile: {message}")]
    Conflict { message: Clean },
    /// 410: the version asked for is too old. In the middle of a list the server may give a token to go on.
    #[error("version too old")]
    Gone { go_on: Option<String> },
    /// 400, 422 and other 4xx: the server does not take the request.
    #[error("refused: {message}")]
    Invalid { code: u16, message: Clean },
    /// 429.
    #[error("throttled")]
    Throttled { wait: Option<Duration> },
    /// 5xx.
    #[error("server error {code}{}", with_colon(.message))]
    Server {
        code: u16,
        message: Clean,
        wait: Option<Duration>,
    },
    /// The connection failed, broke or fell silent.
    #[error("{reason}")]
    Transport { reason: Clean },
    /// The server's certificate does not prove who it is.
    #[error("certificate: {reason}")]
    Certificate { reason: Clean },
    /// The answer is not what Kubernetes answers.
    #[error("answer not readable")]
    Unreadable,
    /// A write was asked of a program or cluster that is set to read only.
    #[error("read-only: nothing is written")]
    ReadOnly,
}

fn with_colon(message: &Clean) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(": {message}")
    }
}

impl ClusterError {
    /// Whether the server did not answer, which says nothing of what was asked.
    pub const fn is_silent(&self) -> bool {
        matches!(
            self,
            Self::Transport { .. } | Self::Server { .. } | Self::Throttled { .. }
        )
    }

    /// Whether the server may have done what was asked although it did not say so.
    pub(crate) const fn is_unclear(&self) -> bool {
        matches!(self, Self::Transport { .. } | Self::Server { .. } | Self::Unreadable)
    }

    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Login { .. } => {
                "log in again (`kubectl auth whoami` shows what is wrong); it is tried again by itself"
            }
            Self::Forbidden { .. } => "ask for the right, or choose a namespace you may see with -n",
            Self::NotFound { .. } => "it may have been deleted; go back and look again",
            Self::Conflict { .. } => "somebody else changed it; look again, then repeat",
            Self::Gone { .. } => "the list is read anew by itself",
            Self::Invalid { .. } => "the server does not take this request; its version may be too old",
            Self::Throttled { .. } => "the server asks to wait; it is tried again by itself",
            Self::Server { .. } => "the server has trouble; it is tried again by itself",
            Self::Transport { .. } => {
                "check the network, the VPN and the server's address; it is tried again by itself"
            }
            Self::Certificate { .. } => {
                "check certificate-authority and the server's address in the kubeconfig; \
                 --insecure-skip-tls-verify connects without this protection"
            }
            Self::Unreadable => "is the server's address right? something else than Kubernetes may be answering",
            Self::ReadOnly => {
                "start without --readonly, or remove `readonly` from the cluster's section of the configuration"
            }
        }
    }

    /// How long the server asks to wait; at most [`LONGEST_WAIT`].
    pub(crate) fn wait(&self) -> Option<Duration> {
        match self {
            Self::Throttled { wait } | Self::Server { wait, .. } => *wait,
            Self::Login { .. }
            | Self::Forbidden { .. }
            | Self::NotFound { .. }
            | Self::Conflict { .. }
            | Self::Gone { .. }
            | Self::Invalid { .. }
            | Self::Transport { .. }
            | Self::Certificate { .. }
            | Self::Unreadable
            | Self::ReadOnly => None,
        }
    }

    /// The class of an HTTP answer that is not a success. `body` is read for a `Status` and not kept.
    pub(crate) fn of_answer(code: u16, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let status: Status = serde_json::from_slice(body).unwrap_or_default();
        Self::of_status(code, retry_after, &status)
    }

    /// The class of a `Status`, from an answer's body or a watch's ERROR event.
    pub(crate) fn of_status(code: u16, retry_after: Option<Duration>, status: &Status) -> Self {
        let message = short(&status.message);
        let details = status.details.as_ref().map(|d| d.retry_after_seconds);
        let asked = details
            .and_then(|s| u64::try_from(s).ok())
            .filter(|&s| s > 0)
            .map(Duration::from_secs);
        let wait = retry_after.or(asked).map(|wait| wait.min(LONGEST_WAIT));
        if matches!(status.reason.as_str(), "Expired" | "Gone") {
            return Self::gone(status);
        }
        match code {
            401 => Self::Login {
                reason: if message.is_empty() {
                    "the server answers 401".into()
                } else {
                    message
                },
            },
            403 => Self::Forbidden { message },
            404 => Self::NotFound { message },
            409 => Self::Conflict { message },
            410 => Self::gone(status),
            429 => Self::Throttled { wait },
            500.. => Self::Server { code, message, wait },
            _ => Self::Invalid { code, message },
        }
    }

    /// The class of an `ERROR` event of a watch: its object is a Status, which may lack a code.
    pub(crate) fn of_event(object: &[u8], encoding: Encoding) -> Self {
        let status = Status::read(object, encoding).unwrap_or_default();
        let code = u16::try_from(status.code).ok().filter(|code| *code >= 400);
        Self::of_status(code.unwrap_or(500), None, &status)
    }

    fn gone(status: &Status) -> Self {
        let token = status.metadata.as_ref().map(|m| m.continue_token.clone());
        Self::Gone {
            go_on: token.filter(|token| !token.is_empty()),
        }
    }

    /// The class of an error below HTTP. Only what the layers beneath say about the connection is kept.
    pub(crate) fn of_transport(error: &(dyn Error + 'static)) -> Self {
        let mut innermost = error;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        let reason = short(&innermost.to_string());
        if let Some(text) = reason.strip_prefix("invalid peer certificate: ") {
            let reason = match text {
                "UnknownIssuer" => "unknown issuer: no authority of the kubeconfig signed it",
                "BadSignature" => "bad signature: another authority of the same name signed it",
                text => text,
            };
            return Self::Certificate { reason: reason.into() };
        }
        if reason.contains("certificate") {
            return Self::Certificate { reason };
        }
        Self::Transport { reason }
    }

    pub(crate) fn transport(reason: &str) -> Self {
        Self::Transport { reason: reason.into() }
    }
}

/// A message cut to a length that fits a line or three.
fn short(text: &str) -> Clean {
    match text.char_indices().nth(LONGEST_MESSAGE) {
        Some((at, _)) => Clean::from(format!("{}…", text.get(..at).unwrap_or_default())),
        None => Clean::new(text),
    }
}

/// Reads `Retry-After` in seconds; dates and nonsense are no wait.
pub(crate) fn retry_after(headers: &http::HeaderMap) -> Option<Duration> {
    let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = text.parse::<f64>().ok().filter(|s| *s >= 0.0)?;
    Some(
        Duration::try_from_secs_f64(seconds)
            .unwrap_or(LONGEST_WAIT)
            .min(LONGEST_WAIT),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_has_a_class() {
        let is = |code: u16, body: &str| ClusterError::of_answer(code, None, body.as_bytes());
        assert!(matches!(is(401, ""), ClusterError::Login { .. }));
        assert!(matches!(is(403, "{}"), ClusterError::Forbidden { .. }));
        assert_eq!(is(410, "gone"), ClusterError::Gone { go_on: None });
        assert_eq!(
            is(410, r#"{"metadata":{"continue":"t"},"reason":"Expired"}"#),
            ClusterError::Gone {
                go_on: Some("t".into())
            }
        );
        assert_eq!(is(400, r#"{"reason":"Expired"}"#), ClusterError::Gone { go_on: None });
        assert!(matches!(is(418, ""), ClusterError::Invalid { code: 418, .. }));
    }

    #[test]
    fn pages_of_a_proxy_do_not_become_messages() {
        let error = ClusterError::of_answer(502, None, b"<html>\x1b[31mBad Gateway</html>");
        assert_eq!(error.to_string(), "server error 502");
        let long = serde_json::json!({"message": "\u{1b}]0;x".repeat(500)}).to_string();
        let text = ClusterError::of_answer(500, None, long.as_bytes()).to_string();
        assert!(text.chars().count() < 300 && !text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn waits_are_capped_and_never_panic() {
        for (text, wait) in [
            ("1", Some(1)),
            ("60", Some(60)),
            ("9e18", Some(60)),
            ("-1", None),
            ("NaN", None),
            ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ] {
            let mut headers = http::HeaderMap::new();
            headers.insert("retry-after", text.parse().unwrap());
            assert_eq!(retry_after(&headers), wait.map(Duration::from_secs), "{text}");
        }
    }
}
