//! The load generator's command: reads the arguments, makes the runtime, prints the table.
//!
//! Owns nothing else. One thread only, so that the generator never takes more than one core from the server it measures.
//! Ends with status 1 when the arguments are refused or a workload could not be run.

use std::io;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use dex_bench::Arguments;

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?;
    let all_ran = runtime.block_on(dex_bench::run(arguments, &mut io::stdout()))?;
    Ok(if all_ran { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
