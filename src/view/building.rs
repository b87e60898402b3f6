//! What waits for a yes before a build begins: where, what of which commit, as which image, and what is known before.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::picker::frame;
use super::pieces::{Pieces, put, width};
use super::style::role;
use crate::build::{PreparedBuild, Stands};
use crate::domain::text::folded;
use crate::message::{Action, Mode};
use crate::model::Model;
use crate::overlays::Building;
use crate::overlays::building::Stage;
use crate::screens::words;
use crate::theme::{Role, Theme};

pub(super) fn draw(model: &Model, building: &Building, theme: &Theme, buffer: &mut Buffer, body: Rect) {
    let columns = body.width.saturating_sub(2).min(108);
    let room = usize::from(columns.saturating_sub(4));
    let mut lines: Vec<(Role, String)> = Vec::new();
    for (role, text) in told(model, building) {
        lines.extend(folded(&text, room).into_iter().map(|text| (role, text)));
    }
    let height = (lines.len() as u16 + 4).min(body.height);
    let area = Rect::new(
        body.x + (body.width - columns) / 2,
        body.y + (body.height - height) / 3,
        columns,
        height,
    );
    let title = format!("build · {}", building.asked.app);
    let inside = frame(theme, buffer, area, &title);
    place(building, theme, buffer, area);
    for ((style, text), y) in lines.iter().zip(inside.y..inside.bottom()) {
        let line: Pieces = vec![(text.clone(), theme.style(*style))];
        put(buffer, (inside.x + 1, y), inside.right(), &line);
    }
    let key = model.keys_of(Mode::Confirm, Action::Write).unwrap_or("–");
    let decision: Pieces = match building.stage() {
        Stage::Ready { .. } => vec![(
            format!("build it? {key} yes, anything else no "),
            theme.style(Role::Strong),
        )],
        Stage::Asking | Stage::Writing | Stage::Failed(_) => Vec::new(),
    };
    let x = inside.right().saturating_sub(width(&decision) + 1).max(inside.x + 1);
    put(
        buffer,
        (x, inside.bottom().saturating_sub(1)),
        inside.right(),
        &decision,
    );
}

/// The cluster with its tag, at the right end of the frame.
fn place(building: &Building, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let mut pieces: Pieces = Vec::new();
    if let Some(tag) = &building.tag {
        pieces.push((format!(" {tag} "), theme.style(role(words::tag(tag)))));
    }
    pieces.push((format!(" {} ", building.object.cluster), theme.style(Role::Strong)));
    let x = area.right().saturating_sub(width(&pieces) + 2);
    put(buffer, (x, area.y), area.right(), &pieces);
}

fn told(model: &Model, building: &Building) -> Vec<(Role, String)> {
    let asked = &building.asked;
    let on = Some(asked.reference.as_str()).filter(|reference| !reference.is_empty());
    let on = on.map_or_else(String::new, |reference| format!(" of {reference}"));
    let short = crate::build::name::short(&asked.commit);
    let mut lines = vec![
        (Role::Text, format!("commit {short}{on}: {}", building.subject)),
        (Role::Muted, format!("from {}", asked.repo)),
        (Role::Text, format!("image {} by {}", asked.tagged(), asked.builder)),
    ];
    match building.stage() {
        Stage::Asking => lines.push((Role::Muted, "the server is asked whether it can be built …".into())),
        Stage::Writing => lines.push((Role::Muted, "it is being written …".into())),
        Stage::Failed(trouble) => {
            lines.push((Role::Bad, format!("✖ {}", trouble.text)));
            lines.extend(trouble.hint.iter().map(|hint| (Role::Muted, hint.to_string())));
        }
        Stage::Ready { prepared, .. } => {
            lines.extend(stands(prepared));
            if building.gray {
                let text = "once it is done its gray release is shown; nothing is released without a yes to that";
                lines.push((Role::Text, text.into()));
            }
            lines.extend(others(model, building, prepared));
            lines.extend(prepared.notes.iter().map(|note| (Role::Warning, format!("▲ {note}"))));
        }
    }
    lines
}

/// What a yes does.
fn stands(prepared: &PreparedBuild) -> Vec<(Role, String)> {
    let namespace = &prepared.asked.app.namespace;
    match &prepared.stands {
        Stands::New => vec![
            (
                Role::Text,
                format!("a Job {} in the namespace {namespace}", prepared.name),
            ),
            (
                Role::Muted,
                "the namespace lets its pod in as far as that is known; the server tried it without effect".into(),
            ),
        ],
        Stands::Running(name) => vec![(Role::Text, format!("{name} builds it already: it is joined"))],
        Stands::Built(name) => vec![(Role::Text, format!("{name} has built it: it is shown"))],
    }
}

/// What else is built in the namespace.
fn others(model: &Model, building: &Building, prepared: &PreparedBuild) -> Option<(Role, String)> {
    let builds = model.world.cluster(&building.object.cluster)?.builds();
    let own = builds.iter().filter(|build| {
        build.namespace == prepared.asked.app.namespace && !build.state.is_over() && build.name != prepared.name
    });
    let names: Vec<&str> = own.map(|build| build.name.as_str()).collect();
    (!names.is_empty()).then(|| (Role::Muted, format!("runs beside {}", names.join(", "))))
}
