//! Runs one stand-in to try a connector by hand: `cargo xtask fake NAME`.
//!
//! Owned here: choosing it and printing the dex configuration that goes with it. What it answers is the library's. Ends
//! with Ctrl-C.
#![expect(clippy::print_stdout, reason = "a tool for the command line: what it prints is its answer")]

use anyhow::Context;
use clap::Parser;
use dex_fakes::kit::{CLIENT_ID, CLIENT_SECRET, Fake};
use dex_fakes::{CALLBACK_BY_HAND, FAKES};

/// Run a stand-in for an upstream on this machine.
#[derive(Parser)]
#[command(name = "cargo xtask fake")]
struct Arguments {
    /// The `type` of the connector
    name: String,
    /// The port; a free one without it
    #[arg(long, default_value_t = 0)]
    port: u16,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let known = || FAKES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let found = FAKES.iter().find(|(name, _)| *name == arguments.name);
    let (kind, prepare) = found.with_context(|| format!("{:?} is none of {}", arguments.name, known()))?;
    let mut configuration = String::new();
    let fake = Fake::start_on(arguments.port, |url| {
        let by_hand = prepare(url);
        configuration = by_hand.configuration;
        by_hand.router
    })
    .await?;
    println!("# {kind} is played at {}; put this into the configuration of dex:", fake.url());
    println!("issuer: {}", CALLBACK_BY_HAND.trim_end_matches("/callback"));
    println!("connectors:\n- type: {kind}\n  id: {kind}\n  name: {kind}\n  config:");
    println!("    clientID: {CLIENT_ID}\n    clientSecret: {CLIENT_SECRET}\n    redirectURI: {CALLBACK_BY_HAND}");
    println!("{configuration}");
    tokio::signal::ctrl_c().await?;
    Ok(())
}
