//! Everything that is known before anything runs: the configuration, the keymap and the theme, and what is wrong in them.

use std::path::{Path, PathBuf};

use super::args::Args;
use super::{Environment, Failure, registries};
use crate::config::paths::CONFIG_VARIABLE;
use crate::config::{Config, Paths, Problem};
use crate::input::keymap::{Keymap, SHIPPED};
use crate::theme::{self, Theme};

/// What the files and the command line say together.
#[derive(Clone, Debug)]
pub struct Setup {
    pub config: Config,
    pub paths: Paths,
    /// Whether there is a configuration file; without one the defaults count.
    pub is_configured: bool,
    pub keymap: Keymap,
    pub theme: Theme,
    /// What is wrong in the files; the program starts all the same.
    pub problems: Vec<Problem>,
}

/// Something that ships with the program by name, or is in a file.
enum Choice {
    Shipped(String),
    File { path: PathBuf, text: String },
}

impl Setup {
    /// Reads the configuration and what it names.
    ///
    /// # Errors
    /// Only what a person asked for by name and is not there: a default that is missing is no mistake.
    pub fn load(args: &Args, environment: &Environment) -> Result<Self, Failure> {
        let named = args.config.clone().or_else(|| {
            environment
                .variable(CONFIG_VARIABLE)
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        });
        let paths = Paths::find(named).ok_or_else(|| {
            Failure::usage(
                "this user has no home folder to look for the configuration in",
                format!("set HOME, or name a configuration with --config or {CONFIG_VARIABLE}"),
            )
        })?;
        let read = read_config(&paths)?;
        let is_configured = read.is_some();
        let (mut config, mut problems) = read.unwrap_or_default();
        for (option, value) in [(&args.keymap, &mut config.keymap), (&args.theme, &mut config.theme)] {
            if let Some(option) = option {
                value.clone_from(option);
            }
        }
        config.readonly |= args.readonly;
        if args.readonly {
            config
                .clusters
                .values_mut()
                .for_each(|section| section.readonly = Some(true));
        }
        problems.extend(registries::problems(&config, &paths));
        let keymap = read_keymap(args, &config, &paths, &mut problems)?;
        let theme = read_theme(args, &config, &paths, &mut problems)?;
        Ok(Self {
            config,
            paths,
            is_configured,
            keymap,
            theme,
            problems,
        })
    }
}

/// The configuration and what is wrong in it; `None` where there is no file and none was asked for.
fn read_config(paths: &Paths) -> Result<Option<(Config, Vec<Problem>)>, Failure> {
    match std::fs::read_to_string(&paths.config) {
        Ok(text) => Ok(Some(Config::parse(&paths.config, &text))),
        Err(e) if !paths.named && e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) if paths.named => Err(Failure::usage(
            format!("the configuration {} cannot be read: {e}", paths.config.display()),
            format!("check --config and {CONFIG_VARIABLE}"),
        )),
        Err(e) => {
            let problem = Problem::new(
                &paths.config,
                None,
                format!("it cannot be read: {e}"),
                "the defaults count",
            );
            Ok(Some((Config::default(), vec![problem])))
        }
    }
}

fn read_keymap(args: &Args, config: &Config, paths: &Paths, problems: &mut Vec<Problem>) -> Result<Keymap, Failure> {
    let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
    let choice = choose(args.keymap.is_some(), &config.keymap, &names, paths, problems)?;
    let (name, file) = match choice {
        Some(Choice::Shipped(name)) => (name, None),
        Some(Choice::File { path, text }) => ("default".to_owned(), Some((path, text))),
        None => ("default".to_owned(), None),
    };
    let mut keymap = Keymap::shipped(&name).unwrap_or_default();
    if let Some((path, text)) = file {
        problems.extend(keymap.overlay(&path, &text));
    }
    Ok(keymap)
}

fn read_theme(args: &Args, config: &Config, paths: &Paths, problems: &mut Vec<Problem>) -> Result<Theme, Failure> {
    let names: Vec<&str> = theme::SHIPPED.iter().map(|(name, _)| *name).collect();
    match choose(args.theme.is_some(), &config.theme, &names, paths, problems)? {
        Some(Choice::Shipped(name)) => Ok(Theme::shipped(&name)),
        Some(Choice::File { path, text }) => {
            let (theme, wrong) = Theme::parse(&text);
            let problem = |p: theme::Problem| Problem::new(&path, Some(p.line), p.what, p.hint.unwrap_or_default());
            problems.extend(wrong.into_iter().map(problem));
            Ok(theme)
        }
        None => Ok(Theme::default()),
    }
}

/// A shipped name, else a file beside the configuration. What the command line names must be there;
/// what the file names is a problem if it is not.
fn choose(
    asked: bool,
    name: &str,
    shipped: &[&str],
    paths: &Paths,
    problems: &mut Vec<Problem>,
) -> Result<Option<Choice>, Failure> {
    if shipped.contains(&name) {
        return Ok(Some(Choice::Shipped(name.to_owned())));
    }
    let path = if asked {
        Path::new(name).to_owned()
    } else {
        paths.beside_config(name)
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(Choice::File { path, text })),
        Err(e) => {
            let what = format!("'{name}' is not shipped and {} cannot be read: {e}", path.display());
            let hint = format!("{} are shipped", shipped.join(", "));
            if asked {
                return Err(Failure::usage(what, hint));
            }
            problems.push(Problem::new(&paths.config, None, what, hint));
            Ok(None)
        }
    }
}
