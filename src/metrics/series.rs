//! Lines of values with gaps: added up honestly, and drawn down to a few cells.

/// A sum of which it is known how much of it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Total {
    /// Sum of what is known.
    pub sum: f64,
    pub known: u32,
    /// Parts of which no more is known than the least they may be: that is in the sum.
    pub at_least: u32,
    pub of: u32,
}

impl Total {
    /// Adds one more.
    pub fn add(&mut self, value: Option<f64>) {
        self.of += 1;
        if let Some(value) = value {
            self.sum += value;
            self.known += 1;
        }
    }

    /// Adds one more; where it is not known, the least it may be stands for it.
    pub fn add_at_least(&mut self, value: Option<f64>, least: Option<f64>) {
        self.add(value);
        if let Some(least) = least.filter(|_| value.is_none()) {
            self.sum += least;
            self.at_least += 1;
        }
    }

    /// Adds all that another is the sum of.
    pub fn join(&mut self, other: Self) {
        self.sum += other.sum;
        self.known += other.known;
        self.at_least += other.at_least;
        self.of += other.of;
    }

    /// Adds so many at once, by their mean.
    pub fn add_several(&mut self, mean: Option<f64>, parts: u32) {
        self.of += parts;
        if let Some(mean) = mean {
            self.sum += mean * f64::from(parts);
            self.known += parts;
        }
    }

    /// The sum of what is known; `None` if nothing is.
    pub const fn value(self) -> Option<f64> {
        if self.known + self.at_least > 0 {
            Some(self.sum)
        } else {
            None
        }
    }

    /// The mean of what is known; `None` if nothing is.
    pub fn mean(self) -> Option<f64> {
        (self.known > 0).then(|| self.sum / f64::from(self.known))
    }

    /// The share of its parts that are known, from 0 to 1; `None` of nothing.
    pub fn share(self) -> Option<f64> {
        (self.of > 0).then(|| f64::from(self.known) / f64::from(self.of))
    }

    /// Whether the sum stands for the whole: every part is known.
    pub const fn is_whole(self) -> bool {
        self.of > 0 && self.known == self.of
    }
}

impl FromIterator<Option<f64>> for Total {
    fn from_iter<I: IntoIterator<Item = Option<f64>>>(values: I) -> Self {
        let mut total = Self::default();
        values.into_iter().for_each(|value| total.add(value));
        total
    }
}

/// Adds lines up, slot by slot from their ends; a line that is shorter is unknown before it begins.
pub fn add_up<'a>(lines: impl IntoIterator<Item = &'a [Option<f64>]>, slots: usize) -> Vec<Total> {
    let mut totals = vec![Total::default(); slots];
    for line in lines {
        let values = line.iter().rev().copied().chain(std::iter::repeat(None));
        for (total, value) in totals.iter_mut().rev().zip(values) {
            total.add(value);
        }
    }
    totals
}

/// How several slots become one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    Max,
    Mean,
}

/// Draws a line down to `cells` cells, or stretches it to them.
///
/// A cell is a gap unless half of its slots are known: a line across what is mostly unknown would claim
/// what nobody measured.
pub fn cells(line: &[Option<f64>], cells: usize, fold: Fold) -> Vec<Option<f64>> {
    let cell = |i: usize| {
        let from = i * line.len() / cells;
        let to = ((i + 1) * line.len()).div_ceil(cells).max(from + 1);
        // Between two cells a slot goes to the later one, so that each counts once.
        let to = if cells < line.len() {
            (i + 1) * line.len() / cells
        } else {
            to
        };
        let slots = line.get(from..to.min(line.len())).unwrap_or_default();
        let known = || slots.iter().flatten().copied();
        let count = known().count();
        if count == 0 || count * 2 < slots.len() {
            return None;
        }
        match fold {
            Fold::Max => known().reduce(f64::max),
            Fold::Mean => Some(known().sum::<f64>() / count as f64),
        }
    };
    (0..cells).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sum_says_how_much_of_it_is_known() {
        let total: Total = [Some(1.0), None, Some(2.0)].into_iter().collect();
        assert_eq!(
            (total.value(), total.known, total.of, total.is_whole()),
            (Some(3.0), 2, 3, false)
        );
        let nothing: Total = [None, None].into_iter().collect();
        assert_eq!((nothing.value(), nothing.share()), (None, Some(0.0)));
        assert_eq!(Total::default().share(), None);
    }

    #[test]
    fn what_is_at_least_so_much_is_no_more_than_a_part_of_a_sum() {
        let mut total = Total::default();
        total.add_at_least(None, Some(2.0));
        assert_eq!((total.value(), total.share(), total.of), (Some(2.0), Some(0.0), 1));
        total.add_at_least(Some(3.0), Some(1.0));
        let mut all: Total = [None].into_iter().collect();
        all.join(total);
        assert_eq!((all.value(), all.known, all.of), (Some(5.0), 1, 3));
        assert!(!all.is_whole());
    }

    #[test]
    fn lines_are_added_up_from_their_ends() {
        let (a, b) = (vec![Some(1.0), None, Some(3.0)], vec![Some(10.0)]);
        let totals = add_up([a.as_slice(), b.as_slice()], 4);
        let shown: Vec<_> = totals.iter().map(|t| (t.value(), t.known)).collect();
        assert_eq!(shown, [(None, 0), (Some(1.0), 1), (None, 0), (Some(13.0), 2)]);
    }

    #[test]
    fn cells_keep_peaks_and_gaps() {
        let line = [Some(1.0), Some(9.0), None, None, None, Some(4.0), Some(2.0), None, None];
        assert_eq!(cells(&line, 3, Fold::Max), [Some(9.0), None, None]);
        assert_eq!(cells(&line, 2, Fold::Mean), [Some(5.0), None]);
        assert_eq!(
            cells(&line[5..7], 4, Fold::Max),
            [Some(4.0), Some(4.0), Some(2.0), Some(2.0)]
        );
        assert_eq!(cells(&line[1..3], 3, Fold::Max), [Some(9.0), Some(9.0), None]);
        assert_eq!(cells(&[], 2, Fold::Max), [None, None]);
        assert_eq!(cells(&line, 0, Fold::Max), []);
    }

    proptest! {
        #[test]
        fn the_highest_peak_is_always_shown(line in prop::collection::vec(0.0..100.0_f64, 1..50), count in 1..60_usize) {
            let line: Vec<_> = line.into_iter().map(Some).collect();
            let shown = cells(&line, count, Fold::Max);
            prop_assert_eq!(shown.len(), count);
            let top = |values: &[Option<f64>]| values.iter().flatten().copied().fold(0.0, f64::max);
            prop_assert!((top(&shown) - top(&line)).abs() < 1e-12);
        }
    }
}
