//! When a login is renewed, and when not.

use std::fs;
use std::path::Path;

use std::sync::Arc;
use std::time::Duration;

use super::Door;
use super::session::Session;
use crate::cluster::clock;
use crate::cluster::connect::{Options, Target, Way, targets};
use crate::cluster::error::ClusterError;

impl Door {
    /// Whether there is a session.
    pub(crate) fn is_connected(&self) -> bool {
        self.login.state().session.is_some()
    }
}

/// The target of a kubeconfig whose credential plugin is this script.
fn target(folder: &Path, script: &str) -> Target {
    let path = folder.join("config");
    let user = format!(
        "{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, args: [-c, {}]}}}}",
        serde_json::json!(script)
    );
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: t\nclusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:9'}}}}]\n\
         contexts: [{{name: t, context: {{cluster: c, user: u}}}}]\nusers: [{{name: u, user: {user}}}]\n"
    );
    fs::write(&path, text).unwrap();
    let options = Options {
        kubeconfig: vec![path],
        ..Options::default()
    };
    targets(&options).unwrap().remove(0)
}

/// A script that counts its runs in `folder/runs` and gives a token that is good for so many seconds.
fn counting(folder: &Path, seconds: i64) -> String {
    let expires = (clock::now() + chrono::TimeDelta::seconds(seconds)).to_rfc3339();
    format!(
        r#"echo run >> {}; echo '{{"status":{{"token":"t","expirationTimestamp":"{expires}"}}}}'"#,
        folder.join("runs").display()
    )
}

fn runs(folder: &Path) -> usize {
    fs::read_to_string(folder.join("runs")).unwrap().lines().count()
}

#[tokio::test]
async fn a_short_life_does_not_run_the_plugin_for_every_request() {
    // The last one: our clock is an hour ahead.
    for seconds in [30, 59, -3600] {
        let folder = tempfile::tempdir().unwrap();
        let door = Door::new(&target(folder.path(), &counting(folder.path(), seconds)));
        let first = door.login.session().await.ok().unwrap();
        for _ in 0..5 {
            door.login.session().await.ok().unwrap();
        }
        door.drop_dead();
        door.login.session().await.ok().unwrap();
        assert_eq!(runs(folder.path()), 1, "{seconds}");
        // A 401 asks for another one, whatever was said about its life.
        let number = door.login.session().await.ok().unwrap().number;
        assert_ne!(number, first.number);
        door.login.renew(number).await.ok().unwrap();
        assert_eq!(runs(folder.path()), 2, "{seconds}");
    }
}

#[tokio::test]
async fn a_renewal_that_fails_early_costs_nothing_until_the_token_expires() {
    let folder = tempfile::tempdir().unwrap();
    let door = Door::new(&target(
        folder.path(),
        &format!("echo run >> {}; exit 1", folder.path().join("runs").display()),
    ));
    let client = kube::Client::try_from(kube::Config::new("http://127.0.0.1:9".parse().unwrap())).unwrap();
    let session = |seconds: i64| Session {
        client: client.clone(),
        token: None,
        expires: Some(clock::now() + chrono::TimeDelta::seconds(seconds)),
        number: 1,
    };
    {
        let mut inner = door.login.state();
        inner.count = 1;
        inner.session = Some(Arc::new(session(30)));
    }
    for _ in 0..3 {
        assert_eq!(door.login.session().await.ok().unwrap().number, 1);
    }
    assert_eq!(runs(folder.path()), 1, "tried, and not again at once");
    door.login.state().session = Some(Arc::new(session(-1)));
    let error = door.login.session().await.err();
    assert!(matches!(error, Some(ClusterError::Login { .. })), "{error:?}");
}

#[tokio::test]
async fn a_login_under_way_does_not_outlive_its_recipe() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let old = target(folders[0].path(), r#"sleep 1; echo '{"status":{"token":"old"}}'"#);
    let new = target(folders[1].path(), r#"echo '{"status":{"token":"new"}}'"#);
    let Way::Config(recipe) = new.way else {
        panic!("a kubeconfig gives a recipe");
    };
    let door = Door::new(&old);
    let replaced = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        door.replace(recipe);
    };
    let (session, ()) = tokio::join!(door.login.session(), replaced);
    assert_eq!(session.ok().unwrap().token.as_ref().unwrap(), "Bearer new");
    assert_eq!(
        door.login.session().await.ok().unwrap().token.as_ref().unwrap(),
        "Bearer new"
    );
}

#[tokio::test]
async fn a_person_who_logged_in_again_need_not_wait() {
    let folder = tempfile::tempdir().unwrap();
    let answer = folder.path().join("answer");
    let door = Door::new(&target(folder.path(), &format!("cat {}", answer.display())));
    assert!(door.login.session().await.is_err());
    fs::write(&answer, r#"{"status":{"token":"t"}}"#).unwrap();
    door.drop_dead();
    assert!(door.login.session().await.is_err(), "the probe's way keeps the pause");
    door.drop_connections();
    assert!(door.login.session().await.is_ok());
}

#[tokio::test]
async fn a_login_that_fails_after_a_person_asked_for_another_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let [answer, begun] = ["answer", "begun"].map(|name| folder.path().join(name));
    // Reads the answer, and takes its time.
    let script = format!(
        "text=$(cat {} 2>/dev/null); echo x >> {}; sleep 1; printf '%s' \"$text\"",
        answer.display(),
        begun.display()
    );
    let door = Door::new(&target(folder.path(), &script));
    let logged_in = async {
        while !begun.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        fs::write(&answer, r#"{"status":{"token":"t"}}"#).unwrap();
        door.drop_connections();
    };
    let (session, ()) = tokio::join!(door.login.session(), logged_in);
    assert_eq!(session.ok().unwrap().token.as_ref().unwrap(), "Bearer t");
}

#[tokio::test]
async fn a_probe_does_not_wait_for_a_slow_login_nor_end_it() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!("sleep 1; {}", counting(folder.path(), 3600));
    let door = Door::new(&target(folder.path(), &script));
    let limit = Duration::from_millis(100);
    let error = door.probe("/readyz", limit).await.unwrap_err();
    assert!(
        error.to_string().contains("logging in") && door.is_logging_in(),
        "{error}"
    );
    let _ = door.probe("/readyz", limit).await;
    door.login.session().await.ok().unwrap();
    assert_eq!(runs(folder.path()), 1, "one login, to its end");
}
