//! What a person answered about a new app, field by field, and the app that it says.

use std::collections::BTreeMap;

use super::rule;
use super::template::Template;
use crate::domain::Resources;

/// What is asked for; each is a text that has a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::EnumIter)]
pub enum Field {
    Name,
    Namespace,
    Repository,
    Branch,
    Image,
    Builder,
    Owner,
    Min,
    Max,
    Cpu,
    Memory,
    Port,
    Probe,
    Grace,
}

impl Field {
    /// The option of the command line, without its dashes; also what the form calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Namespace => "namespace",
            Self::Repository => "repo",
            Self::Branch => "branch",
            Self::Image => "image",
            Self::Builder => "builder",
            Self::Owner => "owner",
            Self::Min => "min",
            Self::Max => "max",
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Port => "port",
            Self::Probe => "probe",
            Self::Grace => "grace",
        }
    }

    /// Whether it may be left empty.
    pub const fn is_optional(self) -> bool {
        matches!(self, Self::Owner)
    }
}

/// What was answered so far; an answer that was not given is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    answers: BTreeMap<Field, String>,
}

impl Asked {
    /// What a template proposes, with what is usual of the rest.
    pub fn proposed(template: &Template) -> Self {
        let mut asked = Self::default();
        for (field, text) in template.proposes() {
            asked.set(field, &text);
        }
        for (field, text) in [
            (Field::Branch, "main"),
            (Field::Builder, "buildkit"),
            (Field::Min, "2"),
            (Field::Max, "2"),
        ] {
            asked.set(field, text);
        }
        asked
    }

    pub fn get(&self, field: Field) -> &str {
        self.answers.get(&field).map_or("", String::as_str)
    }

    /// Takes an answer; blanks around it are none of it.
    pub fn set(&mut self, field: Field, text: &str) {
        self.answers.insert(field, text.trim().to_owned());
    }

    /// The rule that the answer to a field breaks; `None`: none.
    pub fn problem(&self, field: Field) -> Option<String> {
        let text = self.get(field);
        if text.is_empty() {
            return (!field.is_optional()).then(|| "it is needed".to_owned());
        }
        let told = match field {
            Field::Name => rule::name(text),
            Field::Namespace => rule::namespace(text),
            Field::Repository => rule::repository(text),
            Field::Branch => rule::branch(text),
            Field::Image => rule::image(text),
            Field::Builder => rule::word(text),
            Field::Owner => rule::text(text),
            Field::Min => rule::instances(text).map(drop),
            Field::Max => rule::instances(text).and_then(|max| match rule::instances(self.get(Field::Min)) {
                Ok(min) if max < min => Err(format!("{max} is less than min, which is {min}")),
                _ => Ok(()),
            }),
            Field::Cpu => rule::cpu(text).map(drop),
            Field::Memory => rule::memory(text).map(drop),
            Field::Port => rule::port(text).map(drop),
            Field::Probe => rule::probe(text).map(drop),
            Field::Grace => rule::grace(text).map(drop),
        };
        told.err()
    }
}

/// A new app, as far as it is the same in every cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    pub name: String,
    pub namespace: String,
    pub repository: String,
    pub branch: String,
    /// The repository of images, without a tag.
    pub image: String,
    pub builder: String,
    pub owner: Option<String>,
    /// In each cluster.
    pub min: i32,
    pub max: i32,
    /// As they were written.
    pub cpu: String,
    pub memory: String,
    pub resources: Resources,
    pub port: u16,
    /// The path that is asked; `None`: the port is opened.
    pub probe: Option<String>,
    /// Seconds that an instance has to end.
    pub grace: i64,
}

impl App {
    /// The app that the answers say.
    ///
    /// # Errors
    /// The first field whose answer breaks a rule, and the rule.
    pub fn of(asked: &Asked) -> Result<Self, (Field, String)> {
        use strum::IntoEnumIterator;
        if let Some(wrong) = Field::iter().find_map(|field| Some((field, asked.problem(field)?))) {
            return Err(wrong);
        }
        let text = |field: Field| asked.get(field).to_owned();
        let of = |field: Field| move |why: String| (field, why);
        Ok(Self {
            name: text(Field::Name),
            namespace: text(Field::Namespace),
            repository: text(Field::Repository),
            branch: text(Field::Branch),
            image: text(Field::Image),
            builder: text(Field::Builder),
            owner: Some(text(Field::Owner)).filter(|owner| !owner.is_empty()),
            min: rule::instances(asked.get(Field::Min)).map_err(of(Field::Min))?,
            max: rule::instances(asked.get(Field::Max)).map_err(of(Field::Max))?,
            cpu: text(Field::Cpu),
            memory: text(Field::Memory),
            resources: Resources {
                cpu: rule::cpu(asked.get(Field::Cpu)).map_err(of(Field::Cpu))?,
                memory: rule::memory(asked.get(Field::Memory)).map_err(of(Field::Memory))?,
            },
            port: rule::port(asked.get(Field::Port)).map_err(of(Field::Port))?,
            probe: rule::probe(asked.get(Field::Probe)).map_err(of(Field::Probe))?,
            grace: rule::grace(asked.get(Field::Grace)).map_err(of(Field::Grace))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_broken_rule_is_told_with_its_field() {
        let mut asked = Asked::proposed(&Template::shipped("java").unwrap());
        assert_eq!(App::of(&asked), Err((Field::Name, "it is needed".into())));
        for (field, text) in [
            (Field::Name, " live "),
            (Field::Namespace, "gift"),
            (Field::Repository, "https://git.local/gift/live.git"),
            (Field::Image, "registry.local/gift/live"),
            (Field::Min, "4"),
        ] {
            asked.set(field, text);
        }
        assert_eq!(
            App::of(&asked),
            Err((Field::Max, "2 is less than min, which is 4".into()))
        );
        asked.set(Field::Max, "9");
        let app = App::of(&asked).unwrap();
        assert_eq!((app.name.as_str(), app.min, app.max, app.owner), ("live", 4, 9, None));
    }
}
