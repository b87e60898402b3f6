//! What the loop runs: the model, and how it is drawn.

use ratatui::Frame;

use super::Program;
use crate::domain::Timestamp;
use crate::message::{Effect, Message, Mode};
use crate::model::Model;
use crate::theme::Theme;
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
    pub fn new(model: Model, theme: Theme) -> Self {
        Self {
            model,
            theme,
            viewports: Viewports::default(),
            drawn: None,
        }
    }
}

impl Program for Screens {
    fn update(&mut self, message: Message) -> Vec<Effect> {
        update(&mut self.model, message)
    }

    fn settle(&mut self, now: Timestamp) {
        self.model.settle(now);
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
        self.model.seen();
    }
}
