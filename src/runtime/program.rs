//! What the loop runs: the model, and how it is drawn.

use chrono::Utc;
use ratatui::Frame;

use super::Program;
use super::colours::Colours;
use crate::message::{Effect, Message, Mode};
use crate::model::Model;
use crate::theme::{ColourDepth, Glyphs, Theme};
use crate::update::update;
use crate::view::{Viewports, view};

/// The model with its theme.
#[derive(Debug)]
pub struct Screens {
    model: Model,
    theme: Theme,
    viewports: Viewports,
    /// The model's version that was drawn last.
    drawn: Option<u64>,
}

impl Screens {
    /// `term` is the terminal's name: the Linux console has few signs.
    pub fn new(model: Model, theme: Theme, colours: Colours, term: &str) -> Self {
        let depth = match colours {
            Colours::None => ColourDepth::None,
            Colours::Sixteen => ColourDepth::Sixteen,
            Colours::Indexed => ColourDepth::Indexed,
            Colours::True => ColourDepth::True,
        };
        let plain = matches!(term, "linux" | "ansi" | "cygwin") || term.starts_with("vt");
        let glyphs = if plain { Glyphs::Ascii } else { Glyphs::Unicode };
        Self {
            model,
            theme: theme.fitted(depth, glyphs),
            viewports: Viewports::default(),
            drawn: None,
        }
    }
}

impl Program for Screens {
    fn update(&mut self, message: Message) -> Vec<Effect> {
        let effects = update(&mut self.model, message);
        self.model.settle(Utc::now());
        effects
    }

    fn mode(&self) -> Mode {
        self.model.mode()
    }

    fn is_dirty(&self) -> bool {
        self.drawn != Some(self.model.version())
    }

    fn draw(&mut self, frame: &mut Frame<'_>) {
        self.drawn = Some(self.model.version());
        view(&self.model, &self.theme, &mut self.viewports, frame);
    }
}
