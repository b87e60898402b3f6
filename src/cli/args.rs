//! Arguments, options and commands.

use std::path::PathBuf;

use crate::domain::length;
use clap::{Parser, Subcommand, ValueEnum};

/// A company's Kubernetes container platform in the terminal.
///
/// Without a command it shows the fleet: the current context of the kubeconfig, or the contexts asked for.
/// `--demo` shows a simulated fleet and needs nothing.
#[derive(Clone, Debug, Default, Parser)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own on the command line"
)]
#[command(name = "pilothouse", version, max_term_width = 100, after_help = EXIT_CODES, args_override_self = true)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Show a simulated fleet of three clusters; needs no cluster and no network
    #[arg(long, global = true)]
    pub demo: bool,

    /// The simulated fleet to show: equal seeds give equal fleets
    #[arg(long, global = true, value_name = "N")]
    pub seed: Option<u64>,

    /// A context of the kubeconfig; repeat it for several clusters
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Vec<String>,

    /// Every context of the kubeconfig
    #[arg(long, global = true, conflicts_with = "context")]
    pub all_contexts: bool,

    /// Watch only this namespace; repeat it, or separate with commas, for several
    #[arg(short, long, global = true, value_name = "NAME", value_delimiter = ',')]
    pub namespace: Vec<String>,

    /// Watch all namespaces, as without -n: what the context names limits nothing
    #[arg(short = 'A', long, global = true, conflicts_with = "namespace")]
    pub all_namespaces: bool,

    /// The kubeconfig to read instead of `KUBECONFIG` or ~/.kube/config
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,

    /// Act as this user
    #[arg(long = "as", global = true, value_name = "USER")]
    pub as_user: Option<String>,

    /// Act as a member of this group; repeat it for several
    #[arg(long, global = true, value_name = "GROUP")]
    pub as_group: Vec<String>,

    /// How long a single request may take, such as 5s or 1m
    #[arg(long, global = true, value_name = "DURATION", value_parser = parse_duration)]
    pub request_timeout: Option<std::time::Duration>,

    /// Do not verify the servers' certificates: anyone between could read and change everything
    #[arg(long, global = true)]
    pub insecure_skip_tls_verify: bool,

    /// Never write to any cluster
    #[arg(long, global = true, conflicts_with = "write")]
    pub readonly: bool,

    /// Allow writing although the configuration says read-only
    #[arg(long, global = true)]
    pub write: bool,

    /// The configuration to read instead of config.toml in the user's folder (or `PILOTHOUSE_CONFIG`)
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// A keymap: default, vim, emacs, k9s or a file
    #[arg(long, global = true, value_name = "NAME|FILE")]
    pub keymap: Option<String>,

    /// A theme: dark, light, mono or a file
    #[arg(long, global = true, value_name = "NAME|FILE")]
    pub theme: Option<String>,

    /// Use no colours
    #[arg(long, global = true)]
    pub no_color: bool,
}

const EXIT_CODES: &str = "\
Exit codes:
  0        done
  1        something could not be had; what could be is printed
  2        it cannot start like this
  3        a step was shown and not taken, for --yes was not said
  4        somebody else changed it
  101      a bug, with a report
  128 + N  ended by signal N";

#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Print what is known of the fleet, for scripts
    Get(Get),
    /// Print what runs and what it uses, the busiest first; rates take two looks, some 20 s apart
    Top(Top),
    /// Print logs as they are written: of an app everywhere, of a workload, of instances
    Logs(Logs),
    /// Build a commit of an app: clone, compile, package and push its image, by a Job in its cluster
    Build(Box<super::build::BuildAsk>),
    /// Releases
    Release {
        #[command(subcommand)]
        command: super::release::ReleaseCommand,
    },
    /// Print the commits of an app's repository, the newest first: which run where, and which have an image
    Commits(super::commits::Commits),
    /// So many instances of an app, divided over its clusters by the room they have
    Scale(super::scale::Scale),
    /// A new app from a template: its Deployment, Service, disruption budget and autoscaler, Dockerfile and hooks
    New(Box<super::new::New>),
    /// Try each context: reachable, version, who am I, what may I do, clock
    Doctor(Doctor),
    /// Print what this program was told to do on this machine, by whom, and what came of it; the oldest first
    Activity(super::activity::ActivityAsk),
    /// Print the least that a person needs in a cluster: a `ClusterRole`, or with -n a Role in each namespace
    Rbac(super::rbac::Rbac),
    /// Print the version
    Version,
    /// Print completions for a shell
    Completions { shell: clap_complete::Shell },
    /// Print the man page
    Man,
    /// The configuration
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// The simulated fleet: shown, as by --demo, or served, or drawn
    Demo {
        #[command(subcommand)]
        command: Option<DemoCommand>,
    },
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Say what is wrong in the configuration, the keymap and the theme
    Check,
}

#[derive(Clone, Debug, Subcommand)]
pub enum DemoCommand {
    /// Serve the simulated clusters over HTTP, for kubectl and others
    Serve(super::simulated::Serve),
    /// Write pictures of the demo as SVG files
    Screenshot {
        /// The folder to write to
        #[arg(default_value = "screenshots")]
        folder: PathBuf,
    },
}

#[derive(Clone, Debug, clap::Args)]
pub struct Doctor {
    /// How to print it
    #[arg(short, long, default_value = "text", value_name = "FORMAT")]
    pub output: Report,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Report {
    Text,
    Json,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Get {
    /// What to print
    pub what: What,
    /// Only the one of this name (apps and instances: NAME or NAMESPACE/NAME); of images: the app
    pub name: Option<String>,
    /// How to print it
    #[arg(short, long, default_value = "table", value_name = "FORMAT")]
    pub output: Format,
    /// Only what has these labels: `app=x,tier!=y,zone in (a,b)` (apps, instances, nodes and releases)
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub selector: Option<String>,
    /// How long to wait until everything is known
    #[arg(long, default_value = "60s", value_name = "DURATION", value_parser = parse_duration)]
    pub wait: std::time::Duration,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Top {
    /// Of what
    pub what: TopWhat,
    /// How to print it
    #[arg(short, long, default_value = "table", value_name = "FORMAT")]
    pub output: Format,
    /// Only instances with these labels (of nodes: nodes): `app=x,tier!=y,zone in (a,b)`
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub selector: Option<String>,
    /// Where figures come from, instead of what the configuration says
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<TopSource>,
    /// Go on, and print again every 15 s
    #[arg(long)]
    pub watch: bool,
    /// How long to wait for the figures
    #[arg(long, default_value = "60s", value_name = "DURATION", value_parser = parse_duration)]
    pub wait: std::time::Duration,
}

#[derive(Clone, Debug, clap::Args)]
pub struct Logs {
    /// An app (NAME or NAMESPACE/NAME), or KIND/NAME: deploy, sts, ds, rs, job, rollout, cloneset, pod
    #[arg(value_name = "APP|KIND/NAME", required_unless_present = "selector")]
    pub what: Vec<String>,
    /// Instances with these labels: `app=x,tier!=y,zone in (a,b)`
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub selector: Option<String>,
    /// Only containers of this name; repeat it for several
    #[arg(short, long, value_name = "NAME")]
    pub container: Vec<String>,
    /// Only lines not older than this, such as 10m, 1h30m or 1d
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, conflicts_with_all = ["since_time", "tail"])]
    pub since: Option<std::time::Duration>,
    /// Only lines from this time on: 14:32, 2026-11-22 14:32 or 2026-11-22T16:13:07Z
    #[arg(long, value_name = "TIME", conflicts_with = "tail")]
    pub since_time: Option<String>,
    /// So many of the last lines of each container, -1 for all [default: 200, all with --no-follow or -p]
    #[arg(long, value_name = "LINES", allow_negative_numbers = true, value_parser = parse_tail)]
    pub tail: Option<i64>,
    /// The run before the present one
    #[arg(short, long)]
    pub previous: bool,
    /// Only lines that match this regular expression; repeat it for several, of which one must match
    #[arg(short, long, value_name = "RE")]
    pub include: Vec<String>,
    /// No lines that match this regular expression; repeat it for several
    #[arg(short, long, value_name = "RE")]
    pub exclude: Vec<String>,
    /// How to print lines: after the instance's short name, alone, or as JSON objects
    #[arg(short, long, default_value = "default", value_name = "FORMAT")]
    pub output: LogFormat,
    /// End once everything that is there was read
    #[arg(long, conflicts_with = "follow")]
    pub no_follow: bool,
    /// Go on as more is written, as without it
    #[arg(short, long)]
    pub follow: bool,
    /// The times of lines, here or in UTC
    #[arg(long, default_value = "none", value_name = "ZONE")]
    pub timestamps: LogTimes,
    /// How long to wait until it is known what there is
    #[arg(long, default_value = "60s", value_name = "DURATION", value_parser = parse_duration)]
    pub wait: std::time::Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Default,
    Raw,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogTimes {
    None,
    Local,
    Utc,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TopWhat {
    #[value(alias = "app")]
    Apps,
    #[value(aliases = ["instance", "pods", "pod", "po"])]
    Instances,
    #[value(alias = "container")]
    Containers,
    #[value(aliases = ["node", "no"])]
    Nodes,
    #[value(alias = "location")]
    Locations,
}

/// Where figures come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TopSource {
    Auto,
    Prometheus,
    Cadvisor,
    MetricsApi,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    #[value(alias = "cluster")]
    Clusters,
    #[value(alias = "location")]
    Locations,
    #[value(alias = "app")]
    Apps,
    #[value(aliases = ["instance", "pods", "pod", "po"])]
    Instances,
    #[value(aliases = ["node", "no"])]
    Nodes,
    /// Those in flight; by name in whichever phase
    #[value(aliases = ["release", "rel"])]
    Releases,
    #[value(aliases = ["event", "ev"])]
    Events,
    /// The tags of an app's images in their registries, and which run where
    Images,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Table,
    Json,
    Yaml,
    Name,
}

/// `30s`, `1h30m`, `1d`, `250ms`, or seconds as a number.
pub(super) fn parse_duration(text: &str) -> Result<std::time::Duration, String> {
    let seconds = text.parse().ok().map(std::time::Duration::from_secs);
    let length = seconds.or_else(|| length::parse(text));
    length.ok_or_else(|| "write it like 30s, 5m, 1h30m or 1d".into())
}

/// A number of lines, `-1` for all.
fn parse_tail(text: &str) -> Result<i64, String> {
    let lines = text.parse().ok().filter(|lines| *lines >= -1);
    lines.ok_or_else(|| "write a number of lines, such as 500, or -1 for all".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn durations_have_units() {
        for (text, millis) in [
            ("30s", Some(30_000)),
            ("1.5m", Some(90_000)),
            ("250ms", Some(250)),
            ("5", Some(5000)),
            ("5d", Some(432_000_000)),
            ("5x", None),
            ("", None),
        ] {
            assert_eq!(parse_duration(text).ok().map(|d| d.as_millis()), millis, "{text}");
        }
    }
}
