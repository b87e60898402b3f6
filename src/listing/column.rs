//! The columns a list may have: what they are called, how wide they are, which go first when there is no room.

use crate::metrics::{self, Figure};

/// Names a column across all lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ColumnId {
    Name,
    Namespace,
    Cluster,
    Location,
    Group,
    Exclusive,
    Provider,
    App,
    Kind,
    Owner,
    Version,
    Server,
    Link,
    State,
    Ready,
    Desired,
    Locations,
    Nodes,
    Groups,
    Apps,
    Instances,
    Where,
    Node,
    Address,
    Cidr,
    Cpu,
    Memory,
    CpuAllocatable,
    MemoryAllocatable,
    Headroom,
    Slots,
    Rolling,
    Restarts,
    Age,
    Count,
    Reason,
    Object,
    Message,
    Source,
    Image,
    CpuLimit,
    MemoryLimit,
    Instance,
    Kubelet,
    Bounds,
    Outcome,
    Changes,
    Rows,
    Listed,
    LastEvent,
    Trouble,
    /// What is used.
    Used(Figure),
    Growth,
    GrowthShare,
    GrowthCause,
    Figures,
    Share,
    Releases,
    Builds,
    Ref,
    Stage,
    Took,
    Usual,
    Digest,
    By,
}

/// What a number in a column counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Text,
    Count,
    /// Thousandths of a core.
    Cpu,
    /// Bytes.
    Memory,
    /// Bytes a second.
    Rate,
    /// Thousandths a second.
    PerSecond,
    /// Seconds.
    Age,
    /// Thousandths: a share of what there is.
    Share,
}

/// Where that is cut which does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cut {
    #[default]
    End,
    /// In the middle of its longest piece: the ends of names tell them apart.
    Middle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
    /// A number flush right at its usual width, and beside it, where there is room, what it was lately.
    Line,
}

/// A column: declared once for a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub id: ColumnId,
    pub title: &'static str,
    /// What it is called in a filter; the first name is the one told.
    pub names: &'static [&'static str],
    /// Least and most columns of the terminal it takes.
    pub width: (u16, u16),
    pub align: Align,
    pub unit: Unit,
    /// When there is no room the highest goes first; 0 never goes.
    pub priority: u8,
    /// Only shown when more columns were asked for.
    pub wide: bool,
    /// Sorting by it begins with the largest.
    pub largest_first: bool,
    /// Never narrower than its least width, so that what it says can change and no other column moves.
    pub steady: bool,
    pub cut: Cut,
}

impl Column {
    /// A column of text.
    pub const fn text(
        id: ColumnId,
        title: &'static str,
        names: &'static [&'static str],
        width: (u16, u16),
        priority: u8,
    ) -> Self {
        Self {
            id,
            title,
            names,
            width,
            align: Align::Left,
            unit: Unit::Text,
            priority,
            wide: false,
            largest_first: false,
            steady: false,
            cut: Cut::End,
        }
    }

    /// A column of numbers, flush right.
    pub const fn number(
        id: ColumnId,
        title: &'static str,
        names: &'static [&'static str],
        width: u16,
        priority: u8,
        unit: Unit,
    ) -> Self {
        Self {
            align: Align::Right,
            unit,
            largest_first: !matches!(unit, Unit::Age),
            ..Self::text(id, title, names, (width, width), priority)
        }
    }

    /// Whether it stays where others have to go: it names what a row is about, or is what a person chose.
    pub const fn stays(&self) -> bool {
        self.priority == 0
    }

    /// What is used: a number with what it was lately.
    pub const fn figure(figure: Figure, priority: u8) -> Self {
        let (width, unit) = match figure.unit() {
            metrics::Unit::Cores => (6, Unit::Cpu),
            metrics::Unit::Bytes => (9, Unit::Memory),
            metrics::Unit::BytesPerSecond => (9, Unit::Rate),
            metrics::Unit::PerSecond => (9, Unit::PerSecond),
            metrics::Unit::Count => (9, Unit::Count),
            metrics::Unit::Share => (9, Unit::Share),
        };
        let (id, title) = (ColumnId::Used(figure), figure.title());
        Self {
            align: Align::Line,
            ..Self::number(id, title, figure.names(), width, priority, unit)
        }
    }

    /// A bar with its number.
    pub const fn bar(
        id: ColumnId,
        title: &'static str,
        names: &'static [&'static str],
        width: (u16, u16),
        priority: u8,
    ) -> Self {
        Self {
            width,
            align: Align::Left,
            ..Self::number(id, title, names, 0, priority, Unit::Share)
        }
    }

    #[must_use]
    pub const fn worst_first(self) -> Self {
        Self {
            largest_first: true,
            ..self
        }
    }

    /// It takes more columns where its numbers are longer.
    #[must_use]
    pub const fn up_to(self, most: u16) -> Self {
        Self {
            width: (self.width.0, most),
            ..self
        }
    }

    /// Where it has to be cut, its end stays, which tells names apart.
    #[must_use]
    pub const fn keeping_end(self) -> Self {
        Self {
            cut: Cut::Middle,
            ..self
        }
    }

    #[must_use]
    pub const fn keeping_width(self) -> Self {
        Self { steady: true, ..self }
    }

    #[must_use]
    pub const fn only_wide(self) -> Self {
        Self { wide: true, ..self }
    }

    #[must_use]
    pub const fn flush_right(self) -> Self {
        Self {
            align: Align::Right,
            ..self
        }
    }

    /// The name a filter knows it by.
    pub fn name(&self) -> &'static str {
        self.names.first().copied().unwrap_or(self.title)
    }

    /// What it is called where it is spoken of: its heading, and its name where that is a sign.
    pub fn told(&self) -> String {
        if self.title.chars().any(char::is_alphabetic) {
            self.title.to_owned()
        } else {
            format!("{} {}", self.title, self.name())
        }
    }

    /// The words of its heading as a filter can have them: `cpu-req` for `CPU req`.
    pub fn heading(&self) -> String {
        let words = self.title.split(|c: char| !c.is_ascii_alphabetic());
        let words: Vec<String> = words.filter(|w| !w.is_empty()).map(str::to_lowercase).collect();
        words.join("-")
    }
}

/// The column that a person means by a word: by its names, by its heading, or by how that begins.
pub fn find<'a>(word: &str, columns: &'a [Column]) -> Option<&'a Column> {
    let word = word.to_ascii_lowercase();
    let begins = |c: &&Column| c.heading().split('-').next() == Some(word.as_str());
    columns
        .iter()
        .find(|c| c.names.contains(&word.as_str()))
        .or_else(|| columns.iter().find(|c| c.heading() == word))
        .or_else(|| columns.iter().find(begins))
}
