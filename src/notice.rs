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
    /// During which visit of a screen it was told: each has a number of its own.
    visit: u64,
}

/// The notices on screen, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notices(Vec<Notice>);

impl Notices {
    /// Shows a notice during a visit of a screen; the same one again only stays longer.
    pub fn add(&mut self, trouble: Trouble, now: Timestamp, visit: u64) {
        let seconds = match trouble.severity {
            Severity::Info => 4,
            Severity::Warning => 10,
            Severity::Error => 20,
        };
        // Long texts take longer to read.
        let seconds = seconds + i64::try_from(trouble.text.chars().count()).unwrap_or(0) / 30;
        self.0.retain(|notice| notice.trouble != trouble);
        self.0.push(Notice {
            trouble,
            until: now + chrono::TimeDelta::seconds(seconds),
            visit,
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

    /// Takes away what was told on other screens than the one visited now; says whether there was anything.
    pub fn leave(&mut self, visit: u64) -> bool {
        let before = self.0.len();
        self.0.retain(|notice| notice.visit == visit);
        self.0.len() != before
    }

    /// Takes away what was told before and only meant the screen that was left: all but what went wrong. What
    /// was told on the way from `visit` belongs to the next one.
    pub fn move_on(&mut self, before: &Self, visit: u64) {
        let is_new = |notice: &Notice| !before.0.contains(notice);
        self.0
            .retain(|notice| notice.trouble.severity > Severity::Info || is_new(notice));
        for notice in self.0.iter_mut().filter(|notice| !before.0.contains(notice)) {
            notice.visit = visit + 1;
        }
    }

    /// The one that is shown.
    pub fn newest(&self) -> Option<&Notice> {
        self.0.last()
    }

    /// How many of the others say that something went wrong.
    pub fn others(&self) -> usize {
        let others = self.0.iter().rev().skip(1);
        others.filter(|notice| notice.trouble.severity > Severity::Info).count()
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
        notices.add(Trouble::info("copied"), at(0), 0);
        notices.add(Trouble::warning("no such key"), at(0), 0);
        assert!(!notices.expire(at(3)));
        assert!(notices.expire(at(5)));
        assert_eq!(notices.0.len(), 1, "a warning stays longer");
        for i in 0..9 {
            notices.add(Trouble::info(format!("{i}")), at(6), 0);
        }
        assert_eq!(notices.0.len(), MOST);
    }

    #[test]
    fn what_went_wrong_stays_over_a_change_of_screen_until_the_next_key() {
        let at = Timestamp::from_timestamp(0, 0).unwrap();
        let mut notices = Notices::default();
        notices.add(Trouble::warning("cut"), at, 0);
        notices.add(Trouble::info("copied"), at, 0);
        let before = notices.clone();
        notices.add(Trouble::info("opened"), at, 0);
        notices.move_on(&before, 0);
        let texts = |notices: &Notices| notices.0.iter().map(|n| n.trouble.text.to_string()).collect::<Vec<_>>();
        assert_eq!(texts(&notices), ["cut", "opened"]);
        assert_eq!(notices.others(), 1);
        assert!(notices.leave(1));
        assert_eq!(texts(&notices), ["opened"]);
    }
}
