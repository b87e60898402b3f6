//! What clusters report as lines of our own log: links, rights, lists read anew; each said once, not at every retry.

use std::collections::HashMap;

use log::Level;

use crate::domain::cluster::{Identity, Link};
use crate::domain::{Clean, ClusterId, ClusterReport, Feed, Kind};

/// The last line about each thing, to tell news from repetition.
#[derive(Debug, Default)]
pub struct Reported {
    last: HashMap<(ClusterId, About), String>,
}

/// What a line is about, in one cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum About {
    Link,
    Identity,
    Scope,
    /// A kind, in a namespace or in all.
    Feed(Kind, Clean),
}

impl Reported {
    /// The line that a report is worth, if it says something new.
    pub fn line(&mut self, id: &ClusterId, report: &ClusterReport) -> Option<(Level, String)> {
        let (about, level, text) = match report {
            ClusterReport::Link(link) => {
                let (level, text) = of_link(link);
                (About::Link, level, text)
            }
            ClusterReport::Identity(identity) => (About::Identity, Level::Info, of_identity(identity)?),
            ClusterReport::Scope(namespaces) => {
                let text = match namespaces {
                    Some(names) => format!("watched in {} namespaces", names.len()),
                    None => "watched in all namespaces".to_owned(),
                };
                (About::Scope, Level::Info, text)
            }
            ClusterReport::Feed(kind, namespace, feed) => {
                let about = About::Feed(*kind, namespace.clone());
                let is_first = !self.last.contains_key(&(id.clone(), about.clone()));
                let (level, text) = of_feed(feed, is_first)?;
                let place = if namespace.is_empty() {
                    String::new()
                } else {
                    format!(" in {namespace}")
                };
                (about, level, format!("{}{place}: {text}", kind.plural()))
            }
            // These are told once where they come from.
            ClusterReport::Notice(text) => return Some((Level::Info, format!("{id}: {text}"))),
            ClusterReport::Access(_) | ClusterReport::Batch(_) | ClusterReport::Ended(..) => return None,
        };
        let before = self.last.insert((id.clone(), about), text.clone());
        (before.as_deref() != Some(&text)).then(|| (level, format!("{id}: {text}")))
    }
}

fn of_link(link: &Link) -> (Level, String) {
    match link {
        Link::Connecting { reason: None } => (Level::Info, "connecting".to_owned()),
        Link::Connecting { reason: Some(reason) } => (Level::Warn, format!("connecting: {reason}")),
        Link::Live => (Level::Info, "live".to_owned()),
        Link::Unstable { cuts } => (Level::Warn, format!("unstable: {cuts} watches cut within a minute")),
        Link::Unreachable { reason } => (Level::Warn, format!("unreachable: {reason}")),
        Link::Stale { reason, .. } => (Level::Warn, format!("stale: {reason}")),
        Link::Denied { reason, .. } => (Level::Warn, format!("denied: {reason}")),
    }
}

/// Nothing before the server has said who it is.
fn of_identity(identity: &Identity) -> Option<String> {
    let version = identity.version.as_ref()?;
    let user = identity.user.as_deref().unwrap_or("unknown");
    let unchecked = if identity.insecure {
        "; its certificate is not checked"
    } else {
        ""
    };
    // A simulated cluster is nowhere.
    let place = if identity.server.is_empty() {
        String::new()
    } else {
        format!(" at {}", identity.server)
    };
    Some(format!("Kubernetes {version}{place}, as {user}{unchecked}"))
}

/// The first list of each kind is what happens at every start: of interest only when something is looked for.
fn of_feed(feed: &Feed, is_first: bool) -> Option<(Level, String)> {
    let usual = if is_first { Level::Debug } else { Level::Info };
    match feed {
        Feed::Waiting => None,
        Feed::Listing { .. } => Some((usual, "reading the list".to_owned())),
        Feed::Live => Some((Level::Debug, "watching".to_owned())),
        Feed::Stale { reason, .. } => Some((Level::Info, format!("stale: {reason}"))),
        Feed::NoAccess { right } => Some((Level::Warn, format!("you may not {right}"))),
        Feed::Absent => Some((Level::Debug, "the server does not have them".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::Moment;

    #[test]
    fn each_thing_is_said_once() {
        let id = ClusterId::new("bj");
        let mut reported = Reported::default();
        let mut said = |report: ClusterReport| {
            reported
                .line(&id, &report)
                .map(|(level, text)| format!("{level} {text}"))
        };
        let stale = |seconds| Link::Stale {
            since: Moment(Duration::from_secs(seconds)),
            reason: "connection refused".into(),
        };
        let feed = |feed| ClusterReport::Feed(Kind::Pod, Clean::default(), feed);
        let listing = |rows| feed(Feed::Listing { rows, total: None });
        for (report, line) in [
            (ClusterReport::Link(Link::Live), Some("INFO bj: live")),
            (
                ClusterReport::Link(stale(1)),
                Some("WARN bj: stale: connection refused"),
            ),
            (ClusterReport::Link(stale(2)), None),
            (ClusterReport::Link(Link::Live), Some("INFO bj: live")),
            (ClusterReport::Identity(Identity::default()), None),
            (listing(0), Some("DEBUG bj: pods: reading the list")),
            (listing(500), None),
            (feed(Feed::Live), Some("DEBUG bj: pods: watching")),
            (listing(0), Some("INFO bj: pods: reading the list")),
            (
                feed(Feed::NoAccess {
                    right: "list pods".into(),
                }),
                Some("WARN bj: pods: you may not list pods"),
            ),
            (
                ClusterReport::Notice("history rewound".into()),
                Some("INFO bj: history rewound"),
            ),
        ] {
            assert_eq!(said(report.clone()).as_deref(), line, "{report:?}");
        }
    }
}
