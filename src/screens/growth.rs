//! What grew most in the last ten minutes: of apps in the scope, and which app a location grows by.

use std::collections::BTreeMap;

use super::context::Context;
use super::figures::{Whose, amount};
use crate::domain::{AppKey, Cpu};
use crate::listing::{Cell, ColumnId, Tone, Value};
use crate::metrics::growth::{Growth, Usage, rank};
use crate::metrics::{Figure, Resolution, Subject, Unit};
use crate::world::{AppSummary, ClusterView, LocationKey, LocationSummary};

/// Minutes between the two windows that are compared, and minutes of each.
const APART: u32 = 10;
const WINDOW: usize = 3;

/// A minute in which less of a sum was known is left out.
const LEAST_KNOWN: f64 = 0.75;

/// With a smaller share no single app is the cause.
const CAUSE: f64 = 0.5;
/// A location that grew by less of what it uses is steady.
const STEADY: f64 = 0.01;

/// Apps that grew or shrank, by name; an app that is not known then or now is not in it.
pub type Grown = BTreeMap<AppKey, Growth<AppKey>>;

/// How much apps grew in the scope.
pub fn of_apps(ctx: &Context<'_>, apps: &[AppSummary]) -> Grown {
    if !super::figures::any(ctx) {
        return Grown::new();
    }
    let windows = apps.iter().map(|app| {
        let whose = Whose::app(ctx, &app.key);
        let (before, after) = windows(ctx, whose.parts());
        (app.key.clone(), before, after)
    });
    let growths = rank(windows).growths;
    growths.into_iter().map(|growth| (growth.of.clone(), growth)).collect()
}

/// Why a location fills up.
#[derive(Clone, Debug, PartialEq)]
pub enum Culprit {
    /// Its use then or now is not known.
    Unknown,
    Steady,
    /// The app with the largest part of an increase, in cores.
    Grows {
        app: AppKey,
        share: f64,
        increase: f64,
    },
}

/// Which app a location grows by.
pub fn of_location(ctx: &Context<'_>, location: &LocationSummary) -> Culprit {
    let LocationKey { cluster, name } = &location.key;
    let Some(cluster) = ctx.world.cluster(cluster) else {
        return Culprit::Unknown;
    };
    let whole = windows(ctx, &[(cluster, Subject::Location(name.clone()))]);
    let (Some(before), Some(after)) = whole else {
        return Culprit::Unknown;
    };
    let increase = after.instances * after.each - before.instances * before.each;
    if increase <= before.instances * before.each * STEADY {
        return Culprit::Steady;
    }
    let here = cluster
        .tally
        .apps()
        .filter(|app| app.places.iter().any(|place| place.location == *name));
    let of_each = here.map(|app| {
        let part = Subject::AppIn(app.key.clone(), name.clone());
        let subject = match cluster.usage.sums(&part) {
            Some(_) => part,
            None => Subject::App(app.key.clone()),
        };
        let (before, after) = windows(ctx, &[(cluster, subject)]);
        (app.key.clone(), before, after)
    });
    match rank(of_each).growths.into_iter().next() {
        Some(first) if first.increase > 0.0 => Culprit::Grows {
            app: first.of,
            share: first.share,
            increase,
        },
        _ => Culprit::Unknown,
    }
}

/// Instances and CPU then and now, the mean of a few minutes each; `None` where a part of it is not known.
fn windows(ctx: &Context<'_>, parts: &[(&ClusterView, Subject)]) -> (Option<Usage>, Option<Usage>) {
    let slots = APART + WINDOW as u32;
    let mut sums = [Some((0.0, 0.0)); 2];
    for (cluster, subject) in parts {
        let (usage, until) = (&cluster.usage, ctx.millis());
        let used = usage.line(subject, Figure::Cpu, Resolution::Coarse, until, slots);
        let known = usage.history().known(subject, Resolution::Coarse, until, slots);
        let count = usage.history().parts(subject, Resolution::Coarse, until, slots);
        let minutes: Vec<Option<(f64, f64)>> = used
            .into_iter()
            .zip(known)
            .zip(count)
            .map(|((used, known), count)| {
                let share = known.filter(|known| *known >= LEAST_KNOWN)?;
                // The few that are not known are taken to be like the others.
                Some((count?, used? / share))
            })
            .collect();
        let ends = [
            minutes.get(..WINDOW),
            minutes.get(minutes.len().saturating_sub(WINDOW)..),
        ];
        for (sum, window) in sums.iter_mut().zip(ends) {
            *sum = sum.zip(window.and_then(mean)).map(|(a, b)| (a.0 + b.0, a.1 + b.1));
        }
    }
    let [before, after] = sums.map(|sum| {
        sum.filter(|_| !parts.is_empty())
            .map(|(count, used)| Usage::of(count, used))
    });
    (before, after)
}

fn mean(window: &[Option<(f64, f64)>]) -> Option<(f64, f64)> {
    let known = || window.iter().flatten();
    let count = known().count() as f64;
    let sum = known().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    (count > 0.0).then(|| (sum.0 / count, sum.1 / count))
}

/// As a filter and an order see an app's growth.
pub fn value(grown: &Grown, app: &AppKey, column: ColumnId) -> Value<'static> {
    let Some(growth) = grown.get(app) else {
        return Value::Absent;
    };
    match column {
        ColumnId::Growth => Value::Number((growth.increase * 1000.0).round() as i64),
        ColumnId::GrowthShare => Value::Number((growth.share * 1000.0).round() as i64),
        _ => Value::text(cell(grown, app, column).text()),
    }
}

/// As a list shows an app's growth.
pub fn cell(grown: &Grown, app: &AppKey, column: ColumnId) -> Cell {
    let Some(growth) = grown.get(app) else {
        return Cell::unknown();
    };
    match column {
        ColumnId::Growth => signed(growth.increase),
        ColumnId::GrowthShare if growth.increase <= 0.0 => Cell::muted("none"),
        ColumnId::GrowthShare => Cell::plain(amount(Unit::Share, growth.share)),
        _ => {
            let parts = [
                (growth.more_instances, "more instances", "fewer instances"),
                (growth.busier_instances, "busier", "less busy"),
            ];
            let mut cell = Cell::empty();
            for (cores, up, down) in parts.into_iter().filter(|(cores, ..)| cores.abs() >= 0.0005) {
                if !cell.spans.is_empty() {
                    cell = cell.and(" · ", Tone::Muted);
                }
                cell.spans.extend(signed(cores).spans);
                cell = cell.and(format!(" {}", if cores > 0.0 { up } else { down }), Tone::Muted);
            }
            if cell.spans.is_empty() {
                Cell::muted("none")
            } else {
                cell
            }
        }
    }
}

/// Cores with their sign.
fn signed(cores: f64) -> Cell {
    let millis = (cores * 1000.0).round() as i64;
    match millis {
        0 => Cell::muted("0"),
        1.. => Cell::plain(format!("+{}", Cpu(millis))),
        _ => Cell::muted(Cpu(millis).to_string()),
    }
}

impl Culprit {
    pub fn cell(&self) -> Cell {
        match self {
            Self::Unknown => Cell::unknown(),
            Self::Steady => Cell::muted("steady"),
            Self::Grows { app, share, increase } => {
                let share = amount(Unit::Share, *share);
                let whole = format!(" of {}", signed(*increase).text());
                let cell = Cell::muted(format!("{}/", app.namespace)).and(app.name.as_str(), Tone::Strong);
                if self.is_cause() {
                    cell.and(format!(" {share}"), Tone::Warning).and(whole, Tone::Muted)
                } else {
                    cell.and(format!(" {share}, no single cause"), Tone::Muted)
                }
            }
        }
    }

    fn is_cause(&self) -> bool {
        matches!(self, Self::Grows { share, .. } if *share >= CAUSE)
    }

    /// The most first, in thousandths of a core.
    pub fn value(&self) -> Value<'static> {
        match self {
            Self::Unknown => Value::Absent,
            Self::Steady => Value::Ranked(0, "steady".into()),
            Self::Grows { increase, .. } => Value::Ranked((increase * 1000.0) as i64, self.cell().text().into()),
        }
    }
}
