//! A Prometheus that scrapes the kubelets: it answers sums and rates of cAdvisor's families from the loads, hours back
//! as well as now, and refuses what it does not understand in Prometheus' own words.

use std::fmt::Write;

use serde_json::{Value, json};

use super::super::super::body::SimBody;
use super::super::super::cluster::Inner;
use super::super::super::controllers::node::is_dead;
use super::super::super::load::{PodLoad, Seconds};
use super::super::super::resource::NODES;
use super::super::Answer;
use super::super::request::Request;

mod eval;
mod parse;

use eval::{Series, evaluate};
use parse::Expr;

/// Points of one series at most (`web/api/v1/api.go`, `queryRange`).
const MOST_POINTS: f64 = 11_000.0;

/// Answers what is asked of Prometheus.
pub(super) fn answer(cluster: &Inner, request: &Request) -> Answer {
    let now = cluster.now().timestamp_millis() as f64 / 1000.0;
    let answered = match request.rest.as_str() {
        "-/ready" => return Answer::Text(200, "Prometheus Server is Ready.\n".into()),
        "-/healthy" => return Answer::Text(200, "Prometheus Server is Healthy.\n".into()),
        "api/v1/status/buildinfo" => {
            let build = json!({"version": "3.7.0", "revision": "simulated", "branch": "HEAD", "buildUser": "",
                "buildDate": "", "goVersion": ""});
            return Answer::Json(200, json!({"status": "success", "data": build}));
        }
        "api/v1/query" => instant(cluster, request, now),
        "api/v1/query_range" => range(cluster, request, now),
        _ => return Answer::Text(404, "404 page not found\n".into()),
    };
    answered.unwrap_or_else(|why| Answer::Json(400, json!({"status": "error", "errorType": "bad_data", "error": why})))
}

/// A moment in Unix seconds or RFC 3339.
fn moment(request: &Request, name: &str, default: Option<Seconds>) -> Result<Seconds, String> {
    let text = request.query.get(name);
    let invalid = || format!("invalid parameter \"{name}\": cannot parse \"{text}\" to a valid timestamp");
    if text.is_empty() {
        return default.ok_or_else(invalid);
    }
    let written = || chrono::DateTime::parse_from_rfc3339(text).ok();
    let seconds = text.parse::<f64>().ok().filter(|seconds| seconds.is_finite());
    seconds
        .or_else(|| written().map(|at| at.timestamp_millis() as f64 / 1000.0))
        .ok_or_else(invalid)
}

fn question(request: &Request) -> Result<Expr, String> {
    parse::parse(request.query.get("query")).map_err(|why| format!("invalid parameter \"query\": {why}"))
}

fn instant(cluster: &Inner, request: &Request, now: Seconds) -> Result<Answer, String> {
    let at = moment(request, "time", Some(now))?;
    let expr = question(request)?;
    let series = evaluate(&expr, &pods(cluster), &[at], now)?;
    let result = series.iter().filter_map(|one| {
        let value = one.values.first().copied().filter(|value| !value.is_nan())?;
        Some(json!({"metric": metric(one), "value": [at, value.to_string()]}))
    });
    Ok(found("vector", result))
}

fn range(cluster: &Inner, request: &Request, now: Seconds) -> Result<Answer, String> {
    let (start, end) = (moment(request, "start", None)?, moment(request, "end", None)?);
    if end < start {
        return Err("invalid parameter \"end\": end timestamp must not be before start time".into());
    }
    let text = request.query.get("step");
    let step = text.parse().ok().or_else(|| parse::duration(text));
    let step: Seconds = step
        .filter(|step| *step > 0.0)
        .ok_or_else(|| format!("invalid parameter \"step\": cannot parse \"{text}\" to a valid duration"))?;
    if (end - start) / step > MOST_POINTS {
        return Err(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution \
                    (?step=XX)"
                .into(),
        );
    }
    let expr = question(request)?;
    let steps = ((end - start) / step).floor() as u32;
    let times: Vec<Seconds> = (0..=steps).map(|number| start + f64::from(number) * step).collect();
    let series = evaluate(&expr, &pods(cluster), &times, now)?;
    let result = series.iter().filter_map(|one| {
        let points = times.iter().zip(&one.values).filter(|(_, value)| !value.is_nan());
        let points: Vec<Value> = points.map(|(at, value)| json!([at, value.to_string()])).collect();
        (!points.is_empty()).then(|| json!({"metric": metric(one), "values": points}))
    });
    Ok(found("matrix", result))
}

/// An answer, written series by series: thousands of them as one tree would cost the demo many megabytes for a moment.
fn found(kind: &str, result: impl Iterator<Item = Value>) -> Answer {
    let mut text = format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"{kind}\",\"result\":[");
    for (number, one) in result.enumerate() {
        let comma = if number == 0 { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(text, "{comma}{one}");
    }
    text.push_str("]}}");
    Answer::Body(200, "application/json", SimBody::whole(text))
}

fn metric(series: &Series) -> Value {
    let labels = series.labels.iter().filter(|(_, value)| !value.is_empty());
    Value::Object(
        labels
            .map(|(name, value)| (name.clone(), value.clone().into()))
            .collect(),
    )
}

/// The pods of the nodes that can be scraped.
fn pods(cluster: &Inner) -> Vec<PodLoad> {
    let plan = cluster.load();
    let nodes = cluster.on_nodes();
    let dead: Vec<String> = cluster.with_store(|store| {
        let dead = store.list(&NODES).filter(|node| is_dead(node));
        dead.map(|node| super::super::super::json::meta(node, "name").to_owned())
            .collect()
    });
    let alive = nodes.iter().filter(|(name, _)| !dead.contains(name));
    alive.flat_map(|(_, pods)| pods.loads(&plan)).collect()
}

#[cfg(test)]
mod tests;
