//! Answers to many questions, put together to what each subject used at each time.

use std::collections::BTreeMap;

use crate::domain::ObjectKey;
use crate::metrics::prometheus::{By, Line, Question};
use crate::metrics::subject::{Span, Subject};
use crate::metrics::{Figures, Measured, Millis};

/// Figures of one subject at one time, from as many answers as there are figures.
pub(super) struct Gathered {
    window: Millis,
    figures: BTreeMap<(Subject, Millis), Figures>,
}

impl Gathered {
    pub(super) fn new(window_s: u32) -> Self {
        Self {
            window: Millis::from(window_s) * 1_000,
            figures: BTreeMap::new(),
        }
    }

    pub(super) fn take(&mut self, question: &Question<'_>, line: &Line) {
        let key = ObjectKey::new(line.namespace.clone(), line.pod.clone());
        let subject = match question.by {
            By::Container if !line.container.is_empty() => Subject::Container(key, line.container.clone()),
            By::Container | By::Pod => Subject::Pod(key),
            By::Namespace => return,
        };
        for (at, value) in &line.points {
            let figures = self.figures.entry((subject.clone(), *at)).or_default();
            figures.set(question.figure, *value);
        }
    }

    /// A rate holds for its window, but a window is longer than the step to the next one: the newest part
    /// is what it says most about.
    pub(super) fn measured(self) -> Vec<Measured> {
        let span = |to: Millis| Span {
            from: to - self.window.min(15_000),
            to,
        };
        self.figures
            .into_iter()
            .map(|((subject, at), figures)| Measured {
                subject,
                span: span(at),
                figures,
            })
            .collect()
    }
}
