//! What may import what: the walls of the library, read from its source.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules of the crate, and outside crates, that a place may not name. The first place whose path
/// begins a file's path counts, so the narrower come first.
struct Wall {
    place: &'static str,
    /// Modules of this crate it may use; its own is always allowed.
    may: &'static [&'static str],
    /// Outside names that may not appear.
    never: &'static [&'static str],
}

const TERMINAL: &[&str] = &["ratatui::", "crossterm::", "tui_logger::"];
const SHELL: &[&str] = &[
    "ratatui::",
    "crossterm::",
    "tui_logger::",
    "kube::",
    "k8s_openapi::",
    "tokio::",
    "hyper::",
    "std::fs",
    "std::env",
    "std::net::Tcp",
    "Utc::now",
    "Instant::now",
    "SystemTime::now",
    "thread::spawn",
];
const PURE_VIEW: &[&str] = &[
    "kube::",
    "k8s_openapi::",
    "tokio::",
    "std::fs",
    "std::env",
    "Utc::now",
    "Instant::now",
    "SystemTime::now",
];

const WALLS: &[Wall] = &[
    Wall {
        place: "domain",
        may: &[],
        never: SHELL,
    },
    Wall {
        place: "message",
        may: &["domain", "metrics", "logs", "release", "build"],
        never: SHELL,
    },
    Wall {
        place: "notice",
        may: &["domain", "message"],
        never: SHELL,
    },
    Wall {
        place: "release",
        may: &["domain"],
        never: SHELL,
    },
    Wall {
        place: "build",
        may: &["domain", "release"],
        never: SHELL,
    },
    Wall {
        place: "create",
        may: &["domain", "build"],
        never: SHELL,
    },
    Wall {
        place: "world",
        may: &["domain", "metrics", "release", "build"],
        never: SHELL,
    },
    Wall {
        place: "metrics",
        may: &["domain"],
        never: SHELL,
    },
    Wall {
        place: "listing",
        may: &["domain", "metrics"],
        never: SHELL,
    },
    Wall {
        place: "logs",
        may: &["domain"],
        never: SHELL,
    },
    Wall {
        place: "screens",
        may: &[
            "domain", "metrics", "logs", "message", "notice", "release", "build", "world", "listing", "overlays",
        ],
        never: SHELL,
    },
    Wall {
        place: "overlays",
        may: &[
            "domain", "metrics", "message", "notice", "release", "build", "world", "listing",
        ],
        never: SHELL,
    },
    Wall {
        place: "model",
        may: &[
            "domain", "metrics", "logs", "message", "notice", "release", "build", "world", "listing", "screens",
            "overlays",
        ],
        never: SHELL,
    },
    Wall {
        place: "update",
        may: &[
            "domain", "metrics", "logs", "message", "notice", "release", "build", "world", "listing", "screens",
            "overlays", "model",
        ],
        never: SHELL,
    },
    Wall {
        place: "view",
        may: &[
            "domain", "metrics", "logs", "message", "notice", "release", "build", "world", "listing", "screens",
            "overlays", "model", "widgets", "theme",
        ],
        never: PURE_VIEW,
    },
    Wall {
        place: "theme",
        may: &[],
        never: PURE_VIEW,
    },
    Wall {
        place: "widgets",
        may: &["theme"],
        never: PURE_VIEW,
    },
    Wall {
        place: "input",
        may: &["domain", "message", "config"],
        never: &["ratatui::", "kube::", "tokio::"],
    },
    Wall {
        place: "config",
        may: &["domain", "build", "metrics", "message", "input", "theme"],
        never: &["ratatui::", "kube::", "tokio::"],
    },
    Wall {
        place: "cluster",
        may: &["create", "domain", "metrics", "logs", "release", "build"],
        never: TERMINAL,
    },
    Wall {
        place: "registry",
        may: &["domain", "cluster", "release", "build"],
        never: TERMINAL,
    },
    Wall {
        place: "git",
        may: &["domain", "build", "cluster", "registry"],
        never: TERMINAL,
    },
    Wall {
        place: "sim",
        may: &["domain"],
        never: TERMINAL,
    },
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The code of a file: no comments, and nothing from its tests on.
fn code(text: &str) -> String {
    let until_tests = text.split("#[cfg(test)]").next().unwrap();
    let lines = until_tests.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The modules of the crate that a text names.
fn named(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (place, _) in code.match_indices("crate::") {
        let rest = code.split_at(place + "crate::".len()).1;
        if let Some(group) = rest.strip_prefix('{') {
            let inside = group.split('}').next().unwrap();
            found.extend(inside.split(',').map(|part| first_word(part.trim())));
        } else {
            found.push(first_word(rest));
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

fn first_word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect()
}

#[test]
fn every_module_stays_behind_its_walls() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut broken = Vec::new();
    for file in files {
        let path = file.strip_prefix(&root).unwrap().display().to_string();
        let module = path.split(['/', '.']).next().unwrap().to_owned();
        let code = code(&fs::read_to_string(&file).unwrap());
        let names = named(&code);
        if !["runtime", "cli", "main", "sim"].contains(&module.as_str()) && names.iter().any(|name| name == "sim") {
            broken.push(format!("{path} uses sim: only runtime and cli may"));
        }
        let Some(wall) = WALLS.iter().find(|wall| wall.place == module) else {
            continue;
        };
        let strangers = names
            .iter()
            .filter(|name| **name != module && !wall.may.contains(&name.as_str()));
        broken.extend(strangers.map(|name| format!("{path} uses {name}")));
        let outside = wall.never.iter().filter(|name| code.contains(**name));
        broken.extend(outside.map(|name| format!("{path} names {name}")));
    }
    assert!(broken.is_empty(), "walls are broken:\n{}", broken.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    sources(&root.join("tests"), &mut files);
    let silent = files
        .iter()
        .filter(|file| !fs::read_to_string(file).unwrap().starts_with("//!"));
    assert_eq!(silent.collect::<Vec<_>>(), Vec::<&PathBuf>::new());
}
