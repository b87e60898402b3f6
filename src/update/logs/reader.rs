//! Keys while a line of a log is opened.

use crate::domain::Clean;
use crate::message::{Action, Effect};
use crate::model::Model;
use crate::overlays::Overlay;

pub(in crate::update) fn read_line(model: &mut Model, action: Action) -> Vec<Effect> {
    let room = model.log_line_room();
    let page = isize::try_from(room.1).unwrap_or(1).max(1);
    let Some(Overlay::LogLine(opened)) = model.overlays.last_mut() else {
        return Vec::new();
    };
    let copied = match action {
        Action::CopyName | Action::LogCopy => opened.value(room.0).map(Clean::to_string),
        Action::CopyRow => Some(opened.whole()),
        _ => None,
    };
    if let Some(text) = copied {
        return vec![Effect::Copy(text)];
    }
    match action {
        Action::CursorUp => opened.step(-1, room),
        Action::CursorDown => opened.step(1, room),
        Action::PageUp => opened.step(-page, room),
        Action::PageDown => opened.step(page, room),
        Action::HalfPageUp => opened.step(-(page / 2).max(1), room),
        Action::HalfPageDown => opened.step((page / 2).max(1), room),
        Action::Top => opened.step(isize::MIN, room),
        Action::Bottom => opened.step(isize::MAX, room),
        Action::Cancel | Action::Accept | Action::Back => drop(model.overlays.pop()),
        _ => {}
    }
    model.touch();
    Vec::new()
}
