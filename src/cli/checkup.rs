//! What `doctor` finds of one cluster: is it reachable, who are you, what may you do, and what to do about it.

use std::time::Duration;

use serde::Serialize;

use super::project;
use crate::domain::access::Right;
use crate::domain::cluster::Identity;
use crate::domain::{Clean, ClusterId, Link, Verb};
use crate::metrics::source::{Outcome, Supply};
use crate::world::ClusterView;

/// What was found of one cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Checkup {
    pub(super) cluster: ClusterId,
    /// The cluster's, as of every item.
    pub(super) name: Clean,
    pub(super) context: Clean,
    pub(super) link: &'static str,
    pub(super) version: Option<Clean>,
    pub(super) user: Option<Clean>,
    /// The server's clock minus ours.
    pub(super) clock_skew_seconds: Option<i64>,
    pub(super) healthy: bool,
    pub(super) findings: Vec<Finding>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) state: State,
    pub(super) what: String,
    /// What to do about it.
    pub(super) hint: Option<String>,
}

/// How good a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum State {
    Good,
    Bad,
    /// Worth knowing, and nothing to mend.
    Note,
}

impl Finding {
    fn new(state: State, what: impl Into<String>) -> Self {
        Self {
            state,
            what: what.into(),
            hint: None,
        }
    }

    fn good(what: impl Into<String>) -> Self {
        Self::new(State::Good, what)
    }

    fn note(what: impl Into<String>) -> Self {
        Self::new(State::Note, what)
    }

    fn bad(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..Self::new(State::Bad, what)
        }
    }
}

/// What the server says the user may do; `None` for a right it does not answer for.
pub(super) type Answers = Vec<(Right, Option<bool>)>;

/// Judges what is known of a cluster after `waited`. `answers` are none where the server did not give them in time.
pub(super) fn of(view: &ClusterView, context: &str, answers: Option<&Answers>, waited: Duration) -> Checkup {
    let identity = &view.identity;
    let mut findings = vec![reachable(view, waited)];
    if view.link.is_live() {
        findings.push(match &identity.version {
            Some(version) => Finding::good(format!("version {version}")),
            None => Finding::bad(
                "the server does not tell its version",
                "is it Kubernetes? `kubectl version` asks the same",
            ),
        });
        findings.push(match &identity.user {
            Some(user) => Finding::good(format!("you are {user}")),
            None => Finding::note("the server does not tell who you are (SelfSubjectReview, since Kubernetes 1.28)"),
        });
        findings.extend(safety(identity));
        match answers {
            Some(answers) => findings.extend(rights(answers)),
            None => findings.push(Finding::bad(
                format!("what you may do was not answered within {} s", waited.as_secs()),
                "the server is slow: try again, or ask it with `kubectl auth can-i --list`",
            )),
        }
    }
    Checkup {
        cluster: view.id.clone(),
        name: view.id.0.clone(),
        context: context.into(),
        link: project::link(&view.link),
        version: identity.version.clone(),
        user: identity.user.clone(),
        clock_skew_seconds: identity.clock_skew,
        healthy: findings.iter().all(|finding| finding.state != State::Bad),
        findings,
    }
}

impl Checkup {
    /// Adds where figures can come from. Without any the program still shows all else: nothing is wrong.
    pub(super) fn with_sources(mut self, supply: Option<&Supply>) -> Self {
        for attempt in supply.iter().flat_map(|supply| &supply.attempts) {
            let name = attempt.source.name();
            let is_used = supply.and_then(|supply| supply.current) == Some(attempt.source);
            self.findings.push(match &attempt.outcome {
                Outcome::Works(place) => {
                    let place = if place.is_empty() {
                        String::new()
                    } else {
                        format!(" ({place})")
                    };
                    let used = if is_used { ", and is used" } else { "" };
                    Finding::good(format!("figures: {name}{place} answers{used}"))
                }
                Outcome::Fails { reason, hint } => Finding {
                    hint: Some(hint.to_string()),
                    ..Finding::note(format!("figures: not from {name}: {reason}"))
                },
                Outcome::NotTried => continue,
            });
        }
        self
    }
}

fn reachable(view: &ClusterView, waited: Duration) -> Finding {
    let server = &view.identity.server;
    let server = if server.is_empty() { "the server" } else { server };
    match &view.link {
        Link::Live | Link::Unstable { .. } => Finding::good(format!("reachable: {server} answers")),
        Link::Denied { reason, hint } => Finding::bad(format!("login refused: {reason}"), hint.as_str()),
        Link::Stale { reason, .. } | Link::Unreachable { reason } => Finding::bad(
            format!("not reachable: {reason}"),
            format!("check the address of {server}, the network, the VPN and the proxy"),
        ),
        Link::Connecting { reason: Some(reason) } => Finding::bad(
            format!("no usable answer from {server} within {} s: {reason}", waited.as_secs()),
            "try again; if it stays so, `kubectl get --raw '/readyz?verbose'` tells more",
        ),
        Link::Connecting { reason: None } => Finding::bad(
            format!("no usable answer from {server} within {} s", waited.as_secs()),
            "check the address, the network, the VPN and the proxy",
        ),
    }
}

fn safety(identity: &Identity) -> Vec<Finding> {
    let mut findings = Vec::new();
    if identity.insecure {
        findings.push(Finding::bad(
            "certificates are not verified: anyone between could read and change everything",
            "take insecure-skip-tls-verify away and give the server's certificate-authority",
        ));
    }
    findings.push(match (identity.clock_skew, identity.clock_is_off()) {
        (_, Some(skew)) => {
            let side = if skew > 0 { "ahead of" } else { "behind" };
            Finding::bad(
                format!("the server's clock is {} s {side} ours", skew.abs()),
                "set this machine's clock (NTP): ages are wrong, tokens may be refused",
            )
        }
        (Some(skew), None) => Finding::good(format!("clocks agree ({skew} s)")),
        (None, None) => Finding::note("the server does not tell its time"),
    });
    findings
}

fn rights(answers: &Answers) -> impl Iterator<Item = Finding> {
    answers.iter().map(|(right, answer)| match answer {
        Some(true) => Finding::good(format!("you may {right}")),
        // Reading is needed; whether one may change things is only worth knowing.
        Some(false) if right.verb == Verb::Patch => {
            Finding::note(format!("you may not {right}: the keys for it are grey"))
        }
        Some(false) => Finding::bad(
            format!("you may not {right}"),
            if right.namespace.is_empty() {
                "ask for the right; where you may see single namespaces only, name them with -n"
            } else {
                "ask for the right"
            },
        ),
        None => Finding::note(format!("the server does not say whether you may {right}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Kind;

    #[test]
    fn what_one_may_not_read_is_wrong_and_what_one_may_not_change_is_only_told() {
        for (verb, namespace, answer, state, hint) in [
            (Verb::List, "", Some(true), State::Good, None),
            (Verb::List, "", Some(false), State::Bad, Some("name them with -n")),
            (Verb::List, "gift", Some(false), State::Bad, Some("ask for the right")),
            (Verb::Patch, "", Some(false), State::Note, None),
            (Verb::List, "", None, State::Note, None),
        ] {
            let answers = vec![(Right::on(verb, Kind::Pod, namespace), answer)];
            let found: Vec<Finding> = rights(&answers).collect();
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].state, state, "{found:?}");
            let said = found[0].hint.as_deref();
            assert!(said.is_some() == hint.is_some(), "{found:?}");
            assert!(
                said.unwrap_or_default().ends_with(hint.unwrap_or_default()),
                "{found:?}"
            );
        }
    }
}
