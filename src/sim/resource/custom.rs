//! What only a `CustomResourceDefinition` says of its kind: the columns of its table, and where its scale is.

use serde_json::Value;

use super::super::json;

/// The columns and the scale of a custom kind.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Custom {
    pub columns: Vec<Column>,
    /// JSON pointers to the number wanted, the number there is, and the selector in text form.
    pub scale: Scale,
}

/// A column of the table of a custom kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// `string`, `integer`, `date`, …
    pub kind: String,
    pub pointer: String,
    /// Only wide output shows it.
    pub wide: bool,
}

/// Where the scale of a custom kind is, as JSON pointers.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Scale {
    pub wanted: String,
    pub there: String,
    /// Empty if there is none.
    pub selector: String,
}

impl Custom {
    /// Reads one version of a definition.
    pub(super) fn of(version: &Value) -> Self {
        let place = |name: &str| {
            let path = json::text(version, &format!("/subresources/scale/{name}"));
            path.map(pointer).unwrap_or_default()
        };
        let columns = json::array(version, "/additionalPrinterColumns").iter();
        let mut columns: Vec<Column> = columns.map(column).collect();
        if columns.is_empty() {
            columns.push(Column {
                name: "Age".into(),
                kind: "date".into(),
                pointer: "/metadata/creationTimestamp".into(),
                wide: false,
            });
        }
        let scale = Scale {
            wanted: place("specReplicasPath"),
            there: place("statusReplicasPath"),
            selector: place("labelSelectorPath"),
        };
        Self { columns, scale }
    }
}

fn column(column: &Value) -> Column {
    let text = |path: &str| json::text(column, path).unwrap_or_default();
    Column {
        name: text("/name").into(),
        kind: text("/type").into(),
        pointer: pointer(text("/jsonPath")),
        wide: json::number(column, "/priority").unwrap_or(0) > 0,
    }
}

/// A plain JSON path such as `.metadata.labels.example\.com/tier` as a JSON pointer.
fn pointer(path: &str) -> String {
    let path = path.replace("\\.", "\u{0}").replace('~', "~0").replace('/', "~1");
    path.replace('.', "/").replace('\u{0}', ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_pointers() {
        assert_eq!(pointer(".spec.replicas"), "/spec/replicas");
        assert_eq!(
            pointer(".metadata.labels.example\\.com/tier"),
            "/metadata/labels/example.com~1tier"
        );
    }
}
