//! Effects as tasks: each has a key, a new one of the same key cancels the old one, and a panic is news, not the end.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use tokio::task::{AbortHandle, Id, JoinSet};

use crate::message::{Message, Severity, Trouble};

/// What an effect asks for once it runs: it may answer with a message.
pub struct Work {
    /// What it is, such as `events of gift/live-gift`; one at a time of each.
    pub key: String,
    pub future: Pin<Box<dyn Future<Output = Option<Message>> + Send>>,
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Work {
    pub fn new(key: impl Into<String>, future: impl Future<Output = Option<Message>> + Send + 'static) -> Self {
        Self {
            key: key.into(),
            future: Box::pin(future),
        }
    }
}

/// The tasks that run.
#[derive(Debug, Default)]
pub struct Tasks {
    running: JoinSet<Option<Message>>,
    by_key: HashMap<String, AbortHandle>,
    keys: HashMap<Id, String>,
}

impl Tasks {
    /// Starts `work` and cancels what ran under its key; must be called inside the async runtime.
    pub fn start(&mut self, work: Work) {
        let handle = self.running.spawn(work.future);
        self.keys.insert(handle.id(), work.key.clone());
        if let Some(former) = self.by_key.insert(work.key, handle) {
            former.abort();
        }
    }

    /// Waits for the next one to end and gives its answer; never returns while none runs.
    pub async fn next(&mut self) -> Option<Message> {
        let Some(ended) = self.running.join_next_with_id().await else {
            return std::future::pending().await;
        };
        match ended {
            Ok((id, answer)) => {
                self.forget(id);
                answer
            }
            Err(error) => {
                let key = self.forget(error.id());
                error
                    .is_panic()
                    .then(|| Message::Notice(failed_inside(&key.unwrap_or_default())))
            }
        }
    }

    fn forget(&mut self, id: Id) -> Option<String> {
        let key = self.keys.remove(&id)?;
        if self.by_key.get(&key).is_some_and(|handle| handle.id() == id) {
            self.by_key.remove(&key);
        }
        Some(key)
    }
}

fn failed_inside(name: &str) -> Trouble {
    Trouble {
        severity: Severity::Error,
        text: format!("{name} failed inside this program").into(),
        hint: Some("this is a bug; the log of this program has the details".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unbound(text: &str) -> Message {
        Message::Unbound(text.into())
    }

    #[tokio::test]
    async fn a_new_task_cancels_the_old_one_of_its_key() {
        let mut tasks = Tasks::default();
        tasks.start(Work::new("events", std::future::pending()));
        tasks.start(Work::new("events", async { Some(unbound("second")) }));
        let answers = [tasks.next().await, tasks.next().await];
        assert!(
            answers.contains(&Some(unbound("second"))) && answers.contains(&None),
            "{answers:?}"
        );
        assert!(tasks.by_key.is_empty() && tasks.keys.is_empty());
    }

    #[tokio::test]
    async fn a_panic_in_a_task_is_a_notice() {
        let mut tasks = Tasks::default();
        tasks.start(Work::new("events of a/b", async { panic!("on purpose") }));
        let Some(Message::Notice(trouble)) = tasks.next().await else {
            panic!("no notice")
        };
        assert_eq!(trouble.text, "events of a/b failed inside this program");
    }
}
