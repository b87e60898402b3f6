//! Effects as tasks: each has a key, a new one of the same key cancels the old one, and a panic is news, not the end.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::mpsc;
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

/// How long a task that panicked rests before it is started again, at first and at most.
const RESTART: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));

/// Runs what `make` makes, and again whenever it panics; ends when it ends by itself. Each panic is shown.
pub async fn supervise<F>(name: String, messages: mpsc::Sender<Message>, mut make: impl FnMut() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut rest = RESTART.0;
    loop {
        let mut task = JoinSet::new();
        task.spawn(make());
        match task.join_next().await {
            Some(Err(error)) if error.is_panic() => {}
            Some(Ok(()) | Err(_)) | None => return,
        }
        log::error!(
            "{name} failed inside this program; it is started again in {} s",
            rest.as_secs()
        );
        if messages.send(Message::Notice(failed_inside(&name))).await.is_err() {
            return;
        }
        tokio::time::sleep(rest).await;
        rest = (rest * 2).min(RESTART.1);
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
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

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

    #[tokio::test(start_paused = true)]
    async fn a_supervised_task_that_panics_is_started_again_and_shown() {
        let (sender, mut receiver) = mpsc::channel(8);
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        supervise("the watch".into(), sender, move || {
            let run = counted.fetch_add(1, Ordering::Relaxed);
            async move { assert!(run >= 2, "on purpose") }
        })
        .await;
        assert_eq!(runs.load(Ordering::Relaxed), 3);
        assert!(matches!(receiver.recv().await, Some(Message::Notice(_))));
        assert!(matches!(receiver.recv().await, Some(Message::Notice(_))));
        assert_eq!(receiver.recv().await, None);
    }
}
