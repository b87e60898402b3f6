//! pilothouse: a company's Kubernetes container platform in the terminal.
//!
//! # Where things are, in reading order
//!
//! | module | what it is |
//! |---|---|
//! | [`domain`] | plain facts and their rules |
//! | [`release`] | objects to the phase of a release, and to the writes that bring it into another |
//! | [`build`] | from a commit to an image: what an app is built from, and builds as they are seen |
//! | [`create`] | a new app from a template: answers to objects and files |
//! | [`world`] | what is known of every cluster now, and what follows from it |
//! | [`metrics`] | what containers use: samples, rates, histories |
//! | [`listing`] | what every list shares: filter, sort, cursor by identity |
//! | [`logs`] | bytes of pod logs to one bounded, searchable view |
//! | [`message`] | the three closed vocabularies: `Action`, `Message`, `Effect` |
//! | [`screens`], [`overlays`] | what a person sees and answers; pure |
//! | [`model`], [`update`] | the one owner of state; message in, effects out |
//! | [`view`], [`widgets`], [`theme`] | drawing; reads only |
//! | [`input`], [`config`] | keys and files to typed values |
//! | [`cluster`] | the only door to Kubernetes |
//! | [`registry`] | the registries that images are pulled from |
//! | [`git`] | the commits of repositories, by the person's own `git` |
//! | [`sim`] | simulated clusters that speak the Kubernetes API |
//! | [`runtime`], [`cli`] | the imperative shell: the terminal, the tasks, the command line |
//!
//! # How data flows
//!
//! `cluster` watches and turns API objects into [`domain`] values; a [`domain::ClusterReport`] goes to
//! `runtime`, which hands it to `update` as a message; `world` keeps it; the screen on top derives its
//! rows; `view` draws them. A key becomes an `Action`, `update` answers with `Effect`s, `runtime` runs
//! them. What may import what is enforced by `tests/it/layers.rs`.

pub mod build;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod create;
pub mod domain;
pub mod git;
pub mod input;
pub mod listing;
pub mod logs;
pub mod message;
pub mod metrics;
pub mod model;
pub mod notice;
pub mod overlays;
pub mod registry;
pub mod release;
pub mod runtime;
pub mod screens;
pub mod sim;
pub mod theme;
pub mod update;
pub mod view;
pub mod widgets;
pub mod world;
