//! The contract suite: one list of cases that keeps the simulated clusters honest.
//!
//! Each group runs against the simulation in `cargo test` (`contract::…`), and against a real API server
//! (`real_contract_…`) when `PILOTHOUSE_TEST_KUBECONFIG` names a kubeconfig; its context is the one
//! `PILOTHOUSE_TEST_CONTEXT` names, else `lab-b`, never the current one. With `PILOTHOUSE_TEST_LAB` (the path of the
//! `lab` script) cases that need faults run there too. Start at [`frame`] for what a case may use.

mod answer;
mod frame;
mod lists;
mod objects;
mod patches;
mod rollout;
mod server;
mod watches;
mod writes;

/// One test against the simulation and one against the real server for each group of cases.
macro_rules! groups {
    ($($group:ident: $real:ident),+ $(,)?) => {$(
        #[test]
        fn $group() {
            frame::run_simulated(stringify!($group), $group::CASES);
        }

        #[test]
        fn $real() {
            frame::run_real(stringify!($group), $group::CASES);
        }
    )+};
}

groups! {
    lists: real_contract_lists,
    watches: real_contract_watches,
    writes: real_contract_writes,
    patches: real_contract_patches,
    rollout: real_contract_rollout,
}
