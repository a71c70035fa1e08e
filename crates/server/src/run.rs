//! What `dex serve` runs.
//!
//! Wires the parts together and owns nothing else; control leaves by an [`Ended`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use arc_swap::ArcSwap;
use dex_config::{Config, Overrides};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::cli;
use crate::demo;
use crate::lifecycle::{Ended, Lifecycle};
use crate::listeners::{self, Answering};
use crate::logging::{self, LogHandle};
use crate::telemetry::{self, CHECK_EVERY, Health, HttpMetrics, Telemetry};
use crate::version;
use crate::watch::FileWatch;
use crate::wiring::{self, Management, Parts, Signing};

/// Where a configuration comes from, to be read again at a reload.
#[derive(Clone)]
pub(crate) struct Source {
    file: PathBuf,
    overrides: Overrides,
}

/// Runs the server.
pub async fn serve(arguments: cli::Serve) -> Ended {
    let source = Source {
        file: arguments.config.unwrap_or_default(),
        overrides: Overrides {
            web_http_addr: arguments.web_http_addr,
            web_https_addr: arguments.web_https_addr,
            telemetry_addr: arguments.telemetry_addr,
            grpc_addr: arguments.grpc_addr,
        },
    };
    let config = match source.read() {
        Ok(config) => config,
        Err(error) => return Ended::Failed(error),
    };
    run(config, Some(source), demo::Company::None).await
}

/// Runs the demo: a server on an embedded database, with the example application beside it.
pub async fn demo(arguments: cli::Demo) -> Ended {
    match demo::config(&arguments) {
        Ok((config, company)) => run(config, None, company).await,
        Err(error) => Ended::Failed(error),
    }
}

impl Source {
    /// A file alone.
    pub(crate) fn of(file: PathBuf) -> Self {
        Self { file, overrides: Overrides::default() }
    }

    pub(crate) fn read(&self) -> anyhow::Result<Config> {
        let shown = self.file.display().to_string();
        let text = std::fs::read_to_string(&self.file);
        let text = text.with_context(|| format!("failed to read config file {shown}"))?;
        parse(&shown, &text, &self.overrides)
    }
}

/// Checks the text of a configuration against the environment of the process.
pub(crate) fn parse(shown: &str, text: &str, overrides: &Overrides) -> anyhow::Result<Config> {
    Ok(dex_config::load(shown, text, &ProcessEnv, overrides, &wiring::supported())?)
}

/// The variables of the process.
pub(crate) struct ProcessEnv;

impl dex_config::Env for ProcessEnv {
    fn get(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

async fn run(config: Config, source: Option<Source>, company: demo::Company) -> Ended {
    let log = logging::install(wall_clock);
    log.apply(wiring::log_settings(&config));
    tracing::info!(
        dex_version = version::DEX,
        go.version = version::COMPILER,
        go.os = std::env::consts::OS,
        go.arch = version::go_arch(),
        "Version info"
    );
    wiring::config_records(&config);
    let health = Arc::new(Health::new());
    match start(&config, source, &health, log, company).await {
        Ok((lifecycle, parts)) => lifecycle.run(&health, async move { parts.store().close().await }).await,
        Err(error) => Ended::Failed(error),
    }
}

async fn start(
    config: &Config,
    source: Option<Source>,
    health: &Arc<Health>,
    log: LogHandle,
    company: demo::Company,
) -> anyhow::Result<(Lifecycle, Parts)> {
    let mut lifecycle = Lifecycle::begin().context("cannot handle signals")?;
    let mut registry = telemetry::new_registry();
    let metrics = HttpMetrics::register(&mut registry);
    let management = match &config.grpc {
        Some(_) => Some(Management::register(&mut registry).await),
        None => None,
    };
    let parts = Parts::open(config).await?;
    let app = parts.app(config).await.context("failed to initialize server")?;
    parts.serve(&app);
    let address = wiring::client_address(config.web.client_remote_ip.as_ref());
    let router = Arc::new(ArcSwap::from_pointee(wiring::router(&app, &metrics, address)));
    let (signing, signings) = watch::channel(Parts::signing(config)?);
    if let Some(address) = &config.telemetry.http {
        let shown = Telemetry {
            health: health.clone(),
            registry: Arc::new(registry),
            profiling: config.telemetry.enable_profiling,
            now: wall_clock,
        };
        listeners::telemetry(address, telemetry::router(shown), &mut lifecycle).await?;
    }
    listeners::web(config, &router, &mut lifecycle).await?;
    let api = match (&config.grpc, management) {
        (Some(grpc), Some(management)) => {
            let router = Arc::new(ArcSwap::from_pointee(management.router(&parts, config, &app)));
            listeners::grpc(grpc, router.clone(), &mut lifecycle).await?;
            listeners::tell_health(health.clone(), management.health.clone(), &mut lifecycle);
            Some((management, router))
        }
        _ => None,
    };
    background(&mut lifecycle, &parts, signings, health);
    let telling = parts.clone().tell_logouts(lifecycle.stop_last());
    lifecycle.run_last("logout notices", async {
        telling.await;
        Ok(())
    });
    company.join(&mut lifecycle);
    if let Some(source) = source {
        let reloading = Reloading { source, parts: parts.clone(), router, metrics, api, signing, log };
        let reload = lifecycle.reload();
        lifecycle.run_until_stop("reload", reloading.run(reload));
    } else {
        // Nothing changes it, and the keys want to hear of it all the same.
        lifecycle.run_until_stop("keys", async move { signing.closed().await });
    }
    Ok((lifecycle, parts))
}

fn background(lifecycle: &mut Lifecycle, parts: &Parts, signings: watch::Receiver<Signing>, health: &Arc<Health>) {
    lifecycle.run_until_stop("keys", parts.clone().tend_keys(signings));
    lifecycle.run_until_stop("revoked tokens", parts.clone().hear_of_revoked());
    lifecycle.run_until_stop("garbage collection", parts.clone().collect_garbage());
    lifecycle.run_until_stop("spent marks", parts.clone().forget_spent());
    let (store, health, stop) = (parts.store(), health.clone(), lifecycle.stop());
    lifecycle.run_beside("health", async move {
        let check = || {
            let store = store.clone();
            async move { store.ping().await }
        };
        health.watch("storage", CHECK_EVERY, wall_clock, check, stop).await;
        Ok(())
    });
}

/// What a changed configuration changes while running.
struct Reloading {
    source: Source,
    parts: Parts,
    router: Answering,
    metrics: HttpMetrics,
    api: Option<(Management, Answering)>,
    signing: watch::Sender<Signing>,
    log: LogHandle,
}

impl Reloading {
    /// Waits for SIGHUP or a changed file, for ever.
    async fn run(self, mut reload: crate::lifecycle::Reload) {
        let mut file = FileWatch::new(vec![Path::new(&self.source.file).to_owned()]);
        loop {
            tokio::select! {
                () = reload.requested() => {}
                () = file.changed() => {}
            }
            match self.again().await {
                Ok(()) => tracing::info!("configuration reloaded"),
                Err(error) => {
                    tracing::error!(err = %format!("{error:#}"), "configuration not reloaded, the former one stays")
                }
            }
        }
    }

    async fn again(&self) -> anyhow::Result<()> {
        let config = self.source.read()?;
        let app = self.parts.app(&config).await?;
        let signing = Parts::signing(&config)?;
        let address = wiring::client_address(config.web.client_remote_ip.as_ref());
        self.log.apply(wiring::log_settings(&config));
        self.signing.send_replace(signing);
        if let Some((management, router)) = &self.api {
            router.store(Arc::new(management.router(&self.parts, &config, &app)));
        }
        self.parts.serve(&app);
        self.router.store(Arc::new(wiring::router(&app, &self.metrics, address)));
        Ok(())
    }
}

/// The time of day.
#[expect(clippy::disallowed_methods, reason = "here the time of day enters the process")]
pub(crate) fn wall_clock() -> Timestamp {
    Timestamp::now()
}
