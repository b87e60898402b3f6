//! Themes: the shipped ones are whole and readable, wrong ones are reported by line.

use pilothouse::message::Action;
use pilothouse::theme::{ColourDepth, Glyphs, Role, SHIPPED, Theme, colour};
use ratatui::style::{Color, Modifier};

use crate::support::screen::{Bench, text};

#[test]
fn shipped_themes_have_no_problem() {
    for (name, text) in SHIPPED {
        let (theme, problems) = Theme::parse(text);
        assert_eq!(problems, [], "{name}");
        assert_eq!(theme.name, name);
    }
}

/// Contrast as WCAG 2 counts it.
fn contrast(a: (u8, u8, u8), b: (u8, u8, u8)) -> f64 {
    let light = |(r, g, b): (u8, u8, u8)| {
        let part = |v: u8| {
            let v = f64::from(v) / 255.0;
            if v <= 0.04045 {
                v / 12.92
            } else {
                ((v + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
    };
    let (x, y) = (light(a) + 0.05, light(b) + 0.05);
    x.max(y) / x.min(y)
}

#[test]
fn text_is_readable_on_its_ground_and_under_the_cursor() {
    for (name, ground) in [("dark", (26, 30, 39)), ("light", (255, 255, 255))] {
        let theme = Theme::shipped(name);
        for &role in Role::ALL {
            // A shade and what does not work may be faint; everything else is read.
            let least = match role {
                Role::BarEmpty | Role::Border => continue,
                Role::KeyOff => 2.2,
                Role::Muted | Role::Stale | Role::Column => 3.9,
                _ => 4.5,
            };
            let style = theme.style(role);
            let Some(ink) = style.fg else { continue };
            let behind = style.bg.map_or(ground, colour::rgb);
            let found = contrast(colour::rgb(ink), behind);
            assert!(found >= least, "{name}: {} has a contrast of {found:.1}", role.name());
        }
    }
}

#[test]
fn what_is_wrong_is_reported_with_its_line_and_the_rest_counts() {
    for (file, line, what) in [
        ("[roles]\ntext = { fg = \"mauve\" }\n", 2, "no colour 'mauve'"),
        ("[roles]\ntxet = { fg = \"red\" }\n", 2, "no role 'txet'"),
        ("inherits = \"drak\"\n", 1, "no theme 'drak' to inherit"),
        ("[roles]\nbad = { modifiers = [\"loud\"] }\n", 2, "no modifier 'loud'"),
        ("[roles]\nbad = { colour = \"red\" }\n", 2, "'colour' is not known"),
        ("[roles\n", 1, "unclosed table"),
    ] {
        let (_, problems) = Theme::parse(file);
        assert_eq!(problems.len(), 1, "{file}: {problems:?}");
        assert_eq!(problems[0].line, line, "{file}");
        assert!(problems[0].what.contains(what), "{file}: {:?}", problems[0]);
    }
    let (theme, problems) = Theme::parse("inherits = \"dark\"\n[roles]\nbad = { fg = \"red\" }\ntxet = {}\n");
    assert_eq!(problems.len(), 1);
    assert_eq!(theme.style(Role::Bad).fg, Some(Color::Red));
    assert_eq!(theme.style(Role::Good), Theme::shipped("dark").style(Role::Good));
}

#[test]
fn without_colours_the_cursor_and_trouble_still_show() {
    let mut bench = Bench::fleet();
    bench.theme = Theme::shipped("dark").fitted(ColourDepth::None, Glyphs::Unicode);
    bench.act(&[Action::ShowApps]);
    let buffer = bench.buffer(120, 24);
    assert!(
        buffer
            .content()
            .iter()
            .all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset),
        "no colour is left"
    );
    let row = |needle: &str| {
        (0..24).find(|&y| {
            (0..120)
                .map(|x| buffer[(x, y)].symbol())
                .collect::<String>()
                .contains(needle)
        })
    };
    let cursor = row("im/push").unwrap();
    assert!(
        buffer[(10, cursor)].modifier.contains(Modifier::REVERSED),
        "the cursor's row is reversed"
    );
    let other = row("im/session").unwrap();
    assert!(!buffer[(10, other)].modifier.contains(Modifier::REVERSED));
}

#[test]
fn sixteen_colours_are_the_terminals_own() {
    let theme = Theme::shipped("dark").fitted(ColourDepth::Sixteen, Glyphs::Unicode);
    for &role in Role::ALL {
        let style = theme.style(role);
        for colour in [style.fg, style.bg].into_iter().flatten() {
            assert!(!matches!(colour, Color::Rgb(..) | Color::Indexed(_)), "{}", role.name());
        }
    }
}

#[test]
fn a_terminal_without_signs_gets_ascii() {
    for action in [
        Action::ShowFleet,
        Action::ShowApps,
        Action::ShowNodes,
        Action::Help,
        Action::Palette,
    ] {
        let mut bench = Bench::fleet();
        bench.theme = Theme::shipped("dark").fitted(ColourDepth::Sixteen, Glyphs::Ascii);
        bench.act(&[action]);
        let frame = text(&bench.buffer(120, 40));
        let strange: String = frame.chars().filter(|c| !c.is_ascii()).collect();
        assert_eq!(strange, "", "{action:?}");
    }
}
