//! One line of text being typed.

use unicode_segmentation::UnicodeSegmentation;

/// Most characters a field takes; more is nobody's filter.
const MOST: usize = 400;

/// A text field: the cursor stands between graphemes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    before: String,
    after: String,
}

impl Field {
    pub fn new(text: &str) -> Self {
        Self {
            before: text.to_owned(),
            after: String::new(),
        }
    }

    pub fn text(&self) -> String {
        format!("{}{}", self.before, self.after)
    }

    /// The text before and after the cursor.
    pub fn parts(&self) -> (&str, &str) {
        (&self.before, &self.after)
    }

    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    /// Puts text in at the cursor; lines become one, what a terminal would obey becomes visible.
    pub fn insert(&mut self, text: &str) {
        let room = MOST.saturating_sub(self.before.chars().count() + self.after.chars().count());
        let one_line = text.replace("\r\n", " ").replace(['\r', '\n', '\t'], " ");
        let clean: String = crate::domain::text::sanitise(&one_line).chars().take(room).collect();
        self.before.push_str(&clean);
    }

    pub fn erase_backward(&mut self) {
        let _ = self.pop_before();
    }

    pub fn erase_word(&mut self) {
        let kept = self.before.trim_end();
        let end = kept.rfind(char::is_whitespace).map_or(0, |place| place + 1);
        self.before.truncate(end);
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    pub fn left(&mut self) {
        if let Some(last) = self.pop_before() {
            self.after.insert_str(0, &last);
        }
    }

    pub fn right(&mut self) {
        if let Some(first) = self.after.graphemes(true).next().map(str::to_owned) {
            self.after.drain(..first.len());
            self.before.push_str(&first);
        }
    }

    pub fn start(&mut self) {
        self.after.insert_str(0, &self.before);
        self.before.clear();
    }

    pub fn end(&mut self) {
        self.before.push_str(&self.after);
        self.after.clear();
    }

    fn pop_before(&mut self) -> Option<String> {
        let last = self.before.graphemes(true).next_back()?.to_owned();
        self.before.truncate(self.before.len() - last.len());
        Some(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_edited_by_grapheme_and_by_word() {
        let mut field = Field::new("cpu>500m 直播");
        field.erase_backward();
        assert_eq!(field.text(), "cpu>500m 直");
        field.left();
        field.insert("a\nb\x1b[31m");
        assert_eq!(field.text(), "cpu>500m a b␛[31m直", "pasted text is text only");
        field.end();
        field.erase_word();
        field.erase_word();
        assert_eq!(field.text(), "cpu>500m ");
        field.start();
        field.right();
        assert_eq!(field.parts(), ("c", "pu>500m "));
    }
}
