//! The log of this program, as tui-logger keeps it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use tui_logger::{TuiLoggerLevelOutput, TuiLoggerWidget};

use crate::theme::{Role, Theme};

pub(super) fn draw(theme: &Theme, buffer: &mut Buffer, area: Rect) {
    TuiLoggerWidget::default()
        .style(theme.style(Role::Text))
        .style_error(theme.style(Role::Bad))
        .style_warn(theme.style(Role::Warning))
        .style_info(theme.style(Role::Text))
        .style_debug(theme.style(Role::Muted))
        .style_trace(theme.style(Role::Muted))
        .output_separator(' ')
        .output_timestamp(Some("%H:%M:%S".to_owned()))
        .output_level(Some(TuiLoggerLevelOutput::Long))
        .output_target(true)
        .output_file(false)
        .output_line(false)
        .render(area, buffer);
}
