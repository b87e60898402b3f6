//! Pages of a list: a stretch of keys as it was at a revision, found by key and without copies.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::super::resource::Resource;
use super::super::status::Status;
use super::{Store, Stored, key_of};

/// Which stretch of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<'a> {
    /// Only this namespace; all if none.
    pub namespace: Option<&'a str>,
    /// Starts after this key, as [`Store::page`] gave it.
    pub after: Option<&'a str>,
    /// The list as it was after this write.
    pub revision: u64,
}

impl Store {
    /// The objects of a stretch, in order.
    ///
    /// # Errors
    /// 410 if the revision is no longer kept.
    pub fn page<'a>(
        &'a self,
        resource: &Resource,
        page: &Page<'_>,
    ) -> Result<impl Iterator<Item = &'a Stored> + use<'a>, Status> {
        if page.revision < self.compacted {
            return Err(Status::expired(format!(
                "The resourceVersion for the provided list is too old: {} < {}",
                page.revision, self.compacted
            )));
        }
        let prefix = page
            .namespace
            .map(|namespace| format!("{namespace}/"))
            .unwrap_or_default();
        let start: Bound<Box<str>> = match page.after {
            Some(after) => Bound::Excluded(after.into()),
            None => Bound::Included(prefix.as_str().into()),
        };
        let mut past = self.as_it_was(resource, page.revision);
        past.retain(|key, _| key.starts_with(&prefix) && page.after.is_none_or(|after| key.as_str() > after));
        let mut past = past.into_iter().peekable();
        let mut present = self
            .table(resource)
            .into_iter()
            .flat_map(move |table| table.objects.range((start.clone(), Bound::Unbounded)))
            .take_while(move |(key, _)| key.starts_with(&prefix))
            .peekable();
        Ok(std::iter::from_fn(move || {
            loop {
                let past_is_next = match (past.peek(), present.peek()) {
                    (Some((past, _)), Some((present, _))) => past.as_str() <= present.as_ref(),
                    (Some(_), None) => true,
                    (None, _) => false,
                };
                if !past_is_next {
                    return present.next().map(|(_, object)| object);
                }
                let (key, object) = past.next()?;
                present.next_if(|(present, _)| present.as_ref() == key);
                if object.is_some() {
                    return object;
                }
            }
        }))
    }

    /// Where an object stands in its list: what [`Page::after`] takes.
    pub fn key(resource: &Resource, object: &Stored) -> String {
        key_of(resource, object)
    }

    /// What was different at a revision: the objects written since, as they were then.
    fn as_it_was(&self, resource: &Resource, revision: u64) -> BTreeMap<String, Option<&Stored>> {
        let mut past = BTreeMap::new();
        for change in self
            .changes_since(revision)
            .filter(|change| change.resource.same(resource))
        {
            past.entry(key_of(resource, &change.object))
                .or_insert(change.previous.as_ref());
        }
        past
    }
}
