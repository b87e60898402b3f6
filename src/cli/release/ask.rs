//! What the steps of a release are asked with on the command line.

use std::time::Duration;

use super::super::Failure;
use super::super::args::parse_duration;
use super::what::What;
use crate::domain::Clean;
use crate::release::bytes::Digests;
use crate::release::config::Source;
use crate::release::live::Method;
use crate::release::past::Back;
use crate::release::step::{Count, New, Return, Step};
use crate::release::template::Facts;

/// What every step is asked with.
#[derive(Clone, Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option")]
pub struct Ask {
    /// The app: NAME or NAMESPACE/NAME; every Deployment that carries it, cluster after cluster
    pub app: String,
    /// Do it; without it what would be done is printed, and the exit code is 3
    #[arg(long)]
    pub yes: bool,
    /// Only print what would be done
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Follow until it is done: 0 then, 1 where it fails, 4 where somebody else changed it
    #[arg(long, requires = "yes")]
    pub wait: bool,
    /// How long to follow
    #[arg(long, default_value = "15m", value_name = "DURATION", value_parser = parse_duration)]
    pub timeout: Duration,
    /// How long the new instances of a gray release may take to be ready before it counts as failed [default:
    /// `gray_deadline` of the configuration, 10m]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub deadline: Option<Duration>,
    /// Why, for the app's ledger; needed with --yes where the configuration asks for it (`ask_reason`)
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Why it is done although it is frozen, or its version is bad or older than what runs, for the app's ledger
    #[arg(long = "override", value_name = "TEXT")]
    pub overridden: Option<String>,
    /// Go on although somebody else is releasing the app; that is kept in its ledger
    #[arg(long)]
    pub take_over: bool,
    /// How to print it
    #[arg(short, long, default_value = "text", value_name = "FORMAT")]
    pub output: super::super::args::Report,
}

impl Ask {
    /// What was said of why; nothing said is no reason.
    pub(super) fn reason(&self) -> Option<Clean> {
        said(self.reason.as_deref())
    }

    /// What was said of why what speaks against it does not count.
    pub(super) fn overridden(&self) -> Option<Clean> {
        said(self.overridden.as_deref())
    }
}

fn said(text: Option<&str>) -> Option<Clean> {
    let text = text.map(str::trim);
    text.filter(|text| !text.is_empty()).map(Clean::new)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum How {
    /// Beside the old instances: needs room for them
    Surge,
    /// In place of as many old instances, which go first
    Replace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum By {
    /// In the Deployment itself: its rolling update stops where a person has to decide
    Hold,
    /// In a second Deployment beside it, which can shrink again; the first one is left alone until it is full
    Twin,
}

/// How the instances of a gray release come.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Manner {
    /// Where the new instances of a Deployment are [default: hold]
    #[arg(long, value_name = "METHOD")]
    pub method: Option<By>,
    /// Whether the new instances of a hold run beside the old ones or in their place [default: surge]
    #[arg(long, value_name = "HOW")]
    pub how: Option<How>,
}

#[derive(Clone, Debug, clap::Args)]
pub struct StartAsk {
    #[command(flatten)]
    pub ask: Ask,
    /// The image to release
    #[arg(long, value_name = "IMAGE", required_unless_present = "commit")]
    pub image: Option<String>,
    /// Which container gets it, where there are several
    #[arg(short, long, value_name = "NAME")]
    pub container: Option<String>,
    /// The commit it was built from, noted beside it; without an image, the one that was built from it
    #[arg(long, value_name = "SHA")]
    pub commit: Option<String>,
    /// How many new instances of each Deployment: a number, or a share such as 20%
    #[arg(long, value_name = "N|P%", value_parser = Count::parse)]
    pub gray: Count,
    #[command(flatten)]
    pub manner: Manner,
    /// Run with the copies of the configuration that a rollback brought back, instead of what is there today
    #[arg(long)]
    pub keep_config: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub struct GrowAsk {
    #[command(flatten)]
    pub ask: Ask,
    /// How many new instances there are to be in all: a number, or a share such as 50%
    #[arg(long, value_name = "N|P%", value_parser = Count::parse)]
    pub gray: Count,
}

#[derive(Clone, Debug, clap::Args)]
pub struct FullAsk {
    #[command(flatten)]
    pub ask: Ask,
    /// By an ordinary rolling update: old instances go as new ones come
    #[arg(long)]
    pub rolling: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub struct RollbackAsk {
    #[command(flatten)]
    pub ask: Ask,
    /// The version to go back to, by a revision's number or hash, a commit, an image, its tag or its digest [default:
    /// the last that was good, else the one before]
    #[arg(long, value_name = "VERSION")]
    pub to: Option<String>,
    /// By a gray release of so many instances, a number or a share such as 20%, instead of at once
    #[arg(long, value_name = "N|P%", value_parser = Count::parse)]
    pub gray: Option<Count>,
    #[command(flatten)]
    pub manner: Manner,
    /// Run with today's configuration, instead of copies of what the version ran with
    #[arg(long)]
    pub current_config: bool,
}

impl RollbackAsk {
    pub(super) fn step(&self) -> Result<Step, Failure> {
        if self.gray.is_none() && self.manner.is_said() {
            return Err(Failure::usage(
                "--method and --how are of a gray release".to_owned(),
                "say with --gray of how many instances, or leave them out",
            ));
        }
        let to = self.to.clone().map_or(Back::LastGood, Back::Named);
        let method = self.manner.method()?;
        Ok(Step::Rollback(Return {
            to,
            gray: self.gray.map(|count| (count, method)),
            config: if self.current_config {
                Source::Current
            } else {
                Source::Recorded
            },
            pins: Digests::new(),
        }))
    }
}

impl Manner {
    fn method(self) -> Result<Method, Failure> {
        match (self.method.unwrap_or(By::Hold), self.how) {
            (By::Twin, None) => Ok(Method::Twin),
            (By::Hold, None | Some(How::Surge)) => Ok(Method::Surge),
            (By::Hold, Some(How::Replace)) => Ok(Method::Replace),
            (By::Twin, Some(_)) => Err(Failure::usage(
                "--how is of a hold".to_owned(),
                "the instances of a twin always run beside the old ones: leave --how out",
            )),
        }
    }

    const fn is_said(self) -> bool {
        self.method.is_some() || self.how.is_some()
    }
}

impl StartAsk {
    pub(super) fn what(&self) -> Result<What, Failure> {
        let facts = Facts {
            commit: self.commit.clone(),
            ..Facts::default()
        };
        let new = Box::new(New {
            image: self.image.clone().unwrap_or_default(),
            container: self.container.clone(),
            facts,
            method: self.manner.method()?,
            count: self.gray,
            config: if self.keep_config {
                Source::Recorded
            } else {
                Source::Current
            },
        });
        Ok(match (&self.image, &self.commit) {
            (None, Some(commit)) => What::Commit(new, commit.clone()),
            _ => What::Step(Step::Start(new)),
        })
    }
}
