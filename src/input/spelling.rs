//! Names of modes as keymap files write them.

use crate::message::Mode;

/// The name of a mode, as keymap files head its table.
pub const fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Screen => "screen",
        Mode::Picker => "picker",
        Mode::Prompt => "prompt",
        Mode::Reader => "reader",
        Mode::Logs => "logs",
        Mode::Confirm => "confirm",
    }
}

/// Every mode.
pub const MODES: [Mode; 6] = [
    Mode::Screen,
    Mode::Picker,
    Mode::Prompt,
    Mode::Reader,
    Mode::Logs,
    Mode::Confirm,
];

/// Whether plain characters are text in this mode.
pub const fn is_typing(mode: Mode) -> bool {
    matches!(mode, Mode::Picker | Mode::Prompt)
}
