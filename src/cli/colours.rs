//! What the terminal can show, from its environment.

use super::Environment;
use crate::theme::{ColourDepth, Glyphs};

/// `NO_COLOR` (any text), `COLORTERM`, `TERM`.
pub(super) fn depth(environment: &Environment) -> ColourDepth {
    let term = environment.variable("TERM").unwrap_or_default();
    let colorterm = environment.variable("COLORTERM");
    if environment.variable("NO_COLOR").is_some_and(|value| !value.is_empty()) || term.starts_with("vt") {
        ColourDepth::None
    } else if matches!(colorterm, Some("truecolor" | "24bit")) || term.ends_with("-direct") {
        ColourDepth::True
    } else if term.contains("256") {
        ColourDepth::Indexed
    } else {
        ColourDepth::Sixteen
    }
}

/// The Linux console has no signs of state in its font; a charset that is not UTF-8 has none at all, and without
/// a locale the charset is ASCII (POSIX): tmux and screen would show `_` and `?` in the place of each.
pub(super) fn glyphs(environment: &Environment) -> Glyphs {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| environment.variable(name).filter(|v| !v.is_empty()))
        .unwrap_or("C");
    let is_utf8 = match locale.split_once('.') {
        Some((_, charset)) => charset.to_ascii_lowercase().starts_with("utf"),
        // A language alone: its charset is the system's, which is UTF-8 nearly everywhere.
        None => !matches!(locale, "C" | "POSIX"),
    };
    if environment.variable("TERM") == Some("linux") || !is_utf8 {
        Glyphs::Ascii
    } else {
        Glyphs::Unicode
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment {
            variables: variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..Environment::default()
        }
    }

    #[test]
    fn the_environment_says_how_many_colours() {
        for (variables, expected) in [
            (
                &[("COLORTERM", "truecolor"), ("TERM", "xterm-256color")][..],
                ColourDepth::True,
            ),
            (&[("TERM", "xterm-256color")], ColourDepth::Indexed),
            (&[("TERM", "tmux-256color")], ColourDepth::Indexed),
            (&[("TERM", "linux")], ColourDepth::Sixteen),
            (&[], ColourDepth::Sixteen),
            (&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")], ColourDepth::None),
            (
                &[("NO_COLOR", ""), ("COLORTERM", "24bit"), ("TERM", "xterm")],
                ColourDepth::True,
            ),
        ] {
            assert_eq!(depth(&environment(variables)), expected, "{variables:?}");
        }
    }

    #[test]
    fn signs_need_a_font_and_a_charset() {
        for (variables, expected) in [
            (&[("TERM", "linux"), ("LANG", "C.UTF-8")][..], Glyphs::Ascii),
            (&[("LANG", "zh_CN.GBK")], Glyphs::Ascii),
            (&[("LC_ALL", "en_US.UTF-8"), ("LANG", "zh_CN.GBK")], Glyphs::Unicode),
            (&[("LANG", "C.UTF-8")], Glyphs::Unicode),
            (&[("LANG", "de_DE")], Glyphs::Unicode),
            (&[("LC_CTYPE", "UTF-8")], Glyphs::Unicode),
            (&[("LANG", "C")], Glyphs::Ascii),
            (&[("LC_ALL", "POSIX"), ("LANG", "en_US.UTF-8")], Glyphs::Ascii),
            (&[], Glyphs::Ascii),
        ] {
            assert_eq!(glyphs(&environment(variables)), expected, "{variables:?}");
        }
    }
}
