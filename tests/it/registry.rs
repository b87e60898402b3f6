//! Registries: tags, digests and their times; each way to ask who is there; what goes wrong, in words.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pilothouse::domain::{ClusterId, ImageName, Kind, ObjectKey, ResourceRef, Uid};
use pilothouse::registry::{Logins, Registries, RegistryError, Repository, Rules};
use serde_json::{Value, json};

use crate::support::api::{Api, Reply};
use crate::support::registry::{Auth, Hub, IDENTITY, PASSWORD, USER};
use crate::support::socket::{acceptor, certificates};
use crate::support::watch;

fn registries(host: &str, rules: Rules, own: &Value) -> Registries {
    let rules = BTreeMap::from([(host.to_owned(), rules)]);
    Registries::new(rules, Logins::parse(own.to_string().as_bytes()))
}

fn plain() -> Rules {
    Rules {
        plain_http: true,
        ca: None,
    }
}

fn live(hub: &Hub) -> ImageName {
    ImageName::parse(&format!("{}/gift/live", hub.host())).unwrap()
}

type Own<'a> = &'a dyn Fn(&str) -> Value;

/// Asked without TLS with these logins of docker's.
fn repository(hub: &Hub, own: &Value) -> Repository {
    registries(&hub.host(), plain(), own).repository(&live(hub), &[], &[])
}

fn login(host: &str, user: &str, password: &str) -> Value {
    json!({"auths": {host: {"auth": STANDARD.encode(format!("{user}:{password}"))}}})
}

#[tokio::test]
async fn tags_are_read_page_by_page_and_the_chosen_looked_at() {
    let hub = Hub::serve(Auth::Anybody).await;
    hub.page(2);
    for tag in ["v1", "v2", "v3", "old"] {
        hub.push("gift/live", tag, ("2026-11-01T00:00:00Z", "aaa"), false);
    }
    let newest = hub.push("gift/live", "v9", ("2026-11-20T00:00:00Z", "bbb"), false);
    let of_many = hub.push("gift/live", "v10", ("2026-11-21T00:00:00Z", "ccc"), true);
    let tags = repository(&hub, &json!({}))
        .tags(2, &BTreeSet::from(["old".into()]))
        .await
        .unwrap();
    let told: Vec<String> = tags
        .found
        .iter()
        .map(|tag| {
            let commit = tag.commit.as_ref().map_or("–", |commit| commit.as_str());
            let created = tag.created.map_or("–".into(), |at| at.format("%m-%d").to_string());
            format!("{} {created} {commit} {:?}", tag.name, tag.size)
        })
        .collect();
    assert_eq!(
        told,
        [
            "v10 11-21 ccc Some(1000)",
            "v9 11-20 bbb Some(1000)",
            "old 11-01 aaa Some(1000)",
            "v3 – – None",
            "v2 – – None",
            "v1 – – None",
        ]
    );
    assert!(!tags.has_more);
    let digests = [&tags.found[0].digest, &tags.found[1].digest].map(|digest| digest.clone().unwrap().to_string());
    assert_eq!(digests, [of_many, newest], "that of the index, not of its member");
}

#[tokio::test]
async fn whether_an_image_is_there_is_asked_by_tag_and_by_digest() {
    let hub = Hub::serve(Auth::Anybody).await;
    let digest = hub.push("gift/live", "v1", ("", ""), false);
    let repository = repository(&hub, &json!({}));
    for (reference, is_there) in [
        ("v1", true),
        (digest.as_str(), true),
        ("v2", false),
        ("sha256:00", false),
    ] {
        assert_eq!(repository.has(reference).await, Ok(is_there), "{reference}");
    }
    assert_eq!(repository.digest("v1").await.unwrap().unwrap(), digest.as_str());
    assert!(hub.asked().iter().all(|asked| asked.method == http::Method::HEAD));
}

#[tokio::test]
async fn every_way_to_say_who_asks_is_known() {
    let right = |host: &str| login(host, USER, PASSWORD);
    let wrong = |host: &str| login(host, USER, "guess");
    let none = |_: &str| json!({});
    let elsewhere = |_: &str| login("other.corp", USER, PASSWORD);
    let identity =
        |host: &str| json!({"auths": {host: {"auth": STANDARD.encode("00000000:"), "identitytoken": IDENTITY}}});
    let helped = |host: &str| json!({"credHelpers": {host: "ecr-login"}});
    let cases: [(Auth, Own<'_>, Result<(), &str>); 12] = [
        (Auth::Anybody, &none, Ok(())),
        (Auth::Anybody, &right, Ok(())),
        (Auth::Basic, &right, Ok(())),
        (Auth::Basic, &wrong, Err("refuses the login")),
        (Auth::Basic, &none, Err("refuses the login: there is none for it")),
        (Auth::Basic, &elsewhere, Err("refuses the login: there is none for it")),
        (
            Auth::Basic,
            &helped,
            Err("refuses the login: docker keeps it in a helper"),
        ),
        (Auth::Token, &right, Ok(())),
        (Auth::Token, &wrong, Err("refuses the login")),
        (Auth::AnonymousToken, &none, Ok(())),
        // A login that is wrong does not keep anybody from what everybody may see.
        (Auth::AnonymousToken, &wrong, Ok(())),
        (Auth::Identity, &identity, Ok(())),
    ];
    for (n, (auth, own, outcome)) in cases.into_iter().enumerate() {
        let hub = Hub::serve(auth).await;
        hub.push("gift/live", "v1", ("2026-11-01T00:00:00Z", "aaa"), false);
        let tags = repository(&hub, &own(&hub.host())).tags(1, &BTreeSet::new()).await;
        match (tags, outcome) {
            (Ok(tags), Ok(())) => {
                let commit = tags.found[0].commit.clone();
                assert_eq!(commit, Some("aaa".into()), "{n} {auth:?}: read where blobs are kept");
            }
            (Err(error), Err(words)) => {
                assert!(error.to_string().ends_with(words), "{n} {auth:?}: {error}");
                assert!(!format!("{error:?} {}", error.hint()).contains("guess"), "{error:?}");
            }
            (other, _) => panic!("{n} {auth:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_login_that_was_taken_is_not_asked_for_again() {
    let hub = Hub::serve(Auth::Token).await;
    for n in 0..20 {
        hub.push("gift/live", &format!("v{n}"), ("2026-11-01T00:00:00Z", "aaa"), false);
    }
    let repository = repository(&hub, &login(&hub.host(), USER, PASSWORD));
    repository.tags(20, &BTreeSet::new()).await.unwrap();
    let tokens = hub
        .asked()
        .iter()
        .filter(|asked| asked.path.starts_with("/token"))
        .count();
    assert_eq!(tokens, 1);
}

#[tokio::test]
async fn no_password_goes_to_who_gives_tokens_without_tls() {
    let (authority, certificate, key) = certificates("127.0.0.1", false);
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::serve_tls(Auth::Token, acceptor(&certificate, &key)).await;
    let rules = Rules {
        plain_http: false,
        ca: Some(file(&folder, &authority)),
    };
    let own = login(&hub.host(), USER, PASSWORD);
    let error = registries(&hub.host(), rules, &own)
        .repository(&live(&hub), &[], &[])
        .has("v1")
        .await;
    assert!(
        error
            .unwrap_err()
            .to_string()
            .ends_with("it leads to a place without TLS")
    );
    assert!(hub.asked().iter().all(|asked| asked.authorization.is_none()));
}

#[tokio::test]
async fn what_goes_wrong_is_told_with_what_to_do() {
    let after = vec![("retry-after", "30".to_owned())];
    for (code, headers, body, words, hint) in [
        (403, vec![], "", "does not allow it", "no right to pull"),
        (404, vec![], "", "has no repository of this name", "is its name right?"),
        (429, after, "", "asks to wait 30 s", "ask again later"),
        (429, vec![], "", "asks to wait", "ask again later"),
        (503, vec![], "<html>down</html>", "answers 503", "has trouble"),
        (
            401,
            vec![],
            "",
            "refuses the login: there is none for it",
            "docker login",
        ),
        (
            200,
            vec![],
            "<html>Sign in</html>",
            "is not what a registry says: the list of tags",
            "a login page",
        ),
        (
            302,
            vec![("location", "ftp://x/".to_owned())],
            "",
            "a place without TLS",
            "a login page",
        ),
        (
            302,
            vec![("location", "/v2/again".to_owned())],
            "",
            "from one place to the next",
            "a login page",
        ),
    ] {
        let hub = Hub::serve(Auth::Anybody).await;
        hub.answer_instead(code, headers, body);
        let error = repository(&hub, &json!({}))
            .tags(1, &BTreeSet::new())
            .await
            .unwrap_err();
        assert!(error.to_string().ends_with(words), "{code}: {error}");
        assert!(error.hint().contains(hint), "{code}: {}", error.hint());
    }
    let hub = Hub::serve(Auth::Anybody).await;
    hub.answer_instead(503, vec![], "");
    assert!(
        repository(&hub, &json!({})).has("v1").await.is_err(),
        "trouble is not absence"
    );
}

fn file(folder: &tempfile::TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn a_registry_proves_who_it_is_by_its_own_authority() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, certificate, key) = certificates("127.0.0.1", false);
    let (other, ..) = certificates("elsewhere.corp", false);
    let hub = Hub::serve_tls(Auth::Anybody, acceptor(&certificate, &key)).await;
    hub.push("gift/live", "v1", ("", ""), false);
    let with = |ca: Option<&str>| {
        let rules = Rules {
            plain_http: false,
            ca: ca.map(|text| file(&folder, text)),
        };
        registries(&hub.host(), rules, &json!({})).repository(&live(&hub), &[], &[])
    };
    assert_eq!(with(Some(&authority)).has("v1").await, Ok(true));
    for ca in [Some(other.as_str()), None] {
        let error = with(ca).has("v1").await.unwrap_err();
        assert!(matches!(error, RegistryError::Certificate { .. }), "{error:?}");
        assert!(error.hint().contains("ca = "), "{}", error.hint());
    }
}

#[tokio::test]
async fn one_that_cannot_be_reached_is_told_as_such_and_in_time() {
    let hub = Hub::serve(Auth::Anybody).await;
    let over_tls = registries("other.corp", Rules::default(), &json!({})).repository(&live(&hub), &[], &[]);
    let error = over_tls.has("v1").await.unwrap_err();
    assert!(error.to_string().ends_with("it does not speak TLS"), "{error}");
    assert!(error.hint().contains("plain_http = true"), "{}", error.hint());
    assert!(hub.asked().is_empty(), "nothing is asked without TLS unless it is said");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let image = ImageName::parse(&format!("{host}/a")).unwrap();
    let silent = registries(&host, plain(), &json!({})).with_limit(Duration::from_millis(100));
    let error = silent.repository(&image, &[], &[]).has("v1").await.unwrap_err();
    assert!(matches!(error, RegistryError::Slow { .. }), "{error:?}");
    drop(listener);
    let error = registries(&host, plain(), &json!({}))
        .repository(&image, &[], &[])
        .has("v1")
        .await;
    let error = error.unwrap_err();
    assert!(
        error.to_string().contains("cannot be reached: Connection refused"),
        "{error}"
    );
}

/// A Deployment of this pod spec on a scripted API server that has a service account and a secret for a registry;
/// what else is asked for is forbidden.
fn with_secret(spec: &Value, host: &str) -> Api {
    let api = Api::with_pods(0);
    let config = STANDARD.encode(login(host, USER, PASSWORD).to_string());
    let deployment = json!({"metadata": {"name": "live", "namespace": "gift"}, "spec": {"template": {"spec": spec}}});
    api.rule(move |asked| {
        let body = match asked.path.strip_prefix("/api/v1/namespaces/gift/") {
            Some("secrets/regcred") => {
                json!({"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": config}})
            }
            Some("serviceaccounts/default") => json!({"imagePullSecrets": [{"name": "regcred"}]}),
            Some("serviceaccounts/bare") => json!({}),
            _ if asked.path == "/apis/apps/v1/namespaces/gift/deployments/live" => deployment.clone(),
            Some(_) if !asked.is_watch() => {
                return Some(Reply::status(
                    403,
                    &json!({"kind": "Status", "message": "secrets is forbidden"}),
                ));
            }
            _ => return None,
        };
        Some(Reply::status(200, &body))
    });
    api
}

fn deployment() -> ResourceRef {
    ResourceRef {
        cluster: ClusterId::new("test"),
        kind: Kind::Deployment,
        key: ObjectKey::new("gift", "live"),
        uid: Uid::default(),
    }
}

#[tokio::test]
async fn an_image_is_asked_for_with_the_secrets_it_is_pulled_with() {
    let hub = Hub::serve(Auth::Basic).await;
    hub.push("gift/live", "v1", ("", ""), false);
    let named = |name: &str| json!({"imagePullSecrets": [{"name": name}]});
    for (spec, outcome) in [
        (named("regcred"), Ok(true)),
        (json!({}), Ok(true)),
        (json!({"serviceAccountName": "bare"}), Err("there is none for it")),
        (named("hidden"), Err("secret hidden: not allowed: secrets is forbidden")),
    ] {
        let (cluster, _observer) = watch(&with_secret(&spec, &hub.host()));
        let secrets = cluster.pull_secrets(&deployment()).await.unwrap();
        assert!(!format!("{secrets:?}").contains(&STANDARD.encode(format!("{USER}:{PASSWORD}"))));
        let unread: Vec<_> = secrets
            .unread
            .iter()
            .map(|(what, error)| format!("{what}: {error}").into())
            .collect();
        let registries = registries(&hub.host(), plain(), &json!({}));
        let answer = registries
            .repository(&live(&hub), &secrets.found, &unread)
            .has("v1")
            .await;
        match outcome {
            Ok(is_there) => assert_eq!(answer, Ok(is_there), "{spec}"),
            Err(words) => {
                let error = answer.unwrap_err().to_string();
                assert!(error.ends_with(words), "{spec}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_to_be_released_is_looked_for_first() {
    let hub = Hub::serve(Auth::Basic).await;
    let digest = hub.push("gift/live", "v1", ("", ""), false);
    let (cluster, _observer) = watch(&with_secret(&json!({}), &hub.host()));
    let asked = registries(&hub.host(), plain(), &json!({}));
    let host = hub.host();
    let gone = "127.0.0.1:1";
    for (image, words) in [
        (format!("{host}/gift/live:v1"), None),
        (format!("{host}/gift/live:v1@{digest}"), None),
        (
            format!("{host}/gift/live:v2"),
            Some("no such image in the registry: ".to_owned()),
        ),
        (
            format!("{host}/gift/live:not a tag"),
            Some("no such image in the registry: ".to_owned()),
        ),
        (
            format!("{gone}/gift/live:v1"),
            Some(format!(
                "the registry could not be asked for {gone}/gift/live:v1: {gone} cannot be reached"
            )),
        ),
    ] {
        let doubts = asked.doubts(&cluster, &deployment(), &[image.as_str().into()]).await;
        let told: Vec<String> = doubts
            .iter()
            .map(pilothouse::release::warning::Warning::words)
            .collect();
        match words {
            None => assert_eq!(told, Vec::<String>::new(), "{image}"),
            Some(words) => assert!(told.len() == 1 && told[0].starts_with(&words), "{image}: {told:?}"),
        }
    }
}
