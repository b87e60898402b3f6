//! A repository of a registry: its tags, what a tag names, whether an image is there.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode, Uri};
use serde::Deserialize;

use super::answer::Answer;
use super::challenge::Challenge;
use super::error::RegistryError;
use super::login::{Login, Logins};
use super::manifest::{ACCEPTED, Manifest, Origin, origin_of_config};
use super::transport::{Question, Registries};
use crate::cluster::escape;
use crate::domain::image::{Tag, Tags, natural};
use crate::domain::{Clean, ImageName};

/// Most tags that are kept.
const MOST_TAGS: usize = 1_000;
/// Tags that a page is asked for, and most pages that are read.
const PAGE: usize = 1_000;
const MOST_PAGES: usize = 20;
/// Questions about tags that are under way at a time.
const AT_ONCE: usize = 4;

/// A repository, and who asks.
pub struct Repository {
    registries: Registries,
    image: ImageName,
    /// `https://HOST`
    base: String,
    /// Tried in this order, then nobody's.
    logins: Vec<Login>,
    /// Why there is no login where there is none.
    because: Clean,
    /// What the registry took last.
    taken: Mutex<Option<HeaderValue>>,
}

impl std::fmt::Debug for Repository {
    /// Says nothing of credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Repository").field(&self.image.place()).finish()
    }
}

#[derive(Default, Deserialize)]
struct Page {
    tags: Option<Vec<String>>,
}

/// What is answered where a token is fetched: the one name is of docker's, the other of OAuth 2.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Given {
    token: String,
    access_token: String,
}

impl Repository {
    pub(super) fn new(
        registries: Registries,
        image: &ImageName,
        base: String,
        logins: &Logins,
        unread: &[Clean],
    ) -> Self {
        let mut reasons = unread.to_vec();
        if logins.has_helper(&image.host) {
            reasons.push("docker keeps it in a helper".into());
        }
        if reasons.is_empty() {
            reasons.push("there is none for it".into());
        }
        let logins = logins.of(image);
        let because = if logins.is_empty() {
            reasons.join("; ")
        } else {
            String::new()
        };
        Self {
            registries,
            logins,
            because: because.into(),
            image: image.clone(),
            base,
            taken: Mutex::default(),
        }
    }

    /// Whether the registry has an image of this tag or digest here.
    ///
    /// # Errors
    /// It could not be asked.
    pub async fn has(&self, reference: &str) -> Result<bool, RegistryError> {
        match self.manifest(Method::HEAD, reference).await {
            Ok(_) => Ok(true),
            Err(RegistryError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The digest that a tag names now; `None` where the registry does not say.
    ///
    /// # Errors
    /// There is no such image, or it could not be asked.
    pub async fn digest(&self, reference: &str) -> Result<Option<Clean>, RegistryError> {
        Ok(digest(&self.manifest(Method::HEAD, reference).await?))
    }

    /// Whether a tag names an index, of several platforms, with a manifest of this digest.
    pub(super) async fn is_member(&self, tag: &str, digest: &str) -> Result<bool, RegistryError> {
        let answer = self.manifest(Method::GET, tag).await?;
        Ok(Manifest::parse(&answer.body).is_some_and(|manifest| manifest.has(digest)))
    }

    pub(super) fn host(&self) -> &Clean {
        &self.image.host
    }

    /// The tags there are; of `count` of the highest names and of those in `also` it is asked what they name.
    ///
    /// # Errors
    /// The names could not be read; what one of them names is left unknown where that is not to be had.
    pub async fn tags(&self, count: usize, also: &BTreeSet<Clean>) -> Result<Tags, RegistryError> {
        let (names, has_more) = self.names().await?;
        let wanted: BTreeSet<Clean> = names.iter().take(count).chain(also).cloned().collect();
        let tags = stream::iter(names).map(|name| async {
            if wanted.contains(&name) {
                self.tag(name).await
            } else {
                Tag { name, ..Tag::default() }
            }
        });
        let mut found: Vec<Tag> = tags.buffered(AT_ONCE).collect().await;
        // Names stay in their order where the time is the same, or is not known.
        found.sort_by_key(|tag| std::cmp::Reverse(tag.created));
        Ok(Tags { found, has_more })
    }

    /// The highest names first, and whether there are more than are kept.
    async fn names(&self) -> Result<(Vec<Clean>, bool), RegistryError> {
        let mut names: Vec<Clean> = Vec::new();
        let mut path = format!("/v2/{}/tags/list?n={PAGE}", self.image.repository);
        let mut has_more = false;
        for page in 1..=MOST_PAGES {
            let answer = self
                .ask(Method::GET, &path, "application/json", "repository of this name")
                .await?;
            let read: Page = serde_json::from_slice(&answer.body)
                .map_err(|_| RegistryError::unreadable(&self.image.host, "the list of tags"))?;
            names.extend(read.tags.unwrap_or_default().iter().map(|name| Clean::new(name)));
            let Some(next) = answer.next_page() else { break };
            has_more = page == MOST_PAGES;
            path = next;
        }
        names.sort_by(|a, b| natural(b, a));
        names.dedup();
        has_more |= names.len() > MOST_TAGS;
        names.truncate(MOST_TAGS);
        Ok((names, has_more))
    }

    /// What a tag names.
    async fn tag(&self, name: Clean) -> Tag {
        let Ok(answer) = self.manifest(Method::GET, &name).await else {
            return Tag { name, ..Tag::default() };
        };
        let digest = digest(&answer);
        let (size, origin) = self.contents(&answer).await;
        Tag {
            name,
            digest,
            created: origin.created,
            commit: origin.commit,
            size,
        }
    }

    async fn contents(&self, answer: &Answer) -> (Option<u64>, Origin) {
        let Some(mut manifest) = Manifest::parse(&answer.body) else {
            return (None, Origin::default());
        };
        let mut origin = manifest.origin();
        if let Some(member) = manifest.member() {
            let member = self.manifest(Method::GET, member).await.ok();
            let Some(member) = member.and_then(|answer| Manifest::parse(&answer.body)) else {
                return (None, origin);
            };
            origin = origin.or(member.origin());
            manifest = member;
        }
        if !origin.is_whole()
            && let Some(config) = manifest.config()
        {
            let path = format!("/v2/{}/blobs/{config}", self.image.repository);
            if let Ok(answer) = self.ask(Method::GET, &path, "*/*", "such configuration").await {
                origin = origin.or(origin_of_config(&answer.body));
            }
        }
        (manifest.size(), origin)
    }

    async fn manifest(&self, method: Method, reference: &str) -> Result<Answer, RegistryError> {
        let path = format!("/v2/{}/manifests/{reference}", self.image.repository);
        self.ask(method, &path, ACCEPTED, "such image").await
    }

    /// Asks, with what was taken before, else with one login after the other until one is taken.
    async fn ask(&self, method: Method, path: &str, accept: &'static str, what: &str) -> Result<Answer, RegistryError> {
        let uri: Uri = format!("{}{path}", self.base)
            .parse()
            .map_err(|_| RegistryError::unreadable(&self.image.host, "its addresses"))?;
        let send = async |authorization: Option<HeaderValue>| {
            let mut question = Question::new(method.clone(), &uri).with(ACCEPT, HeaderValue::from_static(accept));
            if let Some(authorization) = authorization {
                question = question.with(AUTHORIZATION, authorization);
            }
            self.registries.send(&self.image.host, &question).await
        };
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut answer = send(taken).await?;
        if answer.status == StatusCode::UNAUTHORIZED
            && let Some(challenge) = Challenge::of(&answer.headers)
        {
            for login in self.logins.iter().map(Some).chain([None]) {
                let Some(authorization) = self.authorization(&challenge, login).await? else {
                    continue;
                };
                answer = send(Some(authorization.clone())).await?;
                if !matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
                    *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = Some(authorization);
                    break;
                }
            }
        }
        self.judged(answer, what)
    }

    fn judged(&self, answer: Answer, what: &str) -> Result<Answer, RegistryError> {
        if answer.status.is_success() {
            return Ok(answer);
        }
        let error = RegistryError::of_status(&self.image.host, answer.status, answer.wait(), what);
        Err(match error {
            RegistryError::Login { host, .. } => RegistryError::Login {
                host,
                because: self.because.clone(),
            },
            other => other,
        })
    }

    /// What answers a challenge; `None` where this login does not.
    async fn authorization(
        &self,
        challenge: &Challenge,
        login: Option<&Login>,
    ) -> Result<Option<HeaderValue>, RegistryError> {
        let Challenge::Bearer { realm, service, scope } = challenge else {
            return Ok(login.filter(|login| !login.user.is_empty()).and_then(basic));
        };
        let given = match login.and_then(|login| login.identity.as_deref()) {
            Some(identity) => {
                self.exchange(realm, service.as_deref(), scope.as_deref(), identity)
                    .await?
            }
            None => self.fetch(realm, service.as_deref(), scope.as_deref(), login).await?,
        };
        match given.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST => return Ok(None),
            status if status.is_success() => {}
            _ => return self.judged(given, "place for tokens where it says").map(|_| None),
        }
        let given: Given = serde_json::from_slice(&given.body)
            .map_err(|_| RegistryError::unreadable(&self.image.host, "the token"))?;
        let token = if given.token.is_empty() {
            given.access_token
        } else {
            given.token
        };
        Ok((!token.is_empty())
            .then(|| secret(&format!("Bearer {token}")))
            .flatten())
    }

    /// Fetches a token with a user's password, or nobody's.
    async fn fetch(
        &self,
        realm: &str,
        service: Option<&str>,
        scope: Option<&str>,
        login: Option<&Login>,
    ) -> Result<Answer, RegistryError> {
        let scope = self.scope(scope);
        let mut query = form(&[("scope", Some(scope.as_str())), ("service", service)]);
        let join = if realm.contains('?') { '&' } else { '?' };
        query.insert(0, join);
        let uri = self.realm(&format!("{realm}{query}"))?;
        let mut question = Question::new(Method::GET, &uri);
        if let Some(authorization) = login.and_then(basic) {
            question = question.with(AUTHORIZATION, authorization);
        }
        self.registries.send(&self.image.host, &question).await
    }

    /// Fetches a token for an identity token
    /// (<https://distribution.github.io/distribution/spec/auth/oauth/>).
    async fn exchange(
        &self,
        realm: &str,
        service: Option<&str>,
        scope: Option<&str>,
        identity: &str,
    ) -> Result<Answer, RegistryError> {
        let scope = self.scope(scope);
        let body = form(&[
            ("grant_type", Some("refresh_token")),
            ("refresh_token", Some(identity)),
            ("client_id", Some("pilothouse")),
            ("scope", Some(scope.as_str())),
            ("service", service),
        ]);
        let uri = self.realm(realm)?;
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        let mut question = Question::new(Method::POST, &uri).with(CONTENT_TYPE, kind);
        question.body = Bytes::from(body);
        self.registries.send(&self.image.host, &question).await
    }

    /// The right to read this repository, where the registry does not name it.
    fn scope(&self, asked: Option<&str>) -> String {
        let own = || format!("repository:{}:pull", self.image.repository);
        asked.map_or_else(own, str::to_owned)
    }

    fn realm(&self, text: &str) -> Result<Uri, RegistryError> {
        let unreadable = || RegistryError::unreadable(&self.image.host, "where tokens are to be had");
        let uri: Uri = text.parse().map_err(|_| unreadable())?;
        self.registries.may_go(&self.image.host, &uri)?;
        Ok(uri)
    }
}

fn digest(answer: &Answer) -> Option<Clean> {
    answer.header("docker-content-digest").map(Clean::new)
}

fn basic(login: &Login) -> Option<HeaderValue> {
    let both = STANDARD.encode(format!("{}:{}", login.user, login.password));
    secret(&format!("Basic {both}"))
}

/// A header that nothing prints.
fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// `a=b&c=d`, as forms are sent.
fn form(fields: &[(&str, Option<&str>)]) -> String {
    let fields = fields.iter().filter_map(|(name, value)| Some((name, (*value)?)));
    let pairs: Vec<String> = fields
        .map(|(name, value)| format!("{name}={}", escape(value)))
        .collect();
    pairs.join("&")
}
