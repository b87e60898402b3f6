//! A user of the lab at the program's command line, whose requests are noted on their way.

use std::path::PathBuf;
use std::process::{Output, Stdio};

use k8s_openapi::api::rbac::v1::{Role as RbacRole, RoleBinding};
use kube::config::{KubeConfigOptions, Kubeconfig};
use pilothouse::domain::rights::Role;
use serde_json::Value;
use tokio::process::Child;

use super::app::{App, create, kubeconfig_of};
use super::relay::{Asked, Kept, Relay};
use crate::release::wire::is_conditional;
use crate::support::rights::documents;

/// A write as it was sent, without its conditions.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Written {
    /// The method and where: `PATCH rollouts/live/status`.
    pub(super) to: String,
    /// Which kind of patch: `merge-patch+json`, `json-patch+json`; `json` of a whole object.
    pub(super) kind: String,
    pub(super) body: Value,
}

impl Written {
    fn of(asked: &Asked, namespace: &str) -> Self {
        let path = asked.path.split('?').next().unwrap();
        let (_, place) = path.split_once(&format!("/namespaces/{namespace}/")).unwrap();
        let mut body = asked.body.clone();
        assert!(is_conditional(asked.method.as_str(), &body), "{asked:?}");
        match &mut body {
            Value::Array(operations) => operations.retain(|operation| operation["op"] != "test"),
            Value::Object(fields) => drop(fields.remove("metadata")),
            _ => {}
        }
        Self {
            to: format!("{} {place}", asked.method),
            kind: asked.kind.trim_start_matches("application/").to_owned(),
            body,
        }
    }
}

/// A user of the lab whose requests are noted on their way.
pub(super) struct User<'a> {
    app: &'a App,
    pub(super) relay: Relay,
    file: PathBuf,
}

impl<'a> User<'a> {
    pub(super) async fn of(app: &'a App, name: &str) -> Self {
        let own = Kubeconfig::read_from(kubeconfig_of(name)).unwrap();
        let config = kube::Config::from_custom_kubeconfig(own, &KubeConfigOptions::default()).await;
        let relay = Relay::to(kube::Client::try_from(config.unwrap()).unwrap()).await;
        let file = app.home.path().join(format!("{name}-{}", relay.port));
        relay.kubeconfig(&file);
        Self { app, relay, file }
    }

    pub(super) async fn run(&self, arguments: &[&str]) -> Output {
        self.relay.take();
        self.app.command_by(&self.file, arguments).output().await.unwrap()
    }

    /// Runs what has to come to its end with nothing refused; what it says on the way.
    pub(super) async fn does(&self, arguments: &[&str]) -> String {
        let (said, asked) = self.done(arguments).await;
        let refused: Vec<&Asked> = asked.iter().filter(|asked| asked.code == Some(403)).collect();
        assert!(
            refused.iter().all(|asked| !asked.path.contains(&self.app.namespace)),
            "{refused:?}"
        );
        said
    }

    async fn done(&self, arguments: &[&str]) -> (String, Vec<Asked>) {
        let output = self.run(arguments).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
        (said, self.relay.take())
    }

    /// Runs what has to come to its end; gives what it wrote, without its conditions: each was tried before, and is of
    /// this very object in this very state.
    pub(super) async fn writes(&self, arguments: &[&str]) -> Vec<Written> {
        let (_, asked) = self.done(arguments).await;
        let (tried, written): (Vec<Asked>, Vec<Asked>) =
            asked.into_iter().filter(Asked::is_step).partition(Asked::is_dry_run);
        let accepted = tried.iter().filter(|asked| asked.code == Some(200)).count();
        assert!(accepted >= written.len(), "{tried:?}");
        written
            .iter()
            .map(|asked| Written::of(asked, &self.app.namespace))
            .collect()
    }

    /// Begins something, and comes back once its write is kept on its way.
    pub(super) async fn begins(&self, arguments: &[&str]) -> Child {
        self.relay.take();
        self.relay.keep(Kept::Request, Asked::is_release);
        let mut command = self.app.command_by(&self.file, arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        tokio::select! {
            () = self.relay.kept() => {}
            ended = child.wait() => panic!("{arguments:?}: it ended: {ended:?}"),
        }
        child
    }

    /// Lets go what is kept, and waits for the end: the code of the server's answer, the program's own, what it said.
    pub(super) async fn ends(&self, child: Child) -> (u16, Option<i32>, String) {
        let answer = self.relay.let_go().await;
        let output = child.wait_with_output().await.unwrap();
        (answer, output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    /// Runs what is refused with these words, before any request that changes something but who has the app.
    pub(super) async fn is_refused(&self, arguments: &[&str], words: &str) {
        let output = self.run(arguments).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!matches!(output.status.code(), Some(0) | None), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
        let asked = self.relay.take().into_iter();
        let writes: Vec<Asked> = asked.filter(|asked| asked.is_write() && !asked.is_claim()).collect();
        assert!(writes.is_empty(), "{writes:?}");
    }
}

/// Gives a user a role in the app's namespace, as it is printed.
pub(super) async fn give(app: &App, role: Role, user: &str) {
    for document in documents(role, &["-n", &app.namespace, "--user", user]) {
        match document["kind"].as_str() {
            Some("Role") => create::<RbacRole>(&app.api(), document).await,
            _ => create::<RoleBinding>(&app.api(), document).await,
        }
    }
}
