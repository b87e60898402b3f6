//! Which column a sort key stands for.

use crate::listing::{Column, ColumnId};
use crate::message::Action;

/// The column that a sort key stands for among these: the first that there is.
pub(crate) fn sort_column(action: Action, columns: &'static [Column]) -> Option<&'static Column> {
    let wanted: &[ColumnId] = match action {
        Action::SortByName => &[
            ColumnId::Name,
            ColumnId::App,
            ColumnId::Location,
            ColumnId::Object,
            ColumnId::Cluster,
        ],
        Action::SortByAge => &[ColumnId::Age],
        Action::SortByStatus => &[ColumnId::State, ColumnId::Trouble, ColumnId::Link],
        Action::SortByGrowth => &[ColumnId::Growth],
        Action::SortByNamespace => &[ColumnId::Namespace, ColumnId::App],
        _ => return None,
    };
    wanted.iter().find_map(|id| columns.iter().find(|c| c.id == *id))
}
