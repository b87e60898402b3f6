//! What a step comes to on each workload, for scripts and as text.

use std::io::Write;

use serde::Serialize;

use super::super::watch::Known;
use super::carried::CarriedRow;
use super::course::Course;
use super::outcome::{Other, Outcome};
use super::targets::Target;
use crate::cluster::ActError;
use crate::domain::{Clean, ResourceRef};
use crate::release::Prepared;
use crate::release::against::Against;

/// One step on one Deployment, for scripts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActRow {
    cluster: String,
    namespace: Clean,
    app: Clean,
    kind: &'static str,
    name: Clean,
    step: Option<&'static str>,
    desired: Option<i64>,
    #[serde(flatten)]
    carried: CarriedRow,
    differences: Vec<DifferenceRow>,
    warnings: Vec<String>,
    /// The job that runs before it is written; null: none.
    job: Option<String>,
    /// What speaks against it: it is written only if that is overridden.
    against: Vec<Clean>,
    /// Whether it was written.
    written: bool,
    outcome: Outcome,
    /// Why it is there, left or failed; null: it is not.
    why: Option<Clean>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct DifferenceRow {
    place: Clean,
    from: Option<Clean>,
    to: Option<Clean>,
}

impl ActRow {
    pub(super) fn new(target: &Target, prepared: &Prepared) -> Self {
        let differences = prepared.differences.iter().map(|difference| DifferenceRow {
            place: difference.place.clone(),
            from: difference.from.clone(),
            to: difference.to.clone(),
        });
        Self {
            cluster: target.object.cluster.to_string(),
            namespace: target.object.key.namespace.clone(),
            app: target.app.clone(),
            kind: target.object.kind.name(),
            name: target.object.key.name.clone(),
            step: Some(prepared.step.title()),
            desired: Some(prepared.desired),
            carried: CarriedRow::of(prepared),
            differences: differences.collect(),
            warnings: prepared
                .warnings
                .iter()
                .map(crate::release::warning::Warning::words)
                .collect(),
            job: prepared.job().map(str::to_owned),
            against: prepared.against.iter().map(Against::words).collect(),
            written: false,
            outcome: Outcome::Shown,
            why: None,
        }
    }

    /// One that was not tried, or not written to, with what became of it.
    fn other(other: &Other) -> Self {
        Self {
            cluster: other.object.cluster.to_string(),
            namespace: other.object.key.namespace.clone(),
            app: other.app.clone(),
            kind: other.object.kind.name(),
            name: other.object.key.name.clone(),
            step: None,
            desired: None,
            carried: CarriedRow::default(),
            differences: Vec::new(),
            warnings: Vec::new(),
            job: None,
            against: Vec::new(),
            written: false,
            outcome: other.outcome,
            why: Some(other.why.clone()),
        }
    }

    fn is_of(&self, object: &ResourceRef) -> bool {
        self.cluster == object.cluster.as_str()
            && self.kind == object.kind.name()
            && (&self.namespace, &self.name) == (&object.key.namespace, &object.key.name)
    }

    pub(super) const fn write(&mut self) {
        (self.written, self.outcome) = (true, Outcome::Written);
    }

    pub(super) fn fail(&mut self, error: &ActError) {
        (self.outcome, self.why) = (Outcome::Failed, Some(Clean::new(&error.to_string())));
    }

    pub(super) fn print(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let workload = format!("{} {}/{}", self.kind, self.namespace, self.name);
        writeln!(
            out,
            "{}  {workload} ({} instances): {}",
            self.cluster,
            self.desired.unwrap_or_default(),
            self.step.unwrap_or_default()
        )?;
        self.carried.print(out)?;
        for DifferenceRow { place, from, to } in &self.differences {
            let side = |side: &Option<Clean>| side.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string);
            writeln!(out, "  {place}: {} → {}", side(from), side(to))?;
        }
        if let Some(job) = &self.job {
            writeln!(out, "  first: the job {job}, which has to end well")?;
        }
        for against in &self.against {
            writeln!(out, "  ✖ {against}")?;
        }
        for warning in &self.warnings {
            writeln!(out, "  ▲ {warning}")?;
        }
        Ok(())
    }
}

/// All of them as JSON: those that were shown, and those that were left out or are there already.
pub(super) fn with_others(mut rows: Vec<ActRow>, course: &Course, known: &Known) -> String {
    for other in course.others() {
        match rows.iter_mut().find(|row| row.is_of(&other.object)) {
            Some(row) => (row.outcome, row.why) = (other.outcome, Some(other.why.clone())),
            None => rows.push(ActRow::other(other)),
        }
    }
    let place = |row: &ActRow| known.clusters.iter().position(|own| own.id().as_str() == row.cluster);
    rows.sort_by_key(place);
    let unreached = course.unreached().iter();
    let unreached: Vec<_> = unreached
        .map(|(cluster, why)| serde_json::json!({"cluster": cluster.as_str(), "why": why.as_str()}))
        .collect();
    let all = serde_json::json!({"items": rows, "unreached": unreached});
    serde_json::to_string_pretty(&all).unwrap_or_default()
}
