//! The command line: what can be asked of the program, and with which exit status it answers.
//!
//! Owns the arguments, help, version and completion. Does not know what serving means: `serve` and
//! `demo` hand over to [`crate::run`]. Wrong usage and failures exit with 2, as in Dex; a server that
//! was asked to stop exits with 0.

mod args;
mod saml;
mod storage;
mod version;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::lifecycle::{Ended, FAILURE};
use crate::run;
use args::{Command, Dex};
pub use args::{Demo, Serve};

/// Without a configuration: what to do.
const NO_CONFIG: &str = "\
dex serve needs a configuration file:

  dex serve config.yaml

To see dex at work without one, run

  dex demo

A commented sample is examples/config-dev.yaml in the source.
";

/// Does what the arguments of the process say.
#[must_use]
pub fn main() -> ExitCode {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    // Only a second call in one process fails, and leaves the same provider in place.
    let _ = provider.install_default();
    match Dex::parse().command {
        None => {
            print(&Dex::command().render_help().to_string());
            ExitCode::from(FAILURE)
        }
        Some(Command::Serve(serve)) if serve.config.is_none() => fail(NO_CONFIG),
        Some(Command::Serve(serve)) => block_on(run::serve(serve)),
        Some(Command::Demo(demo)) => block_on(run::demo(demo)),
        Some(Command::Storage(asked)) => block_on(storage::run(asked)),
        Some(Command::Saml(asked)) => saml::run(asked),
        Some(Command::Version) => {
            print(&version::text());
            ExitCode::SUCCESS
        }
        Some(Command::Completion { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Dex::command(), "dex", &mut script);
            print(&String::from_utf8_lossy(&script));
            ExitCode::SUCCESS
        }
    }
}

fn block_on(ending: impl Future<Output = Ended>) -> ExitCode {
    // One thread a core, as tokio counts them: container limits included.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime {
        Ok(runtime) => {
            let ended = runtime.block_on(ending);
            // What is still running had its time.
            runtime.shutdown_background();
            ended.into_exit_code()
        }
        Err(error) => fail(&format!("cannot start threads: {error}\n")),
    }
}

#[expect(clippy::print_stdout, reason = "what was asked for goes to standard output")]
fn print(text: &str) {
    print!("{text}");
}

#[expect(clippy::print_stderr, reason = "wrong usage is told on standard error")]
fn fail(text: &str) -> ExitCode {
    eprint!("{text}");
    ExitCode::from(FAILURE)
}
