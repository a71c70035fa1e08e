//! A load generator that drives any OpenID provider by its issuer, on this machine only.
//!
//! Owns the workloads, the load, the checks of every answer and the table of figures. It knows nothing of how a provider
//! is built: whatever discovery announces is driven the same way, so two programs can be measured side by side. It never
//! starts or stops a server. Control leaves with the table written, or with an error before the first request.

mod arguments;
mod drive;
mod failure;
mod flow;
mod http;
mod process;
mod sample;
mod table;
mod workload;

use std::io::Write;
use std::sync::Arc;

use anyhow::Context as _;

pub use crate::arguments::Arguments;
pub use crate::workload::Workload;

use crate::flow::{Account, Provider};
use crate::http::Agent;
use crate::table::Row;

/// A server to measure.
struct Target {
    name: &'static str,
    provider: Arc<Provider>,
    pid: Option<u32>,
}

/// Runs the workloads and writes the table to `out`. With a second issuer, each workload runs on both before the next one
/// begins, so that whatever else the machine does meets both.
///
/// True when every workload ran, with or without errors.
///
/// # Errors
///
/// When an issuer is not on this machine, does not answer discovery, or a process to watch is not there.
pub async fn run(arguments: Arguments, out: &mut impl Write) -> anyhow::Result<bool> {
    let targets = targets(&arguments).await?;
    let load = arguments.load();
    let account = Arc::new(Account::from(&arguments));
    for target in &targets {
        writeln!(out, "{}: {}", target.name, target.provider.issuer)?;
    }
    let mut rows = Vec::new();
    for workload in arguments.workloads() {
        for target in &targets {
            let outcome = drive::measure(target, &account, workload, &load).await;
            rows.push(Row { workload, target: target.name, outcome });
        }
    }
    write!(out, "{}", table::render(&rows))?;
    Ok(rows.iter().all(|row| row.outcome.is_ok()))
}

async fn targets(arguments: &Arguments) -> anyhow::Result<Vec<Target>> {
    let mut targets = vec![target("A", &arguments.issuer, arguments.pid).await?];
    if let Some(issuer) = &arguments.compare {
        targets.push(target("B", issuer, arguments.compare_pid).await?);
    }
    Ok(targets)
}

async fn target(name: &'static str, issuer: &str, pid: Option<u32>) -> anyhow::Result<Target> {
    let provider = Provider::discover(&mut Agent::default(), issuer)
        .await
        .with_context(|| format!("cannot use issuer `{issuer}`"))?;
    if let Some(pid) = pid {
        process::usage(pid)?;
    }
    Ok(Target { name, provider: Arc::new(provider), pid })
}
