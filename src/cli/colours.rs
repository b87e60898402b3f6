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

/// The Linux console has no signs of state in its font; a charset that is named and is not UTF-8 has none at all.
pub(super) fn glyphs(environment: &Environment) -> Glyphs {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| environment.variable(name).filter(|v| !v.is_empty()));
    let charset = locale
        .and_then(|locale| locale.split_once('.'))
        .map(|(_, charset)| charset.to_ascii_lowercase());
    let other_charset = charset.is_some_and(|charset| !charset.starts_with("utf"));
    if environment.variable("TERM") == Some("linux") || other_charset {
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
            (&[("TERM", "linux")][..], Glyphs::Ascii),
            (&[("LANG", "zh_CN.GBK")], Glyphs::Ascii),
            (&[("LC_ALL", "en_US.UTF-8"), ("LANG", "zh_CN.GBK")], Glyphs::Unicode),
            (&[("LANG", "C")], Glyphs::Unicode),
            (&[], Glyphs::Unicode),
        ] {
            assert_eq!(glyphs(&environment(variables)), expected, "{variables:?}");
        }
    }
}
