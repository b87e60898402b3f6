//! How things look, by what they mean: styles by role from `themes/*.toml`, degraded to what the terminal can.

pub mod colour;
pub mod parse;

use ratatui::style::{Modifier, Style};

pub use parse::Problem;

/// Declares the roles: one line each.
macro_rules! roles {
    ($($role:ident $name:literal $doc:literal,)+) => {
        /// What a thing on screen means; a theme gives each a style.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Role { $(#[doc = $doc] $role,)+ }

        impl Role {
            /// Every role.
            pub const ALL: &'static [Self] = &[$(Self::$role),+];

            /// What theme files call it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$role => $name),+ }
            }
        }
    };
}

roles! {
    Text "text" "ordinary text",
    Muted "muted" "of less weight",
    Strong "strong" "the name of what a row is about",
    Good "good" "as it should be",
    Busy "busy" "under way",
    Warning "warning" "wants a look",
    Bad "bad" "wrong",
    Unknown "unknown" "not known",
    Accent "accent" "stands out without a judgement",
    Header "header" "the line at the top",
    Crumb "crumb" "where one is: the last crumb",
    Title "title" "what the list is",
    Column "column" "the title of a column",
    SortedColumn "sorted-column" "the title of the column that sorts",
    Selected "selected" "the row of the cursor",
    Marked "marked" "a marked row",
    Stale "stale" "what is known is old",
    BarEmpty "bar-empty" "the rest of a bar",
    Footer "footer" "the line of keys",
    Key "key" "a key that works",
    KeyOff "key-off" "a key that does not work here",
    Border "border" "the frame of what lies on top",
    Field "field" "text being typed",
    Danger "danger" "a connection without checks, production",
}

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColourDepth {
    /// None: `NO_COLOR`, or a terminal without.
    None,
    Sixteen,
    Indexed,
    #[default]
    True,
}

/// Which signs the terminal can draw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    #[default]
    Unicode,
    /// The Linux console and others without the signs of state.
    Ascii,
}

/// A style for every role.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    pub name: String,
    pub glyphs: Glyphs,
    styles: Vec<Style>,
}

/// The themes that ship, by name.
pub const SHIPPED: [(&str, &str); 3] = [
    ("dark", include_str!("../themes/dark.toml")),
    ("light", include_str!("../themes/light.toml")),
    ("mono", include_str!("../themes/mono.toml")),
];

impl Default for Theme {
    fn default() -> Self {
        Self::shipped("dark")
    }
}

impl Theme {
    /// A theme that says nothing: the terminal's own colours.
    pub(super) fn blank() -> Self {
        Self {
            name: String::new(),
            glyphs: Glyphs::Unicode,
            styles: vec![Style::new(); Role::ALL.len()],
        }
    }

    /// A shipped theme by name; one without colours for a name that does not exist.
    pub fn shipped(name: &str) -> Self {
        SHIPPED
            .iter()
            .find(|(shipped, _)| *shipped == name)
            .map_or_else(Self::blank, |(_, text)| Self::parse(text).0)
    }

    /// Reads a theme file. What is wrong in it is reported and keeps the style of what it inherits.
    pub fn parse(text: &str) -> (Self, Vec<Problem>) {
        parse::parse(text)
    }

    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    pub(super) fn set(&mut self, role: Role, style: Style) {
        if let Some(place) = self.styles.get_mut(role as usize) {
            *place = style;
        }
    }

    /// The theme as a terminal with these colours and signs can show it.
    #[must_use]
    pub fn fitted(mut self, depth: ColourDepth, glyphs: Glyphs) -> Self {
        self.glyphs = glyphs;
        for style in &mut self.styles {
            style.fg = style.fg.and_then(|colour| colour::fit(colour, depth));
            style.bg = style.bg.and_then(|colour| colour::fit(colour, depth));
        }
        match depth {
            ColourDepth::None => self.without_colours(),
            // Sixteen colours have no ground that every ink stands out from.
            ColourDepth::Sixteen => {
                let selected = Style::new().add_modifier(Modifier::REVERSED);
                self.set(Role::Selected, selected);
            }
            ColourDepth::Indexed | ColourDepth::True => {}
        }
        self
    }

    /// What colour told is told by weight, reverse and underline.
    fn without_colours(&mut self) {
        for (role, modifier) in [
            (Role::Selected, Modifier::REVERSED),
            (Role::Marked, Modifier::BOLD),
            (Role::Bad, Modifier::BOLD),
            (Role::Danger, Modifier::BOLD),
            (Role::Crumb, Modifier::BOLD),
            (Role::Key, Modifier::BOLD),
            (Role::SortedColumn, Modifier::UNDERLINED),
            (Role::Stale, Modifier::DIM),
            (Role::KeyOff, Modifier::DIM),
            (Role::Field, Modifier::UNDERLINED),
        ] {
            let style = self.style(role).add_modifier(modifier);
            self.set(role, style);
        }
    }
}
