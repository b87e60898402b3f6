//! What to tell a person once: how urgent, in which words, with what to do about it, for how long.

use crate::domain::{Clean, Timestamp};
use crate::message::{Severity, Trouble};

/// Most notices kept at a time; the oldest go first.
const MOST: usize = 5;

/// A notice on screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub trouble: Trouble,
    pub until: Timestamp,
}

/// The notices on screen, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notices(Vec<Notice>);

impl Notices {
    /// Shows a notice; the same one again only stays longer.
    pub fn add(&mut self, trouble: Trouble, now: Timestamp) {
        let seconds = match trouble.severity {
            Severity::Info => 4,
            Severity::Warning => 10,
            Severity::Error => 20,
        };
        self.0.retain(|notice| notice.trouble != trouble);
        self.0.push(Notice {
            trouble,
            until: now + chrono::TimeDelta::seconds(seconds),
        });
        let surplus = self.0.len().saturating_sub(MOST);
        self.0.drain(..surplus);
    }

    /// Drops what has been shown long enough and says whether anything was.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        let before = self.0.len();
        self.0.retain(|notice| notice.until > now);
        self.0.len() != before
    }

    /// Takes the notices away and says whether there were any.
    pub fn dismiss(&mut self) -> bool {
        let any = !self.0.is_empty();
        self.0.clear();
        any
    }

    pub fn iter(&self) -> impl Iterator<Item = &Notice> {
        self.0.iter()
    }
}

impl Trouble {
    pub fn info(text: impl Into<Clean>) -> Self {
        Self::new(Severity::Info, text)
    }

    pub fn warning(text: impl Into<Clean>) -> Self {
        Self::new(Severity::Warning, text)
    }

    fn new(severity: Severity, text: impl Into<Clean>) -> Self {
        Self {
            severity,
            text: text.into(),
            hint: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_goes_after_its_time() {
        let at = |seconds| Timestamp::from_timestamp(seconds, 0).unwrap();
        let mut notices = Notices::default();
        notices.add(Trouble::info("copied"), at(0));
        notices.add(Trouble::warning("no such key"), at(0));
        assert!(!notices.expire(at(3)));
        assert!(notices.expire(at(5)));
        assert_eq!(notices.iter().count(), 1, "a warning stays longer");
        for i in 0..9 {
            notices.add(Trouble::info(format!("{i}")), at(6));
        }
        assert_eq!(notices.iter().count(), MOST);
    }
}
