//! Which containers' logs are read: by name, or by what they are for.

use std::collections::BTreeMap;

use crate::domain::Clean;
use crate::domain::container::ContainerRole;
use crate::logs::plan::{Choice, covers};
use crate::model::Model;
use crate::overlays::{Item, Target};

/// What can be chosen, each with how many there are.
pub(in crate::update) fn containers(model: &Model) -> Vec<Item> {
    let Some(logs) = &model.logs else { return Vec::new() };
    let intents = &logs.follow.intents;
    let mut names: BTreeMap<&Clean, usize> = BTreeMap::new();
    let mut roles = ContainerRole::ALL.map(|role| (role, 0));
    let pods = model.world.pods();
    for (_, pod) in pods.filter(|(cluster, pod)| covers(intents, &Choice::default(), cluster, pod)) {
        for container in pod.containers.iter() {
            *names.entry(&container.name).or_default() += 1;
            for (role, count) in &mut roles {
                *count += usize::from(*role == container.role);
            }
        }
    }
    let item = |label: String, detail: String, target| Item {
        label,
        detail,
        keys: String::new(),
        names: &[],
        target,
    };
    let all = roles.iter().map(|(_, count)| count).sum();
    let every = item("every container".to_owned(), counted(all), Target::EveryContainer);
    let by_role = roles.into_iter().filter(|(_, count)| *count > 0);
    let by_role = by_role.map(|(role, count)| {
        item(
            format!("{} containers", role.name()),
            counted(count),
            Target::Role(role),
        )
    });
    let by_name = names.iter();
    let by_name =
        by_name.map(|(name, count)| item(name.to_string(), counted(*count), Target::Container((*name).clone())));
    std::iter::once(every).chain(by_role).chain(by_name).collect()
}

fn counted(count: usize) -> String {
    if count == 1 {
        "1 container".to_owned()
    } else {
        format!("{count} containers")
    }
}

/// Reads the containers that were chosen; of names and roles together, those that are both.
pub(in crate::update) fn choose_containers(model: &mut Model, chosen: Vec<Target>) {
    let Some(logs) = &model.logs else { return };
    let mut follow = logs.follow.clone();
    let (mut names, mut roles) = (Vec::new(), Vec::new());
    let is_every = chosen.contains(&Target::EveryContainer);
    for target in chosen {
        match target {
            Target::Container(name) => names.push(name),
            Target::Role(role) => roles.push(role),
            _ => {}
        }
    }
    if is_every {
        (names, roles) = (Vec::new(), Vec::new());
    }
    let all = ContainerRole::ALL.into_iter();
    follow.choice.without = all.filter(|role| !roles.is_empty() && !roles.contains(role)).collect();
    follow.choice.containers = names;
    super::reopen(model, follow);
}
