//! The charts of an instance or a container: a grid where there is room, else one after the other.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::style::role;
use crate::message::{Action, Mode};
use crate::metrics::Unit;
use crate::metrics::series::{self, Fold};
use crate::model::Model;
use crate::screens::ScreenKind;
use crate::screens::charts::{Chart, Charts, charts, in_sight};
use crate::screens::figures::amount;
use crate::theme::{Role, Theme};
use crate::widgets::{chart, line};

/// Columns of the numbers at the left.
const AXIS: u16 = 10;

/// Draws the charts of the screen, if it has any and they are open; says whether it did.
pub(super) fn draw(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) -> bool {
    let screen = model.screen();
    let choice = screen.charts;
    let (pod, container) = match &screen.kind {
        ScreenKind::Instance(pod) => (pod, None),
        ScreenKind::Container(pod, name) => (pod, Some(name)),
        _ => return false,
    };
    if !choice.open || area.height < 6 {
        return false;
    }
    let scope = model.scope_here();
    let Some(all) = charts(&model.context(&scope), pod, container, choice.reach) else {
        return false;
    };
    let (across, _, most) = in_sight(area.width, area.height - 1);
    let last = all.charts.len().saturating_sub(most);
    let first = choice.first.min(last);
    let back = choice.back.map(|back| back.min(all.slots - 1));
    head(model, theme, buffer, area, &all, (first, most.min(all.charts.len())));
    let width = area.width / across;
    let shown = all.charts.iter().skip(first).take(most);
    let rows = (shown.len().div_ceil(usize::from(across)) as u16).max(1);
    let height = (area.height - 1) / rows;
    for (place, chart) in shown.enumerate() {
        let (column, row) = (place as u16 % across, place as u16 / across);
        let place = Rect::new(
            area.x + 2 + column * width,
            area.y + 1 + row * height,
            width.saturating_sub(4),
            height,
        );
        one(theme, buffer, place, chart, (&all, back));
    }
    true
}

/// Where the figures come from, how fine they are, what is pointed at, which charts are in sight.
fn head(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect, all: &Charts, (first, shown): (usize, usize)) {
    let choice = model.screen().charts;
    let key = |action| model.keys_of(Mode::Screen, action).unwrap_or("–").to_owned();
    let step = if all.step < 60 {
        format!("{} s", all.step)
    } else {
        format!("{} min", all.step / 60)
    };
    let muted = theme.style(Role::Muted);
    let mut pieces = vec![
        (choice.reach.words().to_owned(), theme.style(Role::Strong)),
        (format!(" every {step} ({})   ", key(Action::ChartReach)), muted),
    ];
    if let Some(back) = choice.back {
        let at = model.now - chrono::TimeDelta::seconds(i64::from(back) * all.step);
        let local = at + chrono::TimeDelta::minutes(i64::from(model.settings.clock_offset_minutes));
        pieces.push((format!("│ {}   ", local.format("%H:%M:%S")), theme.style(Role::Accent)));
    }
    if shown < all.charts.len() {
        let text = format!(
            "chart {} of {} ({})   ",
            first + 1,
            all.charts.len(),
            key(Action::ChartNext)
        );
        pieces.push((text, muted));
    }
    pieces.push((format!("from {}", all.source), muted));
    let pieces = pieces.iter().map(|(text, style)| (text.as_str(), *style));
    line::draw(buffer, (area.x + 2, area.y), area.right().saturating_sub(1), pieces);
}

fn one(theme: &Theme, buffer: &mut Buffer, area: Rect, chart: &Chart, (all, back): (&Charts, Option<u32>)) {
    if area.height < 4 || area.width < AXIS + 10 {
        return;
    }
    let largest = chart
        .lines
        .iter()
        .flat_map(|line| line.values.iter().flatten())
        .copied();
    let largest = largest.fold(0.0, f64::max);
    // A limit far above would press the lines flat: it is told in words then.
    let near = |level: f64| level <= largest * 4.0;
    let levels = chart
        .levels
        .iter()
        .map(|level| level.value)
        .filter(|level| near(*level));
    let top = nice(levels.fold(largest, f64::max), chart.unit);
    legend(theme, buffer, area, chart, (all, back, &near));
    let plot = Rect::new(area.x + AXIS, area.y + 1, area.width - AXIS, area.height - 3);
    let muted = theme.style(Role::Muted);
    if !chart.is_known() {
        let pieces = [("not measured", theme.style(Role::Unknown))];
        line::draw(buffer, (plot.x + 2, plot.y + plot.height / 2), plot.right(), pieces);
        return;
    }
    let middle = (plot.height >= 6).then_some((plot.height / 2, top / 2.0));
    let labels = [(0, top), (plot.height - 1, 0.0)];
    for (row, value) in labels.into_iter().chain(middle) {
        let text = format!("{:>width$} ", on_axis(chart.unit, value), width = usize::from(AXIS) - 1);
        line::draw(buffer, (area.x, plot.y + row), plot.x, [(text.as_str(), muted)]);
    }
    let dots = usize::from(plot.width) * 2;
    let column = |back: u32| {
        let slot = f64::from(all.slots - 1 - back) + 0.5;
        (slot / f64::from(all.slots) * f64::from(plot.width)) as u16
    };
    let drawn = chart::Plot {
        lines: chart
            .lines
            .iter()
            .map(|line| chart::Line {
                dots: series::cells(&line.values, dots, Fold::Max),
                style: theme.style(role(line.tone)),
            })
            .collect(),
        levels: chart
            .levels
            .iter()
            .map(|level| (level.value, level.sign, theme.style(role(level.tone))))
            .collect(),
        top,
        cursor: back.map(column),
        gap: muted,
    };
    chart::draw(buffer, plot, &drawn);
    times(buffer, plot, i64::from(all.slots) * all.step, muted);
}

/// An amount with its unit, of cores too: those are elsewhere known by their column.
fn on_axis(unit: Unit, value: f64) -> String {
    let text = amount(unit, value);
    match unit {
        Unit::Cores if text == "1" => "1 core".to_owned(),
        Unit::Cores if !text.ends_with('m') => format!("{text} cores"),
        _ => text,
    }
}

/// The axis of time under a chart.
fn times(buffer: &mut Buffer, plot: Rect, seconds: i64, style: Style) {
    let y = plot.bottom();
    let ago = |seconds: i64| {
        if seconds % 3600 == 0 {
            format!("-{} h", seconds / 3600)
        } else {
            format!("-{} min", seconds / 60)
        }
    };
    let half = if seconds / 2 % 60 == 0 {
        ago(seconds / 2)
    } else {
        String::new()
    };
    let middle = plot.x + plot.width / 2;
    for (x, text) in [
        (plot.x, ago(seconds)),
        (middle.saturating_sub(line::width(&half) / 2), half),
        (plot.right().saturating_sub(3), "now".to_owned()),
    ] {
        line::draw(buffer, (x, y), plot.right(), [(text.as_str(), style)]);
    }
}

/// The title, and each line's name with its value where it is read.
fn legend(
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
    chart: &Chart,
    (all, back, near): (&Charts, Option<u32>, &dyn Fn(f64) -> bool),
) {
    let mut pieces = vec![(chart.title.to_owned(), theme.style(Role::Title))];
    for line in chart.lines.iter().rev() {
        let value = line.read(back, all.step, all.pace);
        pieces.push((format!("   {} ", line.name), theme.style(role(line.tone))));
        pieces.push(match value {
            Some(value) => (amount(chart.unit, value) + line.of, theme.style(Role::Text)),
            None => ("–".to_owned(), theme.style(Role::Unknown)),
        });
    }
    for level in &chart.levels {
        let sign = if near(level.value) { level.sign } else { "↑" };
        let text = format!("   {sign} {} {}", level.name, amount(chart.unit, level.value));
        pieces.push((text, theme.style(role(level.tone))));
    }
    if let Some((note, tone)) = &chart.note {
        pieces.push((format!("   {note}"), theme.style(role(*tone))));
    }
    let pieces = pieces.iter().map(|(text, style)| (text.as_str(), *style));
    line::draw(buffer, (area.x, area.y), area.right(), pieces);
}

/// The round amount at or above one, for an axis: 1, 2 or 5 and zeros, of the unit it is written in.
fn nice(value: f64, unit: Unit) -> f64 {
    if value <= 0.0 {
        return match unit {
            Unit::Bytes => 1024.0,
            Unit::Share => 0.01,
            _ => 1.0,
        };
    }
    let mut base = 1.0;
    if unit == Unit::Bytes {
        while value / base >= 1024.0 {
            base *= 1024.0;
        }
    }
    let scale = 10_f64.powf((value / base).log10().floor());
    let steps = [1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0];
    let found = steps
        .iter()
        .map(|step| step * scale * base)
        .find(|top| *top >= value * 0.999_999);
    found.unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_tells_its_unit() {
        for (value, told) in [
            (0.0, "0 cores"),
            (0.5, "500m"),
            (1.0, "1 core"),
            (2.0, "2 cores"),
            (1.5, "1.5 cores"),
        ] {
            assert_eq!(on_axis(Unit::Cores, value), told);
        }
    }

    #[test]
    fn axes_end_at_round_amounts() {
        for (value, unit, top) in [
            (0.47, Unit::Cores, 0.5),
            (2.0, Unit::Cores, 2.0),
            (70.0 * 1_048_576.0, Unit::Bytes, 75.0 * 1_048_576.0),
            (0.0, Unit::PerSecond, 1.0),
        ] {
            assert!((nice(value, unit) - top).abs() < 1e-9 * top, "{value} {unit:?}");
        }
    }
}
