//! Errors and panics before and after the screen: what failed in what, what to do, no secret, colours on a terminal only.

use std::io::Write;

use color_eyre::Report;
use color_eyre::config::{EyreHook, HookBuilder, PanicHook, Theme};

use super::Environment;
use crate::runtime::redact::redact;

/// From now on errors nobody expected and panics are reported by color-eyre, until the screen takes panics over.
pub fn install(environment: &Environment, stderr_is_terminal: bool) {
    // Hooks that are there already stay: reports are plainer, nothing is lost.
    let Ok((panics, errors)) = hooks(stderr_is_terminal && is_coloured(environment)) else {
        return;
    };
    let _ = errors.install();
    std::panic::set_hook(Box::new(move |info| {
        let report = panics.panic_report(info).to_string();
        let _ = writeln!(std::io::stderr(), "{}", redact(&report));
    }));
}

fn hooks(is_coloured: bool) -> color_eyre::Result<(PanicHook, EyreHook)> {
    let theme = if is_coloured { Theme::dark() } else { Theme::new() };
    HookBuilder::default()
        .theme(theme)
        .display_env_section(false)
        .panic_section("this is a bug of pilothouse; RUST_BACKTRACE=1 shows where it is")
        .try_into_hooks()
}

fn is_coloured(environment: &Environment) -> bool {
    let is_plain = environment.variable("NO_COLOR").is_some_and(|value| !value.is_empty());
    !is_plain && !matches!(environment.variable("TERM"), None | Some("" | "dumb"))
}

/// An error with everything it came of.
pub(super) fn text(report: &Report) -> String {
    redact(&format!("{report:?}")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use color_eyre::Section;
    use color_eyre::eyre::WrapErr;

    #[test]
    fn a_report_tells_the_chain_and_the_way_out_and_no_secret() {
        hooks(false).unwrap().1.install().unwrap();
        let failed: Result<(), _> = Err(std::io::Error::other("refused with Bearer s3cret"));
        let report = failed
            .wrap_err("the terminal cannot be taken")
            .suggestion("try another")
            .unwrap_err();
        let text = text(&report);
        for said in [
            "the terminal cannot be taken",
            "refused with Bearer ‹hidden›",
            "try another",
        ] {
            assert!(text.contains(said), "{text}");
        }
        assert!(!text.contains('\x1b'), "{text}");
    }

    #[test]
    fn colours_need_a_terminal_that_has_them() {
        for (variables, expected) in [
            (&[("TERM", "xterm")][..], true),
            (&[("TERM", "xterm"), ("NO_COLOR", "1")], false),
            (&[("TERM", "dumb")], false),
            (&[], false),
        ] {
            let variables = variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let environment = Environment {
                variables: variables.collect(),
                ..Environment::default()
            };
            assert_eq!(is_coloured(&environment), expected, "{environment:?}");
        }
    }
}
