//! Names of modes as keymap files write them.

use crate::message::Mode;

/// The name of a mode, as keymap files head its table.
pub const fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Screen => "screen",
        Mode::Picker => "picker",
        Mode::Prompt => "prompt",
        Mode::Reader => "reader",
    }
}

/// Every mode.
pub const MODES: [Mode; 4] = [Mode::Screen, Mode::Picker, Mode::Prompt, Mode::Reader];

/// Whether plain characters are text in this mode.
pub const fn is_typing(mode: Mode) -> bool {
    matches!(mode, Mode::Picker | Mode::Prompt)
}
