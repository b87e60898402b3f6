//! What grew most in the last ten minutes, or since there are figures: of apps in the scope, and which app a location grows by.

use std::collections::BTreeMap;

use super::context::Context;
use super::figures::{Whose, amount};
use crate::domain::{AppKey, ClusterId, Cpu};
use crate::listing::{Cell, ColumnId, Tone, Value};
use crate::metrics::growth::{Growth, Usage, rank};
use crate::metrics::{Figure, Resolution, Subject, Unit};
use crate::world::{AppSummary, ClusterView, LocationKey, LocationSummary};

/// Minutes between the two windows that are compared, and minutes of each, at most.
const APART: u32 = 10;
const WINDOW: u32 = 3;
/// With fewer minutes between them nothing is said: use wavers.
const LEAST_APART: u32 = 2;

/// A minute in which less of a sum was known is left out.
const LEAST_KNOWN: f64 = 0.75;

/// With a smaller share no single app is the cause.
const CAUSE: f64 = 0.5;
/// A location that grew by less of what it uses is steady.
const STEADY: f64 = 0.01;

/// Apps that grew or shrank, by name; an app that is not known then or now is not in it.
pub type Grown = BTreeMap<AppKey, Growth<AppKey>>;

/// The two windows that are compared, in minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// From the begin of one to the begin of the other.
    pub apart: u32,
    window: u32,
}

impl Span {
    /// Whether it is all that is ever compared.
    pub const fn is_whole(self) -> bool {
        self.apart == APART
    }

    /// Minutes with figures before anything is said.
    pub const LEAST: u32 = LEAST_APART + 1;

    /// What fits in so many minutes with figures.
    fn within(minutes: u32) -> Option<Self> {
        let window = WINDOW.min(minutes / 2);
        let apart = minutes.saturating_sub(window).min(APART);
        (apart >= LEAST_APART).then_some(Self { apart, window })
    }
}

/// Over which time growth is told in the scope, the same for all that is compared; `None`: too short a time yet.
pub fn span(ctx: &Context<'_>) -> Option<Span> {
    Span::within(measured(ctx)?)
}

/// For how many minutes there have been figures in the scope, up to those that are compared; `None`: nothing is
/// measured.
pub fn measured(ctx: &Context<'_>) -> Option<u32> {
    each_measured(ctx).map(|(minutes, _)| minutes).min()
}

/// Where in the scope figures began last, if they began elsewhere before.
pub fn latest<'a>(ctx: &Context<'a>) -> Option<&'a ClusterId> {
    let most = each_measured(ctx).map(|(minutes, _)| minutes).max()?;
    let (least, id) = each_measured(ctx).min_by_key(|(minutes, _)| *minutes)?;
    (least < most).then_some(id)
}

fn each_measured<'a>(ctx: &Context<'a>) -> impl Iterator<Item = (u32, &'a ClusterId)> {
    ctx.world.clusters_in(ctx.scope).filter_map(|cluster| {
        let minutes = minutes(ctx, cluster, &Subject::Cluster, APART + WINDOW);
        let first = minutes.iter().position(Option::is_some)?;
        Some(((minutes.len() - first) as u32, &cluster.id))
    })
}

/// How much apps grew in the scope.
pub fn of_apps(ctx: &Context<'_>, apps: &[AppSummary]) -> Grown {
    let Some(span) = span(ctx) else { return Grown::new() };
    let windows = apps.iter().map(|app| {
        let whose = Whose::app(ctx, &app.key);
        let (before, after) = windows(ctx, whose.parts(), span);
        (app.key.clone(), before, after)
    });
    let growths = rank(windows);
    growths.into_iter().map(|growth| (growth.of.clone(), growth)).collect()
}

/// Why a location fills up.
#[derive(Clone, Debug, PartialEq)]
pub enum Culprit {
    /// Its use then or now is not known.
    Unknown,
    Steady,
    /// The app with the largest part of an increase, in cores; its share is of what the location grew by.
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
    let Some(span) = span(ctx) else { return Culprit::Unknown };
    let whole = windows(ctx, &[(cluster, Subject::Location(name.clone()))], span);
    let (Some(before), Some(after)) = whole else {
        return Culprit::Unknown;
    };
    let increase = after.instances * after.each - before.instances * before.each;
    if increase <= before.instances * before.each * STEADY || is_nothing(increase) {
        return Culprit::Steady;
    }
    let here = cluster
        .tally
        .apps()
        .filter(|app| app.places.iter().any(|(place, _)| *place == *name));
    let of_each = here.map(|app| {
        let part = Subject::AppIn(app.key.clone(), name.clone());
        let (before, after) = windows(ctx, &[(cluster, part)], span);
        (app.key.clone(), before, after)
    });
    match rank(of_each).into_iter().next() {
        Some(first) if first.increase > 0.0 => Culprit::Grows {
            app: first.of,
            // Where others shrank one may have grown by more than the whole.
            share: (first.increase / increase).min(1.0),
            increase,
        },
        _ => Culprit::Unknown,
    }
}

/// Instances and CPU then and now, the mean of a few minutes each; `None` where a part of it is not known.
fn windows(ctx: &Context<'_>, parts: &[(&ClusterView, Subject)], span: Span) -> (Option<Usage>, Option<Usage>) {
    let window = span.window as usize;
    let mut sums = [Some((0.0, 0.0)); 2];
    for (cluster, subject) in parts {
        let minutes = minutes(ctx, cluster, subject, span.apart + span.window);
        let ends = [
            minutes.get(..window),
            minutes.get(minutes.len().saturating_sub(window)..),
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

/// How many instances there were and what they used together, a slot a minute, the newest last; `None` where not
/// enough of it is known.
///
/// Of what a cluster says nothing in a minute in which it is known itself, it had none: it came later.
fn minutes(ctx: &Context<'_>, cluster: &ClusterView, subject: &Subject, slots: u32) -> Vec<Option<(f64, f64)>> {
    let mut own = told(ctx, cluster, subject, slots);
    let is_partial = cluster
        .usage
        .history()
        .shortage()
        .is_some_and(|shortage| shortage.is_partial);
    if !is_partial && own.contains(&Told::Nothing) {
        let whole = told(ctx, cluster, &Subject::Cluster, slots);
        for (own, whole) in own.iter_mut().zip(whole) {
            if *own == Told::Nothing && matches!(whole, Told::Known(..)) {
                *own = Told::Known(0.0, 0.0);
            }
        }
    }
    let known = own.into_iter().map(|told| match told {
        Told::Known(count, used) => Some((count, used)),
        Told::Nothing | Told::TooLittle => None,
    });
    known.collect()
}

/// What the history says of a sum in a minute.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    Nothing,
    TooLittle,
    /// Instances and what they used together.
    Known(f64, f64),
}

fn told(ctx: &Context<'_>, cluster: &ClusterView, subject: &Subject, slots: u32) -> Vec<Told> {
    let (usage, until) = (&cluster.usage, ctx.millis());
    let used = usage.line(subject, Figure::Cpu, Resolution::Coarse, until, slots);
    let known = usage.history().known(subject, Resolution::Coarse, until, slots);
    let count = usage.history().parts(subject, Resolution::Coarse, until, slots);
    let all = used.into_iter().zip(known).zip(count);
    all.map(|((used, known), count)| {
        let Some(count) = count else { return Told::Nothing };
        match known.filter(|known| *known >= LEAST_KNOWN).zip(used) {
            // The few that are not known are taken to be like the others.
            Some((share, used)) => Told::Known(count, used / share),
            None => Told::TooLittle,
        }
    })
    .collect()
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
        ColumnId::GrowthShare if growth.increase <= 0.0 || is_nothing(growth.increase) => Cell::muted("–"),
        ColumnId::GrowthShare => Cell::plain(amount(Unit::Share, growth.share)),
        _ => {
            let parts = [
                (growth.more_instances, "more instances", "fewer instances"),
                (growth.busier_instances, "busier", "less busy"),
            ];
            let mut cell = Cell::empty();
            for (cores, up, down) in parts.into_iter().filter(|(cores, ..)| !is_nothing(*cores)) {
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

/// Whether so many cores are told as 0: there is no share of nothing.
fn is_nothing(cores: f64) -> bool {
    cores.abs() < 0.0005
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

#[cfg(test)]
mod tests {
    use super::Span;

    #[test]
    fn windows_lie_as_far_apart_as_figures_reach_back() {
        let spans = [1, 2, 3, 4, 5, 6, 9, 13, 60].map(Span::within);
        let apart = spans.map(|span| span.map(|span| (span.apart, span.window)));
        let expected = [
            None,
            None,
            Some((2, 1)),
            Some((2, 2)),
            Some((3, 2)),
            Some((3, 3)),
            Some((6, 3)),
            Some((10, 3)),
            Some((10, 3)),
        ];
        assert_eq!(apart, expected);
    }
}
