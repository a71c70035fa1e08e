//! Puts the load on: simulated clients that work until the time is over, and what was measured meanwhile.

use std::process;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::task::JoinSet;

use crate::Target;
use crate::failure::Failure;
use crate::flow::Account;
use crate::process::{Usage, usage};
use crate::sample::{Samples, Summary};
use crate::workload::{Worker, Workload};

/// Operations of one workload, all clients together. Bounds the memory that exact percentiles need.
const OPERATIONS_MAX: usize = 5_000_000;

/// How long a client waits after a failure, so that a server that refuses at once is not drowned.
const AFTER_FAILURE: Duration = Duration::from_millis(10);

/// How much load is put on, and how long.
pub(crate) struct Load {
    pub(crate) clients: u16,
    pub(crate) warm_up: Duration,
    pub(crate) duration: Duration,
}

/// What one workload showed.
pub(crate) struct Outcome {
    pub(crate) clients: usize,
    pub(crate) elapsed: Duration,
    pub(crate) summary: Summary,
    /// The server before and after, where its process is known.
    pub(crate) server: Option<(Usage, Usage)>,
    /// Processor time the generator itself took.
    pub(crate) own_cpu: Duration,
}

/// Runs one workload on one server: prepares the clients, warms up, measures.
///
/// # Errors
///
/// When the workload cannot begin, or the server's process has ended.
pub(crate) async fn measure(
    target: &Target,
    account: &Arc<Account>,
    workload: Workload,
    load: &Load,
) -> anyhow::Result<Outcome> {
    let crew = Worker::crew(workload, &target.provider, account, load.clients).await?;
    let (crew, _) = work(crew, load.warm_up).await?;
    let clients = crew.len();
    let watched = || target.pid.map(usage).transpose();
    let (before, own_before) = (watched()?, usage(process::id())?);
    let started = Instant::now();
    let (_, samples) = work(crew, load.duration).await?;
    let elapsed = started.elapsed();
    let (after, own_after) = (watched()?, usage(process::id())?);
    Ok(Outcome {
        clients,
        elapsed,
        summary: samples.close(),
        server: before.zip(after),
        own_cpu: own_after.cpu.saturating_sub(own_before.cpu),
    })
}

/// Lets every client work for `duration`; an operation begun in time is brought to its end.
async fn work(crew: Vec<Worker>, duration: Duration) -> anyhow::Result<(Vec<Worker>, Samples)> {
    let budget = OPERATIONS_MAX / crew.len().max(1);
    let until = Instant::now() + duration;
    let mut tasks = JoinSet::new();
    for worker in crew {
        tasks.spawn(shift(worker, until, budget));
    }
    let mut crew = Vec::new();
    let mut all = Samples::default();
    while let Some(ended) = tasks.join_next().await {
        let (worker, samples) = ended.context("a simulated client broke off")?;
        crew.push(worker);
        all.add(samples);
    }
    Ok((crew, all))
}

async fn shift(mut worker: Worker, until: Instant, budget: usize) -> (Worker, Samples) {
    let mut samples = Samples::default();
    for _ in 0..budget {
        let started = Instant::now();
        if started >= until {
            break;
        }
        match worker.operate().await {
            Ok(()) => samples.succeeded(started.elapsed()),
            Err(failure) => {
                samples.failed(&failure);
                if failure != Failure::Timeout {
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            }
        }
    }
    (worker, samples)
}
