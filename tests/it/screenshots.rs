//! README's pictures are what the program draws of the demo; `PILOTHOUSE_BLESS=1` writes them anew.

use std::path::PathBuf;
use std::sync::OnceLock;

type Pictures = Vec<(&'static str, String)>;

/// The pictures, drawn once for all who look at them.
fn pictures() -> &'static Pictures {
    static DRAWN: OnceLock<Pictures> = OnceLock::new();
    DRAWN.get_or_init(|| pilothouse::cli::pictures::pictures().unwrap())
}

#[test]
fn pictures_are_as_the_program_draws() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    let bless = std::env::var_os("PILOTHOUSE_BLESS").is_some();
    let drawn = pictures();
    for (name, picture) in drawn {
        let path = folder.join(format!("{name}.svg"));
        if bless {
            std::fs::write(&path, picture).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == *picture,
            "screenshots/{name}.svg is not what the program draws: run the tests with PILOTHOUSE_BLESS=1 and look at it"
        );
    }
    let kept = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(
        kept,
        drawn.len(),
        "screenshots/ holds pictures that the program does not draw"
    );
}

/// The words of a picture, without its marks.
fn words(picture: &str) -> String {
    picture
        .split('<')
        .filter_map(|piece| piece.split_once('>').map(|(_, text)| text))
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn every_picture_shows_what_it_is_named_after() {
    let drawn = pictures();
    for (name, picture) in drawn {
        let told = words(picture);
        let heading = match *name {
            "fleet" => "CLUSTER",
            "locations" => "LOCATION",
            "apps" | "light" => "VERSION",
            "app" => "REVISION",
            "instances" | "node" => "INSTANCE",
            "container" => "held back by the limit",
            "grown" => "OF ALL",
            "logs" => "trace=",
            "divided" => "errors/min",
            "palette" => "go to",
            other => panic!("what does {other} show?"),
        };
        assert!(told.contains(heading), "{name}: {told}");
        assert!(!told.contains("needs more room"), "{name}: {told}");
    }
}

#[test]
fn what_is_used_is_in_the_pictures_with_its_past() {
    let of = |name: &str| {
        pictures()
            .iter()
            .find(|(own, _)| *own == name)
            .map(|(_, picture)| picture)
    };
    for name in ["apps", "app", "grown"] {
        let cells = of(name).unwrap().matches("width=\"8.4\"").count();
        assert!(cells > 50, "{name}: {cells} cells of lines");
    }
    let dots = of("container").unwrap().matches("<path").count();
    assert!(dots > 100, "{dots} cells of charts");
}

#[test]
fn the_demos_failing_release_shows_its_burst_of_errors_on_the_new_side() {
    let drawn = pictures();
    let (_, divided) = drawn.iter().find(|(name, _)| *name == "divided").unwrap();
    let told = words(divided);
    let share = |side: &str| {
        let (_, after) = told.split_once(side).unwrap();
        let (before, told) = after.split_once(" % ").unwrap();
        assert!(told.starts_with("in 15 min") || told.starts_with("errors in 15 min"));
        before.split_whitespace().last().unwrap().parse::<f64>().unwrap()
    };
    let (old, new) = (share("old "), share("new "));
    assert!(new >= 10.0 && new > 10.0 * old, "{old} % and {new} %");
}

#[test]
fn the_demos_dead_node_tells_where_its_instances_went() {
    let drawn = pictures();
    let (_, node) = drawn.iter().find(|(name, _)| *name == "node").unwrap();
    let told = words(node);
    assert!(told.contains("went to"), "{told}");
    assert!(!told.contains("nothing new elsewhere yet"), "{told}");
}

#[test]
fn readme_shows_pictures_that_are_there() {
    let readme = include_str!("../../README.md");
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let shown: Vec<&str> = readme
        .split("](screenshots/")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .collect();
    assert!(
        shown.len() > 5,
        "README begins with a picture and shows what people do: {shown:?}"
    );
    for name in shown {
        assert!(root.join("screenshots").join(name).is_file(), "{name} is not there");
    }
}
