//! Which columns of a table are shown, and how wide, in the room there is.

/// What a column asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// What it shrinks to when nothing else can go.
    pub least: u16,
    /// Below this others go first.
    pub min: u16,
    pub max: u16,
    /// The highest goes first when there is no room; 0 stays.
    pub priority: u8,
    /// Comes only where there is room to spare.
    pub spare: bool,
    /// Grows after the others have what they need: a bar reads well at any width.
    pub patient: bool,
}

/// The columns that fit in `width`, each with its width, in their order; `gap` lies between two.
pub fn fit(wishes: &[Wish], width: u16, gap: u16) -> Vec<(usize, u16)> {
    let mut wanted: Vec<(usize, Wish)> = wishes.iter().copied().enumerate().collect();
    wanted.sort_by_key(|(index, wish)| (wish.spare, wish.priority, *index));
    let mut shown: Vec<(usize, Wish)> = Vec::new();
    let mut all_fit = true;
    for (index, wish) in wanted {
        // What is only there for spare room waits until the others have all they can use.
        let room = if wish.spare {
            full(&shown, gap)
        } else {
            needed(&shown, gap)
        };
        let joint = if shown.is_empty() { 0 } else { gap };
        let fits = room + u32::from(joint + wish.min) <= u32::from(width);
        if (fits && (all_fit || !wish.spare)) || (wish.priority == 0 && !wish.spare) {
            let place = shown.iter().position(|(i, _)| *i > index).unwrap_or(shown.len());
            shown.insert(place, (index, wish));
        } else {
            all_fit = false;
        }
    }
    shrink(&mut shown, width, gap);
    grow(&shown, width, gap)
}

fn gaps(columns: usize, gap: u16) -> u32 {
    u32::from(gap) * columns.saturating_sub(1) as u32
}

fn needed(shown: &[(usize, Wish)], gap: u16) -> u32 {
    let widths: u32 = shown.iter().map(|(_, wish)| u32::from(wish.min)).sum();
    widths + gaps(shown.len(), gap)
}

fn full(shown: &[(usize, Wish)], gap: u16) -> u32 {
    let widths: u32 = shown.iter().map(|(_, wish)| u32::from(wish.max)).sum();
    widths + gaps(shown.len(), gap)
}

/// Where the columns that stay are still too wide, the widest give way.
fn shrink(shown: &mut [(usize, Wish)], width: u16, gap: u16) {
    while needed(shown, gap) > u32::from(width) {
        let widest = shown
            .iter_mut()
            .map(|(_, wish)| wish)
            .filter(|wish| wish.min > wish.least)
            .max_by_key(|wish| wish.min);
        match widest {
            Some(wish) => wish.min -= 1,
            None => break,
        }
    }
}

/// Shares out the room that is left: first to columns whose text is cut, then to the patient ones.
fn grow(shown: &[(usize, Wish)], width: u16, gap: u16) -> Vec<(usize, u16)> {
    let mut left = u32::from(width).saturating_sub(needed(shown, gap));
    let mut widths: Vec<u16> = shown.iter().map(|(_, wish)| wish.min).collect();
    for patient in [false, true] {
        let mut growing = true;
        while growing && left > 0 {
            growing = false;
            for (now, (_, wish)) in widths.iter_mut().zip(shown) {
                if left > 0 && *now < wish.max && wish.patient == patient {
                    *now += 1;
                    left -= 1;
                    growing = true;
                }
            }
        }
    }
    shown.iter().map(|(index, _)| *index).zip(widths).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(min: u16, max: u16, priority: u8, spare: bool) -> Wish {
        Wish {
            least: min.min(8),
            min,
            max,
            priority,
            spare,
            patient: false,
        }
    }

    #[test]
    fn columns_go_by_priority_and_grow_into_what_is_left() {
        let wishes = [
            wish(10, 20, 0, false),
            wish(5, 5, 3, false),
            wish(5, 10, 1, false),
            wish(8, 8, 4, true),
        ];
        for (width, shown) in [
            (12, vec![(0, 12)]),
            (16, vec![(0, 10), (2, 5)]),
            (24, vec![(0, 11), (1, 5), (2, 6)]),
            (37, vec![(0, 20), (1, 5), (2, 10)]),
            (60, vec![(0, 20), (1, 5), (2, 10), (3, 8)]),
            (9, vec![(0, 9)]),
            (4, vec![(0, 8)]),
        ] {
            assert_eq!(fit(&wishes, width, 1), shown, "{width}");
        }
    }

    #[test]
    fn a_column_comes_where_it_fits_with_its_gap() {
        let wishes = [wish(10, 10, 0, false), wish(5, 5, 1, false)];
        assert_eq!(fit(&wishes, 15, 1), [(0, 10)]);
        assert_eq!(fit(&wishes, 16, 1), [(0, 10), (1, 5)]);
    }
}
