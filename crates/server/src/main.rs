//! The binary `dex`.

use std::process::ExitCode;

fn main() -> ExitCode {
    dex_server::cli::main()
}
