//! What a pane tells of its lines: how many there are, were found, and lie ahead.

/// Lines so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Given to the pane, dividers left out.
    pub received: u64,
    /// Handed out again, oldest first, to make room.
    pub evicted: u64,
    /// Rows that are kept and that the filter shows.
    pub shown: usize,
    /// Bytes that the kept rows take.
    pub bytes: usize,
}

/// How often the search found something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// In lines that are kept.
    pub held: usize,
    /// In lines that were evicted since the search began.
    pub evicted: u64,
    /// Lines evicted before the search began: nobody looked there.
    pub unseen: u64,
    /// Every kept line was looked at ([`super::Pane::sift`]).
    pub is_complete: bool,
}

/// How far a paused view is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Behind {
    /// Rows that are shown below it.
    pub rows: usize,
    /// Nanoseconds from its last row to the newest.
    pub nanos: i64,
}
