//! The job that runs before what is written, and whether its log is waited for.

use super::{Confirm, Stage};
use crate::domain::{Clean, Timestamp};

/// While the job runs its open log is read anew after so many seconds.
const BETWEEN: i64 = 2;

impl Confirm {
    /// The job that runs, or ran, before what is written.
    pub const fn job(&self) -> Option<&Clean> {
        self.job.as_ref()
    }

    /// A person wants to read that job's log.
    pub const fn read_job(&mut self) {
        self.reads_job = true;
    }

    /// Whether it is time to read the log of a job that runs anew; it is read now.
    pub fn follows_job(&mut self, now: Timestamp) -> bool {
        let is_early = |last: Timestamp| (now - last).num_seconds() < BETWEEN;
        let is_time = self.stage == Stage::Writing && !self.job_followed.is_some_and(is_early);
        if is_time {
            self.job_followed = Some(now);
        }
        is_time
    }

    /// Whether that job's log was waited for; it is not any more.
    pub const fn take_job_read(&mut self) -> bool {
        std::mem::replace(&mut self.reads_job, false)
    }
}
