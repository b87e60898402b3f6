//! Templates of new apps: those that ship, and a person's own in folders beside the configuration.

use std::fs;
use std::io;
use std::path::Path;

use super::super::Failure;
use crate::create::template::File;
use crate::create::{Template, Wrong, rule};

/// Largest file of a template, and most files.
const LARGEST: u64 = 256 << 10;
const MOST: usize = 64;

/// The template of a name: one's own comes before one that ships.
///
/// # Errors
/// There is none, or what is wrong in it.
pub(super) fn find(name: &str, folder: &Path) -> Result<Template, Failure> {
    rule::word(name).map_err(|rule| Failure::usage(format!("template '{name}': {rule}"), known(folder)))?;
    match own(name, &folder.join(name))? {
        Some(template) => Ok(template),
        None => Template::shipped(name)
            .ok_or_else(|| Failure::usage(format!("there is no template '{name}'"), known(folder))),
    }
}

fn known(folder: &Path) -> String {
    let shipped: Vec<String> = Template::all_shipped().map(|template| template.name).collect();
    let own = own_names(folder).join(", ");
    let own = if own.is_empty() {
        own
    } else {
        format!("; of your own: {own}")
    };
    format!("there are {}{own}", shipped.join(", "))
}

fn own_names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    let names = folders.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| rule::word(name).is_ok()).collect();
    names.sort();
    names
}

/// A template in a folder; `None`: there is no such folder.
fn own(name: &str, folder: &Path) -> Result<Option<Template>, Failure> {
    let failed = |what: String| {
        let hint = format!("files of up to {} KiB, no folders, {MOST} at most", LARGEST >> 10);
        Failure::usage(format!("the template in {}: {what}", folder.display()), hint)
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error.to_string())),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| failed(error.to_string()))?.path();
        let file = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .to_owned();
        let about = fs::metadata(&path).map_err(|error| failed(format!("{file}: {error}")))?;
        if !about.is_file() || about.len() > LARGEST || files.len() == MOST {
            return Err(failed(format!("{file} is no file of a template")));
        }
        let text = fs::read_to_string(&path).map_err(|error| failed(format!("{file}: {error}")))?;
        files.push(File { name: file, text });
    }
    let read = Template::parse(name, files);
    read.map(Some)
        .map_err(|wrong: Wrong| Failure::usage(format!("{}", folder.join(wrong.to_string()).display()), wrong.hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_s_own_template_comes_before_one_that_ships_and_a_wrong_one_is_told_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(find("java", folder.path()).unwrap(), Template::shipped("java").unwrap());
        let own = folder.path().join("java");
        fs::create_dir(&own).unwrap();
        fs::write(own.join("template.toml"), "summary = \"ours\"\n").unwrap();
        assert_eq!(find("java", folder.path()).unwrap().summary, "ours");
        fs::write(own.join("template.toml"), "\ncores = 2\n").unwrap();
        let failure = find("java", folder.path()).unwrap_err();
        assert!(
            failure.what.contains("java/template.toml:2: unknown field"),
            "{}",
            failure.what
        );
        let failure = find("rust", folder.path()).unwrap_err();
        assert!(failure.hint.contains("java, php, node") && failure.hint.contains("of your own: java"));
        assert!(find("../x", folder.path()).is_err());
    }
}
