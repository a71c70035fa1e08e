//! The short run: every target with its corpus, and with a fixed number of inputs made out of it.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use dex_fuzzing::{Mutator, TARGETS, Target};

/// Another seed tries other inputs.
const SEED: u64 = 1;

fn corpora() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz"))
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = fs::read_dir(corpora().join("corpus").join(name)).expect("every target has a corpus");
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.expect("a folder can be listed").path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).expect("an input can be read")).collect()
}

fn short_run(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("it is in the table");
    let corpus = corpus(name);
    assert!(!corpus.is_empty(), "{name} has no corpus");
    let mut mutator = Mutator::new(SEED);
    corpus.iter().for_each(|input| feed(target, input));
    (0..target.inputs).for_each(|_| feed(target, &mutator.next_input(&corpus)));
}

fn feed(target: &Target, input: &[u8]) {
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    assert!(outcome.is_ok(), "{} fails with the input b\"{}\"", target.name, input.escape_ascii());
}

/// A test for each target, so that they run side by side and name themselves.
macro_rules! short_runs {
    ($($name:ident)*) => {
        $(#[test] fn $name() { short_run(stringify!($name)); })*

        #[test]
        fn every_target_is_run_and_has_its_program() {
            let run = [$(stringify!($name)),*];
            assert_eq!(TARGETS.iter().map(|target| target.name).collect::<Vec<_>>(), run);
            for name in run {
                assert!(corpora().join(format!("fuzz_targets/{name}.rs")).is_file(), "{name}");
            }
        }
    };
}

short_runs! {
    authorization_request
    token_request
    form
    pair
    client_credentials
    cookies
    jwt
    jwk
    sealed
    redirect_uri
    saml_response
    saml_metadata
    saml_logout
    config
}
