//! One simulated cluster's objects and their history, as etcd and the registry above it keep them. Pure: time is passed in.
//!
//! Start at [`Store::create`], [`Store::update`] and [`Store::changes_since`]. Reading pages at a past revision is
//! in `store/page.rs`; what the registry does to metadata is in `store/registry.rs`.

use std::collections::VecDeque;
use std::ops::Bound;
use std::sync::Arc;

use serde_json::Value;

use super::json;
use super::resource::{BUILT_IN, CUSTOM_RESOURCE_DEFINITIONS, Resource};
use super::status::Status;
pub use crate::domain::Timestamp;

mod owners;
mod page;
mod registry;
mod rewind;
mod table;

use owners::Dependents;
pub use page::Page;
pub use registry::format_time;
use table::{Table, key, key_of};

/// A whole object including its metadata.
pub type Stored = Arc<Value>;

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Added,
    Modified,
    Deleted,
}

/// One write.
#[derive(Clone, Debug)]
pub struct Change {
    /// The revision this write made.
    pub revision: u64,
    pub resource: Arc<Resource>,
    pub verb: Verb,
    /// The object after the write; a deleted one as it last was, with the revision of its deletion.
    pub object: Stored,
    /// The object before the write.
    pub previous: Option<Stored>,
}

/// How many writes are kept for watches and pages before the oldest are compacted. Each holds an object as it
/// was, ten kilobytes and more, so a small cluster keeps the fewest: half a minute of the demo, which the pages
/// of its lists and a link that drops need. A large one keeps more, for its lists take long.
const HISTORY: (usize, usize) = (500, 2_000);

/// Of so many objects there is one write in the history.
const OBJECTS_A_WRITE: usize = 16;

/// The objects of one cluster.
#[derive(Debug)]
pub struct Store {
    tables: Vec<Table>,
    history: VecDeque<Change>,
    /// Which objects name an owner, by the owner's uid.
    dependents: Dependents,
    revision: u64,
    compacted: u64,
    seed: u64,
    made: u64,
}

impl Store {
    /// An empty cluster. The seed decides the uids and generated names.
    pub fn new(seed: u64) -> Self {
        let tables = BUILT_IN
            .iter()
            .map(|resource| Table::new((*resource).clone()))
            .collect();
        let (history, dependents) = (VecDeque::new(), Dependents::default());
        Self {
            tables,
            history,
            dependents,
            revision: 1,
            compacted: 0,
            seed,
            made: 0,
        }
    }

    /// Every resource served, built-in ones first, then those of `CustomResourceDefinition`s.
    pub fn resources(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.tables.iter().map(|table| &table.resource)
    }

    /// The resource at a request path.
    pub fn resource(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Resource>> {
        let serves = |resource: &&Arc<Resource>| {
            resource.plural == plural && resource.group == group && resource.version == version
        };
        self.resources().find(serves).cloned()
    }

    /// The resource of an object's `apiVersion` and `kind`.
    pub fn resource_of(&self, api_version: &str, kind: &str) -> Option<Arc<Resource>> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let is =
            |resource: &&Arc<Resource>| resource.kind == kind && resource.group == group && resource.version == version;
        self.resources().find(is).cloned()
    }

    /// One object.
    pub fn get(&self, resource: &Resource, namespace: &str, name: &str) -> Option<&Stored> {
        self.table(resource)?
            .objects
            .get(key(resource, namespace, name).as_str())
    }

    /// Every object of a resource, sorted by namespace and name.
    pub fn list(&self, resource: &Resource) -> impl Iterator<Item = &Stored> {
        self.table(resource)
            .into_iter()
            .flat_map(|table| table.objects.values())
    }

    /// Every object of a resource in a namespace, sorted by name.
    pub fn list_in<'a>(&'a self, resource: &Resource, namespace: &str) -> impl Iterator<Item = &'a Stored> + use<'a> {
        let prefix = format!("{namespace}/");
        let range = (Bound::Included(prefix.clone().into_boxed_str()), Bound::Unbounded);
        self.table(resource)
            .into_iter()
            .flat_map(move |table| table.objects.range(range.clone()))
            .take_while(move |(key, _)| key.starts_with(&prefix))
            .map(|(_, object)| object)
    }

    /// How many objects of a resource there are.
    pub fn count(&self, resource: &Resource) -> usize {
        self.table(resource).map_or(0, |table| table.objects.len())
    }

    /// The objects that name this uid among their owners.
    pub fn dependents(&self, uid: &str) -> impl Iterator<Item = (&Arc<Resource>, &Stored)> {
        self.dependents.of(uid).filter_map(|(index, key)| {
            let table = self.tables.get(*index)?;
            Some((&table.resource, table.objects.get(key)?))
        })
    }

    /// Adds an object; the registry gives it uid, version, creation time and generation.
    ///
    /// # Errors
    /// 409 if the name is taken, 404 if the resource is not served, 422 if it has no name.
    pub fn create(&mut self, resource: &Resource, object: Value, now: Timestamp) -> Result<Stored, Status> {
        let (index, object) = self.prepare(resource, object, now)?;
        self.made += 1;
        let key = key_of(resource, &object);
        Ok(self.put(index, key, object, None))
    }

    /// What [`Store::create`] would make.
    ///
    /// # Errors
    /// As there.
    pub fn try_create(&self, resource: &Resource, object: Value, now: Timestamp) -> Result<Value, Status> {
        self.prepare(resource, object, now).map(|(_, object)| object)
    }

    fn prepare(&self, resource: &Resource, mut object: Value, now: Timestamp) -> Result<(usize, Value), Status> {
        let index = self.index(resource).ok_or_else(Status::no_such_path)?;
        let random = registry::mix(self.seed ^ (self.made + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        registry::name(resource, &mut object, random)?;
        if self
            .get(resource, json::meta(&object, "namespace"), json::meta(&object, "name"))
            .is_some()
        {
            return Err(Status::already_exists(resource, json::meta(&object, "name")));
        }
        registry::prepare_new(resource, &mut object, random, now);
        if resource.same(&CUSTOM_RESOURCE_DEFINITIONS) {
            registry::establish(&mut object, now);
        }
        Ok((index, object))
    }

    /// Changes an object in place. A write that changes nothing keeps the version; a change of `spec` raises the
    /// generation; an object that is being deleted goes when its last finalizer does.
    ///
    /// # Errors
    /// 404 if there is no such object.
    pub fn update(
        &mut self,
        resource: &Resource,
        namespace: &str,
        name: &str,
        _now: Timestamp,
        change: impl FnOnce(&mut Value),
    ) -> Result<Stored, Status> {
        let index = self.index(resource).ok_or_else(Status::no_such_path)?;
        let key = key(resource, namespace, name);
        let old = self
            .get(resource, namespace, name)
            .cloned()
            .ok_or_else(|| Status::not_found(resource, name))?;
        let new = registry::changed(resource, &old, change);
        if new == *old {
            return Ok(old);
        }
        if registry::is_finished(&new) {
            return Ok(self.erase(index, &key, &old, new));
        }
        Ok(self.put(index, key, new, Some(old)))
    }

    /// What [`Store::update`] would make.
    ///
    /// # Errors
    /// As there.
    pub fn try_update(
        &self,
        resource: &Resource,
        (namespace, name): (&str, &str),
        change: impl FnOnce(&mut Value),
    ) -> Result<Value, Status> {
        let old = self
            .get(resource, namespace, name)
            .ok_or_else(|| Status::not_found(resource, name))?;
        Ok(registry::changed(resource, old, change))
    }

    /// Takes an object away at once. Graceful deletion is `sim::deletion`.
    ///
    /// # Errors
    /// 404 if there is no such object.
    pub fn remove(&mut self, resource: &Resource, namespace: &str, name: &str) -> Result<Stored, Status> {
        let index = self.index(resource).ok_or_else(Status::no_such_path)?;
        let key = key(resource, namespace, name);
        let old = self
            .tables
            .get(index)
            .and_then(|table| table.objects.get(key.as_str()))
            .cloned();
        let old = old.ok_or_else(|| Status::not_found(resource, name))?;
        let last = Value::clone(&old);
        Ok(self.erase(index, &key, &old, last))
    }

    /// The version of the newest write.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The newest version that is no longer kept: a watch from before it is answered 410.
    pub fn compacted(&self) -> u64 {
        self.compacted
    }

    /// The writes after a revision, oldest first. What was compacted is missing: see [`Store::compacted`].
    pub fn changes_since(&self, revision: u64) -> impl DoubleEndedIterator<Item = &Change> {
        let start = self.history.partition_point(|change| change.revision <= revision);
        self.history.range(start..)
    }

    /// Forgets the writes up to a revision.
    pub fn compact(&mut self, revision: u64) {
        let revision = revision.min(self.revision);
        self.compacted = self.compacted.max(revision);
        let kept = self.history.partition_point(|change| change.revision <= revision);
        self.history.drain(..kept);
    }

    fn table(&self, resource: &Resource) -> Option<&Table> {
        self.tables.iter().find(|table| table.resource.same(resource))
    }

    fn index(&self, resource: &Resource) -> Option<usize> {
        self.tables.iter().position(|table| table.resource.same(resource))
    }

    fn put(&mut self, index: usize, key: String, mut object: Value, previous: Option<Stored>) -> Stored {
        self.revision += 1;
        json::set_meta(&mut object, "resourceVersion", self.revision.to_string());
        let object = Arc::new(object);
        if let Some(previous) = &previous {
            self.dependents.forget(index, &key, previous);
        }
        self.dependents.remember(index, &key, &object);
        let verb = if previous.is_some() {
            Verb::Modified
        } else {
            Verb::Added
        };
        if let Some(table) = self.tables.get_mut(index) {
            table.objects.insert(key.into(), object.clone());
        }
        self.record(index, verb, &object, previous);
        self.follow_definition(&object, verb);
        object
    }

    fn erase(&mut self, index: usize, key: &str, old: &Stored, mut last: Value) -> Stored {
        self.revision += 1;
        json::set_meta(&mut last, "resourceVersion", self.revision.to_string());
        let last = Arc::new(last);
        self.dependents.forget(index, key, old);
        if let Some(table) = self.tables.get_mut(index) {
            table.objects.remove(key);
        }
        self.record(index, Verb::Deleted, &last, Some(old.clone()));
        self.follow_definition(&last, Verb::Deleted);
        last
    }

    fn record(&mut self, index: usize, verb: Verb, object: &Stored, previous: Option<Stored>) {
        let Some(table) = self.tables.get(index) else { return };
        let (revision, resource) = (self.revision, table.resource.clone());
        self.history.push_back(Change {
            revision,
            resource,
            verb,
            object: object.clone(),
            previous,
        });
        let objects: usize = self.tables.iter().map(|table| table.objects.len()).sum();
        if self.history.len() > (objects / OBJECTS_A_WRITE).clamp(HISTORY.0, HISTORY.1)
            && let Some(oldest) = self.history.pop_front()
        {
            self.compacted = oldest.revision;
        }
    }

    /// Serves, or no longer serves, what a `CustomResourceDefinition` names.
    fn follow_definition(&mut self, definition: &Stored, verb: Verb) {
        if json::text(definition, "/kind") != Some("CustomResourceDefinition") {
            return;
        }
        let Some(resource) = Resource::from_definition(definition) else {
            return;
        };
        let Some(index) = self.index(&resource) else {
            if verb != Verb::Deleted {
                self.tables.push(Table::new(resource));
            }
            return;
        };
        match verb {
            Verb::Added | Verb::Modified => {
                if let Some(table) = self.tables.get_mut(index) {
                    table.resource = Arc::new(resource);
                }
            }
            Verb::Deleted => {
                let objects: Vec<Stored> = self.list(&resource).cloned().collect();
                for object in objects {
                    let key = key_of(&resource, &object);
                    self.erase(index, &key, &object, Value::clone(&object));
                }
                self.tables.remove(index);
                self.index_owners();
            }
        }
    }

    fn index_owners(&mut self) {
        self.dependents = Dependents::default();
        for (index, table) in self.tables.iter().enumerate() {
            for (key, object) in &table.objects {
                self.dependents.remember(index, key, object);
            }
        }
    }
}

#[cfg(test)]
mod tests;
