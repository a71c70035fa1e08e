//! From the first signal handler to the last log line: what runs, what makes it stop, how it ends.

use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::telemetry::Health;

/// How long everything that runs may take to finish once the process shall end.
pub const DRAIN_TIME_MAX: Duration = Duration::from_secs(60);

/// How long the process goes on accepting after readiness has failed. Load balancers that are slow
/// to notice want more.
pub const DRAIN_DELAY: Duration = Duration::ZERO;

/// Exit status of whatever is not a wanted end.
pub const FAILURE: u8 = 2;

/// Tells whoever holds it that it is time to finish.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// A stop and its trigger, for what runs without a [`Lifecycle`].
    #[must_use]
    pub fn new() -> (watch::Sender<bool>, Self) {
        let (trigger, stop) = watch::channel(false);
        (trigger, Self(stop))
    }

    /// Returns once it is time to finish, at once if it already is.
    pub async fn requested(&mut self) {
        // A trigger that is gone can never fire, and nobody is left to wait for us.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

/// Tells whoever holds it that the operator asked to read everything again (SIGHUP).
#[derive(Clone, Debug)]
pub struct Reload(watch::Receiver<u64>);

impl Reload {
    /// A reload and its trigger, for what runs without a [`Lifecycle`].
    #[must_use]
    pub fn new() -> (watch::Sender<u64>, Self) {
        let (trigger, reload) = watch::channel(0);
        (trigger, Self(reload))
    }

    /// Returns at the next request to reload; several in the meantime count as one.
    pub async fn requested(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

/// How the process ended.
#[derive(Debug)]
pub enum Ended {
    /// A signal asked for it; what was running has finished, or its time was up.
    AsAsked,
    /// Something that must run for ever did not.
    Failed(anyhow::Error),
    /// A second signal came before everything had finished. Its number.
    AtOnce(i32),
}

impl Ended {
    /// The exit status; prints the error, as the last word to the operator.
    #[must_use]
    #[expect(clippy::print_stderr, reason = "the error text ends a failed start as well as a failed run")]
    pub fn into_exit_code(self) -> ExitCode {
        match self {
            Self::AsAsked => ExitCode::SUCCESS,
            Self::Failed(error) => {
                eprintln!("{}", said_once(&error));
                ExitCode::from(FAILURE)
            }
            Self::AtOnce(signal) => ExitCode::from(u8::try_from(128 + signal).unwrap_or(FAILURE)),
        }
    }
}

/// An error and what led to it, without repeating what a text already holds.
fn said_once(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if said.is_empty() {
            said = text;
        } else if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
    }
    said
}

type Running = JoinSet<(&'static str, Result<(), anyhow::Error>)>;

/// What the process runs until it is told to stop.
pub struct Lifecycle {
    signals: Signals,
    reload: watch::Sender<u64>,
    stop: watch::Sender<bool>,
    running: Running,
    stop_last: watch::Sender<bool>,
    running_last: Running,
}

impl Lifecycle {
    /// Takes over SIGTERM, SIGINT and SIGHUP, so that from here on none of them kills.
    ///
    /// # Errors
    ///
    /// When the system refuses a signal handler; the caller gives up.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn begin() -> std::io::Result<Self> {
        Ok(Self {
            signals: Signals::install()?,
            reload: watch::Sender::new(0),
            stop: watch::Sender::new(false),
            running: JoinSet::new(),
            stop_last: watch::Sender::new(false),
            running_last: JoinSet::new(),
        })
    }

    /// For what finishes when the process shall end.
    #[must_use]
    pub fn stop(&self) -> Stop {
        Stop(self.stop.subscribe())
    }

    /// For what must still answer while everything else finishes: telemetry.
    #[must_use]
    pub fn stop_last(&self) -> Stop {
        Stop(self.stop_last.subscribe())
    }

    /// For what reads its files again at SIGHUP.
    #[must_use]
    pub fn reload(&self) -> Reload {
        Reload(self.reload.subscribe())
    }

    /// Runs `task` beside the others. It ends after [`Lifecycle::stop`]; ending before ends all.
    pub fn run_beside<F>(&mut self, name: &'static str, task: F)
    where
        F: Future<Output = Result<(), anyhow::Error>> + Send + 'static,
    {
        self.running.spawn(async move { (name, task.await) });
    }

    /// As [`Lifecycle::run_beside`] for a task that knows no end: it is dropped at [`Lifecycle::stop`].
    pub fn run_until_stop<F>(&mut self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut stop = self.stop();
        self.run_beside(name, async move {
            tokio::select! {
                () = task => {}
                () = stop.requested() => {}
            }
            Ok(())
        });
    }

    /// As [`Lifecycle::run_beside`] for a task that ends after [`Lifecycle::stop_last`].
    pub fn run_last<F>(&mut self, name: &'static str, task: F)
    where
        F: Future<Output = Result<(), anyhow::Error>> + Send + 'static,
    {
        self.running_last.spawn(async move { (name, task.await) });
    }

    /// Runs until a signal or a failure, then brings everything to its end.
    ///
    /// Readiness fails first. `close` runs when nothing serves any more.
    pub async fn run(mut self, health: &Health, close: impl Future<Output = ()>) -> Ended {
        let ended = self.until_end().await;
        health.shutting_down();
        tracing::debug!("starting graceful shutdown");
        let finish = finish(&mut self.running, &self.stop, &mut self.running_last, &self.stop_last);
        tokio::select! {
            finished = tokio::time::timeout(DRAIN_TIME_MAX, finish) => {
                if finished.is_err() {
                    tracing::error!(err = "time is up", limit = ?DRAIN_TIME_MAX, "graceful shutdown");
                }
            }
            kind = self.signals.terminate() => return Ended::AtOnce(kind.number()),
        }
        close.await;
        match ended {
            Ok(kind) => {
                tracing::info!(err = kind.message(), "shutdown now");
                Ended::AsAsked
            }
            Err(error) => Ended::Failed(error),
        }
    }

    async fn until_end(&mut self) -> Result<Terminate, anyhow::Error> {
        loop {
            let ended = tokio::select! {
                signal = self.signals.any() => match signal {
                    Some(kind) => return Ok(kind),
                    None => {
                        self.reload.send_modify(|count| *count += 1);
                        continue;
                    }
                },
                Some(ended) = self.running.join_next() => ended,
                Some(ended) = self.running_last.join_next() => ended,
            };
            return Err(match ended {
                Ok((name, Err(error))) => error.context(name),
                Ok((name, Ok(()))) => anyhow::anyhow!("{name} ended by itself"),
                Err(panic) => anyhow::Error::new(panic),
            });
        }
    }
}

async fn finish(
    running: &mut Running,
    stop: &watch::Sender<bool>,
    running_last: &mut Running,
    stop_last: &watch::Sender<bool>,
) {
    tokio::time::sleep(DRAIN_DELAY).await;
    for (running, stop) in [(running, stop), (running_last, stop_last)] {
        stop.send_replace(true);
        while let Some(ended) = running.join_next().await {
            match ended {
                Ok((_, Ok(()))) => {}
                Ok((server, Err(error))) => {
                    tracing::error!(server, err = %format_args!("{error:#}"), "graceful shutdown");
                }
                Err(panic) => tracing::error!(err = %panic, "graceful shutdown"),
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Terminate {
    Interrupt,
    Terminated,
}

impl Terminate {
    fn message(self) -> &'static str {
        match self {
            Self::Interrupt => "received signal interrupt",
            Self::Terminated => "received signal terminated",
        }
    }

    fn number(self) -> i32 {
        match self {
            Self::Interrupt => SignalKind::interrupt(),
            Self::Terminated => SignalKind::terminate(),
        }
        .as_raw_value()
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    fn install() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn terminate(&mut self) -> Terminate {
        terminate(&mut self.interrupt, &mut self.terminate).await
    }

    /// `None` for SIGHUP.
    async fn any(&mut self) -> Option<Terminate> {
        tokio::select! {
            kind = terminate(&mut self.interrupt, &mut self.terminate) => Some(kind),
            _ = self.hang_up.recv() => None,
        }
    }
}

async fn terminate(interrupt: &mut Signal, terminate: &mut Signal) -> Terminate {
    tokio::select! {
        _ = interrupt.recv() => Terminate::Interrupt,
        _ = terminate.recv() => Terminate::Terminated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_tells_each_cause_once() {
        let cases = [
            (vec!["refused"], "refused"),
            (vec!["refused", "down: refused", "no storage"], "no storage: down: refused"),
            (vec!["refused", "down", "no storage"], "no storage: down: refused"),
        ];
        for (mut causes, expected) in cases {
            let mut error = anyhow::Error::msg(causes.remove(0));
            for context in causes {
                error = error.context(context);
            }
            assert_eq!(said_once(&error), expected);
        }
    }

    #[tokio::test]
    async fn a_server_that_dies_ends_everything_and_telemetry_last() {
        let mut lifecycle = Lifecycle::begin().unwrap();
        let (order, mut seen) = tokio::sync::mpsc::unbounded_channel();
        for (name, mut stop) in [("http", lifecycle.stop()), ("telemetry", lifecycle.stop_last())] {
            let order = order.clone();
            let task = async move {
                stop.requested().await;
                order.send(name)?;
                Ok(())
            };
            match name {
                "http" => lifecycle.run_beside(name, task),
                _ => lifecycle.run_last(name, task),
            }
        }
        lifecycle.run_beside("https", async { anyhow::bail!("socket closed") });
        let health = Health::new();
        let closed = async { order.send("storage").unwrap() };
        let Ended::Failed(error) = lifecycle.run(&health, closed).await else { panic!("failed") };
        assert_eq!(format!("{error:#}"), "https: socket closed");
        assert!(!health.is_ready());
        let seen: Vec<_> = std::iter::from_fn(|| seen.try_recv().ok()).collect();
        assert_eq!(seen, ["http", "telemetry", "storage"]);
    }

    #[tokio::test(start_paused = true)]
    async fn one_limit_bounds_the_drain() {
        let mut lifecycle = Lifecycle::begin().unwrap();
        lifecycle.run_beside("http", std::future::pending());
        lifecycle.run_beside("https", async { Ok(()) });
        let began = tokio::time::Instant::now();
        let ended = lifecycle.run(&Health::new(), async {}).await;
        assert_eq!(began.elapsed().as_secs(), DRAIN_TIME_MAX.as_secs());
        let Ended::Failed(error) = ended else { panic!("failed") };
        assert_eq!(error.to_string(), "https ended by itself");
    }
}
