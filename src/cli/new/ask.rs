//! What `pilothouse new` is asked with.

use std::path::PathBuf;

use super::super::Failure;
use super::super::args::Args;
use crate::create::{App, Asked, Field, Template};

#[derive(Clone, Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option")]
pub struct New {
    /// What it is called: the name of its Deployment and Service
    pub name: String,
    /// java, php, node, python, tomcat, plain, or a folder of `templates` beside the configuration
    #[arg(long, default_value = "plain", value_name = "NAME")]
    pub template: String,
    /// Where its source is, as git takes it
    #[arg(long, value_name = "URL")]
    pub repo: String,
    /// The branch that is built
    #[arg(long, value_name = "NAME")]
    pub branch: Option<String>,
    /// Where builds push its images, without a tag: `registry.local/gift/live`
    #[arg(long, value_name = "REPOSITORY")]
    pub image: String,
    /// What builds it
    #[arg(long, value_name = "NAME")]
    pub builder: Option<String>,
    /// Whose it is
    #[arg(long, value_name = "TEXT")]
    pub owner: Option<String>,
    /// A location it runs in (NAME or CLUSTER/NAME), the default one first; without one anywhere in the clusters
    #[arg(long, value_name = "NAME")]
    pub location: Vec<String>,
    /// The group of nodes it runs on
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// Let it onto the nodes that are kept for it (taint `pilothouse.dev/exclusive`)
    #[arg(long)]
    pub exclusive: bool,
    /// Instances in each cluster, at least [default: 2]
    #[arg(long, value_name = "N")]
    pub min: Option<String>,
    /// And at most: more than --min makes an autoscaler [default: --min]
    #[arg(long, value_name = "N")]
    pub max: Option<String>,
    /// Cores that an instance asks for, such as 500m
    #[arg(long, value_name = "QUANTITY")]
    pub cpu: Option<String>,
    /// Memory that an instance asks for and gets, such as 512Mi
    #[arg(long, value_name = "QUANTITY")]
    pub memory: Option<String>,
    /// The port it listens on
    #[arg(long, value_name = "PORT")]
    pub port: Option<String>,
    /// The path that says whether it is ready, or tcp: once its port is open
    #[arg(long, value_name = "PATH|tcp")]
    pub probe: Option<String>,
    /// Seconds that an instance has to end
    #[arg(long, value_name = "SECONDS")]
    pub grace: Option<String>,
    /// How to print the objects
    #[arg(short, long, default_value = "yaml", value_name = "FORMAT")]
    pub output: NewFormat,
    /// Write them to this folder too, with Dockerfile, build.sh, start.sh and stop.sh
    #[arg(long, value_name = "FOLDER")]
    pub to: Option<PathBuf>,
    /// Write over files that are there
    #[arg(long, requires = "to")]
    pub force: bool,
    /// Let the servers try it without effect
    #[arg(long, conflicts_with = "apply")]
    pub dry_run: bool,
    /// Create it; what is there already is never changed
    #[arg(long)]
    pub apply: bool,
    /// Do it; without it --apply only lets the servers try it, and the exit code is 3
    #[arg(long, requires = "apply")]
    pub yes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum NewFormat {
    Yaml,
    Json,
}

impl New {
    /// The app that is asked for.
    ///
    /// # Errors
    /// Which option is not as it has to be.
    pub(super) fn app(&self, template: &Template, namespaces: &[String]) -> Result<App, Failure> {
        let [namespace] = namespaces else {
            return Err(Failure::usage(
                "a new app is in one namespace",
                "say which one with -n NAMESPACE",
            ));
        };
        let mut asked = Asked::proposed(template);
        for (field, text) in [
            (Field::Name, Some(&self.name)),
            (Field::Namespace, Some(namespace)),
            (Field::Repository, Some(&self.repo)),
            (Field::Image, Some(&self.image)),
            (Field::Branch, self.branch.as_ref()),
            (Field::Builder, self.builder.as_ref()),
            (Field::Owner, self.owner.as_ref()),
            (Field::Min, self.min.as_ref()),
            (Field::Max, self.max.as_ref().or(self.min.as_ref())),
            (Field::Cpu, self.cpu.as_ref()),
            (Field::Memory, self.memory.as_ref()),
            (Field::Port, self.port.as_ref()),
            (Field::Probe, self.probe.as_ref()),
            (Field::Grace, self.grace.as_ref()),
        ] {
            if let Some(text) = text {
                asked.set(field, text);
            }
        }
        App::of(&asked).map_err(|(field, rule)| {
            let text = asked.get(field);
            Failure::usage(
                format!("{} '{text}': {rule}", field.name()),
                "`pilothouse new --help` tells the options",
            )
        })
    }

    /// Whether the servers are to try it.
    pub(super) const fn is_tried(&self) -> bool {
        self.dry_run || self.apply
    }

    /// Whether anything depends on what is in the clusters.
    pub(super) fn needs_clusters(&self, args: &Args) -> bool {
        let is_placed = !self.location.is_empty() || self.group.is_some() || self.exclusive;
        is_placed || self.is_tried() || !args.context.is_empty() || args.all_contexts
    }
}
