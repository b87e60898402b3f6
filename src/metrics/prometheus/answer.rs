//! Reads what Prometheus answers: `/api/v1/query` and `/api/v1/query_range`.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::Clean;
use crate::metrics::Millis;

/// One series of an answer; labels it lacks are empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    pub namespace: Clean,
    pub pod: Clean,
    pub container: Clean,
    /// In time's order; what is not finite is left out and so a gap.
    pub points: Vec<(Millis, f64)>,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    pub lines: Vec<Line>,
    /// What Prometheus remarks: a limit reached, a part of the data missing.
    pub warnings: Vec<Clean>,
    /// Series that could not be read.
    pub unreadable: usize,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Prometheus says no: `bad_data`, `timeout`, `execution` …
    #[error("Prometheus: {kind}: {message}")]
    Refused { kind: Clean, message: Clean },
    #[error("what answered is not Prometheus")]
    Unreadable,
    /// A scalar or a string where series were asked for.
    #[error("Prometheus answered with a {0}")]
    Other(Clean),
}

impl AnswerError {
    /// What a person can do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "see its own log; a shorter span or fewer pods ask less of it",
            Self::Unreadable | Self::Other(_) => "check the address of Prometheus in the configuration",
        }
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    status: &'a str,
    #[serde(borrow)]
    data: Option<Data<'a>>,
    #[serde(rename = "errorType", default)]
    kind: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(rename = "resultType")]
    kind: String,
    #[serde(borrow)]
    result: &'a RawValue,
}

#[derive(Deserialize)]
struct Series {
    #[serde(default)]
    metric: Labels,
    value: Option<(f64, String)>,
    #[serde(default)]
    values: Vec<(f64, String)>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Labels {
    namespace: String,
    pod: String,
    container: String,
}

/// Reads an answer. A series that cannot be read is counted and costs no other.
pub fn read(body: &[u8]) -> Result<Answer, AnswerError> {
    let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(|_| AnswerError::Unreadable)?;
    if envelope.status != "success" {
        return Err(AnswerError::Refused {
            kind: envelope.kind.into(),
            message: envelope.error.into(),
        });
    }
    let data = envelope.data.ok_or(AnswerError::Unreadable)?;
    if !matches!(data.kind.as_str(), "vector" | "matrix") {
        return Err(AnswerError::Other(data.kind.into()));
    }
    let result: Vec<&RawValue> = serde_json::from_str(data.result.get()).map_err(|_| AnswerError::Unreadable)?;
    let mut answer = Answer {
        warnings: envelope.warnings.into_iter().map(Clean::from).collect(),
        ..Answer::default()
    };
    for raw in result {
        match serde_json::from_str::<Series>(raw.get()) {
            Ok(series) => answer.lines.push(line(series)),
            Err(_) => answer.unreadable += 1,
        }
    }
    Ok(answer)
}

fn line(series: Series) -> Line {
    let points = series.value.iter().chain(&series.values).filter_map(|(at, text)| {
        let value: f64 = text.parse().ok()?;
        // Prometheus' times are seconds; an i64 of milliseconds holds whatever an f64 of them rounds to.
        value.is_finite().then_some(((at * 1000.0).round() as Millis, value))
    });
    Line {
        points: points.collect(),
        namespace: series.metric.namespace.into(),
        pod: series.metric.pod.into(),
        container: series.metric.container.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_answer_is_a_point_a_series() {
        let body = br#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{"namespace":"live","pod":"gift-1","container":"web"},"value":[1795360862.884,"0.25"]},
            {"metric":{"namespace":"live","pod":"gift-2"},"value":[1795360862.884,"NaN"]},
            {"metric":{},"value":"what"}]},"warnings":["partial \u001b[31mresponse"]}"#;
        let answer = read(body).unwrap();
        assert_eq!(answer.lines[0].points, [(1_795_360_862_884, 0.25)]);
        assert_eq!(
            (answer.lines[0].pod.as_str(), answer.lines[0].container.as_str()),
            ("gift-1", "web")
        );
        assert!(answer.lines[1].points.is_empty(), "NaN is a gap");
        assert_eq!((answer.lines.len(), answer.unreadable), (2, 1));
        assert_eq!(answer.warnings, ["partial ␛[31mresponse"]);
    }

    #[test]
    fn a_range_keeps_its_holes() {
        let body = br#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"pod":"gift-1"},"values":[[60,"1e3"],[120,"+Inf"],[240,"4"]]}]}}"#;
        let answer = read(body).unwrap();
        assert_eq!(answer.lines[0].points, [(60_000, 1000.0), (240_000, 4.0)]);
    }

    #[test]
    fn a_refusal_is_told_in_its_own_words() {
        let refused = read(br#"{"status":"error","errorType":"bad_data","error":"parse error at char 3"}"#);
        assert_eq!(
            refused.unwrap_err().to_string(),
            "Prometheus: bad_data: parse error at char 3"
        );
        for body in [&b"<html>502</html>"[..], b"", b"{}", br#"{"status":"success"}"#] {
            assert_eq!(read(body), Err(AnswerError::Unreadable));
        }
        let scalar = read(br#"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#);
        assert_eq!(scalar, Err(AnswerError::Other("scalar".into())));
    }
}
