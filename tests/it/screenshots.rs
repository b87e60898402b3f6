//! README's pictures are what the program draws of the demo; `PILOTHOUSE_BLESS=1` writes them anew.

use std::path::PathBuf;

use pilothouse::cli::pictures::pictures;

#[test]
fn pictures_are_as_the_program_draws() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    let bless = std::env::var_os("PILOTHOUSE_BLESS").is_some();
    let drawn = pictures().unwrap();
    for (name, picture) in &drawn {
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
    let drawn = pictures().unwrap();
    for (name, picture) in &drawn {
        let told = words(picture);
        let heading = match *name {
            "fleet" => "SERVER",
            "locations" => "LOCATION",
            "apps" | "light" => "VERSION",
            "app" => "REVISION",
            "instances" | "node" => "INSTANCE",
            "palette" => "go to",
            other => panic!("what does {other} show?"),
        };
        assert!(told.contains(heading), "{name}: {told}");
        assert!(!told.contains("needs more room"), "{name}: {told}");
    }
}

#[test]
fn the_demos_dead_node_tells_where_its_instances_went() {
    let drawn = pictures().unwrap();
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
