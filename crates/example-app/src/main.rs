//! `example-app`, the program around [`dex_example_app`]: command line, log, signals, the real clock.

use std::{process::ExitCode, sync::Arc, time::SystemTime};

use clap::Parser;
use dex_example_app::{Clock, Options};

/// An OpenID Connect client for trying a provider: every flow, with the tokens shown.
#[derive(Parser)]
#[command(name = "example-app", version)]
struct Cli {
    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Cli::parse().options;
    tracing_subscriber::fmt().with_ansi(false).with_writer(std::io::stderr).with_target(false).init();
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> anyhow::Result<()> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("a crypto provider is already installed"))?;
    let listener = dex_example_app::bind(&options).await?;
    dex_example_app::serve(options, listener, real_clock(), interrupted()).await
}

#[expect(clippy::disallowed_methods, reason = "the program is where the real clock enters")]
fn real_clock() -> Clock {
    Arc::new(SystemTime::now)
}

async fn interrupted() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            },
            Err(error) => {
                tracing::warn!(%error, "SIGTERM will not drain");
                let _ = interrupt.await;
            }
        }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}
