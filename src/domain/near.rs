//! The nearest name to one that is wrong, for "did you mean".

/// The name most like `wrong`, for "did you mean"; `None` if nothing is near.
pub fn closest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = |name: &str| {
        let distance = edit_distance(wrong, name);
        (distance <= 1 + name.len() / 4 || (name.len() > 2 && wrong.starts_with(name))).then_some(distance)
    };
    names
        .into_iter()
        .filter_map(|name| near(name).map(|distance| (distance, name)))
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein distance in characters.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let above = *cell;
            left = (diagonal + usize::from(x != *y)).min(above + 1).min(left + 1);
            diagonal = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_finds_its_name() {
        let names = ["cursor-down", "cursor-up", "quit", "prod-bj", "prod-sh"];
        for (wrong, right) in [
            ("cursor-dwn", Some("cursor-down")),
            ("quitt", Some("quit")),
            ("prod-bk", Some("prod-bj")),
            ("teleport", None),
        ] {
            assert_eq!(closest(wrong, names), right, "{wrong}");
        }
    }
}
