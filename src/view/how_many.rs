//! How many instances: the field, and beneath it what that comes to of each workload.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::picker::frame;
use super::pieces::{Pieces, field, put};
use crate::domain::text::folded;
use crate::overlays::HowMany;
use crate::overlays::draft::Chosen;
use crate::release::ledger::Operation;
use crate::release::live::Method;
use crate::release::scale::Amount;
use crate::release::step::Count;
use crate::theme::{Role, Theme};

pub(super) fn draw(asked: &HowMany, theme: &Theme, buffer: &mut Buffer, body: Rect) {
    let width = (body.width * 4 / 5).clamp(56.min(body.width), 96);
    let room = usize::from(width.saturating_sub(4));
    let beneath = beneath(asked, theme, room);
    let height = (beneath.len() as u16 + 4).min(body.height);
    let area = Rect::new(
        body.x + (body.width - width) / 2,
        body.y + (body.height - height) / 3,
        width,
        height,
    );
    let title = match asked.draft.operation {
        Operation::Grow => "how many new instances in all?",
        Operation::Scale => "how many instances?",
        _ => "how many new instances?",
    };
    let inside = frame(theme, buffer, area, title);
    let typed = field(theme, "› ", asked.field.parts());
    put(buffer, (inside.x + 1, inside.y), inside.right(), &typed);
    for (pieces, y) in beneath.iter().zip(inside.y + 2..inside.bottom()) {
        put(buffer, (inside.x + 1, y), inside.right(), pieces);
    }
}

fn beneath(asked: &HowMany, theme: &Theme, room: usize) -> Vec<Pieces> {
    let mut lines = Vec::new();
    let mut add = |text: &str, style: Style| {
        lines.extend(folded(text, room).into_iter().map(|text| vec![(text, style)]));
    };
    if let Some(Chosen::Image { image, .. } | Chosen::Built { image, .. }) = &asked.draft.version {
        add(image, theme.style(Role::Strong));
    }
    if asked.draft.operation == Operation::Scale {
        match Amount::parse(&asked.field.text()) {
            Err(how) => add(&how, theme.style(Role::Warning)),
            Ok(amount) => {
                for (fits, line) in asked.draft.scaled_to(amount) {
                    let role = if fits { Role::Text } else { Role::Warning };
                    add(&line, theme.style(role));
                }
            }
        }
        add("+12, +50 %, or how many in all", theme.style(Role::Muted));
        return lines;
    }
    match Count::parse(asked.field.text().trim()) {
        Err(how) => add(&how, theme.style(Role::Warning)),
        Ok(count) => {
            for (object, told) in asked.draft.comes_to(count) {
                match told {
                    Ok(told) => add(&format!("{}: {told}", object.cluster), theme.style(Role::Text)),
                    Err(why) => add(&format!("{}: {why}", object.cluster), theme.style(Role::Warning)),
                }
            }
        }
    }
    if asked.draft.has_methods() {
        add(way(asked.draft.method), theme.style(Role::Accent));
    }
    add("a number, or a share such as 20%", theme.style(Role::Muted));
    lines
}

/// How the instances come, in words.
pub(super) const fn way(method: Method) -> &'static str {
    match method {
        Method::Surge => {
            "by hold, beside the old ones: the Deployment's own rolling update stops until a person decides"
        }
        Method::Replace => "by hold, in place of old ones, which go first: where there is no room for more",
        Method::Twin => {
            "by twin: in a second Deployment beside it, which may shrink again; the first is left alone until it is full"
        }
    }
}
