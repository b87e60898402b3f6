//! Takes secrets out of text that is kept: bearer tokens, passwords in addresses, anything that looks like a JWT.

use std::borrow::Cow;

/// What stands where a secret was.
const HIDDEN: &str = "‹hidden›";

/// Words after which a value follows that nobody should read.
const LABELS: [&str; 14] = [
    "token\":",
    "token\": ",
    "password\":",
    "password\": ",
    "clientkeydata\":",
    "client-key-data: ",
    "aws_secret_access_key=",
    "bearer ",
    "basic ",
    "token=",
    "token: ",
    "password=",
    "password: ",
    "secret=",
];

/// `text` without secrets; not copied if there are none.
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, length)) = next_secret(rest) {
        let (kept, after) = rest.split_at_checked(before).unwrap_or((rest, ""));
        out.push_str(kept);
        out.push_str(HIDDEN);
        rest = after.get(length..).unwrap_or_default();
    }
    if out.is_empty() && rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Where the next secret begins and how long it is, in bytes.
fn next_secret(text: &str) -> Option<(usize, usize)> {
    [after_label(text), in_address(text), web_token(text)]
        .into_iter()
        .flatten()
        .min()
}

fn after_label(text: &str) -> Option<(usize, usize)> {
    let lower = text.to_ascii_lowercase();
    LABELS
        .iter()
        .flat_map(|label| lower.match_indices(label).map(|(at, label)| at + label.len()))
        .filter_map(|at| {
            let value = text.get(at..)?;
            let opening = usize::from(value.starts_with(['"', '\'']));
            let length = value.get(opening..)?.find(ends_value).unwrap_or(value.len() - opening);
            (length > 0 && !value.get(opening..)?.starts_with(HIDDEN)).then_some((at + opening, length))
        })
        .min()
}

fn ends_value(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '&' | ')' | '}')
}

/// `scheme://user:password@host`: the user and the password.
fn in_address(text: &str) -> Option<(usize, usize)> {
    text.match_indices("://").find_map(|(at, separator)| {
        let begin = at + separator.len();
        let authority = text.get(begin..)?;
        let end = authority
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '?'))
            .unwrap_or(authority.len());
        let user = authority.get(..end)?.rfind('@')?;
        (user > 0 && authority.get(..user)? != HIDDEN).then_some((begin, user))
    })
}

/// Three parts of base64url with dots between, of which the first is JSON: `eyJ….….…`.
fn web_token(text: &str) -> Option<(usize, usize)> {
    text.match_indices("eyJ").find_map(|(at, _)| {
        let value = text.get(at..)?;
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=');
        let length = value.find(|c| !is_part(c)).unwrap_or(value.len());
        let dots = value.get(..length)?.matches('.').count();
        (dots >= 1 && length > 20).then_some((at, length))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn secrets_go_and_the_rest_stays() {
        for (text, expected) in [
            ("nothing here", "nothing here"),
            (
                "Authorization: Bearer abc.def-ghi next",
                "Authorization: Bearer ‹hidden› next",
            ),
            (
                "{\"token\":\"x\", \"authorization\":\"bearer s3cret\"}",
                "{\"token\":\"‹hidden›\", \"authorization\":\"bearer ‹hidden›\"}",
            ),
            (
                "proxy http://bob:pa55@proxy.example:3128/ refused",
                "proxy http://‹hidden›@proxy.example:3128/ refused",
            ),
            (
                "exec printed eyJhbGciOi.eyJzdWIiOiJh.c2lnbmF0dXJl!",
                "exec printed ‹hidden›!",
            ),
            ("a=1&token=t0p&b=2", "a=1&token=‹hidden›&b=2"),
            (
                "password: \"hunter2\" password=x",
                "password: \"‹hidden›\" password=‹hidden›",
            ),
            ("https://example.com/a@b", "https://example.com/a@b"),
            ("", ""),
        ] {
            assert_eq!(redact(text), expected);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived_and_a_bearer_token_never(text in "\\PC{0,40}", token in "[A-Za-z0-9+/_-]{12,40}") {
            let line = format!("{text} Bearer {token}");
            prop_assert!(!redact(&line).contains(&token));
        }
    }
}
