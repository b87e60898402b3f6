//! Lines around those that the filter shows: so many of the same container before each and after it.

use std::collections::VecDeque;

use super::block::Place;

/// What the filter says of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Shown,
    Hidden,
    /// Never to be shown, not even beside one that is.
    Barred,
}

/// A line to show though the filter does not, or one that others were left out before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Near(Place),
    First(Place),
}

/// What the next line of a stream is beside.
#[derive(Clone, Debug, Default)]
pub(super) struct Around {
    /// Lines still to show after one that is shown.
    left: usize,
    /// The last hidden lines: to be shown if the next one is.
    before: VecDeque<Place>,
    /// Others lie hidden before them.
    is_gap: bool,
}

impl Around {
    /// Takes the stream's next line, with so many to show around; tells which lines that changes.
    pub(super) fn step(&mut self, place: Place, verdict: Verdict, lines: usize, mut mark: impl FnMut(Mark)) {
        match verdict {
            Verdict::Barred => {}
            Verdict::Hidden if self.left > 0 => {
                self.left -= 1;
                mark(Mark::Near(place));
            }
            Verdict::Hidden => {
                self.before.push_back(place);
                if self.before.len() > lines {
                    self.before.pop_front();
                    self.is_gap = true;
                }
            }
            Verdict::Shown => {
                let first = self.before.front().copied().unwrap_or(place);
                self.before.drain(..).map(Mark::Near).for_each(&mut mark);
                if std::mem::take(&mut self.is_gap) {
                    mark(Mark::First(first));
                }
                self.left = lines;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::block::LineId;
    use super::super::stamp::Stamp;
    use super::*;

    /// What is shown of a stream as `grep -C` shows it: `x` matches, `!` is barred.
    fn shown(stream: &str, lines: usize) -> String {
        let mut around = Around::default();
        let mut marks: Vec<Mark> = Vec::new();
        let place = |n: usize| Place {
            at: Stamp(0),
            id: LineId(n as u64),
        };
        for (n, c) in stream.chars().enumerate() {
            let verdict = match c {
                'x' => Verdict::Shown,
                '!' => Verdict::Barred,
                _ => Verdict::Hidden,
            };
            around.step(place(n), verdict, lines, |mark| marks.push(mark));
        }
        let mut out = String::new();
        for (n, c) in stream.chars().enumerate() {
            if marks.contains(&Mark::First(place(n))) {
                out.push('|');
            }
            if c == 'x' || marks.contains(&Mark::Near(place(n))) {
                out.push(c);
            }
        }
        out
    }

    #[test]
    fn lines_around_are_shown_and_gaps_between_them_told() {
        for (stream, lines, want) in [
            ("abcxdef", 2, "|bcxde"),
            ("abxcd", 2, "abxcd"),
            ("xabcdx", 2, "xabcdx"),
            ("xabcdex", 2, "xab|dex"),
            ("abcxx", 1, "|cxx"),
            ("xa!bcdx", 2, "xabcdx"),
            ("xab!c!dex", 2, "xab|dex"),
            ("abc", 3, ""),
            ("abcdxexfghi", 1, "|dxexf"),
        ] {
            assert_eq!(shown(stream, lines), want, "{stream} {lines}");
        }
    }
}
