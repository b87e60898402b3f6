//! Requests to answers: what a Kubernetes API server does with HTTP. Start at [`answer`].

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::body::{ListBody, SimBody};
use super::cluster::Inner;
use super::fault::{Body as FaultBody, Fault, Garbage, Seen};
use super::resource::Resource;
use super::status::Status;
use super::store::Stored;

mod access;
mod broken;
mod discovery;
mod list;
mod logs;
mod managed;
mod metrics;
mod options;
mod patch;
mod proxy;
mod request;
mod review;
mod slow;
mod table;
mod view;
mod watch;
mod wire;
mod write;

pub use access::Identity;
pub use request::Verb;

use list::Listed;
use request::{Request, route};
use view::View;

/// What a request came to.
#[derive(Debug)]
enum Answer {
    Json(u16, Value),
    /// The aggregated form of discovery, which clients know by its content type.
    Aggregated(Value),
    Object(u16, Stored),
    List(Listed),
    Text(u16, String),
    /// Bytes of this type.
    Body(u16, &'static str, SimBody),
    Watch(Box<watch::Plan>),
    /// A watch that ends with this event.
    Event(Vec<u8>),
}

/// Answers a request, faults and all.
pub(super) async fn answer(cluster: &Arc<Inner>, request: http::Request<Bytes>) -> io::Result<Response<SimBody>> {
    let (parts, body) = request.into_parts();
    let routed = cluster.with_store(|store| route(store, &parts, body.clone()));
    let seen = see(cluster, &parts, routed.as_ref());
    cluster.faults.saw(seen.clone());
    cluster.faults.while_silent().await;
    if cluster.faults.is_on(|fault| *fault == Fault::Refuse) {
        return Err(io::Error::new(
            io::ErrorKind::ConnectionRefused,
            "the simulated server is gone",
        ));
    }
    let mut response = if let Some(response) = fault_reply(cluster, &seen) {
        response
    } else {
        let answer = match routed {
            None => (elsewhere(cluster, &parts, &body), None),
            Some(Err(status)) => (refused(&status), None),
            Some(Ok(request)) => {
                let answer = serve(cluster, &request, &seen).unwrap_or_else(|status| refused(&status));
                (answer, Some(request))
            }
        };
        render(cluster, answer, &seen)
    };
    if let Ok(date) = HeaderValue::try_from(cluster.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string()) {
        response.headers_mut().insert(DATE, date);
    }
    let slow = cluster.faults.take(|fault| match fault {
        Fault::Slow { bytes_per_second } => Some(*bytes_per_second),
        _ => None,
    });
    Ok(match slow {
        Some(rate) => response.map(|body| slow::trickle(body, rate)),
        None => response,
    })
}

fn refused(status: &Status) -> Answer {
    Answer::Json(status.code, status.to_json())
}

fn see(cluster: &Inner, parts: &http::request::Parts, routed: Option<&Result<Request, Status>>) -> Seen {
    let request = routed.and_then(|routed| routed.as_ref().ok());
    Seen {
        at: cluster.now(),
        method: parts.method.to_string(),
        verb: request.map(|request| request.verb),
        plural: request
            .map(|request| request.resource.plural.to_string())
            .unwrap_or_default(),
        namespace: request.map(|request| request.namespace.clone()).unwrap_or_default(),
        name: request.map(|request| request.name.clone()).unwrap_or_default(),
        subresource: request.map(|request| request.subresource.clone()).unwrap_or_default(),
        path: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
    }
}

/// The answer of a fault that replaces the real one.
fn fault_reply(cluster: &Inner, seen: &Seen) -> Option<Response<SimBody>> {
    let (code, retry_after, body) = cluster.faults.take_for(seen, |fault| match fault {
        Fault::Reply {
            to,
            code,
            retry_after,
            body,
        } => Some((to, (*code, retry_after.clone(), *body))),
        _ => None,
    })?;
    let phrase = StatusCode::from_u16(code)
        .ok()
        .and_then(|code| code.canonical_reason())
        .unwrap_or("Error");
    let mut response = match body {
        FaultBody::Status => json_response(
            code,
            &Status::new(code, "", format!("{phrase}, as asked for")).to_json(),
        ),
        FaultBody::Html => {
            let page =
                format!("<html><head><title>{code} {phrase}</title></head><body><h1>{phrase}</h1></body></html>\r\n");
            response(code, "text/html", SimBody::whole(page))
        }
        FaultBody::Empty => response(code, "text/plain", SimBody::whole(Bytes::new())),
    };
    if let Some(after) = retry_after.and_then(|after| HeaderValue::try_from(after).ok()) {
        response.headers_mut().insert(RETRY_AFTER, after);
    }
    Some(response)
}

/// Paths that are not stored objects: discovery, health, reviews.
fn elsewhere(cluster: &Inner, parts: &http::request::Parts, body: &Bytes) -> Answer {
    let who = Identity::of(&parts.headers, cluster.identity());
    let answer = cluster.with_store(|store| {
        review::answer(store, parts, body, &who)
            .or_else(|| discovery::answer(store, parts))
            .unwrap_or_else(|| Ok(Answer::Text(404, "404 page not found\n".into())))
    });
    answer.unwrap_or_else(|status| refused(&status))
}

/// Answers a request for objects.
fn serve(cluster: &Arc<Inner>, request: &Request, seen: &Seen) -> Result<Answer, Status> {
    let who = Identity::of(&request.headers, cluster.identity());
    let forbidden = cluster.faults.take_for(seen, |fault| match fault {
        Fault::Forbid(to) => Some((to, ())),
        _ => None,
    });
    if forbidden.is_some() || !cluster.with_store(|store| who.may(store, &access::Attributes::of(request))) {
        return Err(access::refusal(&who, request));
    }
    match (request.verb, &*request.resource.plural, request.subresource.as_str()) {
        (Verb::Get, _, "proxy") => return proxy::answer(cluster, request),
        _ if request.resource.group == metrics::GROUP => return metrics::answer(cluster, request),
        (Verb::Get, "pods", "log") => return logs::answer(cluster, request),
        _ => {}
    }
    View::check(&request.headers)?;
    match request.verb {
        Verb::Get => cluster.with_store(|store| write::get(store, request)),
        Verb::List => {
            let expired = cluster.faults.take_for(seen, |fault| match fault {
                Fault::ContinueExpired(to) if !request.query.get("continue").is_empty() => Some((to, ())),
                _ => None,
            });
            if expired.is_some() {
                return Err(list::expired_token(request.query.get("continue")));
            }
            cluster.with_store(|store| list::list(store, request)).map(Answer::List)
        }
        Verb::Watch => watch_answer(cluster, request, seen),
        Verb::Create => cluster.write(|store, now| write::create(store, request, now)),
        Verb::Update => cluster.write(|store, now| write::put(store, request, now)),
        Verb::Patch => cluster.write(|store, now| write::patch(store, request, now)),
        Verb::Delete => {
            options::check(request)?;
            cluster.write(|store, now| write::delete(store, request, now))
        }
        Verb::DeleteCollection => cluster.write(|store, now| write::delete_collection(store, request, now)),
    }
}

fn watch_answer(cluster: &Inner, request: &Request, seen: &Seen) -> Result<Answer, Status> {
    let gone = cluster.faults.take_for(seen, |fault| match fault {
        Fault::GoneAtWatchStart(to) => Some((to, true)),
        Fault::GoneEvent(to) => Some((to, false)),
        _ => None,
    });
    let version = list::parse_version(request.query.get("resourceVersion")).unwrap_or(0);
    let ignore = cluster.faults.is_on(|fault| *fault == Fault::InitialEventsIgnored);
    cluster.with_store(|store| match gone {
        Some(true) => Err(Status::expired(format!(
            "too old resource version: {version} ({})",
            store.revision()
        ))),
        Some(false) => Ok(Answer::Event(watch::expired_event(version, store.revision()))),
        None if version != 0 && version < store.compacted() => {
            Ok(Answer::Event(watch::expired_event(version, store.compacted())))
        }
        None => watch::plan(store, request, ignore).map(|plan| Answer::Watch(Box::new(plan))),
    })
}

const JSON: &str = "application/json";
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

fn render(cluster: &Arc<Inner>, (answer, request): (Answer, Option<Request>), seen: &Seen) -> Response<SimBody> {
    let view = request
        .as_ref()
        .map_or(View::Object, |request| View::of(&request.headers, &request.query));
    match answer {
        Answer::Json(code, value) => json_response(code, &value),
        Answer::Aggregated(value) => response(200, AGGREGATED, SimBody::whole(value.to_string())),
        Answer::Text(code, text) => response(code, "text/plain; charset=utf-8", SimBody::whole(text)),
        Answer::Body(code, content_type, body) => response(code, content_type, body),
        Answer::Object(code, object) => match request {
            Some(request) if view != View::Object && code < 300 => {
                json_response(code, &view.one(&request.resource, &object, cluster.now(), true))
            }
            _ => json_response(code, &object),
        },
        Answer::List(listed) => match request {
            Some(request) => render_list(cluster, &request.resource, listed, view, seen),
            None => response(500, "text/plain", SimBody::whole(Bytes::new())),
        },
        Answer::Watch(plan) => response(
            200,
            JSON,
            SimBody::stream(watch::start(cluster.clone(), *plan, seen.clone())),
        ),
        Answer::Event(line) => response(200, JSON, SimBody::whole(line)),
    }
}

fn render_list(cluster: &Inner, resource: &Resource, mut listed: Listed, view: View, seen: &Seen) -> Response<SimBody> {
    let metadata = listed.metadata();
    match view {
        View::Table(include) => {
            let table = table::table(resource, listed.items.iter(), &metadata, include, cluster.now(), true);
            return json_response(200, &table);
        }
        View::Partial => {
            let items: Vec<Value> = listed.items.iter().map(|object| view::partial(object)).collect();
            let list = json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                "metadata": metadata, "items": items});
            return json_response(200, &list);
        }
        View::Object => {}
    }
    let garbage = cluster.faults.take_for(seen, |fault| match fault {
        Fault::Garbage { to, how } => Some((to, *how)),
        _ => None,
    });
    let head = format!(
        "{{\"kind\":\"{}List\",\"apiVersion\":\"{}\",\"metadata\":{metadata},\"items\":[",
        resource.kind,
        resource.api_version()
    );
    match garbage {
        Some(how @ (Garbage::Truncated | Garbage::Endless)) => return response(200, JSON, broken::body(&head, how)),
        Some(how) => broken::items(&mut listed.items, how),
        None => {}
    }
    response(
        200,
        JSON,
        SimBody::list(ListBody::new(head, listed.items, resource.traits.custom, "]}\n")),
    )
}

fn json_response(code: u16, value: &Value) -> Response<SimBody> {
    let mut response = response(code, JSON, SimBody::whole(value.to_string()));
    let seconds = value.pointer("/details/retryAfterSeconds").and_then(Value::as_u64);
    if let Some(seconds) = seconds {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn response(code: u16, content_type: &'static str, body: SimBody) -> Response<SimBody> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
