//! Files of a new app: what goes into its repository, and its objects. Nothing that is there is written over unless
//! that is asked for.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;
use serde_json::Value;

use super::super::Failure;
use super::ask::New;
use crate::create::{Template, told};

/// Writes them where `--to` says; all or, where one is there already, none.
pub(super) fn write(
    asked: &New,
    template: &Template,
    items: &[(Option<&str>, &[Value])],
    err: &mut dyn Write,
) -> Result<(), Failure> {
    let Some(folder) = &asked.to else { return Ok(()) };
    let mut files: Vec<(String, String)> = template
        .files
        .iter()
        .map(|file| (file.name.clone(), file.text.clone()))
        .collect();
    let is_same = items
        .windows(2)
        .all(|two| two.first().map(|one| one.1) == two.last().map(|other| other.1));
    for (cluster, objects) in items.iter().take(if is_same { 1 } else { items.len() }) {
        let of = cluster
            .filter(|_| !is_same)
            .map_or_else(String::new, |cluster| format!("-{}", plain(cluster)));
        files.push((format!("kubernetes{of}.yaml"), told::yaml(objects)));
    }
    let failed = |what: String| Failure::failed(what, "nothing was written");
    let there: Vec<&str> = files
        .iter()
        .filter(|(name, _)| fs::symlink_metadata(folder.join(name)).is_ok())
        .map(|(name, _)| name.as_str())
        .collect();
    if !there.is_empty() && !asked.force {
        let what = format!("{} has {} already", folder.display(), there.join(", "));
        return Err(Failure::failed(what, "--force writes over them; nothing was written"));
    }
    fs::create_dir_all(folder).map_err(|error| failed(format!("{}: {error}", folder.display())))?;
    for (name, text) in &files {
        let path = folder.join(name);
        put(&path, text, asked.force)
            .map_err(|error| Failure::failed(format!("{}: {error}", path.display()), "files before it were written"))?;
        writeln!(err, "written: {}", super::Printable(&path.display().to_string()))?;
    }
    Ok(())
}

/// A name of a cluster as part of a name of a file.
fn plain(cluster: &str) -> String {
    let fits = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '_'
        }
    };
    cluster.chars().map(fits).collect()
}

/// For everybody to read (0644); a link in its place is refused.
fn put(path: &Path, text: &str, over: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options
        .write(true)
        .mode(0o644)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    if over {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    options.open(path)?.write_all(text.as_bytes())
}
