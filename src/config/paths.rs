//! Where files live: XDG folders, or what the environment says.

use std::path::{Path, PathBuf};

/// The folders of this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// `config.toml`, and keymaps and themes that it names.
    pub config: PathBuf,
    /// Log, activity log, reports.
    pub state: PathBuf,
    /// What can be read again: commits of repositories.
    pub cache: PathBuf,
    /// Whether a person named the configuration: then it must be there.
    pub named: bool,
}

/// The variable that names another configuration file.
pub const CONFIG_VARIABLE: &str = "PILOTHOUSE_CONFIG";

impl Paths {
    /// From `named` (the command line, else [`CONFIG_VARIABLE`]), else the user's folders; `None` if this user has none.
    pub fn find(named: Option<PathBuf>) -> Option<Self> {
        let folders = directories::ProjectDirs::from("", "", "pilothouse");
        // Without a home there is still a place for what is not meant to last.
        let state = folders.as_ref().map_or_else(
            || std::env::temp_dir().join("pilothouse"),
            |folders| {
                folders
                    .state_dir()
                    .unwrap_or_else(|| folders.data_local_dir())
                    .to_owned()
            },
        );
        let cache = folders
            .as_ref()
            .map_or_else(|| state.join("cache"), |folders| folders.cache_dir().to_owned());
        Some(Self {
            named: named.is_some(),
            config: match named {
                Some(path) => path,
                None => folders?.config_dir().join("config.toml"),
            },
            state,
            cache,
        })
    }

    /// A file that the configuration names: beside it unless it says more.
    pub fn beside_config(&self, name: &str) -> PathBuf {
        self.config.parent().unwrap_or(Path::new("")).join(name)
    }

    /// Where a person keeps templates of new apps, a folder each.
    pub fn templates(&self) -> PathBuf {
        self.beside_config("templates")
    }

    pub fn log(&self) -> PathBuf {
        self.state.join("pilothouse.log")
    }

    pub fn activity(&self) -> PathBuf {
        self.state.join("activity.jsonl")
    }

    /// Logs of builds that did not end well.
    pub fn builds(&self) -> PathBuf {
        self.state.join("builds")
    }

    /// Commits of repositories.
    pub fn repositories(&self) -> PathBuf {
        self.cache.join("git")
    }

    pub fn reports(&self) -> PathBuf {
        self.state.join("reports")
    }
}
