//! A list without rows: why there is nothing to see, and what to do about it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::{Feed, Link};
use crate::message::{Action, Mode};
use crate::model::Model;
use crate::screens::ScreenKind;
use crate::theme::{Role, Theme};
use crate::widgets::line;

pub(super) fn draw(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let (text, hint) = reason(model);
    let y = area.y + area.height / 3;
    for ((text, role), y) in [(text, Role::Text), (hint, Role::Muted)]
        .into_iter()
        .zip(y..area.bottom())
    {
        let x = area.x + area.width.saturating_sub(line::width(&text)) / 2;
        line::draw(buffer, (x, y), area.right(), [(text.as_str(), theme.style(role))]);
    }
}

fn reason(model: &Model) -> (String, String) {
    let screen = model.screen();
    let scope = model.scope_here();
    let keys = |action| model.keys_of(Mode::Screen, action).unwrap_or("?").to_owned();
    let many = screen.kind.noun().1;
    if screen.list.total() > 0 {
        if let Some(figure) = screen.filtered_blindly() {
            return (
                format!("… {} is not read yet of any of the {many}", figure.name()),
                format!("{} clears the filter", keys(Action::ClearFilter)),
            );
        }
        return (
            format!("no {many} match '{}'", screen.list.filter().text()),
            format!("{} clears the filter", keys(Action::ClearFilter)),
        );
    }
    if screen.kind == ScreenKind::Activity {
        return (
            "nothing was asked of a cluster yet".to_owned(),
            "what this program is told to do is listed here with what came of it".to_owned(),
        );
    }
    let clusters: Vec<_> = model.world.clusters_in(&scope).collect();
    for cluster in &clusters {
        match &cluster.link {
            Link::Denied { reason, hint } => return (format!("✖ {}: {reason}", cluster.id), hint.to_string()),
            Link::Connecting { reason } => {
                let why = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
                return (
                    format!("… connecting to {}{why}", cluster.id),
                    cluster.identity.server.to_string(),
                );
            }
            Link::Stale { reason, .. } | Link::Unreachable { reason } => {
                return (format!("◌ {}: {reason}", cluster.id), "trying again".to_owned());
            }
            Link::Live | Link::Unstable { .. } => {}
        }
    }
    let feeds = screen.kind.feeds();
    for (cluster, kind) in clusters.iter().flat_map(|c| feeds.iter().map(move |kind| (c, *kind))) {
        match cluster.feed(kind) {
            Some(Feed::Listing { .. } | Feed::Waiting) => {
                return (format!("… listing {}", kind.plural()), String::new());
            }
            Some(Feed::NoAccess { right }) => {
                return (
                    format!("✖ no access: {right}"),
                    "limit the view to a namespace you may see".to_owned(),
                );
            }
            Some(Feed::Live | Feed::Stale { .. } | Feed::Absent) | None => {}
        }
    }
    // What was gone into is left by going back.
    let wider = if model.scope.is_everything() {
        String::new()
    } else {
        format!("{} shows everything again", keys(Action::ScopeAll))
    };
    (format!("no {many} here"), wider)
}
