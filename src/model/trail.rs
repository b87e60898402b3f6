//! The way to the screen on top, and the views before it: Esc goes up, history goes back and forth.

use crate::screens::{Screen, ScreenKind};

/// Most views kept in the history.
const MOST: usize = 50;

/// The screens gone through to the one on top, and the history of such ways.
#[derive(Clone, Debug)]
pub struct Trail {
    /// Never empty.
    way: Vec<Screen>,
    past: Vec<Vec<Screen>>,
    future: Vec<Vec<Screen>>,
}

impl Default for Trail {
    fn default() -> Self {
        Self {
            way: vec![Screen::new(ScreenKind::Fleet)],
            past: Vec::new(),
            future: Vec::new(),
        }
    }
}

impl Trail {
    /// The screens from the root to the one on top.
    pub fn way(&self) -> &[Screen] {
        &self.way
    }

    #[expect(
        clippy::expect_used,
        reason = "the way begins with a screen and the last is never taken away"
    )]
    pub fn top(&self) -> &Screen {
        self.way.last().expect("a way of one screen at least")
    }

    #[expect(
        clippy::expect_used,
        reason = "the way begins with a screen and the last is never taken away"
    )]
    pub fn top_mut(&mut self) -> &mut Screen {
        self.way.last_mut().expect("a way of one screen at least")
    }

    fn remember(&mut self) {
        for screen in &mut self.way {
            screen.rest();
        }
        self.past.push(self.way.clone());
        let surplus = self.past.len().saturating_sub(MOST);
        self.past.drain(..surplus);
        self.future.clear();
    }

    /// Goes into a screen.
    pub fn push(&mut self, screen: Screen) {
        self.remember();
        self.way.push(screen);
    }

    /// Comes back to the screen before; says whether there was one.
    pub fn pop(&mut self) -> bool {
        if self.way.len() < 2 {
            return false;
        }
        self.remember();
        self.way.pop();
        true
    }

    /// Shows a screen by itself, as it was when last seen by itself.
    pub fn show(&mut self, kind: &ScreenKind) {
        self.remember();
        let seen = self.past.iter().rev().filter_map(|way| way.first());
        let known = seen.into_iter().find(|screen| screen.kind == *kind).cloned();
        self.way = vec![known.unwrap_or_else(|| Screen::new(kind.clone()))];
    }

    /// Replaces the way by a screen alone.
    pub fn replace(&mut self, screen: Screen) {
        self.remember();
        self.way = vec![screen];
    }

    /// Whether there is anything to go back to in the history.
    pub fn has_past(&self) -> bool {
        !self.past.is_empty()
    }

    /// Whether there is anything to go forward to in the history.
    pub fn has_future(&self) -> bool {
        !self.future.is_empty()
    }

    /// Back in the history; says whether there was anything.
    pub fn back(&mut self) -> bool {
        let Some(way) = self.past.pop() else { return false };
        self.rest();
        self.future.push(std::mem::replace(&mut self.way, way));
        true
    }

    /// Forward in the history; says whether there was anything.
    pub fn forward(&mut self) -> bool {
        let Some(way) = self.future.pop() else { return false };
        self.rest();
        self.past.push(std::mem::replace(&mut self.way, way));
        true
    }

    /// To the view before this one, and from there to this one.
    pub fn last(&mut self) -> bool {
        let Some(way) = self.past.pop() else { return false };
        self.rest();
        self.past.push(std::mem::replace(&mut self.way, way));
        true
    }

    fn rest(&mut self) {
        for screen in &mut self.way {
            screen.rest();
        }
    }

    /// Lets the activity log show a new line.
    pub fn outdate_activity(&mut self) {
        if self.top().kind == ScreenKind::Activity {
            self.top_mut().outdate();
        }
    }
}
