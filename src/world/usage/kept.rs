//! The newest figures of one subject, each with its time, and sums of them.

use strum::EnumCount;

use crate::metrics::{Figure, Figures, Millis, Total};

/// The figures that are kept of everything, and a place for the one that a list is sorted by.
const KEPT: usize = Figure::BACKGROUND.len() + 1;

/// A sum of which less is known says nothing of the whole.
pub const LEAST_KNOWN: f64 = 0.9;

/// The place of a figure among those that are kept.
fn place(figure: Figure, asked: Option<Figure>) -> Option<usize> {
    let background = Figure::BACKGROUND.iter().position(|kept| *kept == figure);
    background.or_else(|| (asked == Some(figure)).then_some(KEPT - 1))
}

/// All that are kept, each in its place.
fn kept(asked: Option<Figure>) -> impl Iterator<Item = Figure> {
    let asked = asked.filter(|figure| !Figure::BACKGROUND.contains(figure));
    Figure::BACKGROUND.into_iter().chain(asked)
}

/// The newest background figures of one subject, each with its time: what a pod's network moves is
/// measured apart from the rest. A `NaN` is unknown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Brief {
    at: [Millis; KEPT],
    values: [f32; KEPT],
    asked: Option<Figure>,
}

impl Default for Brief {
    fn default() -> Self {
        Self {
            at: [Millis::MIN; KEPT],
            values: [f32::NAN; KEPT],
            asked: None,
        }
    }
}

impl Brief {
    /// A figure that was measured since then.
    pub(super) fn get(&self, figure: Figure, since: Millis) -> Option<f64> {
        let place = place(figure, self.asked)?;
        let value = *self.values.get(place)?;
        let is_fresh = *self.at.get(place)? >= since;
        (is_fresh && !value.is_nan()).then_some(f64::from(value))
    }

    /// Takes over what newer figures know; what they lack stays while it is fresh.
    pub(super) fn take(&mut self, at: Millis, figures: &Figures, asked: Option<Figure>) {
        if self.asked != asked {
            self.asked = asked;
            if let (Some(at), Some(value)) = (self.at.last_mut(), self.values.last_mut()) {
                (*at, *value) = (Millis::MIN, f32::NAN);
            }
        }
        let places = self.at.iter_mut().zip(&mut self.values);
        for ((known, value), figure) in places.zip(kept(asked)) {
            if let Some(new) = figures.get(figure)
                && at >= *known
            {
                (*known, *value) = (at, new as f32);
            }
        }
    }

    /// When the newest of them was measured.
    pub(super) fn heard(&self) -> Millis {
        self.at.iter().copied().max().unwrap_or(Millis::MIN)
    }
}

/// All figures of what is on screen, each with its time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Close {
    at: [Millis; Figure::COUNT],
    figures: Figures,
}

impl Default for Close {
    fn default() -> Self {
        Self {
            at: [Millis::MIN; Figure::COUNT],
            figures: Figures::default(),
        }
    }
}

impl Close {
    /// Whether it was measured at all, however long ago.
    pub(super) fn knows(&self, figure: Figure) -> bool {
        self.figures.get(figure).is_some()
    }

    pub(super) fn get(&self, figure: Figure, since: Millis) -> Option<f64> {
        let is_fresh = *self.at.get(figure as usize)? >= since;
        is_fresh.then(|| self.figures.get(figure)).flatten()
    }

    pub(super) fn take(&mut self, at: Millis, figures: &Figures) {
        for (figure, value) in figures.known() {
            if let Some(known) = self.at.get_mut(figure as usize)
                && at >= *known
            {
                *known = at;
                self.figures.set(figure, value);
            }
        }
    }
}

/// The sums of one app, node or location, of the figures that are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    totals: [Total; KEPT],
    asked: Option<Figure>,
}

impl Sums {
    /// A sum with how many of its parts are known; `None` for a figure that is not summed.
    pub fn get(&self, figure: Figure) -> Option<Total> {
        self.totals.get(place(figure, self.asked)?).copied()
    }

    /// Adds an instance. `remembered` are the kills for want of memory that Kubernetes remembers of it: where nobody
    /// counted them it was killed so often at least.
    pub(super) fn add(&mut self, brief: Option<&Brief>, since: Millis, asked: Option<Figure>, remembered: u32) {
        self.asked = asked;
        for (total, figure) in self.totals.iter_mut().zip(kept(asked)) {
            let value = brief.and_then(|brief| brief.get(figure, since));
            let is_remembered = figure == Figure::OomKills && remembered > 0;
            total.add_at_least(value, is_remembered.then(|| f64::from(remembered)));
        }
    }

    /// With the share of the parts that are known, and how many there are; of shares the mean. What few tell of their
    /// figure that was chosen is no sum.
    pub(super) fn figures(&self) -> (Figures, (f64, u32)) {
        let mut figures = Figures::default();
        for (total, figure) in self.totals.iter().zip(kept(self.asked)) {
            let is_told = Figure::BACKGROUND.contains(&figure)
                || !figure.adds_up()
                || total.share().is_some_and(|share| share >= LEAST_KNOWN);
            let value = if figure.adds_up() { total.value() } else { total.mean() };
            if let Some(value) = value.filter(|_| is_told) {
                figures.set(figure, value);
            }
        }
        let cpu = self.get(Figure::Cpu).unwrap_or_default();
        (figures, (cpu.share().unwrap_or(0.0), cpu.of))
    }
}
