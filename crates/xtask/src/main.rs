//! What a developer and CI run: `cargo xtask test`, and its parts alone.
//!
//! Owns which checks a change must pass and which outside programs they need. It is linked into nothing that ships, and
//! the tests themselves live with what they test. Ends with the number of checks that passed and failed; the exit
//! status is zero when none failed.
#![expect(clippy::print_stdout, reason = "a tool for the command line: what it prints is its answer")]

mod check;
mod command;
mod report;
mod setup;
mod tidy;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::report::Report;

/// The checks of this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what the tests need, then run every check
    Test,
    /// The same as `test`, under the name CI knows
    Ci,
    /// Check sizes, room descriptions, crate edges and words
    Tidy,
    /// Install the outside programs that tests need
    Setup,
    /// Put load on servers of this machine; the arguments are those of dex-bench
    #[command(disable_help_flag = true)]
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Run a stand-in for an upstream, to try a connector by hand: `fake NAME [--port N]`
    #[command(disable_help_flag = true)]
    Fake {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    let mut report = Report::default();
    match Arguments::parse().command {
        Task::Test | Task::Ci => {
            report.step("setup", setup::run);
            check::all(&mut report);
        }
        Task::Tidy => report.step("tidy", tidy::run),
        Task::Setup => report.step("setup", setup::run),
        Task::Bench { arguments } => report.step("bench", || {
            let generator = ["run", "--release", "--package", "dex-bench", "--"];
            command::run(command::cargo().args(generator).args(arguments))
        }),
        Task::Fake { arguments } => report.step("fake", || {
            let stand_in = ["run", "--quiet", "--package", "dex-fakes", "--"];
            command::run(command::cargo().args(stand_in).args(arguments))
        }),
    }
    report.close()
}
