//! The charts of an instance or a container: which lines each has, and against what they are held.

mod recipes;

use super::containers::find;
use super::context::Context;
use super::figures::{Bounds, kills};
use crate::domain::{Clean, ResourceRef};
use crate::listing::Tone;
use crate::metrics::{Figure, Pace, Resolution, Subject, Unit};

pub use recipes::MOST;
use recipes::{RECIPES, Recipe, TONES, of};

/// How far back charts reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    #[default]
    Quarter,
    Hour,
    SixHours,
}

impl Reach {
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Quarter => Self::Hour,
            Self::Hour => Self::SixHours,
            Self::SixHours => Self::Quarter,
        }
    }

    pub const fn words(self) -> &'static str {
        match self {
            Self::Quarter => "15 min",
            Self::Hour => "1 h",
            Self::SixHours => "6 h",
        }
    }

    /// The slot of another reach that shows the same moment; `None` where it does not go back so far.
    pub const fn moved(self, back: u32, to: Self) -> Option<u32> {
        let seconds = back as i64 * self.grid().2;
        let back = (seconds / to.grid().2) as u32;
        if back < to.slots() { Some(back) } else { None }
    }

    /// Slots at most.
    pub const fn slots(self) -> u32 {
        self.grid().1
    }

    /// Which grid, how many slots of it, and how many seconds each.
    const fn grid(self) -> (Resolution, u32, i64) {
        match self {
            Self::Quarter => (Resolution::Recent, 60, 15),
            Self::Hour => (Resolution::Coarse, 60, 60),
            Self::SixHours => (Resolution::Coarse, 360, 60),
        }
    }
}

/// What a person chose of the charts of a screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// They are shown instead of the words and the list.
    pub open: bool,
    pub reach: Reach,
    /// The slot that is read, counted back from the newest; `None`: the newest that is known.
    pub back: Option<u32>,
    /// The first chart in sight where not all are.
    pub first: usize,
}

/// A line of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub name: &'static str,
    /// What its amounts are of, after them: `of the time`.
    pub of: &'static str,
    pub tone: Tone,
    /// A value a slot, oldest first.
    pub values: Vec<Option<f64>>,
}

impl Line {
    /// The value so many slots of `step` seconds before the newest. Without one what is known now: what was measured
    /// longer ago than a figure holds is not.
    pub fn read(&self, back: Option<u32>, step: i64, pace: Pace) -> Option<f64> {
        let mut values = self.values.iter().rev().copied();
        match back {
            Some(back) => values.nth(back as usize).flatten(),
            None => values
                .take((pace.fresh_shown_ms() / (step.max(1) * 1000)) as usize + 1)
                .flatten()
                .next(),
        }
    }
}

/// What use is held against: drawn across.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    pub name: &'static str,
    pub value: f64,
    pub tone: Tone,
    /// Tells one from the other without colour too.
    pub sign: &'static str,
}

/// A chart: lines of one unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    pub title: &'static str,
    pub unit: Unit,
    pub lines: Vec<Line>,
    /// What use is held against.
    pub levels: Vec<Level>,
    /// What else there is to say of it, beside its lines.
    pub note: Option<(String, Tone)>,
}

impl Chart {
    /// Whether it is of memory: there kills for want of it are told.
    fn is_memory(&self) -> bool {
        self.unit == Unit::Bytes
    }

    /// Whether anything of it is known.
    pub fn is_known(&self) -> bool {
        self.lines.iter().any(|line| line.values.iter().any(Option::is_some))
    }
}

/// All charts of one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Charts {
    pub charts: Vec<Chart>,
    /// Seconds of a slot.
    pub step: i64,
    pub slots: u32,
    /// Where the figures come from, or why there are none.
    pub source: Clean,
    pub pace: Pace,
}

/// Slots of the recent grid in one of the coarse grid.
const FINE: u32 = 4;

/// The least room of a chart in a grid.
const LEAST: (u16, u16) = (64, 9);

/// How many charts are beside each other, below each other, and in sight in so much room.
pub fn in_sight(width: u16, height: u16) -> (u16, u16, usize) {
    let across = (width / LEAST.0).clamp(1, 2);
    let down = (height / LEAST.1).max(1);
    (across, down, usize::from(across * down))
}

/// The charts of an instance, or of one container of it; `None` if it is gone.
pub fn charts(ctx: &Context<'_>, pod: &ResourceRef, container: Option<&Clean>, reach: Reach) -> Option<Charts> {
    let cluster = ctx.world.cluster(&pod.cluster)?;
    let found = find(ctx, pod)?;
    let bounds = match container {
        None => Bounds::of_pod(found),
        Some(name) => Bounds::of_container(found.containers.iter().find(|c| c.name == *name)?),
    };
    let (at, slots, step) = reach.grid();
    let pace = cluster.usage.supply().pace;
    let instance = Subject::Pod(pod.key.clone());
    let subject = container.map_or_else(
        || instance.clone(),
        |name| Subject::Container(pod.key.clone(), name.clone()),
    );
    let line = |figure: Figure| {
        // A container's network is its instance's.
        let of = if figure.is_network() { &instance } else { &subject };
        let line = |at, slots| cluster.used_line(of, figure, at, ctx.millis(), slots);
        let mut values = line(at, slots);
        if at == Resolution::Recent {
            let minutes = line(Resolution::Coarse, slots.div_ceil(FINE) + 1);
            fill_past(&mut values, &minutes, ctx.millis() / (step * 1000));
        }
        hold_newest(&mut values, step, pace);
        values
    };
    let charts = RECIPES.into_iter().map(|recipe| {
        let mut chart = drawn(recipe, bounds, &line);
        if chart.is_memory() {
            chart.note = kills(ctx, cluster, &subject);
        }
        chart
    });
    Some(Charts {
        charts: charts.filter(|chart| !chart.lines.is_empty()).collect(),
        step,
        slots,
        source: cluster.usage.supply().sentence(),
        pace,
    })
}

/// A chart by its recipe; what it leaves out where nothing is known has no lines then.
fn drawn((title, figures, optional): Recipe, bounds: Bounds, line: &impl Fn(Figure) -> Vec<Option<f64>>) -> Chart {
    // The last lies on top: the tones are told off from there.
    let tones = TONES.into_iter().take(figures.len()).rev();
    let lines = figures.iter().zip(tones).map(|(&(name, figure), tone)| Line {
        name,
        of: of(figure),
        tone,
        values: line(figure),
    });
    let mut lines: Vec<Line> = lines.collect();
    if optional {
        lines.retain(|line| line.values.iter().any(Option::is_some));
    }
    let first = figures.first().map(|(_, figure)| *figure);
    let (limit, request) = first.map_or((None, None), |figure| bounds.of(figure));
    let level = |name, value: Option<f64>, tone, sign| {
        value.map(|value| Level {
            name,
            value,
            tone,
            sign,
        })
    };
    let levels = [
        level("limit", limit, Tone::Bad, "━"),
        level("request", request, Tone::Muted, "┄"),
    ];
    Chart {
        title,
        unit: first.map_or(Unit::Count, Figure::unit),
        levels: levels.into_iter().flatten().collect(),
        note: None,
        lines,
    }
}

/// What was not on screen is not known finely: there its minutes stand for it. What comes after the newest fine
/// value in the same minute may just not have been measured yet. `newest` is the number of the last slot.
fn fill_past(values: &mut [Option<f64>], minutes: &[Option<f64>], newest: i64) {
    let first = newest - (values.len() as i64 - 1);
    let minute_of = |slot: i64| slot.div_euclid(i64::from(FINE));
    let last_known = values
        .iter()
        .rposition(Option::is_some)
        .map(|place| first + place as i64);
    for (slot, value) in (first..).zip(values.iter_mut()) {
        let is_open = last_known.is_some_and(|last| slot > last && minute_of(slot) == minute_of(last));
        if value.is_some() || is_open {
            continue;
        }
        let place = usize::try_from(minute_of(newest) - minute_of(slot)).ok();
        let place = place.and_then(|back| minutes.len().checked_sub(back + 1));
        *value = place.and_then(|place| minutes.get(place).copied().flatten());
    }
}

/// What was measured last holds until it is measured again: the newest slots are empty while that is under way, and
/// are no gap for as long as a measurement may take.
fn hold_newest(values: &mut [Option<f64>], step: i64, pace: Pace) {
    let held = (pace.held_ms() / (step.max(1) * 1000)).max(1) as usize;
    let Some(last) = values.iter().rposition(Option::is_some) else {
        return;
    };
    let value = values.get(last).copied().flatten();
    if values.len() - last <= held + 1 {
        values.iter_mut().skip(last).for_each(|slot| *slot = value);
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, fill_past, hold_newest};
    use crate::listing::Tone;
    use crate::metrics::Pace;

    #[test]
    fn what_was_last_measured_long_ago_is_not_what_is_used_now() {
        let line = |values: &[Option<f64>]| Line {
            name: "used",
            of: "",
            tone: Tone::Good,
            values: values.to_vec(),
        };
        let mut values = vec![Some(1.0); 20];
        values.extend([None; 10]);
        assert_eq!(line(&values).read(None, 15, Pace::default()), Some(1.0), "150 s ago");
        values.push(None);
        assert_eq!(line(&values).read(None, 15, Pace::default()), None, "165 s ago");
        assert_eq!(
            line(&values).read(Some(11), 15, Pace::default()),
            Some(1.0),
            "where it is pointed at"
        );
        assert_eq!(
            line(&[Some(2.0), None, None]).read(None, 60, Pace::default()),
            Some(2.0)
        );
        let slow = Pace {
            rest_ms: 1_500_000,
            ..Pace::default()
        };
        assert_eq!(line(&values).read(None, 15, slow), None, "others are asked more seldom");
        assert_eq!(
            line(&[Some(2.0), None, None, None]).read(None, 60, Pace::default()),
            None
        );
    }

    #[test]
    fn the_newest_slots_are_no_gap_while_they_are_being_measured() {
        let (no, one) = (None, Some(1.0));
        for (step, values, held) in [
            (15, [one, no, one, no, no], [one, no, one, one, one]),
            (15, [one, one, no, no, no], [one, one, no, no, no]),
            (60, [one, one, one, one, no], [one; 5]),
            (60, [one, one, one, no, no], [one, one, one, no, no]),
            (60, [no; 5], [no; 5]),
        ] {
            let mut line = values;
            hold_newest(&mut line, step, Pace::default());
            assert_eq!(line, held, "{step}: {values:?}");
        }
    }

    #[test]
    fn minutes_stand_for_all_that_is_not_known_finely_but_what_is_still_to_come() {
        let (no, one, two, three, own) = (None, Some(1.0), Some(2.0), Some(3.0), Some(9.0));
        let all = [one, two, three];
        for (minutes, fine, newest, filled) in [
            (all, [no, no, no, no, no, own], 9, [two, two, two, two, three, own]),
            (all, [own, no, no, no, no, no], 9, [own, no, no, no, three, three]),
            (all, [own, no, no, no, no, own], 9, [own, two, two, two, three, own]),
            (all, [no, own, no, no, no, no], 8, [one, own, no, no, no, three]),
            ([one, no, three], [no; 6], 9, [no, no, no, no, three, three]),
            (all, [no; 6], 12, [one, two, two, two, two, three]),
        ] {
            let mut values = fine;
            fill_past(&mut values, &minutes, newest);
            assert_eq!(values, filled, "{fine:?} at {newest}");
        }
    }
}
